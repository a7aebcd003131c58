"""A story as its YAML file tells it: a package, how it is run, and what is to be seen afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.builders import a_zip

_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Expectation:
    """`run`, `task` and `orchestration`: attributes and their values. `message`: a part of the run's.

    `stdout` and `stderr`: every line of the stream. `log`, `packaging_log`, `lock`: parts of lines, in this order.
    `numbered_lines`: stdout is "line 1", "line 2", … up to this number. `ended_processes`: stdout tells of so many
    as "process <number>", and none of them lives on. `runs`: the statuses of the task's first runs, oldest first; with
    `together`, of all runs of all tasks, sorted. `one_at_a_time`: no two runs of all tasks were under way at once.
    """

    run: Mapping[str, Any] | None = None
    task: Mapping[str, Any] = field(default_factory=dict)
    orchestration: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""
    stdout: Sequence[str] | None = None
    stderr: Sequence[str] | None = None
    log: Sequence[str] = ()
    packaging_log: Sequence[str] = ()
    lock: Sequence[str] = ()
    numbered_lines: int | None = None
    ended_processes: int = 0
    runs: Sequence[str] = ()
    one_at_a_time: bool = False


@dataclass(frozen=True)
class Story:
    """`package` is a folder of this repository, or files by their paths in the zip.

    `task` holds what `run_once` takes, or `run_scheduled` when it has a schedule, or `run_continuously` with
    `continuously`. `kill` is `at once`, `after <line>`, or `after <number> runs` have ended. With `uploaded_before` the
    same package was uploaded and made ready by somebody else. `together`: so many such tasks are made at once, and all
    that is expected but `runs` and `one_at_a_time` is of the first. With `rerun` its run is run again when it has
    ended, and what is expected is of that.
    """

    story: str
    package: str | Mapping[str, str]
    expect: Expectation
    task: Mapping[str, Any] = field(default_factory=dict)
    continuously: bool = False
    kill: str | None = None
    together: int = 1
    rerun: bool = False
    uploaded_before: bool = False

    def upload(self) -> dict[str, Any]:
        """What `upload_orchestration` takes."""
        if isinstance(self.package, str):
            return {"path": _ROOT / self.package}
        return {"bytes_buffer": a_zip(dict(self.package)), "name": self.story}


def read_story(path: Path) -> Story:
    told = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Story(**told | {"expect": Expectation(**told["expect"])})
