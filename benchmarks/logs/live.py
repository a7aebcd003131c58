"""Logs while they are written, and long ones: how soon lines are seen, what a log of ten million lines costs to read.

Latency is from `print` to the line in the hands of a follower (SDK), with 20 runs of 100 lines a second each; beside it
the same programs writing to files that `tail -f` reads. The quiet run beside a flood prints 100 lines a second too; its
baseline is the same without the flood. The long log has 10,000,000 lines of about 100 bytes in the chunks a flood
makes; tail, range and jump are medians of 30 calls over REST, beside SQLite with a row per line and an index on the
time, asked in process. The download goes through the SDK into a file; beside it a copy of that file.
"""

from benchmarks.figures import Figure
from benchmarks.logs.latency import latency_figures
from benchmarks.logs.long_log import LINES, long_log_figures
from benchmarks.server import new_folder


def measure(*, lines: int = LINES) -> list[Figure]:
    """Takes about 5 GB of disk, and leaves nothing there."""
    with new_folder() as folder:
        return [*latency_figures(folder), *long_log_figures(folder, lines=lines)]
