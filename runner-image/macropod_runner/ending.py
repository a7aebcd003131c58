"""How a run ended: the reason the server knows and one sentence for people."""

import signal
from enum import StrEnum
from typing import NamedTuple

from macropod_runner.last_error import LastError
from macropod_runner.last_words import LastWords
from macropod_runner.spec import Spec

_STOPPED_ON_REQUEST = "The run was stopped because somebody asked for it."
_EVICTED = "The container of the run was told from outside to stop; Macropod had not asked for that."


class Reason(StrEnum):
    COMPLETED = "completed"
    EXIT_CODE = "exit_code"
    SIGNAL = "signal"
    OUT_OF_MEMORY = "out_of_memory"
    TIME_LIMIT = "time_limit"
    SILENCE = "silence"
    KILL_REQUESTED = "kill_requested"
    EVICTED = "evicted"
    PACKAGING_FAILED = "packaging_failed"
    COULD_NOT_START = "could_not_start"
    RUN_IS_OVER = "run_is_over"
    """The server has closed the run already; this one is never reported."""


class Ending(NamedTuple):
    """`code` is the exit code, negative for a signal, None when nothing was started or nobody saw it end.

    `error` is the last traceback of a main.py that ended by itself.
    """

    reason: Reason
    message: str | None = None
    code: int | None = None
    error: LastError | None = None

    @property
    def exit_code(self) -> int | None:
        return self.code if self.code is not None and self.code >= 0 else None

    @property
    def signal(self) -> str | None:
        return signal_name(-self.code) if self.code is not None and self.code < 0 else None


class Ended(NamedTuple):
    """A program ended by itself. `code` as in `Ending`."""

    code: int


class Stopped(NamedTuple):
    """The runner stopped a program, or did not start it."""

    reason: Reason
    code: int | None = None


Outcome = Ended | Stopped


def own_ending(code: int, words: LastWords, *, ran_out_of_memory: bool, limit_bytes: int | None) -> Ending:
    """The ending of a main.py that nobody stopped."""
    if code == 0:
        return Ending(Reason.COMPLETED, code=code)
    if ran_out_of_memory and code == -signal.SIGKILL:
        return Ending(Reason.OUT_OF_MEMORY, _memory_sentence(limit_bytes), code)
    if ran_out_of_memory:
        return Ending(Reason.OUT_OF_MEMORY, _memory_of_a_part_sentence(code, limit_bytes), code)
    if code < 0:
        return Ending(Reason.SIGNAL, f"{_how(code)}.", code)
    return Ending(Reason.EXIT_CODE, _failure_sentence(code, words), code)


def stopped_ending(stopped: Stopped, spec: Spec) -> Ending:
    """The ending of a run the runner stopped."""
    sentences = {
        Reason.TIME_LIMIT: f"The run reached its time limit of {spec.timeout_seconds} s and was stopped.",
        Reason.SILENCE: f"main.py printed nothing for its limit of {spec.silence_timeout_seconds} s and was ended.",
        Reason.OUT_OF_MEMORY: _memory_sentence(spec.memory_bytes),
    }
    return Ending(stopped.reason, sentences.get(stopped.reason) or stop_sentence(stopped.reason), stopped.code)


def stop_sentence(reason: Reason) -> str:
    """For a stop that somebody ordered."""
    return _EVICTED if reason is Reason.EVICTED else _STOPPED_ON_REQUEST


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIG{number}"


def _how(code: int) -> str:
    return f"main.py ended with exit code {code}" if code >= 0 else f"main.py was ended by signal {signal_name(-code)}"


def _failure_sentence(code: int, words: LastWords) -> str:
    """With exit code 1 Python ends a program that did not catch an exception."""
    last, exception = words.on_stderr(), words.exception() if code == 1 else ""
    cause = f": {exception}" if exception else ""
    if last and last != exception:
        return f"{_how(code)}{cause}; the last line on stderr: {last}"
    sentence = f"{_how(code)}{cause}"
    return sentence if sentence.endswith((".", "…")) else f"{sentence}."


def _memory_of_a_part_sentence(code: int, limit_bytes: int | None) -> str:
    limit = "there was" if limit_bytes is None else f"its limit of {amount(limit_bytes)}"
    return f"A process of the run needed more memory than {limit} and was ended; {_how(code)}."


def _memory_sentence(limit_bytes: int | None) -> str:
    if limit_bytes is None:
        return "The run was stopped because the machine ran out of memory."
    return f"The run needed more memory than its limit of {amount(limit_bytes)} and was stopped."


def amount(size: int) -> str:
    """As people say it, such as 4 GiB."""
    for unit, name in ((1024**3, "GiB"), (1024**2, "MiB")):
        if size >= unit:
            return f"{size / unit:.1f}".removesuffix(".0") + f" {name}"
    return f"{size:,} bytes"
