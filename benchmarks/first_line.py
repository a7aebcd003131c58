"""`examples/hello` submitted and followed with the SDK, against its `main.py` started by hand.

Process spawner. The client has its connection open, as a notebook has. By hand it is the same interpreter, that of
the environment of runs without requirements. Medians of 40, taken in turns.
"""

from functools import partial

from benchmarks.alternating import alternate
from benchmarks.bare import script_command, time_to_lines
from benchmarks.figures import Figure, at_most, at_most_times_bare
from benchmarks.server import ROOT, Server, new_folder
from benchmarks.submission import time_to_followed_lines, timing_figures

_HELLO = ROOT / "examples" / "hello"
_ROUNDS = 40
_WARM_UPS = 5


def measure() -> list[Figure]:
    with new_folder() as folder, Server(folder) as server, server.client() as client:
        orchestration = client.upload_orchestration(_HELLO).wait()
        by_hand = script_command(_HELLO / "main.py", server.python)
        ways = (partial(time_to_followed_lines, orchestration), partial(time_to_lines, by_hand))
        ours, bare = alternate(ways, rounds=_ROUNDS, warm_ups=_WARM_UPS)
    return timing_figures("process", ours, bare, targets=(at_most(120), at_most_times_bare(4)))
