"""What a task shows of itself when it is shown alone: what was not asked for is left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from macropod.tables import NOTHING, moment, size

if TYPE_CHECKING:
    from macropod.tasks import Task

Fact = tuple[str, str]

_TIME_LIMITS = ("start_timeout_seconds", "queue_timeout_seconds", "silence_timeout_seconds", "grace_seconds")
_RESOURCES = ("profile", "cpus", "pids", "gpus")


def facts_of(task: Task, *, status: str) -> list[Fact]:
    return [
        ("id", task.id),
        ("name", task.name),
        ("status", status),
        *_pause(task),
        ("last run status", task.last_run_status),
        ("type", task.type),
        ("active", str(task.active)),
        *_health(task),
        *_plan(task),
        ("json args", json.dumps(task.json_args, ensure_ascii=False)),
        *_runs(task),
        ("orchestration id", task.orchestration_id),
        ("workspace id", str(task.workspace_id)),
        ("created at", _by(moment(task.created_at), task.created_by)),
        ("updated at", moment(task.updated_at)),
        *([("kill asked at", _by(moment(task.kill_asked_at), task.kill_asked_by))] if task.kill_asked_at else []),
    ]


def in_words(task: Task) -> str:
    """With the zone of its hours, for moments beside it are in UTC."""
    if not task.schedule_in_words or not task.schedule:
        return task.schedule_in_words or NOTHING
    return f"{task.schedule_in_words} ({task.timezone})"


def _pause(task: Task) -> Iterator[Fact]:
    if task.paused_at:
        yield "paused at", _by(moment(task.paused_at), task.paused_by)
        yield "pause reason", task.pause_reason or NOTHING


def _health(task: Task) -> Iterator[Fact]:
    if task.kind == "run_continuously":
        yield "health", task.health
    if task.failures_in_a_row:
        yield "failures in a row", str(task.failures_in_a_row)
    if task.pause_after_failures:
        yield "pause after", f"{task.pause_after_failures} failures in a row"


def _plan(task: Task) -> Iterator[Fact]:
    yield "schedule", task.schedule or NOTHING
    if task.every_seconds:
        yield "every", f"{task.every_seconds} s"
    yield "in words", in_words(task)
    yield "time zone", task.timezone or NOTHING
    if task.starts_at:
        yield "starts at", moment(task.starts_at)
    if task.ends_at:
        yield "ends at", moment(task.ends_at)
    if task.excluded_dates:
        yield "not on", ", ".join(each.isoformat() for each in task.excluded_dates)
    if task.jitter_seconds:
        yield "jitter", f"up to {task.jitter_seconds} s"
    yield "next due at", moment(task.next_due_at)
    if task.kind == "run_scheduled":
        yield "overlap", task.overlap
        yield "missed ticks", _missed(task)


def _missed(task: Task) -> str:
    bounds = {"latest": f", {task.missed_window_seconds} s old at most", "all": f", {task.missed_cap} at most"}
    return task.missed + bounds.get(task.missed, "")


def _runs(task: Task) -> Iterator[Fact]:
    """What each run may do and take."""
    yield "timeout", f"{task.timeout_seconds} s" if task.timeout_seconds else NOTHING
    for name in _TIME_LIMITS:
        if (seconds := getattr(task, name)) is not None:
            yield name.removesuffix("_seconds").replace("_", " "), f"{seconds} s"
    if task.retries:
        on = f", on {', '.join(map(str, task.retry_on))}" if task.retry_on else ""
        yield "retries", f"{task.retries}, after {task.retry_delay_seconds} s{on}"
    for name in _RESOURCES:
        if (value := getattr(task, name)) is not None:
            yield name, str(value)
    if task.memory_bytes is not None:
        yield "memory", size(task.memory_bytes)
    if task.locks:
        yield "locks", ", ".join(task.locks)
    yield from _secrets(task)
    if task.debug:
        yield "debug", "True"


def _secrets(task: Task) -> Iterator[Fact]:
    for title, places in (("secrets", task.secrets), ("secret files", task.secret_files)):
        if places:
            yield title, ", ".join(f"{place}={name}" for place, name in places.items())


def _by(what: str, who: str | None) -> str:
    return f"{what} by {who}" if who else what
