"""A task: the order to run an orchestration once, on a schedule or continuously."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from macropod.answers import Answer
from macropod.arguments import checked_instant
from macropod.cadence import Cadence
from macropod.errors import Conflict
from macropod.following import follow_run
from macropod.logs import LogLine
from macropod.naming import naming
from macropod.patience import wait_until
from macropod.progress import is_watched, spinner
from macropod.remote import Remote
from macropod.runs import Run, RunList
from macropod.tables import NOTHING, Listing, moment
from macropod.task_facts import facts_of, in_words
from macropod.ticks import Tick, TickList

_STOPPED = frozenset({"killed", "failed"})


class Task(Remote):
    """The order to run an orchestration.

    id, name
    kind                "run_once", "run_scheduled" or "run_continuously"; `type` is the same in words
    active              whether runs of it are under way or still to come
    health              of a continuous task: "healthy", or "crash_loop" after quick failures in a row
    orchestration_id, workspace_id
    json_args           the arguments its runs get
    debug               whether its runs tell more about themselves in their logs
    schedule            five cron fields, several separated by `;`; `schedule_in_words` in English; else None
    every_seconds       the distance of its ticks, instead of a schedule
    timezone            the IANA zone the schedule is read in ("UTC")
    starts_at, ends_at, excluded_dates, jitter_seconds    bounds of the schedule
    next_due_at         when it runs next, an aware datetime; None when it does not
    overlap, missed, missed_window_seconds, missed_cap    what becomes of ticks in the way of others or late
    pause_after_failures, failures_in_a_row               when it pauses by itself, and how far that is
    retries, retry_on, retry_delay_seconds                which runs are tried again, how often, and when
    timeout_seconds     the longest a run may take, from the start of `main.py`; None for no limit
    start_timeout_seconds, queue_timeout_seconds, silence_timeout_seconds, grace_seconds    further limits
    profile, cpus, memory_bytes, pids, gpus, locks        what its runs may use, and take a place of
    secrets, secret_files   by variable and by file, the names of the secrets its runs get
    paused_at           since when it is paused, `paused_by` whom and for which `pause_reason`; else None
    last_run_id         id of its newest run, None before the first
    last_run_status     status of its newest run; "unknown" before the first
    created_by, kill_asked_at, kill_asked_by              who made it, when and who had it killed
    created_at, updated_at   aware datetimes
    """

    _collection = "/v1/tasks"
    _waited_for: Run | None = None
    _types: ClassVar[dict[str, str]] = {
        "run_once": "Temporary Run",
        "run_scheduled": "Scheduled Run",
        "run_continuously": "Continuous Run",
    }

    id: str
    name: str
    kind: str
    active: bool
    health: str
    orchestration_id: str
    workspace_id: int
    json_args: dict[str, Any]
    debug: bool
    schedule: str | None
    schedule_in_words: str | None
    every_seconds: int | None
    timezone: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    excluded_dates: list[date]
    jitter_seconds: int
    next_due_at: datetime | None
    overlap: str
    missed: str
    missed_window_seconds: int
    missed_cap: int
    pause_after_failures: int | None
    failures_in_a_row: int
    retries: int
    retry_on: list[str]
    retry_delay_seconds: int
    timeout_seconds: int | None
    start_timeout_seconds: int | None
    queue_timeout_seconds: int | None
    silence_timeout_seconds: int | None
    grace_seconds: int | None
    profile: str | None
    cpus: float | None
    memory_bytes: int | None
    pids: int | None
    gpus: int | None
    locks: list[str]
    secrets: dict[str, str]
    secret_files: dict[str, str]
    paused_at: datetime | None
    paused_by: str | None
    pause_reason: str | None
    last_run_id: str | None
    last_run_status: str
    created_by: str | None
    kill_asked_at: datetime | None
    kill_asked_by: str | None
    created_at: datetime
    updated_at: datetime

    @property
    def type(self) -> str:
        """What people call its kind: "Temporary Run", "Scheduled Run" or "Continuous Run"."""
        return self._types.get(self.kind, self.kind)

    def last_runs(self, status: str = "all", limit: int | None = None) -> RunList:
        """Its runs, newest first: those of one status ("success", "failure", …), at most `limit`."""
        wanted = None if status == "all" else status
        answers = self._connection.items("/v1/runs", limit=limit, task_id=self.id, status=wanted)
        return RunList(Run(self._connection, each) for each in answers)

    def run(self) -> Run:
        """Run a scheduled task once now, beside its schedule. Returns the run.

        With the overlap policy "queue_one" that is the run that waits already, if one does. Raises `Conflict`
        when the policy says no, when the task is paused or killed, or when it has no schedule.
        """
        return Run(self._connection, self._connection.post(f"{self._path}/run"))

    def pause(self, reason: str | None = None) -> str:
        """Start nothing more of it until `resume`; what runs goes on. `reason` is shown with it.

        Returns the status. Its ticks pass meanwhile and are kept in `ticks`. Harmless on a paused task: who was
        first and why stays noted. Raises `Conflict` when it has ended or was killed.
        """
        self._take(self._connection.post(f"{self._path}/pause", json={"reason": reason} if reason else {}))
        return self._status

    def resume(self) -> str:
        """End the pause. Which ticks that passed meanwhile still run is up to `missed`. Returns the status."""
        self._take(self._connection.post(f"{self._path}/resume"))
        return self._status

    def backfill(self, start: datetime, end: datetime) -> TickList:
        """Run what was due from `start` to `end`, aware datetimes, both included, and has no run.

        Returns these ticks, the oldest first; asked again, none. Raises `Invalid` for more than 1,000 of them,
        and `Conflict` when so many runs may not wait at once; then nothing was backfilled.
        """
        span = {"from_at": checked_instant("start", start), "to_at": checked_instant("end", end)}
        with naming({"from_at": "start", "to_at": "end"}):
            answer = self._connection.post(f"{self._path}/backfill", json=span)
        return TickList(Tick._of(each) for each in answer["items"])

    def ticks(self, outcome: str = "all", limit: int | None = None) -> TickList:
        """What became of its due moments, newest first: those of one outcome ("missed", …), at most `limit`."""
        wanted = None if outcome == "all" else outcome
        return TickList(map(Tick._of, self._connection.items(f"{self._path}/ticks", limit=limit, outcome=wanted)))

    def cadence(self, days: int = 7) -> Cadence:
        """How well it kept its schedule in the last `days`."""
        return Cadence._of(self._connection.get(f"{self._path}/cadence", days=days))

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
        with spinner(f"Task {self.name}: {self._status}") as say:
            return wait_until(
                lambda: self._ended_run(say),
                self._connection.clock,
                timeout=timeout,
                what=f"Task {self.name} ({self.id}) did not finish a run",
                state=self._standing,
            )

    def follow(self) -> Iterator[LogLine]:
        """Every line of its newest run as it is printed, until that run has ended; waits for the first run.

        Raises `Conflict` when the task was stopped before it ever ran, else as `Run.follow`.
        """
        if self.kind == "run_once" and self.last_run_id and not is_watched():
            yield from follow_run(self._connection, self.last_run_id)
        else:
            clock = self._connection.clock
            yield from wait_until(self._newest_run, clock, timeout=None, what=f"Task {self.id} did not run").follow()

    def _ended_run(self, say: Callable[[str], None]) -> Run | None:
        run = self._newest_run()
        if run:
            self._waited_for = run
            run._tell(lambda news: say(f"Task {self.name}: {news}"))
        return run if run and run.has_ended else None

    def _standing(self) -> str:
        if self._waited_for:
            return self._waited_for._standing()
        return "It is paused" if self._status == "paused" else "It goes on"

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
        super()._read(answer)
        self.excluded_dates = [date.fromisoformat(each) for each in answer["excluded_dates"]]

    def _row(self) -> list[str]:
        return [
            self.id,
            self.name,
            self.last_run_status,
            self.type,
            str(self.active),
            self.schedule or (f"every {self.every_seconds} s" if self.every_seconds else NOTHING),
            in_words(self),
            moment(self.created_at),
            moment(self.updated_at),
        ]

    def _facts(self) -> list[tuple[str, str]]:
        return facts_of(self, status=self._status)

    def __repr__(self) -> str:
        return f"Task(id={self.id!r}, name={self.name!r}, status={self._status!r})"


class TaskList(Listing[Task]):
    """Tasks, the one updated last first: a list that shows as a table."""

    _dispensable = ("updated at", "created at", "type", "active", "in words", "schedule")

    _columns = ("id", "name", "last run status", "type", "active", "schedule", "in words", "created at", "updated at")
