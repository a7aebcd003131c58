"""An orchestration: an uploaded zip, from which tasks are made."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Unpack

from macropod.answers import Answer
from macropod.arguments import checked_json_args, checked_name, checked_timeout
from macropod.downloading import checked_destination, download_bundle
from macropod.errors import PackagingFailed
from macropod.naming import naming
from macropod.options import (
    NAMES,
    ContinuousOptions,
    ScheduledOptions,
    TaskOptions,
    checked_options,
    checked_plan,
    checked_values,
)
from macropod.patience import wait_until
from macropod.progress import spinner
from macropod.remote import Remote
from macropod.runs import Run
from macropod.tables import NOTHING, Listing, moment, short_sha
from macropod.tasks import Task, TaskList

_LOG_LINES_OF_A_FAILURE = 20


class Orchestration(Remote):
    """An uploaded zip. It never changes; its status says how far its packaging is.

    id, name, file_name (None when it was uploaded without one), workspace_id
    sha             SHA-256 of the zip, 64 hex digits; `size_bytes` its size
    entry_point     path in the zip of the `main.py` that is run
    requirements    path in the zip of the requirements file that is installed; None without one
    flavor          what its runs find besides: "plain" (nothing) or "data" (requests, pandas, pyarrow, numpy)
    message         why packaging failed, one sentence; None otherwise
    warnings        sentences about what is odd but accepted
    packaging_run_id   the run that installs the requirements; None without requirements
    created_at, updated_at   aware datetimes
    """

    _collection = "/v1/orchestrations"

    name: str | None
    file_name: str | None
    workspace_id: int
    sha: str
    size_bytes: int
    entry_point: str
    requirements: str | None
    flavor: str
    message: str | None
    warnings: list[str]
    packaging_run_id: str | None
    created_at: datetime
    updated_at: datetime

    def run_once(
        self,
        name: str,
        json_args: Mapping[str, Any] | None = None,
        timeout: int | timedelta | None = None,
        **options: Unpack[TaskOptions],
    ) -> Task:
        """Make a task that runs it once, as soon as it is ready.

        `json_args` is any JSON object; the run reads it with `macropod.task_args()`. `timeout`, in whole
        seconds, ends the run that long after `main.py` started. `options` are those of `macropod.TaskOptions`.
        Raises `Invalid` naming the argument that cannot be used.
        """
        more = checked_options(options, known=TaskOptions, of="run_once")
        return self._make_task("run_once", name, json_args=json_args, timeout=timeout, **more)

    def run_scheduled(
        self,
        name: str,
        schedule: str | Collection[str] | None = None,
        json_args: Mapping[str, Any] | None = None,
        timeout: int | timedelta | None = None,
        *,
        timezone: str | None = None,
        every: int | timedelta | None = None,
        **options: Unpack[ScheduledOptions],
    ) -> Task:
        """Make a task that runs it at every moment the schedule names, or at equal distances.

        `schedule` is five cron fields ("0 2 * * *": at 02:00 every day), a word such as "@hourly", or several of
        them in a list, read in UTC unless `timezone` names an IANA zone ("Europe/Paris"). Instead of it, `every`
        is a distance in whole seconds. `options` are those of `macropod.ScheduledOptions`, the rest is as in
        `run_once`. Raises `Invalid`.
        """
        more = checked_options(options, known=ScheduledOptions, of="run_scheduled")
        plan = checked_plan(schedule, every) | {"timezone": timezone}
        return self._make_task("run_scheduled", name, json_args=json_args, timeout=timeout, **plan, **more)

    def run_continuously(
        self,
        name: str,
        json_args: Mapping[str, Any] | None = None,
        debug: bool = False,
        timeout: int | timedelta | None = None,
        **options: Unpack[ContinuousOptions],
    ) -> Task:
        """Make a task that runs it, and runs it again whenever it has ended, until the task is killed.

        With `debug` a run tells more about itself in its log. `options` are those of
        `macropod.ContinuousOptions`, the rest is as in `run_once`. Raises `Invalid`.
        """
        more = checked_options(options, known=ContinuousOptions, of="run_continuously")
        more |= checked_values(debug=debug or None)
        return self._make_task("run_continuously", name, json_args=json_args, timeout=timeout, **more)

    def wait(self, timeout: float | timedelta | None = None) -> Orchestration:
        """Wait until it is ready to run, at most `timeout` seconds (None: without limit). Returns itself.

        Tasks may be made before; their runs wait. Raises `PackagingFailed` with the last lines of the
        packaging log, else as `Run.wait`.
        """
        with spinner(f"{self._label()}: {self._status}") as say:
            return wait_until(
                lambda: self._ready(say),
                self._connection.clock,
                timeout=timeout,
                what=f"Orchestration {self._label()} was not ready",
            )

    def packaging_run(self) -> Run | None:
        """The run that installs its requirements, with the resolver's words as its log; None without one."""
        identifier = self.packaging_run_id or self.refresh().packaging_run_id
        return Run._get(self._connection, identifier) if identifier else None

    def list_tasks(self, killed: bool = False) -> TaskList:
        """The tasks made from it, the one updated last first; `killed=True`: only those that were killed."""
        answers = self._connection.items("/v1/tasks", limit=None, killed=killed, orchestration_id=self.id)
        return TaskList(Task(self._connection, each) for each in answers)

    def download(self, path: str | Path = ".", *, overwrite: bool = False) -> Path:
        """Write the zip as it was uploaded to a file, or into a folder under its own name. Returns its path.

        Raises `Invalid` when the folder is missing, or when the file is there already, unless `overwrite` is
        given; then it is replaced at once, and only by bytes that have the right SHA-256.
        """
        default_name = self.file_name or f"{self.name or self.id}.zip"
        destination = checked_destination(Path(path), default_name=default_name, overwrite=overwrite)
        download_bundle(self._connection, f"{self._path}/bundle", destination, sha=self.sha)
        return destination

    def delete(self) -> None:
        """Delete it on the server. Raises `Conflict` while a task uses it."""
        self._connection.delete(self._path)

    def _make_task(
        self,
        kind: str,
        name: str,
        *,
        json_args: Mapping[str, Any] | None,
        timeout: int | timedelta | None,
        **rest: Any,
    ) -> Task:
        order = {
            "orchestration_id": self.id,
            "kind": kind,
            "name": checked_name(name),
            "json_args": checked_json_args({} if json_args is None else json_args),
            "timeout_seconds": checked_timeout(timeout),
            **rest,
        }
        order = {name: value for name, value in order.items() if value is not None}
        with naming(NAMES):
            return Task(self._connection, self._connection.post("/v1/tasks", json=order))

    def _ready(self, say: Callable[[str], None]) -> Orchestration | None:
        if self._status not in ("ready", "error"):
            say(f"{self._label()}: {self.status()}")
        if self._status == "error":
            run = self.packaging_run()
            log = run.logs(limit=_LOG_LINES_OF_A_FAILURE) if run else ()
            raise PackagingFailed(f"Packaging of {self._label()} failed. {self.message or ''}".strip(), log=log)
        return self if self._status == "ready" else None

    def _label(self) -> str:
        return f"{self.name or self.file_name or 'without a name'} ({self.id})"

    def _read(self, answer: Answer) -> None:
        self.id = answer["id"]
        self.name = answer["name"]
        self.file_name = answer["file_name"]
        self.workspace_id = answer["workspace_id"]
        self.sha = answer["sha256"]
        self.size_bytes = answer["size_bytes"]
        self.entry_point = answer["entry_point"]
        self.requirements = answer["requirements"]
        self.flavor = answer.get("flavor", "plain")
        self.message = answer["message"]
        self.warnings = answer["warnings"]
        self.packaging_run_id = answer["packaging_run_id"]
        self.created_at = datetime.fromisoformat(answer["created_at"])
        self.updated_at = datetime.fromisoformat(answer["updated_at"])

    def _row(self) -> list[str]:
        return [
            self.id,
            self.name or NOTHING,
            self._status,
            self.file_name or NOTHING,
            short_sha(self.sha),
            moment(self.created_at),
            moment(self.updated_at),
        ]

    def _facts(self) -> list[tuple[str, str]]:
        return [
            ("id", self.id),
            ("name", self.name or NOTHING),
            ("status", self._status),
            ("message", self.message or NOTHING),
            ("file name", self.file_name or NOTHING),
            ("sha", self.sha),
            ("bytes", str(self.size_bytes)),
            ("entry point", self.entry_point),
            ("requirements", self.requirements or NOTHING),
            ("flavor", self.flavor),
            ("workspace id", str(self.workspace_id)),
            ("packaging run id", self.packaging_run_id or NOTHING),
            *(("warning", each) for each in self.warnings),
            ("created at", moment(self.created_at)),
            ("updated at", moment(self.updated_at)),
        ]

    def __repr__(self) -> str:
        return f"Orchestration(id={self.id!r}, name={self.name!r}, status={self._status!r})"


class OrchestrationList(Listing[Orchestration]):
    """Orchestrations, newest first: a list that shows as a table."""

    _dispensable = ("updated at", "sha", "created at", "file name")

    _columns = ("id", "name", "status", "file name", "sha", "created at", "updated at")
