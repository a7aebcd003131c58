"""Tables in a terminal. The one module that draws with rich; loaded when something is shown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

_WITHOUT_BOUNDS = 100_000


@dataclass(frozen=True)
class RowTable:
    """A line a row where that fits; else the facts of each row below each other. Nothing is ever cut."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = self._table()
        needed = Measurement.get(console, options.update(width=_WITHOUT_BOUNDS), table).maximum
        if needed <= options.max_width:
            yield table
            return
        for row in self.rows:
            yield facts_table(zip(self.columns, row, strict=True))
            yield ""

    def _table(self) -> Table:
        table = Table(*self.columns, box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        for row in self.rows:
            table.add_row(*map(_text, row))
        return table


def facts_table(facts: Iterable[tuple[str, str]]) -> Table:
    """A fact a line: its name, then its value."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(name, _text(value))
    return table


def _text(cell: str) -> Text:
    """Nothing in a cell is taken for markup or control codes."""
    line = cell.partition("\n")[0]
    return Text("".join(each if each.isprintable() else "\ufffd" for each in line))
