"""Submitting through the SDK, timed as whoever waits for the lines feels it."""

import time
from collections import deque
from collections.abc import Callable, Sequence

import macropod

from benchmarks.bare import Timing
from benchmarks.figures import Figure, Target, median

_PATIENCE_SECONDS = 300


def time_to_followed_lines(orchestration: macropod.Orchestration) -> Timing:
    """From `run_once` to the first line in hand, and to the end of the run known."""
    began = time.perf_counter()
    lines = orchestration.run_once("benchmark").follow()
    next(lines)
    first_line = time.perf_counter() - began
    deque(lines, maxlen=0)
    return Timing(first_line, time.perf_counter() - began)


def timing_figures(
    name: str, ours: Sequence[Timing], bare: Sequence[Timing], *, targets: tuple[Target, ...]
) -> list[Figure]:
    """`targets` are those of the first line."""

    def figure(what: str, seconds: Callable[[Timing], float], targets: tuple[Target, ...]) -> Figure:
        value, baseline = (median([seconds(each) for each in way]) * 1000 for way in (ours, bare))
        return Figure(f"{name}: submit → {what}", value, "ms", baseline, targets)

    return [
        figure("first line", lambda timing: timing.first_line, targets),
        figure("end seen", lambda timing: timing.end, ()),
    ]


def finished_run(orchestration: macropod.Orchestration) -> macropod.Run:
    """A run of it that has ended well."""
    run = orchestration.run_once("benchmark").wait(_PATIENCE_SECONDS)
    if run.exit_code != 0:
        raise RuntimeError(f"Run {run.id} ended as {run.status()}: {run.message}")
    return run
