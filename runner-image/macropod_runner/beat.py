"""The thread that tells the server that the run lives, and hears from it of a stop, and of further secrets."""

import threading
import time

from macropod_runner.ending import Reason
from macropod_runner.masking import Masks
from macropod_runner.patience import GaveUp, Patience
from macropod_runner.server import News, RunIsOver, Server
from macropod_runner.stop import StopOrder

_FIRST_AFTER_SECONDS = 0.2
_WAIT_SECONDS = 10
_LEAST_SECONDS = 1.0
_AFTER_STOP_SECONDS = 5.0


class Beat(threading.Thread):
    """A run shorter than the first pause never beats. Beats go on while a stopped run ends."""

    def __init__(self, url: str, token: str, *, stop: StopOrder, masks: Masks) -> None:
        super().__init__(name="beat", daemon=True)
        self._patience = Patience()
        self._server = Server(url, token, patience=self._patience)
        self._stop_order = stop
        self._masks = masks

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
            self._take(self._server.beat(wait=0, masked=self._masks.count))
            return _AFTER_STOP_SECONDS
        asked_at = time.monotonic()
        news = self._server.beat(wait=_WAIT_SECONDS, masked=self._masks.count)
        if news.is_to_stop:
            self._stop_order.give(Reason.KILL_REQUESTED)
        if self._take(news):
            return 0.0  # The server waits to hear that it is known here.
        return max(0.0, _LEAST_SECONDS - (time.monotonic() - asked_at))

    def _take(self, news: News) -> bool:
        """Whether there is more to leave out of what is printed."""
        if news.masked is None:
            return False
        self._masks.learn(news.masked, news.secrets_given)
        return True
