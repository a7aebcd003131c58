"""Lines that are one JSON object, as libraries for structured logging print them: level, message and further fields."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from macropod_server.domain.levels import Level, named, numbered

_LEVEL_KEYS = ("level", "levelname", "severity", "lvl", "log.level", "loglevel", "level_name")
_PYTHON_KEYS = ("levelno", "level_number", "level_no")
_MESSAGE_KEYS = ("message", "msg", "event")
_DEEPEST = 32


@dataclass(frozen=True)
class JsonLine:
    """`fields` is all there is besides level and message, named as in the line."""

    level: Level | None
    message: str | None
    fields: Mapping[str, Any]


def json_line(text: str) -> JsonLine | None:
    """None for a line that is no JSON object, or one that could not be told on as JSON: NaN, halves of surrogate
    pairs, deeper than 32 levels."""
    told = _object(text)
    if told is None:
        return None
    record = told.get("record")
    if isinstance(record, dict) and "level" in record:  # As loguru serialises.
        told = record
    keys = {key.lower(): key for key in reversed(told)}
    level_key, level = _level(told, keys)
    message_key = next((keys[each] for each in _MESSAGE_KEYS if isinstance(told.get(keys.get(each, "")), str)), None)
    fields = {key: value for key, value in told.items() if key not in (level_key, message_key)}
    return JsonLine(level, None if message_key is None else told[message_key], fields)


def _level(told: dict[str, Any], keys: dict[str, str]) -> tuple[str | None, Level | None]:
    """The key that says it, and what it says."""
    for name in (*_LEVEL_KEYS, *_PYTHON_KEYS):
        if name in keys and (level := _read_level(told[keys[name]], of_python=name in _PYTHON_KEYS)):
            return keys[name], level
    return None, None


def _read_level(value: Any, *, of_python: bool) -> Level | None:
    if isinstance(value, dict):
        value = value.get("name")
    if isinstance(value, str):
        return named(value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return numbered(value, of_python=of_python) if is_number else None


def _object(text: str) -> dict[str, Any] | None:
    stripped = text.strip()
    if not (stripped.startswith("{") and stripped.endswith("}")):
        return None
    try:
        told = json.loads(stripped, parse_constant=_refuse, parse_float=_finite)
        if "\\u" in stripped:
            json.dumps(told, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    is_flat = stripped.count("{") + stripped.count("[") <= _DEEPEST
    return told if is_flat or _is_shallow(told, _DEEPEST) else None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON.")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is more than a number can be.")
    return number


def _is_shallow(value: Any, left: int) -> bool:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return left > 0 and all(_is_shallow(each, left - 1) for each in parts)
