"""Orchestrations, as `macropod` has them, with the calls that programs made for Wallaroo make."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import macropod

from .absent import Offering
from .tasks import Task

_UNNAMED = "task"


class Orchestration(Offering):
    def __init__(self, given: macropod.Orchestration) -> None:
        self._given = given

    def id(self) -> str:
        return self._given.id

    def name(self) -> str | None:
        return self._given.name

    def file_name(self) -> str | None:
        return self._given.file_name

    def sha(self) -> str:
        return self._given.sha

    def workspace_id(self) -> int:
        return self._given.workspace_id

    def created_at(self) -> datetime:
        return self._given.created_at

    def updated_at(self) -> datetime:
        return self._given.updated_at

    def status(self) -> str:
        """As it is now."""
        return self._given.status()

    def list_tasks(self) -> list[Task]:
        return [Task(each) for each in self._given.list_tasks()]

    def run_once(
        self,
        name: str | None,
        json_args: Mapping[str, Any] | None = None,
        timeout: int | None = None,
        debug: bool | None = False,
    ) -> Task:
        """Make a task that runs it once."""
        return Task(self._given.run_once(name or _UNNAMED, json_args, timeout, debug=bool(debug)))

    def run_scheduled(
        self,
        name: str | None,
        schedule: str,
        json_args: Mapping[str, Any] | None = None,
        timeout: int | None = None,
        debug: bool | None = False,
    ) -> Task:
        """Make a task that runs it whenever the five cron fields say, in UTC."""
        return Task(self._given.run_scheduled(name or _UNNAMED, schedule, json_args, timeout, debug=bool(debug)))

    def run_continuously(
        self, name: str | None, json_args: Mapping[str, Any] | None = None, debug: bool | None = False
    ) -> Task:
        """Make a task that runs it, and again whenever it has ended."""
        return Task(self._given.run_continuously(name or _UNNAMED, json_args, bool(debug)))

    def __repr__(self) -> str:
        return repr(self._given)
