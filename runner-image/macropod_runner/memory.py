"""How much memory processes use."""

import os
from collections.abc import Sequence
from contextlib import suppress


def exceeds(limit: int, pids: Sequence[int]) -> bool:
    """Resident memory counts shared pages once per process, so the exact measure, which is slow, decides."""
    if sum(map(_resident_bytes, pids)) <= limit:
        return False
    return sum(map(_proportional_bytes, pids)) > limit


def offer_to_the_kernel(pid: int) -> None:
    """When memory runs out, let the kernel end this process rather than the runner that reports it."""
    with suppress(OSError), open(f"/proc/{pid}/oom_score_adj", "w") as file:
        file.write("500")


def _resident_bytes(pid: int) -> int:
    with suppress(OSError, ValueError), open(f"/proc/{pid}/statm", "rb") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _proportional_bytes(pid: int) -> int:
    with suppress(OSError, ValueError), open(f"/proc/{pid}/smaps_rollup", "rb") as file:
        for line in file:
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) * 1024
    return _resident_bytes(pid)
