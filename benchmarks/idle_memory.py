"""Resident memory of a server at rest, after it was asked for everything a few times, and of its fork server.

Process spawner. Pages both share are counted twice.
"""

import time

import macropod
import psutil

from benchmarks.figures import Figure, at_most
from benchmarks.server import ROOT, Server, new_folder
from benchmarks.submission import finished_run

_WARM_UPS = 20
_REST_SECONDS = 3
_MB = 1_000_000


def measure() -> list[Figure]:
    with new_folder() as folder, Server(folder) as server:
        with server.client() as client:
            for _ in range(_WARM_UPS):
                _use(client)
        time.sleep(_REST_SECONDS)
        process = psutil.Process(server.pid)
        own = process.memory_info().rss / _MB
        forks = sum(child.memory_info().rss for child in process.children()) / _MB
    return [
        Figure("memory of the idle server", own, "MB"),
        Figure("memory of its fork server", forks, "MB"),
        Figure("both together", own + forks, "MB", targets=(at_most(130),)),
    ]


def _use(client: macropod.Client) -> None:
    orchestration = client.upload_orchestration(ROOT / "examples" / "hello").wait()
    run = finished_run(orchestration)
    list(run.follow())
    run.logs(limit=100)
    client.list_orchestrations()
    client.list_tasks()
    client.list_runs()
