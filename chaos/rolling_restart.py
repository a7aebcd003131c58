"""R12: servers are asked to end one after the other while all goes on.

No run is cut short, each request under way is answered, each process is gone in ten seconds.
"""

import threading
import time

from chaos.installation import Configuration
from chaos.load import Load, Shape
from chaos.outcome import Goal, Outcome
from chaos.scene import Scene, scene

SEVERAL = Configuration("r12", database="postgresql", servers=2)
ONE = Configuration("r12-one")
_GONE_SECONDS = 10.0
_ROUND_SECONDS = 7.0


def rolling_restart(configuration: Configuration, *, seed: str, rounds: int = 6) -> Outcome:
    gone: list[float] = []
    with scene(configuration, seed=seed) as place:
        servers = place.installation.servers * rounds
        load = place.load(Shape(seconds=6, kill_pause=0), seconds=len(servers) * _ROUND_SECONDS)
        asking = _Asking(place, load)
        for server in servers:
            time.sleep(2)
            after = server.terminate()
            gone.append(_GONE_SECONDS + 1 if after is None else after)
            server.start()
            server.wait_until_ready()
        cut = asking.stop()
        load.stop()
        evidence = place.evidence(load, promises=[])
        short = sum(run.status in ("lost", "timed_out", "killed") for run in evidence.rows.runs)
        goals = [
            Goal("runs cut short", str(short), "0", short == 0),
            Goal("requests begun and not answered", str(cut), "0", cut == 0, f"of {load.tally.calls:,}"),
            Goal("slowest to be gone", f"{max(gone):.1f} s", "10 s", max(gone) <= _GONE_SECONDS),
        ]
        return place.outcome("R12: rolling restart", evidence, faults={"SIGTERM": len(gone)}, goals=goals)


class _Asking:
    """Asks each server directly all the time: a connection that is refused is a server that is away, one that
    breaks after the question was sent is a request that was not answered."""

    def __init__(self, place: Scene, load: Load) -> None:
        self._stopped = threading.Event()
        self._cut: list[int] = []
        urls = [server.url for server in place.installation.servers]
        self._threads = [threading.Thread(target=self._ask, args=(load, url), daemon=True) for url in urls]
        for thread in self._threads:
            thread.start()

    def stop(self) -> int:
        self._stopped.set()
        for thread in self._threads:
            thread.join()
        return sum(self._cut)

    def _ask(self, load: Load, url: str) -> None:
        caller = load.caller(url)
        while not self._stopped.wait(0.02):
            caller.once("GET", "/v1/runs", params={"limit": 50}, headers={"Connection": "close"})
        self._cut.append(caller.cut_off)
        caller.close()
