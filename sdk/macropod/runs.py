"""A task run: one execution, with its status, its reason and its log."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal

from macropod.answers import Answer, instant
from macropod.following import follow_run
from macropod.logs import LogLine, LogLines
from macropod.patience import wait_until
from macropod.reading import read_lines
from macropod.remote import Remote
from macropod.tables import NOTHING, Listing, moment

ENDED = frozenset({"success", "failure", "timed_out", "killed", "lost"})

StreamName = Literal["stdout", "stderr", "system"]


class Run(Remote):
    """One execution of an orchestration: one container. Packaging is a run too.

    id, pod_id     its id, a UUID; the container is named by it
    kind           "task", or "packaging" for the run that installed the requirements
    task_id        the task it belongs to, and `task_name`; None for packaging
    orchestration_id, workspace_id
    reason         why it ended, one word ("completed", "exit_code", "out_of_memory", …); None before its end
    message        the same in one sentence; None before its end
    exit_code      of the program; None when it has none; `signal` ("SIGKILL") if one ended it
    attempt        1 for the first attempt at this run
    due_at         when it was due, for a scheduled one
    created_at, started_at, ended_at   aware datetimes; None for what has not come yet
    updated_at     the latest of these moments that has come
    peak_memory_bytes, cpu_seconds   what it used; None when not known
    line_count     lines of output stored so far
    """

    _collection = "/v1/runs"

    kind: Literal["task", "packaging"]
    task_id: str | None
    task_name: str | None
    orchestration_id: str
    workspace_id: int
    reason: str | None
    message: str | None
    exit_code: int | None
    signal: str | None
    attempt: int
    due_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    peak_memory_bytes: int | None
    cpu_seconds: float | None
    line_count: int

    @property
    def pod_id(self) -> str:
        """The same as `id`: one run, one pod."""
        return self.id

    @property
    def updated_at(self) -> datetime:
        """When it last moved on: ended, started or was made. An aware datetime."""
        return self.ended_at or self.started_at or self.created_at

    @property
    def has_ended(self) -> bool:
        """Whether it had ended at the last answer; then its status does not change any more."""
        return self._status in ENDED

    def logs(
        self,
        limit: int | None = None,
        *,
        stream: StreamName | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> LogLines:
        """The last `limit` lines (None: all), oldest first, also while the run goes on.

        Each is a text `2026-01-02 03:04:05.678 …` with the time it was printed, in UTC. `stream` picks one;
        `since` (included) and `until` (excluded) are aware datetimes. Raises `Invalid` for a naive one.
        """
        return read_lines(self._connection, f"{self._path}/logs", limit=limit, stream=stream, since=since, until=until)

    def follow(self, *, after: int = 0, stream: StreamName | None = None) -> Iterator[LogLine]:
        """Every line as it is printed, from the one after number `after`, until the run has ended.

        A broken connection is taken up again where it broke. When the iterator is exhausted, the attributes
        (such as `exit_code`) say how the run ended. Raises `ConnectionFailed` when the server stays away for
        five minutes.
        """
        return follow_run(self._connection, self.id, after=after, stream=stream, ended=self._take)

    def wait(self, timeout: float | timedelta | None = None) -> Run:
        """Wait until the run has ended, at most `timeout` seconds (None: without limit). Returns itself.

        A run that failed is a result, not an error: look at `reason`, `message` and `exit_code`.
        Raises `WaitTimeout`; without `timeout`, `ConnectionFailed` when the server stays away for five minutes.
        """
        return wait_until(self._ended, self._connection.clock, timeout=timeout, what=f"Run {self.id} did not end")

    def _ended(self) -> Run | None:
        return self if self.has_ended or self.refresh().has_ended else None

    def _read(self, answer: Answer) -> None:
        self.id = answer["id"]
        self.kind = answer["kind"]
        self.task_id = answer["task_id"]
        self.task_name = answer["task_name"]
        self.orchestration_id = answer["orchestration_id"]
        self.workspace_id = answer["workspace_id"]
        self.reason = answer["reason"]
        self.message = answer["message"]
        self.exit_code = answer["exit_code"]
        self.signal = answer["signal"]
        self.attempt = answer["attempt"]
        self.due_at = instant(answer["due_at"])
        self.created_at = datetime.fromisoformat(answer["created_at"])
        self.started_at = instant(answer["started_at"])
        self.ended_at = instant(answer["ended_at"])
        self.peak_memory_bytes = answer["peak_memory_bytes"]
        self.cpu_seconds = answer["cpu_seconds"]
        self.line_count = answer["line_count"]

    def _row(self) -> list[str]:
        return [
            self.task_id or NOTHING,
            self.pod_id,
            self._status,
            self.reason or NOTHING,
            moment(self.created_at),
            moment(self.updated_at),
        ]

    def _facts(self) -> list[tuple[str, str]]:
        return [
            ("pod id", self.pod_id),
            ("status", self._status),
            ("reason", self.reason or NOTHING),
            ("message", self.message or NOTHING),
            ("exit code", NOTHING if self.exit_code is None else str(self.exit_code)),
            ("signal", self.signal or NOTHING),
            ("kind", self.kind),
            ("task id", self.task_id or NOTHING),
            ("task name", self.task_name or NOTHING),
            ("orchestration id", self.orchestration_id),
            ("workspace id", str(self.workspace_id)),
            ("attempt", str(self.attempt)),
            ("due at", moment(self.due_at)),
            ("created at", moment(self.created_at)),
            ("started at", moment(self.started_at)),
            ("ended at", moment(self.ended_at)),
            ("peak memory", NOTHING if self.peak_memory_bytes is None else f"{self.peak_memory_bytes:,} bytes"),
            ("CPU time", NOTHING if self.cpu_seconds is None else f"{self.cpu_seconds:g} s"),
            ("lines", str(self.line_count)),
        ]

    def __repr__(self) -> str:
        return f"Run(id={self.id!r}, status={self._status!r})"


class RunList(Listing[Run]):
    """Runs, newest first: a list that shows as a table."""

    _dispensable = ("updated at", "task id", "created at", "reason")

    _columns = ("task id", "pod id", "status", "reason", "created at", "updated at")
