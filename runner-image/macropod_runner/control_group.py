"""The control group the runner and its programs are in, of either version: its limits, and who died of them."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


class ControlGroup:
    def __init__(self, mounts: Path = Path("/sys/fs/cgroup"), membership: Path = Path("/proc/self/cgroup")) -> None:
        self._mounts = mounts
        self._membership = membership

    def oom_kills(self) -> int:
        """How many processes the kernel has ended here for want of memory."""
        for path in self._files("memory", "memory.events", "memory.oom_control"):
            with suppress(OSError, ValueError):
                counts = dict(line.split() for line in path.read_text().splitlines())
                return int(counts.get("oom_kill", 0))
        return 0

    def memory_limit(self) -> int | None:
        """In bytes; None where there is no limit."""
        limit = self._number("memory", "memory.max", "memory.limit_in_bytes")
        return limit if limit is not None and limit < 2**60 else None

    def process_limit(self) -> int | None:
        return self._number("pids", "pids.max", "pids.max")

    def cpu_limit(self) -> float | None:
        """In cores; None where there is no limit."""
        for path in self._files("cpu", "cpu.max", "cpu.cfs_quota_us"):
            with suppress(OSError, ValueError):
                quota, _, period = path.read_text().strip().partition(" ")
                period = period or path.with_name("cpu.cfs_period_us").read_text()
                return int(quota) / int(period) if int(quota) > 0 else None
        return None

    def _number(self, controller: str, unified: str, legacy: str) -> int | None:
        for path in self._files(controller, unified, legacy):
            with suppress(OSError):
                limit = path.read_text().strip()
                return int(limit) if limit.isdigit() else None
        return None

    def _files(self, controller: str, unified: str, legacy: str) -> Iterator[Path]:
        with suppress(OSError):
            for line in self._membership.read_text().splitlines():
                _, controllers, group = line.split(":", 2)
                if not controllers:
                    yield self._mounts / group.lstrip("/") / unified
                elif controller in controllers.split(","):
                    yield self._mounts / controller / group.lstrip("/") / legacy
        # Inside a container its own group is what is mounted, whatever its name outside.
        yield self._mounts / unified
        yield self._mounts / controller / legacy
