"""The control group the runner and its programs are in, of either version: its memory limit, and who died of it."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


class ControlGroup:
    def __init__(self, mounts: Path = Path("/sys/fs/cgroup"), membership: Path = Path("/proc/self/cgroup")) -> None:
        self._mounts = mounts
        self._membership = membership

    def oom_kills(self) -> int:
        """How many processes the kernel has ended here for want of memory."""
        for path in self._files("memory.events", "memory.oom_control"):
            with suppress(OSError, ValueError):
                counts = dict(line.split() for line in path.read_text().splitlines())
                return int(counts.get("oom_kill", 0))
        return 0

    def memory_limit(self) -> int | None:
        """In bytes; None where there is no limit."""
        for path in self._files("memory.max", "memory.limit_in_bytes"):
            with suppress(OSError):
                limit = path.read_text().strip()
                return int(limit) if limit.isdigit() and int(limit) < 2**60 else None
        return None

    def _files(self, unified: str, legacy: str) -> Iterator[Path]:
        with suppress(OSError):
            for line in self._membership.read_text().splitlines():
                _, controllers, group = line.split(":", 2)
                if not controllers:
                    yield self._mounts / group.lstrip("/") / unified
                elif "memory" in controllers.split(","):
                    yield self._mounts / "memory" / group.lstrip("/") / legacy
        # Inside a container its own group is what is mounted, whatever its name outside.
        yield self._mounts / unified
        yield self._mounts / "memory" / legacy
