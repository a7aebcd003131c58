"""R8: the database is away for a minute.

Running work goes on, no line is lost, callers hear 503 with Retry-After, and all is well soon after, with no restart.
"""

import random
import time

from chaos.caller import Caller
from chaos.ground import wait_for
from chaos.installation import Configuration
from chaos.load import Load, Shape
from chaos.outcome import Goal, Outcome
from chaos.scene import Scene, scene

CONFIGURATION = Configuration("r8", database="postgresql")
_LONG_RUNS = 4
_LOOK_SECONDS = 0.5
_WELL_SECONDS = 10.0


def database_away(*, seed: str, seconds: float = 60.0) -> Outcome:
    with scene(CONFIGURATION, seed=seed) as place:
        load = place.load(Shape(once_pause=0, kill_pause=0), seconds=seconds + 20)
        for _ in range(_LONG_RUNS):
            load.order_once(random.Random(seed), lines=int(seconds * 10), seconds=seconds * 0.8)
        time.sleep(5)
        well_after, answers, ended = _away(place, load, seconds=seconds)
        load.stop()
        goals = [
            Goal("well again after the database", f"{well_after:.1f} s", "10 s", well_after <= _WELL_SECONDS),
            Goal("answers 503 meanwhile", str(answers), "1 or more", answers > 0),
            Goal("programs that came to their end meanwhile", str(ended), f"{_LONG_RUNS}", ended >= _LONG_RUNS),
        ]
        evidence = place.evidence(load, promises=[])
        return place.outcome(
            f"R8: the database away for {seconds:.0f} s", evidence, faults={"PostgreSQL away": 1}, goals=goals
        )


def _away(place: Scene, load: Load, *, seconds: float) -> tuple[float, int, int]:
    """How long after the database's return all was well; 503s and ends of programs meanwhile."""
    postgres, [server] = place.installation.postgres, place.installation.servers
    assert postgres is not None
    caller, before, ends = load.caller(), load.tally.statuses[503], _ends(place)
    postgres.stop()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        caller.once("GET", "/v1/tasks")
        caller.once("GET", "/v1/runs")
        time.sleep(_LOOK_SECONDS)
    answers, ended = load.tally.statuses[503] - before, _ends(place) - ends
    postgres.start()
    back = time.monotonic()
    wait_for(lambda: server.is_ready() and _answers(caller), seconds=60, what="the server to be well again")
    caller.close()
    return time.monotonic() - back, answers, ended


def _ends(place: Scene) -> int:
    return sum(mark.what == "end" for mark in place.receiver.marks())


def _answers(caller: Caller) -> bool:
    answer = caller.once("GET", "/v1/tasks")
    return answer is not None and answer.is_success
