"""R5: the server ends itself at each stage of a run, is started again, and everything comes out right.

For each stage and each repetition: a server that dies there, a work that comes by every stage (an upload, packages
where the stage asks for them, a run, a schedule, a kill), a restart, and the time until all is settled.
"""

import random
import threading
import time
from collections import Counter
from dataclasses import replace

from chaos.installation import Configuration, Installation
from chaos.kill_points import SELDOM, STAGES, Stage
from chaos.load import QUIET, Load
from chaos.outcome import Goal, Outcome
from chaos.reading import unfinished
from chaos.scene import scene

_DEATH_SECONDS = 30.0
_SETTLE_SECONDS = 60.0
_GOAL_SECONDS = 30.0
_CLEAN_SECONDS = 60.0
_PASSES = 2
_PACKAGING = 14


def stage_kills(configuration: Configuration, *, seed: str, times: int) -> Outcome:
    dice, faults, settled, missed = random.Random(f"{seed} stages"), Counter[str](), [0.0], []
    with scene(replace(configuration, servers=1), seed=seed) as place:
        load = place.load(QUIET, seconds=0)
        for stage in [stage for _ in range(times) for stage in STAGES.values()]:
            what = f"kill at stage {stage.number:2}: {stage.what}"
            reached, took = _kill_once(place.installation, load, stage, dice)
            print(f"  {what}{'' if reached else ' (not reached)'}, settled in {took:.1f} s", flush=True)
            settled.append(took)
            faults[what] += reached
            missed += [] if reached else [f"Stage {stage.number} ({stage.what}) was not reached."]
        evidence = place.evidence(load, promises=missed)
        goals = _goals(faults, settled, times)
        clean = evidence.clean_seconds
        goals.append(Goal("nothing left of any run after", f"{clean:.0f} s", "60 s", clean <= _CLEAN_SECONDS))
        return place.outcome("R5: killed at each stage", evidence, faults=faults, goals=goals)


def _goals(faults: Counter[str], settled: list[float], times: int) -> list[Goal]:
    wanted, slowest = times * len(STAGES), max(settled)
    return [
        Goal("kills at stages", str(faults.total()), str(wanted), faults.total() == wanted),
        Goal("slowest to settle after the restart", f"{slowest:.1f} s", "30 s", slowest <= _GOAL_SECONDS),
    ]


def _kill_once(installation: Installation, load: Load, stage: Stage, dice: random.Random) -> tuple[bool, float]:
    """Whether the stage was reached, and how long it took from ready to settled."""
    [server] = installation.servers
    server.terminate()
    server.start(stage=stage.number, passes=1 if stage.number in SELDOM else dice.randint(1, _PASSES))
    worker = threading.Thread(
        target=load.one_of_everything, args=(dice.randint(0, 10**9),), kwargs={"packages": stage.number == _PACKAGING}
    )
    worker.start()
    reached = server.wait_until_dead(seconds=_DEATH_SECONDS)
    server.kill()
    server.start()
    server.wait_until_ready()
    began = time.monotonic()
    worker.join()
    while unfinished(installation.database_url) and time.monotonic() - began < _SETTLE_SECONDS:
        time.sleep(0.1)
    return reached, time.monotonic() - began
