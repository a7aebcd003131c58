"""Whether a task keeps its time: how its ticks ended, how late they were decided and how late their runs started."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from macropod_server.domain.task import TickOutcome
from macropod_server.domain.texts import span_in_words


@dataclass(frozen=True)
class Beat:
    """One tick. `is_made_up`: somebody asked for it later, so it was not to be on time."""

    due_at: datetime
    outcome: TickOutcome
    decided_at: datetime
    started_at: datetime | None
    is_made_up: bool = False


@dataclass(frozen=True)
class Lateness:
    """In seconds; of nothing there is none."""

    median: float | None
    p95: float | None
    worst: float | None


@dataclass(frozen=True)
class Cadence:
    ticks: int
    outcomes: dict[TickOutcome, int]
    started_share: float | None
    skipped_share: float | None
    decided_late_seconds: Lateness
    started_late_seconds: Lateness
    drift: str


def reckon(beats: Sequence[Beat]) -> Cadence:
    counts = Counter(beat.outcome for beat in beats)
    timely = [beat for beat in beats if not beat.is_made_up]
    started_late = _lateness([beat.started_at - beat.due_at for beat in timely if beat.started_at])
    return Cadence(
        ticks=len(beats),
        outcomes={outcome: counts[outcome] for outcome in TickOutcome},
        started_share=_share(counts[TickOutcome.STARTED], len(beats)),
        skipped_share=_share(counts[TickOutcome.SKIPPED], len(beats)),
        decided_late_seconds=_lateness([beat.decided_at - beat.due_at for beat in timely]),
        started_late_seconds=started_late,
        drift=_drift(counts, len(beats), started_late),
    )


def _share(count: int, total: int) -> float | None:
    return round(count / total, 4) if total else None


def _lateness(spans: Sequence[timedelta]) -> Lateness:
    late = sorted(round(max(span, timedelta(0)).total_seconds(), 3) for span in spans)
    return Lateness(_percentile(late, 50), _percentile(late, 95), _percentile(late, 100))


def _percentile(ordered: Sequence[float], percent: int) -> float | None:
    """The least value that so many percent do not exceed."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)] if ordered else None


def _drift(counts: Counter[TickOutcome], total: int, started_late: Lateness) -> str:
    if not total:
        return "No tick was due."
    told = _told(counts, total)
    if started_late.worst is None:
        return f"{told}."
    return f"{told}; runs started up to {span_in_words(timedelta(seconds=started_late.worst))} late."


def _told(counts: Counter[TickOutcome], total: int) -> str:
    failed = [(counts[each], each.value) for each in TickOutcome if each is not TickOutcome.STARTED and counts[each]]
    if not failed:
        return "The only tick made its run" if total == 1 else f"All {total} ticks made their runs"
    (count, word), *others = failed
    first = f"{count} of {total} ticks {'was' if count == 1 else 'were'} {word}"
    return ", ".join([first, *(f"{count} {word}" for count, word in others)])
