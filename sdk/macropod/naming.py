"""Errors name what the caller wrote, not what it was sent as."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace

from macropod.errors import Invalid

_typed: ContextVar[Mapping[str, str]] = ContextVar("typed")


@contextmanager
def naming(names: Mapping[str, str]) -> Iterator[None]:
    """An `Invalid` about fields of a request is raised about the arguments they came from."""
    try:
        yield
    except Invalid as error:
        typed = _typed.get({})
        raise renamed(error, {sent: typed.get(name, name) for sent, name in names.items()}) from None


@contextmanager
def as_typed(flags: Mapping[str, str]) -> Iterator[None]:
    """In here arguments are called by these names: a command line has flags for them."""
    before = _typed.set(flags)
    try:
        yield
    except Invalid as error:
        raise _at_the_beginning(error, flags) from None
    finally:
        _typed.reset(before)


def renamed(error: Invalid, names: Mapping[str, str]) -> Invalid:
    problems = [
        replace(each, where=names.get(each.where, each.where), message=_told(each.message, names))
        for each in error.problems
    ]
    return Invalid(_told(error.message, names), problems=problems)


def _told(message: str, names: Mapping[str, str]) -> str:
    """A name that might be a word of the sentence is one only where it is said to be."""
    for sent, name in names.items():
        head = "(?:The field )?" if "_" in sent else "The field "
        message = re.sub(rf"{head}\b{re.escape(sent)}\b", lambda _, name=name: name, message)  # type: ignore[misc]
    return message


def _at_the_beginning(error: Invalid, flags: Mapping[str, str]) -> Invalid:
    """Checks of the client begin with the name of the argument."""
    where = error.problems[0].where if error.problems else ""
    if where not in flags or not error.message.startswith(f"{where} "):
        return error
    message = flags[where] + error.message.removeprefix(where)
    return Invalid(message, problems=[replace(error.problems[0], where=flags[where], message=message)])
