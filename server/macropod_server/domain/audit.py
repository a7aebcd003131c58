"""Compares the ledger of a task with a second reading of its calendar, and says what neither explains."""

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from macropod_server.domain.schedule.walk import Calendar, walk
from macropod_server.domain.task import TickOutcome

_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Expectation:
    """What may be expected of a task's ledger: a tick for each moment after `made_at` and up to `ends_at`.

    Moments from `undecided_from` on have not had their turn; of those before `kept_from` rows may have been removed.
    """

    task_id: str
    calendar: Calendar
    made_at: datetime
    ends_at: datetime | None
    undecided_from: datetime | None
    kept_from: datetime | None


class TickFact(NamedTuple):
    """`outcome` is the word as it is stored. A tuple, for there may be millions."""

    due_at: datetime
    outcome: str
    run_id: str | None
    reason: str | None


class RunFact(NamedTuple):
    """A first attempt that was made for a due moment."""

    id: str
    due_at: datetime


_Fact = TypeVar("_Fact", TickFact, RunFact)


@dataclass(frozen=True)
class Unexplained:
    task_id: str
    due_at: datetime
    what: str


@dataclass
class Findings:
    """`undecided`: moments that are due and wait for the engine; nothing is wrong with them yet."""

    ticks: int = 0
    undecided: int = 0
    unexplained: list[Unexplained] = field(default_factory=list)


def compare(
    expected: Expectation, ticks: Sequence[TickFact], runs: Sequence[RunFact], *, start: datetime, end: datetime
) -> Findings:
    """Of the moments from `start` to `end`, both included."""
    start = max(start, expected.kept_from or start)
    rows = _by_moment(tick for tick in ticks if start <= tick.due_at <= end)
    made = _by_moment(run for run in runs if start <= run.due_at <= end)
    findings = Findings(ticks=sum(map(len, rows.values())))
    if not rows and not made and not _may_be_due(expected, start, end):
        return findings
    calendar = walk(expected.calendar, start - _INSTANT, end)
    missing = [due_at for due_at in calendar if due_at not in rows and _is_armed(expected, due_at)]
    decided = [due_at for due_at in missing if expected.undecided_from is None or due_at < expected.undecided_from]
    findings.undecided = len(missing) - len(decided)
    told = [
        *((due_at, "was due and has no tick") for due_at in decided),
        *_wrong_rows(rows, set(calendar)),
        *_wrong_runs(rows, made),
    ]
    findings.unexplained = [Unexplained(expected.task_id, due_at, what) for due_at, what in sorted(told)]
    return findings


def _may_be_due(expected: Expectation, start: datetime, end: datetime) -> bool:
    is_over = expected.ends_at is not None and expected.ends_at < start
    return expected.made_at < end and start <= end and not is_over


def _is_armed(expected: Expectation, due_at: datetime) -> bool:
    return expected.made_at < due_at and (expected.ends_at is None or due_at <= expected.ends_at)


def _wrong_rows(rows: dict[datetime, list[TickFact]], calendar: Set[datetime]) -> Iterator[tuple[datetime, str]]:
    for due_at, ticks in rows.items():
        if due_at not in calendar:
            yield due_at, f"has a tick ({ticks[0].outcome}) and was not due"
        if len(ticks) > 1:
            yield due_at, f"has {len(ticks)} ticks"


def _wrong_runs(
    rows: dict[datetime, list[TickFact]], made: dict[datetime, list[RunFact]]
) -> Iterator[tuple[datetime, str]]:
    for due_at in rows.keys() | made.keys():
        ids = sorted(run.id for run in made.get(due_at, []))
        if len(ids) > 1:
            yield due_at, f"has {len(ids)} runs: {', '.join(ids)}"
        elif due_at not in rows:
            yield due_at, f"has run {ids[0]} and no tick"
        elif what := _mismatch(rows[due_at][0], ids):
            yield due_at, what


def _mismatch(tick: TickFact, ids: Sequence[str]) -> str | None:
    """Of a tick and the run for the same moment, if there is one."""
    if tick.outcome != TickOutcome.STARTED:
        return f"was {tick.outcome}, and run {ids[0]} was made for it" if ids else None
    if tick.run_id is None:
        # A run that retention removed leaves its tick with a reason.
        return None if tick.reason and not ids else "was started, and its tick names no run"
    if not ids:
        return f"was started, and its run {tick.run_id} was not made for it"
    return None if tick.run_id == ids[0] else f"was started as run {tick.run_id}, and run {ids[0]} was made for it"


def _by_moment(facts: Iterable[_Fact]) -> dict[datetime, list[_Fact]]:
    found: dict[datetime, list[_Fact]] = {}
    for fact in facts:
        found.setdefault(fact.due_at, []).append(fact)
    return found
