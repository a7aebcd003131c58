"""The options of tasks as keywords: what they are called here and on the server, and what each takes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from functools import partial
from typing import Any, Literal, TypedDict, get_args

from macropod.arguments import checked_moment, checked_schedules, checked_seconds
from macropod.errors import Invalid
from macropod.option_values import (
    checked_bytes,
    checked_choice,
    checked_count,
    checked_days,
    checked_ends,
    checked_flag,
    checked_places,
    checked_share,
    checked_word,
    checked_words,
)

Overlap = Literal["allow", "skip", "queue_one", "queue_all", "cancel_running"]
Missed = Literal["latest", "all", "none"]
Span = int | timedelta


class _Options(TypedDict, total=False):
    start_timeout: Span
    queue_timeout: Span
    silence_timeout: Span
    grace: Span
    profile: str
    cpus: float
    memory: int | str
    pids: int
    gpus: int
    locks: str | Collection[str]
    secrets: str | Collection[str] | Mapping[str, str]
    secret_files: str | Collection[str] | Mapping[str, str]


class TaskOptions(_Options, total=False):
    """Options of every task. Spans are whole seconds or a timedelta; what is left out is the server's choice.

    debug            the run tells more about itself in its log
    retries          further attempts after the first, 0 for none
    retry_on         which ends are tried again: "failure", "timed_out", "lost", "out_of_memory", exit codes (75)
    retry_delay      before the second attempt; then doubled
    start_timeout    from the start of its container to that of `main.py`
    queue_timeout    how long a run may wait in the queue
    silence_timeout  how long `main.py` may print nothing
    grace            what it has from being asked to stop to being stopped
    profile          a named set of resources of this server
    cpus, memory     what a run may use; memory in bytes or as "512MiB", "2GiB"
    pids, gpus       processes and threads at once; graphics cards
    locks            names of locks and pools of which each run takes a place
    secrets          secrets each run gets as environment variables: names, or {"VARIABLE": "name"}
    secret_files     the same as files in the folder that MACROPOD_SECRETS_DIR names: names, or {"file": "name"}
    """

    debug: bool
    retries: int
    retry_on: str | int | Collection[str | int]
    retry_delay: Span


class ContinuousOptions(_Options, total=False):
    """Options of a continuous task: those of every task but retries (it is run again in any case), and this.

    pause_after_failures   pause after so many failures in a row
    """

    pause_after_failures: int


class ScheduledOptions(TaskOptions, total=False):
    """Options of a scheduled task: those of every task, and these.

    starts_at, ends_at     aware datetimes; not due before and after. `every` counts from `starts_at`
    exclude                days of the zone on which it is not due
    jitter                 each tick is later by a part of this, always by the same
    overlap                when an earlier run is not gone yet: "allow" (default), "skip", "queue_one",
                           "queue_all", "cancel_running"
    missed                 which ticks that passed while nothing could start still run: "latest" (default), if
                           it is younger than `missed_window`; "all", `missed_cap` at most; "none"
    missed_window, missed_cap   bounds of the two; an hour and 100 unless said
    pause_after_failures   pause after so many failures in a row
    """

    starts_at: datetime
    ends_at: datetime
    exclude: date | Collection[date]
    jitter: Span
    overlap: Overlap
    missed: Missed
    missed_window: Span
    missed_cap: int
    pause_after_failures: int


_OF_A_SCHEDULE = ("schedule", "every", "timezone")
_Check = Callable[[str, Any], Any]

_SENT: dict[str, tuple[str, _Check]] = {
    "debug": ("debug", checked_flag),
    "retries": ("retries", partial(checked_count, least=0)),
    "retry_on": ("retry_on", checked_ends),
    "retry_delay": ("retry_delay_seconds", partial(checked_seconds, least=0)),
    "start_timeout": ("start_timeout_seconds", checked_seconds),
    "queue_timeout": ("queue_timeout_seconds", checked_seconds),
    "silence_timeout": ("silence_timeout_seconds", checked_seconds),
    "grace": ("grace_seconds", partial(checked_seconds, least=0)),
    "profile": ("profile", checked_word),
    "cpus": ("cpus", checked_share),
    "memory": ("memory_bytes", checked_bytes),
    "pids": ("pids", checked_count),
    "gpus": ("gpus", checked_count),
    "locks": ("locks", checked_words),
    "secrets": ("secrets", checked_places),
    "secret_files": ("secret_files", checked_places),
    "every": ("every_seconds", checked_seconds),
    "starts_at": ("starts_at", checked_moment),
    "ends_at": ("ends_at", checked_moment),
    "exclude": ("excluded_dates", checked_days),
    "jitter": ("jitter_seconds", partial(checked_seconds, least=0)),
    "overlap": ("overlap", partial(checked_choice, choices=get_args(Overlap))),
    "missed": ("missed", partial(checked_choice, choices=get_args(Missed))),
    "missed_window": ("missed_window_seconds", checked_seconds),
    "missed_cap": ("missed_cap", checked_count),
    "pause_after_failures": ("pause_after_failures", checked_count),
}


NAMES = {sent: name for name, (sent, _) in _SENT.items()} | {"timeout_seconds": "timeout", "timezone": "timezone"}
"""What fields of a request are called as arguments."""


def checked_options(options: Mapping[str, object], *, known: type, of: str) -> dict[str, Any]:
    """The fields of a request. What is None counts as not given.

    Raises `TypeError` for a keyword the method `of` does not have, as any function does, and `Invalid` naming
    the option whose value cannot be used.
    """
    names = known.__annotations__
    for name in options:
        if name not in names:
            if name in _OF_A_SCHEDULE:
                raise TypeError(f"{of}() takes no {name}: only run_scheduled() makes a task with a schedule.")
            near = get_close_matches(name, names, n=1)
            hint = f". Did you mean {near[0]!r}?" if near else ""
            raise TypeError(f"{of}() got an unexpected keyword argument {name!r}{hint}")
    return checked_values(**options)


def checked_values(**options: object) -> dict[str, Any]:
    """As `checked_options`, for keywords that are known to be right."""
    given = ((name, value) for name, value in options.items() if value is not None)
    return {_SENT[name][0]: _SENT[name][1](name, value) for name, value in given}


def checked_plan(schedule: str | Collection[str] | None, every: Span | None) -> dict[str, Any]:
    """The fields that say when. Raises `Invalid` unless one of both is given."""
    if (schedule is None) is (every is None):
        said = "Neither schedule nor every was given" if every is None else "Both schedule and every were given"
        raise Invalid.field("schedule", f"{said}; give one: schedule='0 2 * * *', or every=timedelta(minutes=5).")
    if schedule is None:
        return checked_values(every=every)
    texts = checked_schedules(schedule)
    return {"schedule": texts if len(texts) > 1 else texts[0]}
