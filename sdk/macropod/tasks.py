"""A task: the order to run an orchestration, once or on a schedule."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar

from macropod.answers import Answer, instant
from macropod.errors import Conflict
from macropod.following import follow_run
from macropod.logs import LogLine
from macropod.patience import wait_until
from macropod.remote import Remote
from macropod.runs import Run, RunList
from macropod.tables import NOTHING, Listing, moment

_STOPPED = frozenset({"killed", "failed"})


class Task(Remote):
    """The order to run an orchestration.

    id, name
    kind                "run_once" or "run_scheduled"; `type` is the same in words
    active              whether runs of it are under way or still to come
    orchestration_id, workspace_id
    json_args           the arguments its runs get
    timeout_seconds     the longest a run may take, from the start of `main.py`; None for no limit
    schedule            five cron fields, None for a task that runs once; `schedule_in_words` in English
    timezone            the IANA zone the schedule is read in ("UTC")
    next_due_at         when it runs next, an aware datetime; None when it does not
    last_run_id         id of its newest run, None before the first
    last_run_status     status of its newest run; "unknown" before the first
    created_at, updated_at   aware datetimes
    """

    _collection = "/v1/tasks"
    _types: ClassVar[dict[str, str]] = {"run_once": "Temporary Run", "run_scheduled": "Scheduled Run"}

    name: str
    kind: str
    active: bool
    orchestration_id: str
    workspace_id: int
    json_args: dict[str, Any]
    timeout_seconds: int | None
    schedule: str | None
    schedule_in_words: str | None
    timezone: str | None
    next_due_at: datetime | None
    last_run_id: str | None
    last_run_status: str
    created_at: datetime
    updated_at: datetime

    @property
    def type(self) -> str:
        """What people call its kind: "Temporary Run" or "Scheduled Run"."""
        return self._types.get(self.kind, self.kind)

    def last_runs(self, status: str = "all", limit: int | None = None) -> RunList:
        """Its runs, newest first: those of one status ("success", "failure", …), at most `limit`."""
        wanted = None if status == "all" else status
        answers = self._connection.items("/v1/runs", limit=limit, task_id=self.id, status=wanted)
        return RunList(Run(self._connection, each) for each in answers)

    def kill(self) -> str:
        """Stop its schedule and end its run. Returns the status at once: "pending_kill", or "killed" already.

        Harmless on a task that was killed before.
        """
        self._take(self._connection.post(f"{self._path}/kill"))
        return self._status

    def wait(self, timeout: float | timedelta | None = None) -> Run:
        """Wait until its newest run has ended and return it; before the first run, wait for that one.

        `timeout` is in seconds; None waits without limit. A failed run is a result, not an error.
        Raises `Conflict` when the task was stopped before it ever ran, else as `Run.wait`.
        """
        return wait_until(
            self._ended_run,
            self._connection.clock,
            timeout=timeout,
            what=f"Task {self.name} ({self.id}) did not finish a run",
        )

    def follow(self) -> Iterator[LogLine]:
        """Every line of its newest run as it is printed, until that run has ended; waits for the first run.

        Raises `Conflict` when the task was stopped before it ever ran, else as `Run.follow`.
        """
        if self.kind == "run_once" and self.last_run_id:
            yield from follow_run(self._connection, self.last_run_id)
        else:
            clock = self._connection.clock
            yield from wait_until(self._newest_run, clock, timeout=None, what=f"Task {self.id} did not run").follow()

    def _ended_run(self) -> Run | None:
        run = self._newest_run()
        return run if run and run.has_ended else None

    def _newest_run(self) -> Run | None:
        runs = self.last_runs(limit=1)
        if runs:
            return runs[0]
        if self.status() in _STOPPED and not self.last_runs(limit=1):
            raise Conflict(
                f"Task {self.name} ({self.id}) is {self._status} and never ran; there is nothing to wait for."
            )
        return None

    def _read(self, answer: Answer) -> None:
        self.id = answer["id"]
        self.name = answer["name"]
        self.kind = answer["kind"]
        self.active = answer["active"]
        self.orchestration_id = answer["orchestration_id"]
        self.workspace_id = answer["workspace_id"]
        self.json_args = answer["json_args"]
        self.timeout_seconds = answer["timeout_seconds"]
        self.schedule = answer["schedule"]
        self.schedule_in_words = answer["schedule_in_words"]
        self.timezone = answer["timezone"]
        self.next_due_at = instant(answer["next_due_at"])
        self.last_run_id = answer["last_run_id"]
        self.last_run_status = answer["last_run_status"]
        self.created_at = datetime.fromisoformat(answer["created_at"])
        self.updated_at = datetime.fromisoformat(answer["updated_at"])

    def _row(self) -> list[str]:
        return [
            self.id,
            self.name,
            self.last_run_status,
            self.type,
            str(self.active),
            "\n".join(filter(None, [self.schedule or NOTHING, self.schedule_in_words])),
            moment(self.created_at),
            moment(self.updated_at),
        ]

    def _facts(self) -> list[tuple[str, str]]:
        return [
            ("id", self.id),
            ("name", self.name),
            ("status", self._status),
            ("last run status", self.last_run_status),
            ("type", self.type),
            ("active", str(self.active)),
            ("schedule", self.schedule or NOTHING),
            ("in words", self.schedule_in_words or NOTHING),
            ("time zone", self.timezone or NOTHING),
            ("next due at", moment(self.next_due_at)),
            ("json args", json.dumps(self.json_args, ensure_ascii=False)),
            ("timeout", f"{self.timeout_seconds} s" if self.timeout_seconds else NOTHING),
            ("orchestration id", self.orchestration_id),
            ("workspace id", str(self.workspace_id)),
            ("created at", moment(self.created_at)),
            ("updated at", moment(self.updated_at)),
        ]

    def __repr__(self) -> str:
        return f"Task(id={self.id!r}, name={self.name!r}, status={self._status!r})"


class TaskList(Listing[Task]):
    """Tasks, the one updated last first: a list that shows as a table."""

    _dispensable = ("updated at", "created at", "type", "active", "schedule")

    _columns = ("id", "name", "last run status", "type", "active", "schedule", "created at", "updated at")
