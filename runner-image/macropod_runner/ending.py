"""How a run ended: the reason the server knows and one sentence for people."""

import signal
from enum import StrEnum
from typing import NamedTuple

from macropod_runner.spec import Spec

STOPPED_ON_REQUEST = "The run was stopped because somebody asked for it."


class Reason(StrEnum):
    COMPLETED = "completed"
    EXIT_CODE = "exit_code"
    SIGNAL = "signal"
    OUT_OF_MEMORY = "out_of_memory"
    TIME_LIMIT = "time_limit"
    KILL_REQUESTED = "kill_requested"
    PACKAGING_FAILED = "packaging_failed"
    COULD_NOT_START = "could_not_start"
    RUN_IS_OVER = "run_is_over"
    """The server has closed the run already; this one is never reported."""


class Ending(NamedTuple):
    """`code` is the exit code, negative for a signal, None when nothing was started or nobody saw it end."""

    reason: Reason
    message: str | None = None
    code: int | None = None

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


def own_ending(code: int, *, ran_out_of_memory: bool, limit_bytes: int | None) -> Ending:
    """The ending of a main.py that nobody stopped."""
    if code == 0:
        return Ending(Reason.COMPLETED, code=code)
    if ran_out_of_memory:
        return Ending(Reason.OUT_OF_MEMORY, _memory_sentence(limit_bytes), code)
    if code < 0:
        return Ending(Reason.SIGNAL, f"main.py was ended by signal {signal_name(-code)}.", code)
    return Ending(Reason.EXIT_CODE, f"main.py ended with exit code {code}.", code)


def stopped_ending(stopped: Stopped, spec: Spec) -> Ending:
    """The ending of a run the runner stopped."""
    sentences = {
        Reason.TIME_LIMIT: f"The run reached its time limit of {spec.timeout_seconds} s and was stopped.",
        Reason.OUT_OF_MEMORY: _memory_sentence(spec.memory_bytes),
    }
    return Ending(stopped.reason, sentences.get(stopped.reason, STOPPED_ON_REQUEST), stopped.code)


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIG{number}"


def _memory_sentence(limit_bytes: int | None) -> str:
    if limit_bytes is None:
        return "The run was stopped because the machine ran out of memory."
    return f"The run needed more memory than its limit of {_amount(limit_bytes)} and was stopped."


def _amount(size: int) -> str:
    for unit, name in ((1024**3, "GiB"), (1024**2, "MiB")):
        if size >= unit:
            return f"{size / unit:.1f}".removesuffix(".0") + f" {name}"
    return f"{size:,} bytes"
