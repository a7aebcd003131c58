"""What the checks of a request's fields find, in the words of this server."""

from collections.abc import Mapping
from typing import Any

from macropod_server.domain.errors import Problem

OWN_WORDS = "invalid_value"
"""The code of a check whose message is a sentence already."""

_MAY_BE_SECRET = {"value", "details"}
"""Fields of requests whose content is told nobody."""

_LONGEST_SHOWN = 80
_SENTENCES = {
    "missing": "The field {where} is missing.",
    "extra_forbidden": "There is no field {where}; check its spelling.",
    "enum": "The field {where} is {input}; it takes {expected}.",
    "greater_than_equal": "The field {where} is {input}; the least is {ge}.",
    "less_than_equal": "The field {where} is {input}; the most is {le}.",
    "string_too_long": "The field {where} is longer than {max_length} characters.",
    "string_type": "The field {where} is {input}; it takes a text.",
    "string_unicode": "The field {where} holds half of a surrogate pair, which is no text.",
    "dict_type": "The field {where} is {input}; it takes an object.",
    "int_type": "The field {where} is {input}; it takes a whole number.",
    "int_parsing": "The field {where} is {input}; it takes a whole number.",
    "json_invalid": "The body of the request is not JSON: {error}, at character {where}.",
}


def problem_of(found: Mapping[str, Any]) -> Problem:
    """One finding of pydantic as a problem: where it is, and a sentence."""
    code, where = found["type"], _place(found["loc"])
    if code == OWN_WORDS:
        return Problem(code, where, found["msg"])
    facts = {name: str(value) for name, value in (found.get("ctx") or {}).items()}
    sentence = _SENTENCES.get(code, "The field {where} cannot be used: {message}.")
    return Problem(code, where, sentence.format(where=where, message=found["msg"], **_shown(found), **facts))


def _place(location: tuple[int | str, ...]) -> str:
    return _printable(".".join(str(part) for part in location[1:]) or "body")


def _shown(found: Mapping[str, Any]) -> dict[str, str]:
    """What may be secret is not told, not even to who sent it: answers end in logs."""
    if _MAY_BE_SECRET & {str(part) for part in found["loc"]}:
        return {"input": "something else"}
    text = ascii(found.get("input")) if not isinstance(found.get("input"), dict | list) else "a collection"
    return {"input": _printable(text)}


def _printable(text: str) -> str:
    """Clients choose names and values: they are shown short, and so that every answer can be sent."""
    shown = text if text.isprintable() else ascii(text)
    return shown if len(shown) <= _LONGEST_SHOWN else shown[:_LONGEST_SHOWN] + "…"
