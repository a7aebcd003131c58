"""What is found wrong with an archive, collected so that all of it can be told at once."""

from collections.abc import Iterable
from typing import NamedTuple

from macropod_server.domain.errors import Invalid, Problem

_LISTED_PROBLEMS = 100
_SHOWN_BYTES = 200

THE_ARCHIVE = "The archive"


class Fault(NamedTuple):
    """A problem of the thing at hand, before it is known where that is."""

    code: str
    message: str


class Unreadable(Exception):
    """The thing at hand cannot be read any further."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.fault = Fault(code, message)


class Problems:
    """All problems in the order they are found: counts every one and keeps the first hundred."""

    def __init__(self) -> None:
        self._kept: list[Problem] = []
        self.count = 0

    def add(self, fault: Fault, *, where: str = THE_ARCHIVE) -> None:
        self.count += 1
        if len(self._kept) < _LISTED_PROBLEMS:
            self._kept.append(Problem(fault.code, where, fault.message))

    def add_all(self, faults: Iterable[Fault], *, where: str) -> None:
        for fault in faults:
            self.add(fault, where=where)

    def raise_if_any(self) -> None:
        if self.count:
            raise Invalid(self._sentence(), problems=self._kept)

    def _sentence(self) -> str:
        if self.count == 1:
            only = self._kept[0]
            place = "" if only.where == THE_ARCHIVE else f"{only.where}: "
            return f"The archive cannot be used. {place}{only.message}"
        listed = "" if self.count == len(self._kept) else f" Told are the first {len(self._kept)}."
        return f"The archive cannot be used: it has {self.count} problems.{listed}"


def shown(name: bytes) -> str:
    """The name of an entry as it can be shown: printable characters only, long ones cut."""
    text = name[:_SHOWN_BYTES].decode(errors="backslashreplace")
    printable = text if text.isprintable() else "".join(map(_escaped, text))
    return printable if len(name) <= _SHOWN_BYTES else printable + "…"


def _escaped(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()
