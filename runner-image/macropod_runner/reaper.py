"""Takes leave of every child that ended, adopted ones too, and adds up what they used."""

import os
import resource
import sys
from contextlib import suppress

_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


class Reaper:
    def __init__(self) -> None:
        self.peak_memory_bytes: int | None = None
        self.cpu_seconds: float | None = None

    def reap(self) -> dict[int, int]:
        """Exit codes (negative for a signal) by process id, of all that ended since the last call."""
        codes = {}
        with suppress(ChildProcessError):
            while True:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
                if pid == 0:
                    break
                codes[pid] = os.waitstatus_to_exitcode(status)
                self._add(usage)
        return codes

    def _add(self, usage: resource.struct_rusage) -> None:
        self.peak_memory_bytes = max(self.peak_memory_bytes or 0, usage.ru_maxrss * _MAXRSS_UNIT)
        self.cpu_seconds = (self.cpu_seconds or 0.0) + usage.ru_utime + usage.ru_stime
