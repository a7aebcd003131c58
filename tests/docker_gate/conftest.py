"""A gate before an engine that only writes down; started once, the engine forgets between tests."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docker_gate.calls import Caller, sound_facts
from tests.fakes.recording_engine import RecordingEngine, recording_engine
from tests.running_gate import running_gate


@pytest.fixture(scope="module")
def engine_behind_gate() -> Iterator[tuple[RecordingEngine, str]]:
    """In a folder with a short name: the path of a socket may not be long."""
    with (
        tempfile.TemporaryDirectory(prefix="gate") as folder,
        recording_engine(Path(folder) / "engine") as engine,
        running_gate(str(engine.path)) as host,
    ):
        yield engine, host


@pytest.fixture
def engine(engine_behind_gate: tuple[RecordingEngine, str]) -> RecordingEngine:
    engine, _ = engine_behind_gate
    engine.asked.clear()
    engine.facts = sound_facts()
    engine.breaks_off = False
    return engine


@pytest.fixture
def caller(engine_behind_gate: tuple[RecordingEngine, str]) -> Caller:
    return Caller(engine_behind_gate[1])
