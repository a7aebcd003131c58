"""Figures as a table on the terminal and as `docs/performance.md`."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from rich.table import Table

from benchmarks.figures import Figure, Target
from benchmarks.server import ROOT

PAGE = ROOT / "docs" / "performance.md"
_TEMPLATE = Path(__file__).parent / "performance.md.template"
_NOTHING = "-"
_BEGIN, _END = "<!-- make bench-logs writes from here -->", "<!-- to here -->"


class Row(NamedTuple):
    what: str
    figure: str
    bare: str
    ratio: str
    target: str
    verdict: str


_TITLES = Row("", "figure", "bare", "ratio", "target", "")


def terminal_table(figures: Iterable[Figure]) -> Table:
    table = Table()
    for number, title in enumerate(_TITLES):
        table.add_column(title, justify="right" if 0 < number < 4 else "left", overflow="fold")
    for row in _rows(figures):
        table.add_row(*row)
    return table


def method_of(module: ModuleType) -> str:
    """How a measurement is made, as its module says."""
    return " ".join((module.__doc__ or "").split())


def page(figures: Iterable[Figure], *, machine: Mapping[str, str], methods: Mapping[str, str]) -> str:
    """The text of `docs/performance.md`. `methods` tells by name how each measurement is made."""
    return _TEMPLATE.read_text().format(
        table=_markdown_table(figures),
        machine="\n".join(f"- {name}: {value}" for name, value in machine.items()),
        methods=_listed(methods),
        logs=_logs_of(PAGE.read_text()),
    )


def write_logs(figures: Iterable[Figure], *, machine: Mapping[str, str], methods: Mapping[str, str]) -> None:
    """Into the part of the page that is about logs, which `page` leaves as it is."""
    text = PAGE.read_text()
    where = ", ".join(f"{name} {value}" for name, value in machine.items())
    section = f"{_markdown_table(figures)}\n\n{where}.\n\n{_listed(methods)}"
    PAGE.write_text(text.replace(f"{_BEGIN}{_logs_of(text)}{_END}", f"{_BEGIN}\n{section}\n{_END}"))


def _logs_of(text: str) -> str:
    return text.partition(_BEGIN)[2].partition(_END)[0]


def _listed(methods: Mapping[str, str]) -> str:
    return "\n\n".join(f"**`{name}`**: {text}" for name, text in methods.items())


def _markdown_table(figures: Iterable[Figure]) -> str:
    lines = [_TITLES, Row("---", "---:", "---:", "---:", "---", "---"), *_rows(figures)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _rows(figures: Iterable[Figure]) -> Iterator[Row]:
    """One row per figure; each target after the first has a row of its own."""
    for figure in figures:
        first, *others = figure.targets or (None,)
        ratio = _NOTHING if figure.ratio is None else f"{figure.ratio:.2f} ×"
        measured = (_amount(figure.value, figure.unit), _amount(figure.baseline, figure.unit), ratio)
        yield Row(figure.what, *measured, *_judged(figure, first))
        for target in others:
            yield Row("", "", "", "", *_judged(figure, target))


def _judged(figure: Figure, target: Target | None) -> tuple[str, str]:
    if figure.value is None:
        return target.words(figure.unit) if target else _NOTHING, figure.note
    if target is None:
        return _NOTHING, ""
    return target.words(figure.unit), "reached" if figure.reaches(target) else "not reached"


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return _NOTHING
    digits = 0 if value >= 100 or value == int(value) else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}"
