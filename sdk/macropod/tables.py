"""Lists and facts shown as tables, in a terminal by rich and in a notebook by HTML."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeVar

if TYPE_CHECKING:
    from rich.table import Table

NOTHING = "-"
_SHA_DIGITS = 12
_WHOLE = frozenset({"id", "pod id", "task id"})


class HasRow(Protocol):
    @abstractmethod
    def _row(self) -> list[str]:
        """One cell a column. What follows the first line of a cell is only shown where there is room."""


T = TypeVar("T", bound=HasRow)


class Listing(list[T]):
    """A list that a terminal (through rich) and a notebook show as a table."""

    _columns: ClassVar[tuple[str, ...]]

    def __rich__(self) -> Table:
        return terminal_table(self._columns, [each._row() for each in self])

    def _repr_html_(self) -> str:
        return html_table(self._columns, [each._row() for each in self])


def terminal_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, heads: bool = True) -> Table:
    """Ids are never cut or wrapped; nothing in a cell is taken for markup or control codes."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD if heads else None, show_header=heads, show_edge=False, pad_edge=False)
    for name in columns:
        table.add_column(name, no_wrap=name in _WHOLE, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_printable(cell.partition("\n")[0])) for cell in row))
    return table


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


def short_sha(sha: str) -> str:
    return sha[:_SHA_DIGITS]


def _html_cell(cell: str) -> str:
    return f"<td>{escape(cell).replace(chr(10), '<br>')}</td>"


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else "\ufffd" for each in text)
