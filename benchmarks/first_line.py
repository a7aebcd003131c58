"""A script of one `print` submitted and followed with the SDK, against the same script started by hand.

Process spawner. The client has its connection open, as a notebook has. By hand it is the same interpreter, that of
the environment of runs without requirements. Medians of 40, taken in turns.
"""

from functools import partial

from benchmarks.alternating import alternate
from benchmarks.bare import script_command, time_to_lines
from benchmarks.figures import Figure, at_most, at_most_times_bare
from benchmarks.scripts import HELLO, write_script
from benchmarks.server import Server, new_folder
from benchmarks.submission import time_to_followed_lines, timing_figures

_ROUNDS = 40
_WARM_UPS = 5


def measure() -> list[Figure]:
    with new_folder() as folder, Server(folder) as server, server.client() as client:
        script = write_script(folder, HELLO)
        orchestration = client.upload_orchestration(script.parent).wait()
        by_hand = script_command(script, server.python)
        ways = (partial(time_to_followed_lines, orchestration), partial(time_to_lines, by_hand))
        ours, bare = alternate(ways, rounds=_ROUNDS, warm_ups=_WARM_UPS)
    return timing_figures("process", ours, bare, targets=(at_most(120), at_most_times_bare(4)))
