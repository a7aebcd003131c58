"""Kill points name what the server really has, and stop a process exactly there."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from chaos.kill_points import STAGES, Stage, find

ROOT = Path(__file__).parents[2]


def test_there_are_the_fourteen_stages_of_a_run() -> None:
    assert list(STAGES) == list(range(1, 15))


@pytest.mark.parametrize("stage", STAGES.values(), ids=lambda stage: str(stage.number))
def test_every_kill_point_names_a_function_that_the_server_has(stage: Stage) -> None:
    assert all(find(point) for point in stage.points)


@pytest.mark.parametrize("after", [False, True])
def test_a_process_ends_itself_at_the_point_also_for_those_who_imported_the_function(after: bool) -> None:
    program = f"""
        from macropod_server.domain.naming import sha256_hex as imported_before
        from chaos.kill_points import Point, Stage, arm
        arm(Stage(1, "any", (Point("domain.naming", "sha256_hex", after={after}),)), passes=2)
        assert imported_before("x") == "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
        print("first call answered", flush=True)
        imported_before("x")
        print("never", flush=True)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == -9, done.stderr
    assert done.stdout == "first call answered\n"
