"""How a command ends that was there for a run: as the run did, too late, or by Ctrl-C."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, Queue
from threading import Thread
from typing import NoReturn

import typer

from macropod.cli.output import say
from macropod.errors import WaitTimeout
from macropod.logs import LogLine
from macropod.runs import Run

_INTERRUPTED = 130
_LINES_IN_HAND = 1000


def exit_as(run: Run) -> NoReturn:
    """Exit with the run's own code: 0 for success, 1 for an end that is neither success nor has a code."""
    run.wait()
    status = run.to_dict()["status"]
    say(f"Run {run.id}: {status}. {run.message or ''}".rstrip())
    raise typer.Exit(0 if status == "success" else run.exit_code or 1)


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


def followed(run: Run, *, seconds: float | None) -> Iterator[LogLine]:
    """`run.follow()`, but for `seconds` at most. Raises `WaitTimeout` then.

    Lines are awaited in a thread, for a connection on which nothing arrives cannot be left in time.
    """
    if seconds is None:
        yield from run.follow()
        return
    deadline = time.monotonic() + seconds
    arrived: Queue[LogLine | Exception | None] = Queue(_LINES_IN_HAND)
    Thread(target=_pass_on, args=(run.follow(), arrived), daemon=True).start()
    try:
        while line := arrived.get(timeout=max(0, deadline - time.monotonic())):
            if isinstance(line, Exception):
                raise line
            yield line
            if time.monotonic() > deadline:
                raise Empty
    except Empty:
        raise WaitTimeout(f"Run {run.id} did not end within {seconds:g} seconds. It goes on.") from None


def _pass_on(lines: Iterator[LogLine], arrived: "Queue[LogLine | Exception | None]") -> None:
    try:
        for line in lines:
            arrived.put(line)
        arrived.put(None)
    except Exception as error:
        arrived.put(error)
