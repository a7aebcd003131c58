"""The thread that tells the server that the run lives, and hears from it that the run has to stop."""

import threading
import time

from macropod_runner.ending import Reason
from macropod_runner.patience import GaveUp, Patience
from macropod_runner.server import RunIsOver, Server
from macropod_runner.stop import StopOrder

_FIRST_AFTER_SECONDS = 0.2
_WAIT_SECONDS = 10
_LEAST_SECONDS = 1.0
_AFTER_STOP_SECONDS = 5.0


class Beat(threading.Thread):
    """A run shorter than the first pause never beats. Beats go on while a stopped run ends."""

    def __init__(self, url: str, token: str, *, stop: StopOrder) -> None:
        super().__init__(name="beat", daemon=True)
        self._patience = Patience()
        self._server = Server(url, token, patience=self._patience)
        self._stop_order = stop

    def run(self) -> None:
        try:
            self._patience.pause(_FIRST_AFTER_SECONDS)
            while True:
                self._patience.pause(self._beat())
        except RunIsOver:
            self._stop_order.give(Reason.RUN_IS_OVER)
        except GaveUp:
            pass

    def close(self) -> None:
        self._patience.end()
        self._server.hang_up()
        self.join(1.0)

    def _beat(self) -> float:
        if self._stop_order.reason is not None:
            self._server.beat(wait=0)
            return _AFTER_STOP_SECONDS
        asked_at = time.monotonic()
        if self._server.beat(wait=_WAIT_SECONDS):
            self._stop_order.give(Reason.KILL_REQUESTED)
        return max(0.0, _LEAST_SECONDS - (time.monotonic() - asked_at))
