"""What the programs of the spawner suite do: as a real `main.py`, and as the fake spawner plays it."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.fakes.spawner import FakeSpawner

STARTED = "started"


def _begin(fake: FakeSpawner, run_id: str) -> None:
    fake.begin(run_id)
    fake.write(run_id, STARTED)


@dataclass(frozen=True)
class Workload:
    main: str
    play: Callable[[FakeSpawner, str], None] = _begin


def ends(*lines: str) -> Workload:
    """Prints these lines and ends well."""

    def play(fake: FakeSpawner, run_id: str) -> None:
        _begin(fake, run_id)
        fake.write(run_id, *lines)
        fake.finish(run_id)

    return Workload(f"for line in {[STARTED, *lines]!r}:\n    print(line)\n", play)


WAITS = Workload("import time\nprint('started')\ntime.sleep(600)\n")

TIDIES_UP = Workload(
    """
import signal, sys, time

def tidy_up(*_):
    print("tidied up")
    sys.exit(0)

signal.signal(signal.SIGTERM, tidy_up)
print("started")
time.sleep(600)
"""
)

CLINGS_TO_LIFE = Workload(
    """
import os, signal, time

signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(600)
    os._exit(0)
os.wait()
print("started")
time.sleep(600)
"""
)

OUTLIVES_ITS_RUNNER = Workload(
    """
import os, signal, time

signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("started")
time.sleep(600)
"""
)

EATS_MEMORY = Workload(
    """
print("started")
eaten = []
while True:
    eaten.append(bytearray(b"x") * 4 * 1024**2)
"""
)

WRITES_INTO_ITS_ENVIRONMENT = Workload(
    """
import os, pathlib, sys

print("started")
try:
    os.chmod(sys.prefix, 0o700)
    pathlib.Path(sys.prefix, "planted").write_text("mine")
except OSError:
    print("could not write")
else:
    print("wrote")
"""
)
