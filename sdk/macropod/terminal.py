"""Tables in a terminal. The one module that draws with rich; loaded when something is shown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

_WITHOUT_BOUNDS = 100_000
_NARROWEST_TABLE = 80


@dataclass(frozen=True)
class RowTable:
    """A line a row. Where that is too wide, it does without the `dispensable` columns, one after the other.

    Then texts are folded, but never an id. Where there is no room at all, the facts of a row are shown below
    each other.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    dispensable: Sequence[str] = ()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for left_out in range(len(self.dispensable) + 1):
            table = self._table(without=self.dispensable[:left_out])
            if Measurement.get(console, options.update(width=_WITHOUT_BOUNDS), table).maximum <= options.max_width:
                yield table
                return
        if options.max_width >= _NARROWEST_TABLE:
            yield table
            return
        for row in self.rows:
            yield facts_table(zip(self.columns, row, strict=True))
            yield ""

    def _table(self, *, without: Sequence[str]) -> Table:
        """Columns stand closer where room is short."""
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=bool(without))
        kept = [place for place, name in enumerate(self.columns) if name not in without]
        for place in kept:
            name = self.columns[place]
            table.add_column(name, overflow="fold", no_wrap=name.endswith("id"))
        for row in self.rows:
            table.add_row(*(_text(row[place]) for place in kept))
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
