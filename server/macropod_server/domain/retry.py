"""Whether a run that has ended is tried again, and when: by the task's wish, or because it never came to main.py."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from macropod_server.domain.errors import Invalid, Problem
from macropod_server.domain.run import Reason, RunStatus

WORDS = ("failure", "timed_out", "lost", "out_of_memory")
"""What `retry_on` may name beside exit codes. The first three are statuses, the last is a reason."""

FREE_TRIES = 3
"""How often a run is tried again by itself when it never came to main.py."""

LONGEST = timedelta(hours=1)
_FREE_DELAY = timedelta(seconds=5)
_JITTER = 0.2
_HIGHEST_EXIT_CODE = 255
_MOST_DIGITS = 80

_BEFORE_THE_START = {
    Reason.COULD_NOT_START,
    Reason.START_TIMEOUT,
    Reason.SPAWNER_UNAVAILABLE,
    Reason.UNSCHEDULABLE,
    Reason.QUOTA_EXCEEDED,
}
_GONE = {Reason.VANISHED, Reason.RUNNER_DIED, Reason.EVICTED, Reason.PREEMPTED, Reason.NODE_LOST}
_FOR_GOOD = {
    Reason.IMAGE_NOT_FOUND,
    Reason.ENVIRONMENT_NOT_FOUND,
    Reason.PACKAGING_FAILED,
    Reason.QUEUE_TIMEOUT,
}
"""Trying again would end the same way, or come too late."""


@dataclass(frozen=True)
class Wish:
    """What a task wants of retries. `retry_on` is as `check_retry_on` takes it; empty: whatever may be retried."""

    retries: int = 0
    retry_on: tuple[str, ...] = ()
    delay_seconds: int = 0


@dataclass(frozen=True)
class End:
    """How an attempt ended. `may_begin_anew`: nothing was lost with its container, as no main.py had begun in it."""

    status: RunStatus
    reason: Reason
    exit_code: int | None
    may_begin_anew: bool

    @property
    def never_came_to_main(self) -> bool:
        return self.reason in _BEFORE_THE_START or (self.reason in _GONE and self.may_begin_anew)


def check_retry_on(entries: Sequence[str | int], *, retries: int) -> list[str]:
    """As it is stored: words and numbers as text. Raises `Invalid` with every entry that is neither."""
    problems = [problem for entry in entries if (problem := _problem(entry))]
    if problems:
        raise Invalid(" ".join(each.message for each in problems), problems=problems)
    if entries and not retries:
        message = (
            "retry_on says after which ends a run is tried again, but retries is 0; say how often, such as retries=1."
        )
        raise Invalid.field("retries", message)
    return list(dict.fromkeys(_word(entry) for entry in entries))


def delay_before_next(wish: Wish, ends: Sequence[End], *, attempt: int, run_id: str) -> timedelta | None:
    """How long to wait before the next attempt; None: there is none.

    `ends`: of the attempts so far, in order; `attempt`: the number of the last. One that is not known any more counts
    as a retry, so that no lost row makes attempts endless.
    """
    last = ends[-1]
    if last.status in (RunStatus.SUCCESS, RunStatus.KILLED) or last.reason in _FOR_GOOD:
        return None
    free = sum(end.never_came_to_main for end in ends)
    if last.never_came_to_main and free <= FREE_TRIES:
        return _FREE_DELAY * _doubled(free - 1)
    spent = attempt - 1 - min(free, FREE_TRIES)
    if spent >= wish.retries or not _is_wanted(wish, last):
        return None
    return _backed_off(wish.delay_seconds, times=spent, run_id=run_id)


def _is_wanted(wish: Wish, end: End) -> bool:
    named = {end.status.value, end.reason.value}
    if end.reason is Reason.EXIT_CODE:
        named.add(str(end.exit_code))
    return not wish.retry_on or not named.isdisjoint(wish.retry_on)


def _backed_off(seconds: int, *, times: int, run_id: str) -> timedelta:
    """Doubled each time, and longer by up to a fifth, so that what failed together is not tried again together."""
    share = int.from_bytes(hashlib.sha256(run_id.encode()).digest()[:4]) / 2**32
    return min(timedelta(seconds=seconds * _doubled(times) * (1 + _JITTER * share)), LONGEST)


def _doubled(times: int) -> int:
    return 1 << min(times, 20)


def _word(entry: str | int) -> str:
    text = str(entry).strip()
    return str(int(text)) if _is_number(text) else text


def _is_number(text: str) -> bool:
    """Longer ones are no exit codes, and Python does not read them at any length."""
    return len(text) <= _MOST_DIGITS and text.isascii() and text.isdigit()


def _problem(entry: str | int) -> Problem | None:
    word = _word(entry)
    if word in WORDS or (_is_number(word) and 1 <= int(word) <= _HIGHEST_EXIT_CODE):
        return None
    shown = str(entry)[:80]
    message = (
        f"retry_on has {shown!r}; it takes {', '.join(WORDS)} and exit codes from 1 to {_HIGHEST_EXIT_CODE}, "
        "for example 75."
    )
    return Problem("invalid_value", "retry_on", message)
