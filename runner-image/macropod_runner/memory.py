"""How much memory processes use, and whether the kernel ended one because there was no more."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress

_CGROUPS = "/sys/fs/cgroup"


def exceeds(limit: int, pids: Sequence[int]) -> bool:
    """Resident memory counts shared pages once per process, so the exact measure, which is slow, decides."""
    if sum(map(_resident_bytes, pids)) <= limit:
        return False
    return sum(map(_proportional_bytes, pids)) > limit


def offer_to_the_kernel(pid: int) -> None:
    """When memory runs out, let the kernel end this process rather than the runner that reports it."""
    with suppress(OSError), open(f"/proc/{pid}/oom_score_adj", "w") as file:
        file.write("500")


def oom_kills() -> int:
    """How many processes of this control group the kernel has ended for want of memory."""
    for path in _cgroup_files("memory.events", "memory.oom_control"):
        with suppress(OSError, ValueError), open(path) as file:
            counts = dict(line.split() for line in file)
            return int(counts.get("oom_kill", 0))
    return 0


def cgroup_limit() -> int | None:
    """The memory this control group may use; None where there is no limit."""
    for path in _cgroup_files("memory.max", "memory.limit_in_bytes"):
        with suppress(OSError, ValueError), open(path) as file:
            limit = int(file.read())
            return limit if limit < 2**60 else None
    return None


def _cgroup_files(unified: str, legacy: str) -> Iterator[str]:
    with suppress(OSError), open("/proc/self/cgroup") as file:
        for line in file.read().splitlines():
            _, controllers, group = line.split(":", 2)
            if not controllers:
                yield f"{_CGROUPS}{group}/{unified}"
            elif "memory" in controllers.split(","):
                yield f"{_CGROUPS}/memory{group}/{legacy}"
    # Inside a container its own group is what is mounted, whatever its name outside.
    yield f"{_CGROUPS}/{unified}"
    yield f"{_CGROUPS}/memory/{legacy}"


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
