"""Submitting `examples/hello` and following it with the SDK, against starting the same `main.py` by hand. Process
spawner; the client has its connection open, as a notebook has. By hand it is the same interpreter: that of the bare
environment runs use. Medians of 40, taken in turns.
"""

from collections.abc import Iterator, Sequence
from functools import partial

from benchmarks.alternating import alternate
from benchmarks.bare import Timing, script_command, time_to_lines
from benchmarks.figures import Figure, at_most, at_most_times_bare, median
from benchmarks.server import ROOT, Server, new_folder
from benchmarks.submission import time_to_followed_lines

_HELLO = ROOT / "examples" / "hello"
_ROUNDS = 40
_WARM_UPS = 5


def measure() -> Iterator[Figure]:
    with new_folder() as folder, Server(folder) as server, server.client() as client:
        orchestration = client.upload_orchestration(_HELLO).wait()
        by_hand = script_command(_HELLO / "main.py", server.python)
        ways = (partial(time_to_followed_lines, orchestration), partial(time_to_lines, by_hand))
        ours, bare = alternate(ways, rounds=_ROUNDS, warm_ups=_WARM_UPS)
    first_line, bare_first_line = (_milliseconds([each.first_line for each in way]) for way in (ours, bare))
    targets = (at_most(120), at_most_times_bare(4))
    yield Figure("process: submit → first line", first_line, "ms", bare_first_line, targets)
    yield Figure("process: submit → end seen", _end(ours), "ms", _end(bare))


def _end(timings: Sequence[Timing]) -> float:
    return _milliseconds([each.end for each in timings])


def _milliseconds(seconds: Sequence[float]) -> float:
    return median(seconds) * 1000
