"""The same with the docker spawner, against a bare `docker run --rm` of the same image with `python3 -c` and the same
script. Medians of 10, taken in turns.
"""

from collections.abc import Iterator, Sequence
from functools import partial

from benchmarks import docker_engine
from benchmarks.alternating import alternate
from benchmarks.bare import Timing, time_to_lines
from benchmarks.figures import Figure, Target, at_most_times_bare, median
from benchmarks.server import ROOT, Server, new_folder
from benchmarks.submission import time_to_followed_lines

_HELLO = ROOT / "examples" / "hello"
_FIRST_LINE = "docker: submit → first line"
_END = "docker: submit → end seen"
_TARGETS = (at_most_times_bare(1.5),)
_ROUNDS = 10


def measure() -> Iterator[Figure]:
    if why := docker_engine.missing():
        yield _missing(_FIRST_LINE, why, _TARGETS)
        return
    ours, bare = _samples()
    first_lines = ([each.first_line for each in way] for way in (ours, bare))
    yield Figure(_FIRST_LINE, *_milliseconds(first_lines), _TARGETS)


def _missing(what: str, why: str, targets: tuple[Target, ...]) -> Figure:
    return Figure(what, None, "ms", targets=targets, note=why)


def _samples() -> list[list[Timing]]:
    with new_folder() as folder, Server(folder, spawner="docker") as server, server.client() as client:
        orchestration = client.upload_orchestration(_HELLO).wait()
        ways = (
            partial(time_to_followed_lines, orchestration),
            partial(time_to_lines, docker_engine.bare_run((_HELLO / "main.py").read_text())),
        )
        try:
            return alternate(ways, rounds=_ROUNDS)
        finally:
            installation_id = client.server().installation_id
    docker_engine.remove_all(installation_id)
