"""The faults: each is brought about once, and tells what it did. Random moments come from the dice of the killer."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from chaos.installation import Installation
from chaos.kill_points import SELDOM, STAGES
from chaos.server_process import ServerProcess

_STAGE_SECONDS = 15.0
_GONE_SECONDS = 30
"""On a machine that is busy with everything else here. Ten seconds are measured by `rolling_restart`."""


@dataclass(frozen=True)
class Injected:
    """`violation` says what broke a promise while the fault was brought about."""

    kind: str
    detail: str
    violation: str | None = None


Fault = Callable[[Installation, random.Random], Injected]


def kill_and_restart(installation: Installation, dice: random.Random) -> Injected:
    server = _any(installation, dice)
    server.kill()
    away = dice.choice([0.0, 0.0, dice.uniform(0.5, 4)])
    time.sleep(away)
    return _up_again(server, "kill -9", f"server {server.number}, back after {away:.1f} s")


def kill_and_start(installation: Installation, dice: random.Random) -> Injected:
    """Does not wait for it to be ready: the next kill may come before that."""
    server = _any(installation, dice)
    server.kill()
    server.start()
    return Injected("kill -9", f"server {server.number}, started again at once")


def hold(installation: Installation, dice: random.Random) -> Injected:
    server, seconds = _any(installation, dice), dice.uniform(1, 8)
    server.hold()
    time.sleep(seconds)
    server.release()
    return Injected("SIGSTOP", f"server {server.number} for {seconds:.1f} s")


def restart_politely(installation: Installation, dice: random.Random) -> Injected:
    server = _any(installation, dice)
    gone_after = server.terminate(seconds=_GONE_SECONDS)
    told = "not gone, killed" if gone_after is None else f"gone after {gone_after:.1f} s"
    late = None if gone_after is not None else f"Server {server.number} was not gone {_GONE_SECONDS} s after SIGTERM."
    return _up_again(server, "SIGTERM", f"server {server.number}, {told}", late)


def die_at_a_stage(installation: Installation, dice: random.Random) -> Injected:
    """Restarted so that it ends itself at a stage, then as it is. A stage nothing comes by is noted as not reached."""
    server, stage = _any(installation, dice), STAGES[dice.choice(list(STAGES))]
    server.kill()
    server.start(stage=stage.number, passes=1 if stage.number in SELDOM else dice.randint(1, 3))
    reached = server.wait_until_dead(seconds=_STAGE_SECONDS)
    server.kill()
    kind = f"kill at stage {stage.number}"
    return _up_again(server, kind, f"server {server.number}: {stage.what}{'' if reached else ' (not reached)'}")


def database_restart(installation: Installation, _dice: random.Random) -> Injected:
    assert installation.postgres is not None
    installation.postgres.restart()
    return Injected("PostgreSQL restarted", "immediate mode")


def database_away(installation: Installation, dice: random.Random) -> Injected:
    assert installation.postgres is not None
    seconds = dice.uniform(2, 8)
    installation.postgres.away(seconds)
    return Injected("PostgreSQL away", f"for {seconds:.1f} s")


def sessions_cut(installation: Installation, _dice: random.Random) -> Injected:
    assert installation.postgres is not None
    return Injected("database sessions cut", f"{installation.postgres.end_sessions()} of them")


def usual_faults(installation: Installation) -> list[Fault]:
    """Those of a configuration, the commoner ones named more than once."""
    faults: list[Fault] = [*([kill_and_restart] * 4), *([die_at_a_stage] * 3), hold, restart_politely]
    if installation.postgres:
        faults += [database_restart, database_away, sessions_cut]
    return faults


def _any(installation: Installation, dice: random.Random) -> ServerProcess:
    return dice.choice(installation.servers)


def _up_again(server: ServerProcess, kind: str, detail: str, violation: str | None = None) -> Injected:
    server.start()
    server.wait_until_ready()
    return Injected(kind, detail, violation)
