"""100 tasks of a script of one `print` submitted at once, until the last run has ended, against 100 bare processes.

Process spawner with default limits; as many bare processes at once as the server lets runs be. The end is the time
the server noted, so that nobody has to ask for it meanwhile. Medians of 3, taken in turns.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

import macropod
from macropod_server.settings import Settings

from benchmarks.alternating import alternate
from benchmarks.bare import Command, script_command, time_to_lines
from benchmarks.figures import Figure, at_least, median
from benchmarks.scripts import HELLO, write_script
from benchmarks.server import Server, new_folder

_RUNS = 100
_AT_ONCE = Settings().max_runs
_SUBMITTERS = 4
_ROUNDS = 3
_LOOK_SECONDS = 0.5


def measure() -> list[Figure]:
    with new_folder() as folder, Server(folder) as server, server.client() as client:
        script = write_script(folder, HELLO)
        orchestration = client.upload_orchestration(script.parent).wait()
        by_hand = script_command(script, server.python)
        ways = (partial(_rate_of_runs, client, orchestration), partial(_rate_by_hand, by_hand))
        ours, bare = alternate(ways, rounds=_ROUNDS)
    return [Figure(f"process: {_RUNS} runs at once", median(ours), "runs/s", median(bare), (at_least(10),))]


def _rate_of_runs(client: macropod.Client, orchestration: macropod.Orchestration) -> float:
    began = datetime.now(UTC)
    with ThreadPoolExecutor(_SUBMITTERS) as pool:
        tasks = list(pool.map(lambda _: orchestration.run_once("benchmark"), range(_RUNS)))
    runs = _ended_runs(client, {task.id for task in tasks})
    return _RUNS / (max(run.ended_at for run in runs if run.ended_at) - began).total_seconds()


def _ended_runs(client: macropod.Client, task_ids: set[str]) -> list[macropod.Run]:
    """Raises when one of them did not end well."""
    while True:
        time.sleep(_LOOK_SECONDS)
        runs = [run for run in client.list_runs(kind="task", limit=_RUNS) if run.task_id in task_ids]
        if all(run.has_ended for run in runs):
            break
    failed = [run.message for run in runs if run.exit_code != 0]
    if failed or len(runs) != _RUNS:
        raise RuntimeError(f"{len(runs)} runs of {_RUNS} were found, {len(failed)} failed: {failed[:3]}")
    return runs


def _rate_by_hand(by_hand: Command) -> float:
    began = time.perf_counter()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda _: time_to_lines(by_hand), range(_RUNS)))
    return _RUNS / (time.perf_counter() - began)
