"""A run that prints numbered lines until it is asked to end, what it knows itself of that, and one who follows it."""

import io
import os
import signal
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import macropod

from chaos.ground import ROOT, wait_for

MAIN = """
import mmap
import os
import struct
import time

import macropod

told = macropod.task_args()
with open(told["counter"], "r+b") as file:
    counter = mmap.mmap(file.fileno(), 16)
number = 0
while not os.path.exists(told["end"]):
    number += 1
    print("line", number, "x" * (number % 200))
    counter[:] = struct.pack("<qq", os.getppid(), number)
    time.sleep(0.004)
"""

_MARKS = ("may be missing", "are missing here")
_STARTS_SECONDS = 60.0


def upload_chatty(client: macropod.Client) -> macropod.Orchestration:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("main.py", MAIN)
    return client.upload_orchestration(bytes_buffer=packed.getvalue(), name="chatty").wait()


class ChattyRun:
    def __init__(self, orchestration: macropod.Orchestration, folder: Path, *, url: str, token: str) -> None:
        folder.mkdir()
        self._counter, self._end, self._seen = folder / "counter", folder / "end", folder / "seen"
        self._counter.write_bytes(bytes(16))
        self._server = (url, token)
        self._was_killed = False
        arguments = {"counter": str(self._counter), "end": str(self._end)}
        self._task = orchestration.run_once(folder.name, json_args=arguments)
        [self.run] = wait_for(self._task.last_runs, seconds=_STARTS_SECONDS, what="a run of the task")
        self._follower = self._follow()

    def wait_until_it_prints(self) -> None:
        wait_for(lambda: self._printed() > 0, seconds=_STARTS_SECONDS, what=f"run {self.run.id} to print")

    def ask_to_end(self) -> None:
        self._end.touch()

    def kill_runner(self) -> None:
        """Its program ends by itself: nobody takes what it prints."""
        self._was_killed = True
        with suppress(ProcessLookupError):
            os.kill(self._state()[0], signal.SIGKILL)

    def kill_follower(self) -> None:
        """Another takes its place, and goes on after the last line that is written down."""
        self.leave()
        self._follower = self._follow()

    def leave(self) -> None:
        self._follower.kill()
        self._follower.wait()

    def has_follower_ended(self) -> bool:
        return self._follower.poll() is not None

    def what_is_wrong(self, stored: Iterable[macropod.LogLine]) -> Iterator[str]:
        lines = list(stored)
        if [line.number for line in lines] != list(range(1, len(lines) + 1)):
            yield "the numbers of its lines have a gap or come twice"
        texts = [line.text for line in lines if line.stream == "stdout"]
        for place, text in enumerate(texts, 1):
            if text != f"line {place} {'x' * (place % 200)}":
                yield f"in the place of line {place} stands {text!r}"
                return
        printed = self._printed()
        is_marked = any(mark in line.text for line in lines if line.stream == "system" for mark in _MARKS)
        # The last line may be printed and not yet counted when the program ends.
        if not printed <= len(texts) <= printed + 1 and not (self._was_killed and is_marked and len(texts) <= printed):
            yield f"{printed} lines were printed, {len(texts)} are stored, and no line says why"

    def what_was_seen_wrong(self, stored: Iterable[macropod.LogLine]) -> Iterator[str]:
        seen = self._seen.read_text().splitlines()
        wanted = [f"{line.number} {line.text}" for line in stored]
        if seen != wanted:
            place = next((place for place, pair in enumerate(zip(seen, wanted, strict=False)) if len({*pair}) > 1), -1)
            yield f"of {len(wanted)} lines {len(seen)} were seen by its follower; the first difference is at {place}"

    def _printed(self) -> int:
        return self._state()[1]

    def _state(self) -> tuple[int, int]:
        """The process of the runner, and how many lines were printed."""
        parent, count = struct.unpack("<qq", self._counter.read_bytes())
        return parent, count

    def _follow(self) -> "subprocess.Popen[bytes]":
        words = [sys.executable, "-m", "chaos.log_follower", *self._server, self.run.id, str(self._seen)]
        return subprocess.Popen(words, cwd=ROOT, stdin=subprocess.DEVNULL)
