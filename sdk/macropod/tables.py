"""Lists and facts shown as tables, in a terminal by rich and in a notebook by HTML."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeVar

if TYPE_CHECKING:
    from macropod.terminal import RowTable

NOTHING = "-"
_SHA_DIGITS = 12


class HasRow(Protocol):
    @abstractmethod
    def _row(self) -> list[str]:
        """One cell a column. Of a cell with several lines a terminal shows the first."""


T = TypeVar("T", bound=HasRow)


class Listing(list[T]):
    """A list that a terminal (through rich) and a notebook show as a table."""

    _columns: ClassVar[tuple[str, ...]]
    _dispensable: ClassVar[tuple[str, ...]] = ()
    """What a terminal too narrow for all columns does without, the least important first."""

    def __rich__(self) -> RowTable:
        from macropod.terminal import RowTable

        return RowTable(self._columns, [each._row() for each in self], dispensable=self._dispensable)

    def _repr_html_(self) -> str:
        return html_table(self._columns, [each._row() for each in self])


def html_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(f"<tr>{''.join(map(_html_cell, row))}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def html_facts(facts: Iterable[tuple[str, str]]) -> str:
    body = "".join(f"<tr><th>{escape(name)}</th>{_html_cell(value)}</tr>" for name, value in facts)
    return f"<table><tbody>{body}</tbody></table>"


def moment(at: datetime | None) -> str:
    """A time as tables show it, in UTC to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ") if at else NOTHING


def size(count: int) -> str:
    """A limit as people set it; the exact bytes where no unit fits."""
    for unit, name in ((1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB")):
        if count >= unit and count % unit == 0:
            return f"{count // unit:,} {name}"
    return f"{count:,} bytes"


def short_sha(sha: str) -> str:
    return sha[:_SHA_DIGITS]


def _html_cell(cell: str) -> str:
    return f"<td>{escape(cell).replace(chr(10), '<br>')}</td>"
