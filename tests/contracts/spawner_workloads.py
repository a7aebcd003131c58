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

FORKS_WITHOUT_END = Workload(
    """
import os, time

print("started")
refused = 0
for _ in range(2000):
    try:
        if os.fork() == 0:
            time.sleep(600)
    except OSError:
        refused += 1
print("refused" if refused else "never refused")
time.sleep(600)
"""
)

STARTS_THREADS_WITHOUT_END = Workload(
    """
import threading, time

print("started")
try:
    for _ in range(2000):
        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
except RuntimeError:
    print("refused")
time.sleep(600)
"""
)

OPENS_TEN_THOUSAND_FILES = Workload(
    """
import tempfile, time

print("started")
held = []
try:
    for _ in range(20_000):
        held.append(tempfile.TemporaryFile())
except OSError:
    print("refused", len(held) > 10_000)
time.sleep(600)
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
