"""Runs programs one after the other and attends to each until it and all it started are gone."""

import subprocess
import time
from typing import IO

from macropod_runner import memory
from macropod_runner.ending import Ended, Outcome, Reason, Stopped
from macropod_runner.eviction import Eviction
from macropod_runner.masking import Masks, masking
from macropod_runner.output import Keep, Output
from macropod_runner.process_tree import ProcessTree, become_reaper
from macropod_runner.program import Program, start
from macropod_runner.reaper import Reaper
from macropod_runner.segments import STDERR, STDOUT
from macropod_runner.spec import Spec
from macropod_runner.stop import StopOrder
from macropod_runner.watch import Watch

_EVICTION_SECONDS = 0.05
_LEFT_BEHIND_SECONDS = 2.0


class Supervisor:
    """The time limit is counted from the start of the first program."""

    def __init__(self, spec: Spec, *, stop: StopOrder, reaper: Reaper, masks: Masks) -> None:
        self._stop = stop
        self._reaper = reaper
        self._watch = Watch(spec, stop)
        self._grace_seconds = spec.grace_seconds
        self._masks = masks

    def run(self, program: Program, *, keep: Keep) -> Outcome:
        """Hand all it prints to `keep`. Raises `CouldNotStart`."""
        if self._stop.reason is not None:
            return Stopped(self._stop.reason)
        become_reaper()
        process = start(program)
        self._watch.begin()
        memory.offer_to_the_kernel(process.pid)
        tree = ProcessTree(process.pid)
        output = Output(_pipes(process), keep=masking(keep, self._masks), wakeups=self._stop.wakeups)
        try:
            return self._attend(process.pid, tree, output)
        except BaseException:
            tree.kill()
            raise
        finally:
            output.finish()
            process.returncode = 0  # It was reaped with all others; nothing is left to wait for.

    def pause(self, seconds: float) -> Reason | None:
        """Wait between two programs. The reason to stop, if there is one."""
        time.sleep(seconds)
        self._watch.look_at_the_clock()
        return self._stop.reason

    def _attend(self, pid: int, tree: ProcessTree, output: Output) -> Outcome:
        while (reason := self._stop.reason) is None:
            self._wait(output, self._watch.seconds_to_next_look())
            if (code := self._reaper.reap().get(pid)) is not None:
                self._evict(pid, tree, output, grace_seconds=min(_LEFT_BEHIND_SECONDS, self._grace_seconds))
                return Ended(code)
            self._watch.look(tree)
        grace_seconds = 0.0 if reason is Reason.OUT_OF_MEMORY else self._grace_seconds
        return Stopped(reason, self._evict(pid, tree, output, grace_seconds=grace_seconds))

    def _evict(self, pid: int, tree: ProcessTree, output: Output, *, grace_seconds: float) -> int | None:
        """TERM, a time of grace, KILL, until nothing is left. The exit code of the program if it ended here."""
        code = None
        if tree.pids():
            eviction = Eviction(tree, grace_seconds=grace_seconds)
            while tree.pids() and not eviction.has_failed:
                self._wait(output, _EVICTION_SECONDS)
                code = self._reaper.reap().get(pid, code)
                eviction.go_on()
        return code

    def _wait(self, output: Output, seconds: float | None) -> None:
        if output.read(seconds):
            self._watch.hear()
        self._stop.quiet()


def _pipes(process: subprocess.Popen[bytes]) -> dict[bytes, IO[bytes]]:
    pipes = {STDOUT: process.stdout, STDERR: process.stderr}
    return {mark: pipe for mark, pipe in pipes.items() if pipe is not None}
