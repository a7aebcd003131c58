"""What a measurement answers: figures, each beside its baseline and the targets it has to reach."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class Bound(Enum):
    """What a target bounds, and from which side."""

    FIGURE_AT_MOST = "≤ {bound:,g} {unit}"
    FIGURE_AT_LEAST = "≥ {bound:,g} {unit}"
    RATIO_AT_MOST = "≤ {bound:,g} × bare"


@dataclass(frozen=True)
class Target:
    kind: Bound
    bound: float

    def words(self, unit: str) -> str:
        return self.kind.value.format(bound=self.bound, unit=unit)


@dataclass(frozen=True)
class Figure:
    """One measured number. `value` is None when it could not be measured; then `note` says why."""

    what: str
    value: float | None
    unit: str
    baseline: float | None = None
    targets: tuple[Target, ...] = ()
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return self.value / self.baseline if self.value is not None and self.baseline else None

    def reaches(self, target: Target) -> bool:
        """False too for what could not be measured."""
        measured = self.ratio if target.kind is Bound.RATIO_AT_MOST else self.value
        if measured is None:
            return False
        return measured >= target.bound if target.kind is Bound.FIGURE_AT_LEAST else measured <= target.bound


def at_most(bound: float) -> Target:
    return Target(Bound.FIGURE_AT_MOST, bound)


def at_least(bound: float) -> Target:
    return Target(Bound.FIGURE_AT_LEAST, bound)


def at_most_times_bare(bound: float) -> Target:
    return Target(Bound.RATIO_AT_MOST, bound)


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least so many percent of the values do not exceed."""
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(0, int(rank) - 1)]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)
