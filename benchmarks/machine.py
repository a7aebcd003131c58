"""The machine a measurement was made on, as facts."""

import os
import platform
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import psutil

GIB = 1024**3


def facts() -> dict[str, str]:
    return {
        "CPU": _cpu_model(),
        "cores": str(os.cpu_count()),
        "memory": f"{psutil.virtual_memory().total / GIB:.0f} GiB",
        "system": platform.platform(terse=True),
        "Python": platform.python_version(),
        "date": datetime.now(UTC).date().isoformat(),
    }


def _cpu_model() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
