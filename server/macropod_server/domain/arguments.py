"""The arguments of a task: JSON that every database keeps and every reader of JSON understands."""

import json
import math
from collections.abc import Iterator
from typing import Any

from macropod_server.domain.errors import Invalid

DEEPEST = 100


def check_arguments(arguments: dict[str, Any], *, max_bytes: int) -> None:
    """Raises `Invalid` naming `json_args` and what is wrong."""
    for value, depth in _values(arguments):
        if depth > DEEPEST and isinstance(value, dict | list):
            raise _refusal("arguments_too_deep", f"are nested over {DEEPEST} levels deep; make them flatter.")
        if isinstance(value, float) and not math.isfinite(value):
            raise _refusal("not_json", f"hold {value}, which JSON does not have; use null or a text.")
        if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
            raise _refusal("not_json", f"hold the text {value[:50]!a}, which has half of a surrogate pair in it.")
    size = len(json.dumps(arguments, separators=(",", ":"), ensure_ascii=False).encode())
    if size > max_bytes:
        what = f"are {size:,} bytes of JSON; at most {max_bytes:,} are taken. "
        raise _refusal("arguments_too_large", what + "Put large data into the zip or a store and pass its name.")


def _values(arguments: dict[str, Any]) -> Iterator[tuple[Any, int]]:
    """Every key and value with its depth. Without recursion: the depth is not known to be harmless yet."""
    waiting: list[tuple[Any, int]] = [(arguments, 1)]
    while waiting:
        value, depth = waiting.pop()
        yield value, depth
        inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ()
        waiting += ((each, depth + 1) for each in inner)


def _refusal(code: str, what: str) -> Invalid:
    return Invalid.field("json_args", f"The arguments {what}", code=code)
