"""The engine: each loop repeats one step, which does one unit and tells whether there may be more."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from macropod_server.deps import Deps
from macropod_server.domain.errors import Unavailable
from macropod_server.flows.clean_up import clean_up, remove_leftovers
from macropod_server.flows.enqueue_due import enqueue_due, until_next_due
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.stop_run import renew_stops, stop_runs
from macropod_server.flows.watch_run import watch, watch_silent

log = structlog.get_logger()

_AFTER_ERROR = timedelta(seconds=1)


def _every(seconds: float) -> Callable[[Deps], timedelta]:
    return lambda _deps: timedelta(seconds=seconds)


@dataclass(frozen=True)
class Loop:
    """`rest` tells how long to wait for a wake-up when a step found nothing to do."""

    name: str
    step: Callable[[Deps], bool]
    rest: Callable[[Deps], timedelta]


LOOPS = (
    Loop("enqueue_due", enqueue_due, until_next_due),
    Loop("start_run", start_runs, _every(1)),
    Loop("stop_run", stop_runs, _every(1)),
    Loop("watch_run", watch_silent, _every(2)),
    Loop("clean_up", clean_up, _every(1)),
    Loop("remove_leftovers", remove_leftovers, _every(30)),
)


class Engine:
    """Runs every loop in threads of its own until stopped."""

    def __init__(self, deps: Deps, loops: tuple[Loop, ...] = LOOPS) -> None:
        self._deps = deps
        self._loops = loops
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=(loop,), name=loop.name, daemon=True) for loop in loops
        ]

    def start(self) -> None:
        """Adopt what an earlier process left, then begin. Blocks until the adoption is done."""
        renew_stops(self._deps)
        self._adopt()
        for thread in self._threads:
            thread.start()

    def _adopt(self) -> None:
        try:
            watch(self._deps, silence=timedelta(0))
        except Unavailable as error:
            # The loop of the same name comes to them as soon as that has changed.
            log.warning("adoption_delayed", reason=error.message)

    def stop(self, *, seconds: float = 5) -> None:
        """Give the steps under way so many seconds to end; runs go on."""
        deadline = time.monotonic() + seconds
        self._stopped.set()
        self._deps.signals.wake(*(loop.name for loop in self._loops))
        for thread in self._threads:
            thread.join(max(0, deadline - time.monotonic()))

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
            return timedelta(0) if loop.step(self._deps) else loop.rest(self._deps)
        except Unavailable as error:
            log.warning("step_delayed", loop=loop.name, reason=error.message)
        except Exception:
            log.exception("step_failed", loop=loop.name)
        return _AFTER_ERROR
