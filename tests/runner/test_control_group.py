"""What the kernel tells about memory, in both versions of control groups, inside containers and out."""

from pathlib import Path

import pytest
from macropod_runner.control_group import ControlGroup

UNIFIED = "0::/user.slice/run\n"
LEGACY = "9:cpu,cpuacct:/elsewhere\n4:memory:/docker/abc\n0::/\n"


def control_group(folder: Path, membership: str, files: dict[str, str]) -> ControlGroup:
    (folder / "membership").write_text(membership)
    for name, text in files.items():
        path = folder / "mounts" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return ControlGroup(folder / "mounts", folder / "membership")


@pytest.mark.parametrize(
    ("membership", "files"),
    [
        (UNIFIED, {"user.slice/run/memory.events": "low 0\noom 3\noom_kill 2\n", "memory.events": "oom_kill 9\n"}),
        (UNIFIED, {"memory.events": "oom_kill 2\n"}),
        (LEGACY, {"memory/docker/abc/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"}),
        (LEGACY, {"memory/memory.oom_control": "oom_kill_disable 0\noom_kill 2\n"}),
    ],
)
def test_processes_that_died_for_want_of_memory_are_counted(
    tmp_path: Path, membership: str, files: dict[str, str]
) -> None:
    assert control_group(tmp_path, membership, files).oom_kills() == 2


@pytest.mark.parametrize(
    ("membership", "files", "limit"),
    [
        (UNIFIED, {"user.slice/run/memory.max": "83886080\n"}, 83886080),
        (UNIFIED, {"user.slice/run/memory.max": "max\n"}, None),
        (LEGACY, {"memory/memory.limit_in_bytes": "83886080\n"}, 83886080),
        (LEGACY, {"memory/memory.limit_in_bytes": "9223372036854771712\n"}, None),
    ],
)
def test_the_memory_limit_is_read(tmp_path: Path, membership: str, files: dict[str, str], limit: int | None) -> None:
    assert control_group(tmp_path, membership, files).memory_limit() == limit


def test_a_system_without_control_groups_has_neither(tmp_path: Path) -> None:
    group = ControlGroup(tmp_path / "no mounts", tmp_path / "no membership")
    assert (group.oom_kills(), group.memory_limit()) == (0, None)


@pytest.mark.parametrize(
    ("membership", "files", "cpus", "processes"),
    [
        (UNIFIED, {"cpu.max": "150000 100000\n", "pids.max": "64\n"}, 1.5, 64),
        (UNIFIED, {"cpu.max": "max 100000\n", "pids.max": "max\n"}, None, None),
        (
            "3:cpu,cpuacct:/docker/abc\n4:pids:/docker/abc\n",
            {
                "cpu/docker/abc/cpu.cfs_quota_us": "50000\n",
                "cpu/docker/abc/cpu.cfs_period_us": "100000\n",
                "pids/docker/abc/pids.max": "32\n",
            },
            0.5,
            32,
        ),
        (LEGACY, {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None, None),
    ],
)
def test_the_limits_of_cpu_and_processes_are_read(
    tmp_path: Path, membership: str, files: dict[str, str], cpus: float | None, processes: int | None
) -> None:
    group = control_group(tmp_path, membership, files)
    assert (group.cpu_limit(), group.process_limit()) == (cpus, processes)
