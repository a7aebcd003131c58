"""What each option of a task takes: checked before it is sent, in the form the server wants."""

import math
import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from macropod.errors import Invalid

_UNITS = {
    "b": 1,
    "kb": 1000,
    "mb": 1000**2,
    "gb": 1000**3,
    "tb": 1000**4,
    "kib": 1024,
    "mib": 1024**2,
    "gib": 1024**3,
    "tib": 1024**4,
}
_SIZE = re.compile(r"(\d+|\d*\.\d+)\s*([a-z]+)")


def checked_flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _refused(name, value, "True or False")
    return value


def checked_count(name: str, value: object, *, least: int = 1) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise _refused(name, value, f"a whole number from {least} on")
    return value


def checked_share(name: str, value: object) -> float:
    """A positive number that need not be whole."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise _refused(name, value, "a positive number, such as 0.5")
    return value


def checked_bytes(name: str, value: object) -> int:
    """Bytes of a number of them, or of a text with a unit that leaves no doubt: "2GiB" or "2GB", not "2G"."""
    number = _number_of_bytes(value) if isinstance(value, str) else value
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise _refused(name, value, "whole bytes, or a text such as '512MiB' or '2GiB'")
    return number


def _number_of_bytes(text: str) -> int | None:
    found = _SIZE.fullmatch(text.strip().lower())
    if not found or found[2] not in _UNITS:
        return None
    number = float(found[1]) * _UNITS[found[2]]
    return int(number) if math.isfinite(number) else None


def checked_word(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _refused(name, value, "a name")
    return value


def checked_choice(name: str, value: object, *, choices: Collection[str]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise _refused(name, value, f"one of {', '.join(map(repr, choices))}")
    return str(value)


def checked_words(name: str, value: object) -> list[str]:
    """Several names; a text alone is one name."""
    return [checked_word(name, each) for each in _several(name, value, "a name, or a list of names")]


def checked_places(name: str, value: object) -> list[str] | dict[str, str]:
    """Names of secrets; or where each is to be: a mapping, or texts such as "PGPASSWORD=db-password"."""
    what = "names of secrets, or a mapping such as {'PGPASSWORD': 'db-password'}"
    if isinstance(value, Mapping):
        return {checked_word(name, place): checked_word(name, each) for place, each in value.items()}
    words = [checked_word(name, each) for each in _several(name, value, what)]
    if not any("=" in each for each in words):
        return words
    return dict(map(_place_and_name, words))


def _place_and_name(word: str) -> tuple[str, str]:
    place, is_told, name = word.partition("=")
    return (place, name) if is_told else (re.sub(r"\W", "_", word), word)


def checked_ends(name: str, value: object) -> list[str | int]:
    """How runs end: words and exit codes, one or several. The server knows which words there are."""
    what = "words such as 'failure', exit codes such as 75, or a list of them"
    single = isinstance(value, int)
    ends = [value] if single else list(_several(name, value, what))
    for each in ends:
        if isinstance(each, bool) or not isinstance(each, str | int) or each == "":
            raise _refused(name, value, what)
    return [each for each in ends if isinstance(each, str | int)]


def checked_days(name: str, value: object) -> list[str]:
    """Dates without a time, one or several, as ISO 8601 texts."""
    what = "a date such as date(2026, 12, 25), or a list of dates"
    days = [value] if isinstance(value, date) else list(_several(name, value, what))
    for each in days:
        if isinstance(each, datetime) or not isinstance(each, date):
            raise _refused(name, each, what)
    return [each.isoformat() for each in days if isinstance(each, date)]


def _several(name: str, value: object, what: str) -> Iterable[Any]:
    if isinstance(value, str):
        return [value]
    if not isinstance(value, Collection) or isinstance(value, bytes | dict):
        raise _refused(name, value, what)
    return sorted(value, key=str) if isinstance(value, set | frozenset) else value


def _refused(name: str, value: object, what: str) -> Invalid:
    return Invalid.field(name, f"{name} is {value!r}; it takes {what}.")
