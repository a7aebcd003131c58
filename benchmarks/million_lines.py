"""A run that prints 1,000,000 lines, from its submission to its end, against the same script writing to a file.

Process spawner. Both have the environment of a run, where Python does not buffer its output; the second row has the
script by hand with Python's own buffering, which a pipe or file usually gets. The run has ended when its last line is
stored. Every line of the last run is read back by number over REST and compared. Medians of 5, taken in turns.
"""

from datetime import UTC, datetime
from functools import partial

import macropod

from benchmarks.alternating import alternate
from benchmarks.bare import script_command, time_to_file
from benchmarks.counting import wrong_lines
from benchmarks.figures import Figure, at_most, at_most_times_bare, median
from benchmarks.scripts import COUNTING, LINES, write_script
from benchmarks.server import Server, new_folder
from benchmarks.submission import finished_run

_ROUNDS = 5


def measure() -> list[Figure]:
    with new_folder() as folder, Server(folder) as server, server.client() as client, server.rest() as rest:
        script = write_script(folder, COUNTING)
        orchestration = client.upload_orchestration(script.parent).wait()
        output = folder / "output.txt"
        ways = (
            partial(_seconds_to_end, orchestration),
            partial(time_to_file, script_command(script, server.python), output),
            partial(time_to_file, script_command(script, server.python, is_buffered=True), output),
        )
        ours, bare, buffered = map(median, alternate(ways, rounds=_ROUNDS))
        [newest] = client.list_runs(kind="task", limit=1)
        wrong = wrong_lines(newest, rest)
    return [
        Figure(f"{LINES:,} lines", ours, "s", bare, (at_most_times_bare(1.5),)),
        Figure(f"{LINES:,} lines, bare with buffering", ours, "s", buffered),
        Figure("lines lost, doubled or out of order", wrong, "lines", targets=(at_most(0),)),
    ]


def _seconds_to_end(orchestration: macropod.Orchestration) -> float:
    began = datetime.now(UTC)
    ended_at = finished_run(orchestration).ended_at
    assert ended_at is not None
    return (ended_at - began).total_seconds()
