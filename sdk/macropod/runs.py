"""A task run: one execution, with its status, its reason and its log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from macropod.answers import reading
from macropod.downloading import checked_destination, download_file
from macropod.following import follow_run
from macropod.line_wish import Escapes, LevelName, LineWish, StreamName
from macropod.lineage import Lineage
from macropod.logs import LogLine, LogLines
from macropod.patience import wait_until
from macropod.progress import has_listener, spinner, tell_wait
from macropod.reading import read_lines
from macropod.remote import Remote
from macropod.run_facts import facts_of
from macropod.tables import NOTHING, Listing, moment
from macropod.tracebacks import RunError, TracebackList, error_of, read_tracebacks

ENDED = frozenset({"success", "failure", "timed_out", "killed", "lost"})


class Run(Remote):
    """One execution of an orchestration: one container. Packaging is a run too.

    id, pod_id     its id, a UUID; the container is named by it
    kind           "task", or "packaging" for the run that installed the requirements
    task_id        the task it belongs to, and `task_name`; None for packaging
    orchestration_id, workspace_id
    reason         why it ended, one word ("completed", "exit_code", "out_of_memory", …); None before its end
    message        the same in one sentence; None before its end
    exit_code      of the program; None when it has none; `signal` ("SIGKILL") if one ended it
    waiting_for    what a queued run waits for, one sentence; None when it waits for nothing
    cause          why it was made: "ordered", "schedule", "backfill", "continued", "retry", "rerun" or "packaging"
    requested_by   the e-mail address of who asked for it, or the run; None when nobody did
    attempt        1 for the first attempt; a further one is a run of its own, see `next_attempt`
    first_run_id   of a retry: id of the first attempt; else None
    rerun_of       of a rerun: id of the run it repeats; else None
    differences    of a rerun just made: sentences about what cannot be the same; else empty
    stop_requested_by   the e-mail address of who asked for it to be stopped, or the run
    pinned_at      since when it and its log are kept whatever retention says; None when it is not pinned;
                   `pinned_by` is the e-mail address of who pinned it
    log_removed_at when retention removed its log; None when it did not; `log_removed_for` is what of: "age", "size"
    due_at         when it was due, for a scheduled one
    created_at, started_at, ended_at   aware datetimes; None for what has not come yet
    updated_at     the latest of these moments that has come
    peak_memory_bytes, cpu_seconds   what it used; None when not known
    line_count     lines of output stored so far
    environment    digest of the requirements it was installed with; `image` of its container and
                   `runner_version` of the program in it; None when not known
    """

    _collection = "/v1/runs"

    kind: Literal["task", "packaging"]
    task_id: str | None
    task_name: str | None
    orchestration_id: str
    workspace_id: int
    cause: str
    requested_by: str | None
    first_run_id: str | None
    rerun_of: str | None
    waiting_for: str | None
    stop_requested_by: str | None
    pinned_at: datetime | None
    pinned_by: str | None
    log_removed_at: datetime | None
    log_removed_for: str | None
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
    environment: str | None
    image: str | None
    runner_version: str | None

    _differences: tuple[str, ...] = ()

    @property
    def pod_id(self) -> str:
        """The same as `id`: one run, one pod."""
        return self.id

    @property
    def updated_at(self) -> datetime:
        """When it last moved on: ended, started or was made. An aware datetime."""
        return self.ended_at or self.started_at or self.created_at

    @property
    def error(self) -> RunError | None:
        """The last traceback of a `main.py` that failed: exception, message, file and line. None without one."""
        return error_of(self._answer)

    @property
    def has_ended(self) -> bool:
        """Whether it had ended at the last answer; then its status does not change any more."""
        return self._status in ENDED

    @property
    def differences(self) -> tuple[str, ...]:
        """Of a run that `rerun` just made: sentences about what cannot be as it was. Empty otherwise."""
        return self._differences

    def logs(
        self,
        limit: int | None = None,
        *,
        stream: StreamName | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        level: LevelName | None = None,
        collapse_progress: bool = False,
        parsed: bool = False,
        escapes: Escapes = "drop",
    ) -> LogLines:
        """The last `limit` lines (None: all), oldest first, also while the run goes on.

        Each is a text `2026-01-02 03:04:05.678 …` with the time it was printed, in UTC. `stream` picks one;
        `since` (included) and `until` (excluded) are aware datetimes. Raises `Invalid` for a naive one.
        `level` leaves out what tells no such level and no graver one; `parsed` gives each line its level, and of
        JSON message and fields. `collapse_progress` leaves of a progress bar what a terminal shows in the end.
        Escape sequences are dropped, or with `escapes` "colours" or "keep" those for colours, or all, left in.
        """
        wish = LineWish(stream, level, collapse_progress, parsed, escapes)
        return read_lines(self._connection, f"{self._path}/logs", limit=limit, wish=wish, since=since, until=until)

    def download_logs(
        self,
        path: str | Path = ".",
        *,
        format: Literal["text", "jsonl"] = "text",  # noqa: A002
        gzip: bool = False,
        overwrite: bool = False,
    ) -> Path:
        """Write the whole log, as it is by now, to a file, or into a folder under the run's id. Returns its path.

        As "text" it is what was printed, as "jsonl" each line is an object with `number`, `time`, `stream` and
        `text`. However long it is, little of it is in memory. Raises `Invalid` when the folder is missing, or when
        the file is there already, unless `overwrite` is given; what is there is replaced when all of it has come.
        """
        suffix = {"text": ".log", "jsonl": ".jsonl"}.get(format, f".{format}") + (".gz" if gzip else "")
        destination = checked_destination(Path(path), default_name=f"run-{self.id}{suffix}", overwrite=overwrite)
        download_file(self._connection, f"{self._path}/logs/download", destination, format=format, gzip=gzip)
        return destination

    def follow(
        self,
        *,
        after: int = 0,
        stream: StreamName | None = None,
        level: LevelName | None = None,
        collapse_progress: bool = False,
        parsed: bool = False,
        escapes: Escapes = "drop",
    ) -> Iterator[LogLine]:
        """Every line as it is printed, from the one after number `after`, until the run has ended.

        A broken connection is taken up again where it broke. When the iterator is exhausted, the attributes
        (such as `exit_code`) say how the run ended. Raises `ConnectionFailed` when the server stays away for
        five minutes. What is said of `logs` about the other arguments holds here too.
        """
        wish = LineWish(stream, level, collapse_progress, parsed, escapes)
        lines = follow_run(self._connection, self.id, after=after, wish=wish, ended=self._take)
        return self._once_started(lines) if self._status == "queued" and has_listener() else lines

    def tracebacks(self) -> TracebackList:
        """Every traceback in its log, oldest first, with the numbers of its lines. The last one is mostly `error`."""
        return read_tracebacks(self._connection, f"{self._path}/logs/tracebacks")

    def wait(self, timeout: float | timedelta | None = None) -> Run:
        """Wait until the run has ended, at most `timeout` seconds (None: without limit). Returns itself.

        A run that failed is a result, not an error: look at `reason`, `message` and `exit_code`.
        Raises `WaitTimeout`; without `timeout`, `ConnectionFailed` when the server stays away for five minutes.
        """
        with spinner(self._news()) as say:
            return wait_until(
                lambda: self._ended(say),
                self._connection.clock,
                timeout=timeout,
                what=f"Run {self.id} did not end",
                state=self._standing,
            )

    def rerun(self) -> Run:
        """Make a new run of the same task with the same zip, requirements, arguments and resources. Returns it.

        What cannot be the same is in its `differences`. Raises `Conflict` when it cannot be made, as when the
        orchestration was deleted.
        """
        answer = self._connection.post(f"{self._path}/rerun")
        with reading("rerun"):
            made = Run(self._connection, answer["run"])
            made._differences = tuple(answer["differences"])
        return made

    def kill(self) -> str:
        """End this run; its task goes on. Returns the status at once, which may not be "killed" yet.

        Harmless on a run that has ended.
        """
        self._take(self._connection.post(f"{self._path}/kill"))
        return self._status

    def pin(self) -> Run:
        """Keep it and its log, whatever retention says, until it is unpinned. Harmless to repeat. Returns itself."""
        self._take(self._connection.post(f"{self._path}/pin"))
        return self

    def unpin(self) -> Run:
        """Keep it no longer than others. Harmless to repeat. Returns itself."""
        self._take(self._connection.post(f"{self._path}/unpin"))
        return self

    def next_attempt(self) -> Run | None:
        """The attempt after this one, if it failed and the task wants it tried again; it may still be queued.

        It is made with the end of the one before it, so None after that end stays None.
        """
        if self._status == "success":
            return None
        later = [each.run_id for each in self.lineage().attempts if each.attempt > self.attempt]
        return Run._get(self._connection, later[0]) if later else None

    def lineage(self) -> Lineage:
        """All that made it what it is: zip, requirements, image, arguments, who or what started it."""
        return Lineage._of(self._connection.get(f"{self._path}/lineage"))

    def _once_started(self, lines: Iterator[LogLine]) -> Iterator[LogLine]:
        """Who listens is told meanwhile what the run waits for."""
        with spinner(self._news()) as say:
            clock = self._connection.clock
            wait_until(lambda: self._left_the_queue(say), clock, timeout=None, what=f"Run {self.id} did not start")
        yield from lines

    def _left_the_queue(self, say: Callable[[str], None]) -> Run | None:
        is_waiting = self.status() == "queued"
        self._tell(say)
        return None if is_waiting else self

    def _ended(self, say: Callable[[str], None]) -> Run | None:
        if not self.has_ended:
            self.refresh()
            self._tell(say)
        return self if self.has_ended else None

    def _tell(self, say: Callable[[str], None]) -> None:
        say(self._news())
        if self.waiting_for:
            tell_wait(self._news())

    def _standing(self) -> str:
        return f"It is {self._status}, {self.waiting_for}" if self.waiting_for else "It goes on"

    def _news(self) -> str:
        return f"Run {self.id}: {self._status}" + (f", {self.waiting_for}" if self.waiting_for else "")

    def _row(self) -> list[str]:
        return [
            self.task_id or NOTHING,
            self.pod_id,
            "\n".join(filter(None, [self._status, self.waiting_for])),
            self.reason or NOTHING,
            moment(self.created_at),
            moment(self.updated_at),
        ]

    def _facts(self) -> list[tuple[str, str]]:
        return facts_of(self, status=self._status)

    def __repr__(self) -> str:
        return f"Run(id={self.id!r}, status={self._status!r})"


class RunList(Listing[Run]):
    """Runs, newest first: a list that shows as a table."""

    _dispensable = ("updated at", "task id", "created at", "reason")

    _columns = ("task id", "pod id", "status", "reason", "created at", "updated at")
