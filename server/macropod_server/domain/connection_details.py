"""What a connection says of the system it leads to: JSON, some of whose fields are secret or name a secret.

A field that is `{"secret": "name"}` stands for the secret of that name. Others are hidden in logs where they are named
by their path, such as `auth.token`; where nobody named any, those whose names or contents tell that they are secret.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from macropod_server.domain.arguments import DEEPEST, check_arguments
from macropod_server.domain.errors import Invalid
from macropod_server.domain.secret_wish import check_secret_name

_REFERENCE = {"secret"}
_MOST_BYTES = 256 * 1024
_TAKEN = f"They take at most {_MOST_BYTES:,} bytes and {DEEPEST} levels, without NaN, Infinity and half characters."
_TELLING = re.compile(
    r"passw|passphrase|pwd|secret|token|credential|private|(api|access|account|auth)_?key|signature", re.I
)

Details = Mapping[str, Any]


def check_details(details: dict[str, Any], secret_fields: Collection[str] | None) -> None:
    """Raises `Invalid` naming what is wrong, and no value."""
    try:
        check_arguments(details, max_bytes=_MOST_BYTES)
    except Invalid:
        raise Invalid.field("details", f"The details are no JSON that can be kept. {_TAKEN}") from None
    for name in references(details):
        check_secret_name("details", name)
    for path in secret_fields or ():
        if next(_texts_at(details, path), None) is None:
            raise Invalid.field("secret_fields", f"The details have no field {path[:80]!r}.")


def references(details: Details) -> set[str]:
    """The names of secrets that fields stand for."""
    return {value["secret"] for _, value in _fields(details, ()) if _is_reference(value)}


def resolved(details: Any, values: Mapping[str, str]) -> Any:
    """The details with the values of secrets in the place of their names."""
    if _is_reference(details):
        return values[details["secret"]]
    if isinstance(details, dict):
        return {name: resolved(value, values) for name, value in details.items()}
    return [resolved(each, values) for each in details] if isinstance(details, list) else details


def hidden_values(details: Details, secret_fields: Collection[str] | None) -> list[str]:
    """The texts in it that must not show in a log."""
    if secret_fields is not None:
        return sorted({text for path in secret_fields for text in _texts_at(details, path)})
    return sorted({text for path, value in _fields(details, ()) for text in _guessed(path, value)})


def _guessed(path: tuple[str, ...], value: Any) -> Iterator[str]:
    if not isinstance(value, str | int) or isinstance(value, bool):
        return
    if any(_TELLING.search(name) for name in path):
        yield str(value)
    elif isinstance(value, str) and (password := _password_of(value)):
        yield from (password, unquote(password))


def _password_of(text: str) -> str | None:
    try:
        return urlsplit(text).password if "://" in text else None
    except ValueError:
        return None


def _texts_at(details: Any, path: str) -> Iterator[str]:
    """Of an object or list all that is in it."""
    wanted = tuple(path.split("."))
    for place, value in _fields(details, ()):
        if place[: len(wanted)] == wanted and isinstance(value, str | int | float):
            yield str(value)


def _fields(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value that has no others in it, and every reference, with the names that lead there."""
    if isinstance(value, dict) and not _is_reference(value):
        for name, inner in value.items():
            yield from _fields(inner, (*path, name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _fields(inner, (*path, str(place)))
    else:
        yield path, value


def _is_reference(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == _REFERENCE and isinstance(value["secret"], str)
