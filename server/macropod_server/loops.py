"""The engine: each loop repeats one step, which does one unit and tells whether there may be more."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from macropod_server.deps import Deps
from macropod_server.domain.errors import Unavailable
from macropod_server.flows.clean_up import clean_up
from macropod_server.flows.continue_task import note_settled
from macropod_server.flows.end_waits import end_waits
from macropod_server.flows.enqueue_due import enqueue_due, until_next_due
from macropod_server.flows.measure_logs import measure_logs
from macropod_server.flows.merge_logs import merge_logs
from macropod_server.flows.move_logs import SWEEP_MINUTES, move_logs, sweep_logs
from macropod_server.flows.retain import retain
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.stop_run import stop_runs
from macropod_server.flows.sweep import sweep
from macropod_server.flows.watch_run import watch, watch_silent

log = structlog.get_logger()

_AFTER_ERROR = timedelta(seconds=1)
_LONGEST_UNTOLD = timedelta(seconds=2)
_STATEMENT_SECONDS = 10.0
_SILENCE_SECONDS = 300.0
"""A loop that rests beats once a minute. A step may wait for an image to be pulled, but not for ever."""


def _every(seconds: float) -> Callable[[Deps], timedelta]:
    return lambda _deps: timedelta(seconds=seconds)


@dataclass(frozen=True)
class Loop:
    """`rest` tells how long to wait for a wake-up when a step found nothing to do. One that `gives_way` also rests when
    there is more, for as long as its step took: nobody waits for what it does, and others may need the machine."""

    name: str
    step: Callable[[Deps], bool]
    rest: Callable[[Deps], timedelta]
    gives_way: bool = False


LOOPS = (
    Loop("enqueue_due", enqueue_due, until_next_due),
    Loop("start_run", start_runs, _every(1)),
    Loop("stop_run", stop_runs, _every(1)),
    Loop("watch_run", watch_silent, _every(2)),
    Loop("end_waits", end_waits, _every(5)),
    Loop("note_settled", note_settled, _every(10)),
    Loop("clean_up", clean_up, _every(1)),
    Loop("sweep", sweep, _every(30)),
    Loop("retain", retain, _every(60), gives_way=True),
    Loop("merge_logs", merge_logs, _every(10), gives_way=True),
    Loop("measure_logs", measure_logs, _every(60), gives_way=True),
    Loop("move_logs", move_logs, _every(10), gives_way=True),
    Loop("sweep_logs", sweep_logs, _every(60 * SWEEP_MINUTES)),
)


class Engine:
    """Runs every loop in threads of its own until stopped, on database connections of its own."""

    def __init__(self, deps: Deps, loops: tuple[Loop, ...] = LOOPS) -> None:
        self._deps = replace(deps, database=deps.database.beside(statement_seconds=_STATEMENT_SECONDS))
        self._loops = loops
        self._stopped, self._adopted = threading.Event(), threading.Event()
        self._not_adopted = "The server is still looking after the runs it left when it was last ended."
        self._threads = [
            threading.Thread(target=self._repeat, args=(loop,), name=loop.name, daemon=True) for loop in loops
        ]

    def start(self) -> None:
        """Adopt what an earlier process left, then begin. What cannot be adopted now is adopted when it can."""
        if not self._adopt():
            self._threads.append(threading.Thread(target=self._adopt_later, name="adopt", daemon=True))
        for thread in self._threads:
            thread.start()

    def trouble(self) -> str | None:
        """Why no work should be sent here now, in a sentence."""
        if not self._adopted.is_set():
            return self._not_adopted
        for loop, seconds in self._deps.metrics.silences().items():
            if seconds > _SILENCE_SECONDS:
                return f"The loop {loop} has been at the same step for {seconds:.0f} s."
        return None

    def stop(self, *, seconds: float = 5) -> None:
        """Give the steps under way so many seconds to end; runs go on."""
        deadline = time.monotonic() + seconds
        self._stopped.set()
        self._deps.signals.wake_here(*(loop.name for loop in self._loops))
        for thread in self._threads:
            thread.join(max(0, deadline - time.monotonic()))
        self._deps.database.close()

    def _adopt(self) -> bool:
        try:
            watch(self._deps, silence=timedelta(0))
        except Unavailable as error:
            log.warning("adoption_delayed", reason=error.message)
            self._not_adopted = f"The server cannot look after the runs it left yet: {error.message}"
            return False
        self._adopted.set()
        return True

    def _adopt_later(self) -> None:
        while not self._stopped.wait(_AFTER_ERROR.total_seconds()) and not self._adopt():
            pass

    def _repeat(self, loop: Loop) -> None:
        signal = self._deps.signals.loop_event(loop.name)
        while not self._stopped.is_set():
            signal.clear()
            rest = self._round(loop)
            if rest:
                signal.wait(rest.total_seconds())

    def _round(self, loop: Loop) -> timedelta:
        """One step, whatever becomes of it; returns how long to rest."""
        try:
            began = time.monotonic()
            with self._deps.metrics.stepping(loop.name):
                has_more = loop.step(self._deps)
            took = timedelta(seconds=time.monotonic() - began) if loop.gives_way else timedelta(0)
            return took if has_more else self._rest(loop)
        except Unavailable as error:
            self._deps.metrics.failed(error)
            log.warning("step_delayed", loop=loop.name, reason=error.message)
        except Exception:
            log.exception("step_failed", loop=loop.name)
        return _AFTER_ERROR

    def _rest(self, loop: Loop) -> timedelta:
        rest = loop.rest(self._deps)
        # Who else may give it work shares its memory, or only its database: then a signal may get lost.
        return rest if self._deps.database.is_sqlite or loop.rest is not until_next_due else min(rest, _LONGEST_UNTOLD)
