"""What a run of the harness came to: figures, faults, checks and whether all promises were kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chaos.evidence import Check


@dataclass(frozen=True)
class Goal:
    """One figure beside what it is to be. `note` says how it was shortened or what bounds it."""

    what: str
    figure: str
    goal: str
    is_reached: bool
    note: str = ""


@dataclass(frozen=True)
class Outcome:
    name: str
    configuration: str
    seed: str
    seconds: float
    faults: Mapping[str, int] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    settled_seconds: float = 0.0
    clean_seconds: float = 0.0
    """Until the last run had ended, and from then until nothing was left of any."""

    @property
    def violations(self) -> list[str]:
        found = [f"{check.name}: {each}" for check in self.checks for each in check.violations]
        return found + [f"{each.what}: {each.figure}, not {each.goal}" for each in self.goals if not each.is_reached]

    @property
    def is_well(self) -> bool:
        return not self.violations
