"""Tasks and their runs, as `macropod` has them, with the calls that programs made for Wallaroo make."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import macropod

from .absent import Offering

_TYPES = {"run_once": "Oneshot", "run_scheduled": "CronJob", "run_continuously": "NetworkService"}


class Task(Offering):
    def __init__(self, given: macropod.Task) -> None:
        self._given = given

    def id(self) -> str:
        return self._given.id

    def name(self) -> str:
        return self._given.name

    def workspace_id(self) -> int:
        return self._given.workspace_id

    def input_data(self) -> dict[str, Any]:
        return self._given.json_args

    def task_type(self) -> str:
        return _TYPES.get(self._given.kind, self._given.kind)

    def created_at(self) -> datetime:
        return self._given.created_at

    def updated_at(self) -> datetime:
        return self._given.updated_at

    def status(self) -> str:
        """As it is now."""
        return self._given.status()

    def kill(self) -> str:
        """Stop its schedule and end its run. Returns the status at once, which may not be "killed" yet."""
        return self._given.kill()

    def last_runs(self, limit: int | None = None, status: str | None = None) -> list[TaskRun]:
        """Newest first."""
        return [TaskRun(each) for each in self._given.last_runs(status or "all", limit)]

    def __repr__(self) -> str:
        return repr(self._given)


class TaskRun(Offering):
    def __init__(self, given: macropod.Run) -> None:
        self._given = given

    def logs(self, limit: int | None = None) -> list[str]:
        """The last `limit` lines, oldest first, each as `<time> <stream> F <text>`."""
        return [_line(each) for each in self._given.logs(limit)]

    def __repr__(self) -> str:
        return repr(self._given)


def _line(line: macropod.LogLine) -> str:
    if line.stream == "system":
        return f"{line.printed_at.isoformat()} stdout F macropod: {line.text}"
    return f"{line.printed_at.isoformat()} {line.stream} F {line.text}"
