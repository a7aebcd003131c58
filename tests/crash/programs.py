"""Packages whose runs leave marks outside the server, so that it can be told how often they really started."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import macropod

from tests.builders import a_zip

PATIENCE_SECONDS = 60

T = TypeVar("T")

MARKS = """
import sys

import macropod

with open(macropod.task_args()["marks"], "a") as marks:
    marks.write("started\\n")
sys.exit(macropod.task_args().get("exit_code", 0))
"""

CHATS = """
import sys
import time

for number in range(1, 20_001):
    print("line", number, "x" * 500)
    if number % 50 == 0:
        time.sleep(0.025)
sys.exit(7)
"""

WAITS_FOR_A_FILE = """
import os
import sys
import time

import macropod

print("process", os.getpid())
while not os.path.exists(macropod.task_args()["file"]):
    time.sleep(0.01)
print("last words")
sys.exit(7)
"""

IGNORES_TERM = """
import signal
import time

signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready")
while True:
    time.sleep(600)
"""


def upload(client: macropod.Client, main: str, *, requirements: str | None = None) -> macropod.Orchestration:
    files: dict[str, str | bytes] = {"main.py": main}
    if requirements is not None:
        files["requirements.txt"] = requirements
    return client.upload_orchestration(bytes_buffer=a_zip(files), name="crash")


class Marks:
    """How often each run began, as told by a file of its own that no server knows."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: list[Path] = []

    def run(self, orchestration: macropod.Orchestration, **arguments: Any) -> macropod.Task:
        file = self._folder / f"marks-{len(self._files)}"
        self._files.append(file)
        return orchestration.run_once(file.name, json_args={"marks": str(file), **arguments})

    def counts(self) -> list[int]:
        return [len(file.read_text().splitlines()) if file.exists() else 0 for file in self._files]


def how_it_ended(task: macropod.Task) -> tuple[str, str | None, int | None]:
    run = task.wait(PATIENCE_SECONDS)
    return run.status(), run.reason, run.exit_code


def wait_for(look: Callable[[], T], *, pause_seconds: float = 0.02) -> T:
    """What is seen as soon as there is something to be seen."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (seen := look()):
        assert time.monotonic() < deadline, "There is nothing to be seen."
        time.sleep(pause_seconds)
    return seen
