"""R14: a quarter of an hour at 50 runs a minute: memory, file handles, zombies."""

import time
from contextlib import suppress
from itertools import pairwise
from statistics import mean
from typing import NamedTuple

import psutil

from chaos.installation import Configuration
from chaos.load import Shape
from chaos.outcome import Goal, Outcome
from chaos.scene import scene

CONFIGURATION = Configuration("r14")
_WARM_UP = 0.2
_WINDOW = 0.15
_LOOK_SECONDS = 5.0
_MOST_GROWTH = 5.0
_MOST_HANDLES = 9
_MIB = 1024**2
_SHAPE = Shape(
    schedules=4, every_seconds=(6,), once_pause=6, kill_pause=30, upload_pause=60, packaging_pause=120, read_pause=1
)
"""40 runs a minute of the schedules and 10 or more of all else."""


class Sample(NamedTuple):
    memory: int
    handles: int
    threads: int
    zombies: frozenset[int]


def soak(*, seed: str, minutes: float) -> Outcome:
    with scene(CONFIGURATION, seed=seed) as place:
        load = place.load(_SHAPE, seconds=minutes * 60)
        [server] = place.installation.servers
        samples, until = [], time.monotonic() + minutes * 60
        while time.monotonic() < until:
            samples.append(_sample(psutil.Process(server.pid)))
            time.sleep(_LOOK_SECONDS)
        load.stop()
        evidence = place.evidence(load, promises=[])
        rate = len(evidence.rows.runs) / minutes
        goals = [Goal("runs a minute", f"{rate:.0f}", "50 or more", rate >= 50), *_goals(samples)]
        return place.outcome(f"R14: soak of {minutes:.0f} minutes", evidence, faults={}, goals=goals)


def _goals(samples: list[Sample]) -> list[Goal]:
    """The first minutes after the warm-up beside the last."""
    window = max(1, round(len(samples) * _WINDOW))
    begin = round(len(samples) * _WARM_UP)
    first, last = samples[begin : begin + window], samples[-window:]
    before, after = mean(each.memory for each in first), mean(each.memory for each in last)
    growth = (after / before - 1) * 100
    open_before, open_after = min(each.handles for each in first), min(each.handles for each in last)
    zombies = {pid for one, other in pairwise(samples) for pid in one.zombies & other.zombies}
    sizes = f"{before / _MIB:.0f} to {after / _MIB:.0f} MiB"
    return [
        Goal("memory after warm-up grows", f"{growth:.1f} %", "5 % or less", growth <= _MOST_GROWTH, sizes),
        Goal(
            "more file handles at the end",
            str(open_after - open_before),
            f"{_MOST_HANDLES} or fewer",
            open_after - open_before <= _MOST_HANDLES,
            f"{open_before} to {open_after}, the fewest of a window: pools grow to their size, leaks go on",
        ),
        Goal("zombies that stay", str(len(zombies)), "0", not zombies),
    ]


def _sample(server: psutil.Process) -> Sample:
    family = [server, *server.children(recursive=True)]
    return Sample(
        memory=server.memory_info().rss,
        handles=server.num_fds(),
        threads=server.num_threads(),
        zombies=frozenset(each.pid for each in family if _is_zombie(each)),
    )


def _is_zombie(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    return False
