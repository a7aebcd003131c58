"""What a Docker Engine can give one container, from what it tells of itself."""

from typing import Any

from macropod_server.spawners.base import Capacity

_MOST_PIDS = 2**22
"""More processes than this no Linux has."""


def capacity_of(told: dict[str, Any]) -> Capacity:
    """How many GPUs there are the engine does not tell, only whether it can hand them out."""
    return Capacity(
        cpus=float(told["NCPU"]) if told.get("CpuCfsQuota", True) else 0.0,
        memory_bytes=int(told["MemTotal"]),
        pids=_MOST_PIDS if told.get("PidsLimit", True) else 0,
        gpus=None if "nvidia" in (told.get("Runtimes") or {}) else 0,
    )
