"""How a command ends that was there for a run: as the run did, too late, or by Ctrl-C."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from queue import Empty, Queue
from threading import Thread
from typing import Any, NoReturn

import typer

from macropod.cli.log_output import log_style, print_log
from macropod.cli.output import Output, print_thing, say
from macropod.errors import WaitTimeout
from macropod.logs import LogLine
from macropod.runs import Run

_INTERRUPTED = 130
_LINES_IN_HAND = 1000


def stay(run: Run, output: Output, *, follow: bool, seconds: float | None) -> NoReturn:
    """Stay until the end of the run and of every further attempt, printing logs or not; exit as the last one did."""
    over_at = None if seconds is None else time.monotonic() + seconds
    attempt: Run | None = run
    while attempt:
        run, left = attempt, None if over_at is None else max(0, round(over_at - time.monotonic(), 1))
        with leaving_alone(run):
            _print_log(run, output, seconds=left) if follow else run.wait(left)
        if attempt := run.next_attempt():
            say(f"{_end_of(run)} Attempt {attempt.attempt} is run {attempt.id}.")
    if not follow or output is not Output.TABLE:
        print_thing(run, output)
    exit_as(run)


def exit_as(run: Run) -> NoReturn:
    """Exit with the run's own code: 0 for success, 1 for an end that is neither success nor has a code."""
    run.wait()
    say(_end_of(run))
    raise typer.Exit(0 if run.to_dict()["status"] == "success" else run.exit_code or 1)


@contextmanager
def leaving_alone(run: Run) -> Iterator[None]:
    """Ctrl-C ends the command, not the run; that is said."""
    try:
        yield
    except KeyboardInterrupt:
        say(f"\nRun {run.id} goes on. To follow it again: macropod run logs {run.id} -f")
        if run.task_id:
            say(f"To end it: macropod task kill {run.task_id}")
        raise typer.Exit(_INTERRUPTED) from None


def followed(run: Run, *, seconds: float | None, **wish: Any) -> Iterator[LogLine]:
    """`run.follow(**wish)`, but for `seconds` at most. Raises `WaitTimeout` then.

    Lines are awaited in a thread, for a connection on which nothing arrives cannot be left in time.
    """
    if seconds is None:
        yield from run.follow(**wish)
        return
    deadline = time.monotonic() + seconds
    arrived: Queue[LogLine | Exception | None] = Queue(_LINES_IN_HAND)
    Thread(target=copy_context().run, args=(_pass_on, run.follow(**wish), arrived), daemon=True).start()
    try:
        while line := arrived.get(timeout=max(0, deadline - time.monotonic())):
            if isinstance(line, Exception):
                raise line
            yield line
            if time.monotonic() > deadline:
                raise Empty
    except Empty:
        raise WaitTimeout(f"Run {run.id} did not end within {seconds:g} seconds. {run._standing()}.") from None


def _end_of(run: Run) -> str:
    return f"Run {run.id}: {run.to_dict()['status']}. {run.message or ''}".rstrip()


def _print_log(run: Run, output: Output, *, seconds: float | None) -> None:
    if output is Output.TABLE:
        style = log_style()
        print_log(followed(run, seconds=seconds, **style.wish()), style)
        return
    for line in followed(run, seconds=seconds, collapse_progress=True):
        say(line.text)


def _pass_on(lines: Iterator[LogLine], arrived: "Queue[LogLine | Exception | None]") -> None:
    try:
        for line in lines:
            arrived.put(line)
        arrived.put(None)
    except Exception as error:
        arrived.put(error)
