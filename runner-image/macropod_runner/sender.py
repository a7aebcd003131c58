"""The thread that brings lines to the server: at once after a silence, else in batches."""

import threading
import time

from macropod_runner.ending import Reason
from macropod_runner.outbox import Outbox
from macropod_runner.patience import GaveUp, Patience
from macropod_runner.server import RunIsOver, Server
from macropod_runner.stop import StopOrder

_BATCH_SECONDS = 0.1


class Sender(threading.Thread):
    """Ends when the outbox is closed and empty, when the run is over or when patience ends."""

    def __init__(self, server: Server, outbox: Outbox, *, stop: StopOrder, patience: Patience) -> None:
        super().__init__(name="sender", daemon=True)
        self._server = server
        self._outbox = outbox
        self._stop_order = stop
        self._patience = patience

    def run(self) -> None:
        try:
            self._send_all()
        except RunIsOver:
            self._stop_order.give(Reason.RUN_IS_OVER)
        except GaveUp:
            pass

    def _send_all(self) -> None:
        not_before = 0.0
        while batch := self._outbox.next_batch(not_before=not_before):
            not_before = time.monotonic() + _BATCH_SECONDS
            if not self._outbox.acknowledge(self._server.send_lines(batch.first, batch.data)):
                self._patience.pause(_BATCH_SECONDS)
