"""The same with the docker spawner, against a bare `docker run --rm` of the same image, Python and script.

Medians of 10, taken in turns.
"""

from contextlib import ExitStack
from functools import partial

from benchmarks import docker_engine
from benchmarks.alternating import alternate
from benchmarks.bare import Timing, time_to_lines
from benchmarks.figures import Figure, at_most_times_bare
from benchmarks.scripts import HELLO, write_script
from benchmarks.server import Server, new_folder
from benchmarks.submission import time_to_followed_lines, timing_figures

_TARGETS = (at_most_times_bare(1.5),)
_ROUNDS = 10


def measure() -> list[Figure]:
    if why := docker_engine.missing():
        return [Figure("docker: submit → first line", None, "ms", targets=_TARGETS, note=why)]
    ours, bare = _samples()
    return timing_figures("docker", ours, bare, targets=_TARGETS)


def _samples() -> list[list[Timing]]:
    with (
        new_folder() as folder,
        ExitStack() as after_the_server,
        Server(folder, spawner="docker") as server,
        server.client() as client,
    ):
        after_the_server.callback(docker_engine.remove_all, client.server().installation_id)
        orchestration = client.upload_orchestration(write_script(folder, HELLO).parent).wait()
        by_hand = docker_engine.bare_run(HELLO)
        return alternate(
            (partial(time_to_followed_lines, orchestration), partial(time_to_lines, by_hand)), rounds=_ROUNDS
        )
