"""R1 and R2: ticks by the thousand while servers are killed at even distances; none lost, none doubled."""

import time
from collections import Counter
from dataclasses import dataclass

from chaos.faults import Fault, database_restart, kill_and_restart, kill_and_start
from chaos.installation import Configuration
from chaos.killer import Killer
from chaos.load import Shape
from chaos.outcome import Goal, Outcome
from chaos.scene import scene


@dataclass(frozen=True)
class Plan:
    """`schedules` of one tick every `every_seconds`, so many seconds long; a kill every `kill_seconds`."""

    name: str
    configuration: Configuration
    schedules: int
    every_seconds: int
    seconds: float
    kill_seconds: float
    ticks: int
    kills: int
    database_restarts: int = 0
    note: str = ""


R1 = Plan(
    name="R1: ticks, three schedulers on one PostgreSQL",
    configuration=Configuration("r1", database="postgresql", servers=3),
    schedules=30,
    every_seconds=5,
    seconds=340,
    kill_seconds=2.0,
    ticks=2_000,
    kills=100,
    database_restarts=5,
    note="the goal of the long run is 10,000 ticks and 10 restarts of the database",
)
R2 = Plan(
    name="R2: ticks, one server on SQLite",
    configuration=Configuration("r2"),
    schedules=30,
    every_seconds=5,
    seconds=340,
    kill_seconds=5.0,
    ticks=2_000,
    kills=50,
)


def ticks_under_kills(plan: Plan, *, seed: str, stretch: float = 1.0) -> Outcome:
    """`stretch` makes it longer: R1 stretched five times is all that is asked of R1."""
    seconds, pause = plan.seconds * stretch, (plan.kill_seconds, plan.kill_seconds)
    shape = Shape(
        schedules=plan.schedules, every_seconds=(plan.every_seconds,), once_pause=10, kill_pause=0, upload_pause=0
    )
    with scene(plan.configuration, seed=seed) as place:
        load = place.load(shape, seconds=seconds)
        killer = Killer(place.installation, _faults(plan), seed=seed, pause=pause)
        killer.start()
        time.sleep(seconds)
        killer.stop()
        load.stop()
        evidence, faults = place.evidence(load, promises=killer.violations()), killer.counts()
        goals = _goals(plan, stretch, ticks=len(evidence.rows.ticks), faults=faults)
        return place.outcome(plan.name, evidence, faults=faults, goals=goals)


def _faults(plan: Plan) -> list[Fault]:
    if not plan.database_restarts:
        return [kill_and_restart]
    return [*([kill_and_start] * (plan.kills // plan.database_restarts)), database_restart]


def _goals(plan: Plan, stretch: float, *, ticks: int, faults: Counter[str]) -> list[Goal]:
    wanted, kills = round(plan.ticks * stretch), plan.kills
    goals = [
        Goal("due moments", f"{ticks:,}", f"{wanted:,} or more", ticks >= wanted, plan.note),
        Goal("kill -9", str(faults["kill -9"]), f"{kills} or more", faults["kill -9"] >= kills),
    ]
    if plan.database_restarts:
        restarts = faults["PostgreSQL restarted"]
        goals.append(Goal("restarts of the database", str(restarts), "1 or more", restarts > 0))
    return goals
