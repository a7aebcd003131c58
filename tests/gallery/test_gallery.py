"""Packages that fail, each in its way, on every spawner: the status, the reason and the sentence people are told."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from functools import cache
from typing import Any

import pytest

from tests.gallery.habitat import DockerHabitat, Habitat, eventually, habitat
from tests.gallery.specimen import SPAWNERS, Specimen, read_specimens

SPECIMENS = read_specimens()
SHOWN = [
    pytest.param(spawner, name, id=f"{spawner}-{name}", marks=[pytest.mark.docker] * (spawner == "docker"))
    for spawner in SPAWNERS
    for name, each in SPECIMENS.items()
    if spawner in each.spawners
]
UNSEEN = {"packaging_failed", "image_not_found", "runner_died", "vanished"}
"""Reasons of runs whose runner saw no end of main.py, so that nobody measured what it used."""


@pytest.fixture(scope="module")
def inhabited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Habitat]]:
    """The habitat of a spawner, with all its specimens settled in; made when it is first asked for."""
    with ExitStack() as habitats:

        @cache
        def of(spawner: str) -> Habitat:
            made = habitats.enter_context(habitat(spawner, tmp_path_factory.mktemp(spawner)))
            there = {name: each for name, each in SPECIMENS.items() if spawner in each.spawners}
            made.settle({name: each for name, each in there.items() if each.server is None})
            return made

        yield of


@pytest.mark.parametrize(("spawner", "name"), SHOWN)
def test_specimen(
    inhabited: Callable[[str], Habitat], spawner: str, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    specimen = SPECIMENS[name]
    if specimen.server is None:
        check(inhabited(spawner), specimen, inhabited(spawner).end_of(name))
        return
    with habitat(spawner, tmp_path_factory.mktemp(name), **specimen.server) as own:
        check(own, specimen, own.live(name, specimen))


def test_the_gallery_is_found() -> None:
    assert len(SPECIMENS) > 25
    assert {each.outside for each in SPECIMENS.values() if each.outside} <= set(dir(DockerHabitat))


def check(living: Habitat, specimen: Specimen, run: dict[str, Any]) -> None:
    expected = specimen.expected(living.spawner)
    assert {name: run[name] for name in expected} == expected, run
    assert re.fullmatch(specimen.pattern(living.spawner), run["message"], re.DOTALL), run["message"]
    lines = living.log(run["id"])
    left = iter(lines)
    assert all(any(part in line for line in left) for part in specimen.log), lines
    if run["reason"] not in UNSEEN and specimen.outside != "freeze":
        assert run["peak_memory_bytes"] > 0
        assert run["cpu_seconds"] is not None
    if specimen.ends_within is not None:
        began = living.touched_at.get(run["id"]) or datetime.fromisoformat(run["started_at"])
        assert (datetime.fromisoformat(run["ended_at"]) - began).total_seconds() < specimen.ends_within
    eventually(lambda: not living.is_left(run["id"]))
