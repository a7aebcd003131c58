"""How long a line takes from `print` to who follows it."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import macropod

from benchmarks.figures import Figure, at_most, percentile
from benchmarks.scripts import write_script
from benchmarks.server import Server

_RUNS = 20
_SECONDS = 20
_WARM_UP_LINES = 200

_STAMPS = f"""\
import time
for _ in range({_SECONDS * 100}):
    print(time.time_ns(), flush=True)
    time.sleep(0.01)
"""

_FLOOD = f"""\
import time
end = time.monotonic() + {_SECONDS + 20}
while time.monotonic() < end:
    print("a line of a flood that goes on for as long as it is let\\n" * 1000, end="")
"""


def latency_figures(folder: Path) -> list[Figure]:
    (folder / "latency").mkdir()
    (folder / "flood").mkdir()
    with ExitStack() as stack:
        server = stack.enter_context(Server(folder / "latency", max_runs_per_workspace=32))
        client = stack.enter_context(server.client())
        script = write_script(folder / "latency", _STAMPS)
        stamps = client.upload_orchestration(script.parent).wait()
        followed = _of_runs(stamps, _RUNS)
        tailed = _of_files(script, folder / "latency")
        alone = _of_runs(stamps, 1)
        flood = client.upload_orchestration(write_script(folder / "flood", _FLOOD).parent).wait().run_once("flood")
        next(flood.follow())
        beside = _of_runs(stamps, 1)
        flood.kill()
        flood.wait(120)
    return [
        Figure("20 runs × 100 lines/s: print → seen, p50", percentile(followed, 50), "ms", percentile(tailed, 50)),
        Figure("the same, p95", percentile(followed, 95), "ms", percentile(tailed, 95), (at_most(300),)),
        Figure("a quiet run beside a flood, p95", percentile(beside, 95), "ms", percentile(alone, 95)),
    ]


def _of_runs(orchestration: macropod.Orchestration, count: int) -> list[float]:
    runs = [orchestration.run_once(f"stamps {number}") for number in range(count)]
    return _in_threads([lambda run=run: (line.text for line in run.follow()) for run in runs])


def _of_files(script: Path, folder: Path) -> list[float]:
    """The same script, writing to files that `tail` follows."""
    with ExitStack() as stack:
        tails = []
        for number in range(_RUNS):
            output = folder / f"output-{number}"
            writer = subprocess.Popen([sys.executable, str(script)], stdout=stack.enter_context(output.open("wb")))
            words = ["tail", "-f", "-n", "+1", f"--pid={writer.pid}", str(output)]
            tails.append(stack.enter_context(subprocess.Popen(words, stdout=subprocess.PIPE, text=True)))
            # Not waited for, an ended program still has its number, and `tail` would go on.
            threading.Thread(target=writer.wait).start()
        return _in_threads([lambda tail=tail: tail.stdout or () for tail in tails])


def _in_threads(followings: list[Callable[[], Iterable[str]]]) -> list[float]:
    """Milliseconds of every line but the first few, of which some were printed before anybody followed."""
    found: list[float] = []

    def follow(lines: Callable[[], Iterable[str]]) -> None:
        found.extend(list(_milliseconds(lines()))[_WARM_UP_LINES:])

    threads = [threading.Thread(target=follow, args=(each,)) for each in followings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def _milliseconds(lines: Iterable[str]) -> Iterator[float]:
    for line in lines:
        yield (time.time_ns() - int(line)) / 1e6
