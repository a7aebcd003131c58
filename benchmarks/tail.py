"""`run.logs(limit=100)` of a run that printed 1,000,000 lines: the median of 50 calls of the SDK."""

import time

import macropod

from benchmarks.figures import Figure, at_most, median
from benchmarks.scripts import COUNTING, LINES, write_script
from benchmarks.server import Server, new_folder
from benchmarks.submission import finished_run

_TAIL_LINES = 100
_WARM_UPS = 3
_CALLS = 50


def measure() -> list[Figure]:
    with new_folder() as folder, Server(folder) as server, server.client() as client:
        run = finished_run(client.upload_orchestration(write_script(folder, COUNTING).parent).wait())
        seconds = [_seconds_of_tail(run) for _ in range(_WARM_UPS + _CALLS)][_WARM_UPS:]
    what = f"tail of {_TAIL_LINES} of {LINES:,} lines"
    return [Figure(what, median(seconds) * 1000, "ms", targets=(at_most(20),))]


def _seconds_of_tail(run: macropod.Run) -> float:
    began = time.perf_counter()
    lines = run.logs(limit=_TAIL_LINES)
    seconds = time.perf_counter() - began
    if len(lines) != _TAIL_LINES or lines[-1].number != LINES:
        raise RuntimeError(f"The tail has {len(lines)} lines and ends with {lines[-1:]}.")
    return seconds
