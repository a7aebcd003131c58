"""`python -m chaos [NAME …]`: put whole servers under a killer, check all promises, show the table."""

import argparse
import os
import signal
import sys
import textwrap
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from chaos import (
    bucket_faults,
    clock_jumps,
    database_away,
    disk_full,
    log_kills,
    mixed,
    punctuality,
    replicas,
    rolling_restart,
    soak,
    stage_kills,
    ticks_under_kills,
)
from chaos.installation import Configuration, has_docker
from chaos.outcome import Outcome
from chaos.postgres import binaries
from chaos.report import report, write

_SHORT_MINUTES = 3.0
_ALL_KILLS = 10
_LOG_KILLS, _ALL_LOG_KILLS = 30, 200


@dataclass(frozen=True)
class Scenario:
    """`make` is told the seed, minutes (for the mixed ones) and whether all of the figure is asked for."""

    what: str
    make: Callable[[str, float, bool], Outcome]
    needs: Configuration


def _mixed(configuration: Configuration) -> Scenario:
    what = f"mixed chaos: {configuration.in_words}"
    return Scenario(
        what, lambda seed, minutes, _: mixed.mixed(configuration, seed=seed, seconds=minutes * 60), configuration
    )


def _ticks(plan: ticks_under_kills.Plan) -> Scenario:
    def make(seed: str, _minutes: float, is_long: bool) -> Outcome:
        return ticks_under_kills.ticks_under_kills(plan, seed=seed, stretch=5 if is_long and plan.note else 1)

    return Scenario(plan.name, make, plan.configuration)


def _stages(configuration: Configuration) -> Scenario:
    def make(seed: str, _minutes: float, is_long: bool) -> Outcome:
        return stage_kills.stage_kills(configuration, seed=seed, times=_ALL_KILLS if is_long else 1)

    return Scenario(f"R5: killed at each stage: {configuration.in_words}", make, configuration)


def _rolling(configuration: Configuration) -> Scenario:
    def make(seed: str, _minutes: float, _is_long: bool) -> Outcome:
        return rolling_restart.rolling_restart(configuration, seed=seed)

    return Scenario(f"R12: rolling restart: {configuration.in_words}", make, configuration)


_MIXED = {each.name: _mixed(each) for each in (mixed.SQLITE, mixed.POSTGRESQL, mixed.DOCKER)}
SCENARIOS = {
    **_MIXED,
    "r1": _ticks(ticks_under_kills.R1),
    "r2": _ticks(ticks_under_kills.R2),
    "r3": Scenario(
        "R3: 1,000 schedules due over one minute",
        lambda seed, _minutes, _is_long: punctuality.punctuality(seed=seed, spread=True),
        punctuality.CONFIGURATION,
    ),
    "r3-moment": Scenario(
        "R3: 1,000 schedules due at one moment",
        lambda seed, _minutes, _is_long: punctuality.punctuality(seed=seed, spread=False),
        punctuality.CONFIGURATION,
    ),
    "r5": _stages(mixed.SQLITE),
    "r5-postgresql": _stages(mixed.POSTGRESQL),
    "r5-docker": _stages(mixed.DOCKER),
    "r8": Scenario(
        "R8: the database away for a minute",
        lambda seed, _minutes, _is_long: database_away.database_away(seed=seed),
        database_away.CONFIGURATION,
    ),
    "r9": Scenario(
        "R9: the disk is full", lambda seed, _minutes, _is_long: disk_full.disk_full(seed=seed), disk_full.CONFIGURATION
    ),
    "r10": Scenario(
        "R10: the bucket of the bundles answers badly",
        lambda seed, _minutes, is_long: bucket_faults.bucket_faults(seed=seed, count=1000 if is_long else 100),
        bucket_faults.CONFIGURATION,
    ),
    "r11": Scenario(
        "R11: the clock jumps", lambda seed, _minutes, _is_long: clock_jumps.clock_jumps(seed=seed), mixed.SQLITE
    ),
    "replicas": Scenario(
        "Two servers on PostgreSQL and a bucket, one killed every 10 s",
        lambda seed, _minutes, _is_long: replicas.replicas(seed=seed),
        replicas.CONFIGURATION,
    ),
    "r12": _rolling(rolling_restart.SEVERAL),
    "r12-one": _rolling(rolling_restart.ONE),
    "log-kills": Scenario(
        "Servers, runners and followers are killed while runs print",
        lambda seed, _minutes, is_long: log_kills.log_kills(seed=seed, kills=_ALL_LOG_KILLS if is_long else _LOG_KILLS),
        log_kills.CONFIGURATION,
    ),
    "r14": Scenario(
        "R14: soak",
        lambda seed, _minutes, is_long: soak.soak(seed=seed, minutes=60 if is_long else 15),
        soak.CONFIGURATION,
    ),
}


def main() -> int:
    """Also when it is told to end it takes with it all that it started."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: sys.exit("Told to end."))
    arguments = _parser().parse_args()
    print(f"Seed: {arguments.seed}", flush=True)
    names = [name for name in _asked(arguments.names) if _is_possible(name)]
    minutes = arguments.minutes / max(1, sum(name in _MIXED for name in names))
    outcomes = []
    for name in names:
        print(f"{name} ...", flush=True)
        outcomes.append(SCENARIOS[name].make(arguments.seed, minutes, arguments.long))
        print(f"\n{report(outcomes[-1])}\n", flush=True)
    if arguments.write:
        for name, outcome in zip(names, outcomes, strict=True):
            write([outcome], section=name)
    return 0 if all(outcome.is_well for outcome in outcomes) else 1


def _asked(names: list[str]) -> list[str]:
    return [*SCENARIOS] if "all" in names else names or [*_MIXED]


def _is_possible(name: str) -> bool:
    """What a machine cannot have is said and left out; where `MACROPOD_TEST_REQUIRE_…` is set that is a failure."""
    needs = SCENARIOS[name].needs
    lacks = {
        "DOCKER": needs.spawner == "docker" and not has_docker(),
        "POSTGRES": needs.database == "postgresql" and binaries() is None,
    }
    for what in (each for each, is_missing in lacks.items() if is_missing):
        if os.environ.get(f"MACROPOD_TEST_REQUIRE_{what}"):
            raise RuntimeError(f"{name} needs what is not here: {what.title()}.")
        print(f"{name} is left out: there is no {what.title()} here.", flush=True)
    return not any(lacks.values())


def _parser() -> argparse.ArgumentParser:
    described = "\n".join(f"{name:20} {each.what}" for name, each in SCENARIOS.items())
    parser = argparse.ArgumentParser(
        prog="python -m chaos",
        description=__doc__,
        epilog=f"scenarios:\n\n{textwrap.indent(described, '  ')}\n\nWithout a name: those of the mixed chaos.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", type=_name, metavar="NAME", help="one of those below, or all")
    parser.add_argument("--minutes", type=float, default=_SHORT_MINUTES, help="of mixed chaos, over all of its kinds")
    parser.add_argument("--long", action="store_true", help="all of a figure where it is shortened otherwise")
    parser.add_argument("--seed", default=uuid.uuid4().hex[:8], help="the dice; told at the start when left out")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/reliability.md")
    return parser


def _name(text: str) -> str:
    if text not in (*SCENARIOS, "all"):
        raise argparse.ArgumentTypeError(f"there is no scenario {text!r}; there are {', '.join(SCENARIOS)} and all")
    return text


if __name__ == "__main__":
    sys.exit(main())
