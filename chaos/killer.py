"""The killer: brings about one fault after another, chosen by dice whose seed is told."""

import random
import threading
import time
from collections import Counter

from chaos.faults import Fault, Injected
from chaos.installation import Installation


class Killer:
    """Works in a thread of its own until stopped; then every server is up."""

    def __init__(
        self,
        installation: Installation,
        faults: list[Fault],
        *,
        seed: str,
        pause: tuple[float, float],
    ) -> None:
        """Rests for a time between the two of `pause` after each fault; where both are the same, from its beginning."""
        self.injected: list[Injected] = []
        self.trouble: list[str] = []
        self._installation = installation
        self._faults = faults
        self._dice = random.Random(f"{seed} killer")
        self._pause = pause
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="killer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()
        for server in self._installation.servers:
            if not server.is_running:
                server.start()
            server.wait_until_ready()

    def counts(self) -> Counter[str]:
        return Counter(each.kind for each in self.injected)

    def violations(self) -> list[str]:
        return [each.violation for each in self.injected if each.violation] + self.trouble

    def _work(self) -> None:
        rest = self._dice.uniform(*self._pause)
        while not self._stopped.wait(max(0.0, rest)):
            fault, began = self._dice.choice(self._faults), time.monotonic()
            try:
                done = fault(self._installation, self._dice)
            except Exception as error:
                self.trouble.append(f"After {getattr(fault, '__name__', fault)} the installation was not well: {error}")
                return
            self.injected.append(done)
            took = time.monotonic() - began
            print(f"  {done.kind}: {done.detail} ({took:.1f} s)", flush=True)
            rest = self._dice.uniform(*self._pause) - (took if self._pause[0] == self._pause[1] else 0)
