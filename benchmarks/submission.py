"""Submitting through the SDK, timed as whoever waits for the lines feels it."""

import time
from collections import deque

import macropod

from benchmarks.bare import Timing

_PATIENCE_SECONDS = 300


def time_to_followed_lines(orchestration: macropod.Orchestration) -> Timing:
    """From `run_once` to the first line in hand, and to the end of the run known."""
    began = time.perf_counter()
    lines = orchestration.run_once("benchmark").follow()
    next(lines)
    first_line = time.perf_counter() - began
    deque(lines, maxlen=0)
    return Timing(first_line, time.perf_counter() - began)


def finished_run(orchestration: macropod.Orchestration) -> macropod.Run:
    """A run of it that has ended well."""
    run = orchestration.run_once("benchmark").wait(_PATIENCE_SECONDS)
    if run.exit_code != 0:
        raise RuntimeError(f"Run {run.id} ended as {run.status()}: {run.message}")
    return run
