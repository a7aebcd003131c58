"""Reads what a server answers: the error of a refusal, and the fields of a thing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from inspect import get_annotations
from typing import TYPE_CHECKING, Any

from macropod.errors import (
    Conflict,
    Forbidden,
    Invalid,
    LoginDenied,
    LoginExpired,
    LoginPending,
    LoginTooFast,
    MacropodError,
    NotFound,
    OutOfSpace,
    Problem,
    TooLarge,
    TooMany,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
)

if TYPE_CHECKING:
    import httpx2

Answer = Mapping[str, Any]

_OF_LOGINS = (LoginPending, LoginTooFast, LoginExpired, LoginDenied)
_REFUSALS = (Invalid, Unauthorized, Forbidden, NotFound, Conflict, TooLarge, TooMany, Unavailable, OutOfSpace)
GATEWAY_STATUSES = frozenset({502, 503, 504})
_BY_CODE: dict[str, type[MacropodError]] = {each.code: each for each in (*_REFUSALS, *_OF_LOGINS)}


def refusal(response: httpx2.Response) -> MacropodError:
    """The error that says why the server refused: the class named by its code, with all its problems.

    What a proxy says while the server is away is `Unavailable`; anything else that is not Macropod's is
    `UnexpectedAnswer`.
    """
    try:
        body = response.json()
        problems = [Problem(each["code"], each["where"], each["message"]) for each in body["details"]]
        return _BY_CODE.get(body["code"], UnexpectedAnswer)(body["message"], problems=problems)
    except (ValueError, TypeError, KeyError):
        is_away = response.status_code in GATEWAY_STATUSES
        return (Unavailable if is_away else UnexpectedAnswer)(_strange(response))


def content(response: httpx2.Response) -> Any:
    """The JSON of an answer. Raises `UnexpectedAnswer` when there is none."""
    try:
        return response.json()
    except ValueError:
        raise UnexpectedAnswer(_strange(response)) from None


def seconds_to_wait(response: httpx2.Response) -> float:
    """What the answer asks for in Retry-After; 0 when it asks for nothing understood."""
    try:
        seconds = float(response.headers.get("retry-after", "0"))
    except ValueError:
        return 0
    return max(seconds, 0) if math.isfinite(seconds) else 0


def instant(text: str | None) -> datetime | None:
    """A time of an answer, aware; None stays None."""
    return datetime.fromisoformat(text) if text else None


def fields(kind: type, answer: Answer) -> dict[str, Any]:
    """The value of every public annotation of a class, from the field of the same name; instants made aware."""
    return {
        name: instant(answer[name]) if is_instant else answer[name] for name, is_instant in _annotated(kind).items()
    }


def field_names(kind: type) -> list[str]:
    return list(_annotated(kind))


@contextmanager
def reading(what: str) -> Iterator[None]:
    """What is missing or odd in an answer about `what` becomes an `UnexpectedAnswer` that says what to do."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnexpectedAnswer(
            f"The server's answer about a {what} cannot be read ({error!r}). "
            "Install the version of the SDK that belongs to the server."
        ) from error


@cache
def _annotated(kind: type) -> dict[str, bool]:
    """Whether each is an instant. Annotations are texts in every module that has such a class."""
    ours = (each for each in reversed(kind.__mro__) if each is not object)
    kinds = {name: str(each) for base in ours for name, each in get_annotations(base).items()}
    return {
        name: text.startswith("datetime")
        for name, text in kinds.items()
        if not name.startswith("_") and not text.startswith("ClassVar")
    }


def _strange(response: httpx2.Response) -> str:
    status = f"{response.status_code} {response.reason_phrase}".strip()
    if response.is_redirect:
        return f"{response.url} answered {status} to {response.headers.get('location')}. Use that address."
    if response.status_code >= 500:
        return f"{response.url} answered {status}. Something on the way to the server failed; try again later."
    return f"{response.url} answered {status} but not as a Macropod server does. Check the address."
