"""`kill -9` of the server while requirements are installed: the environment is whole and what waited runs once."""

from pathlib import Path

import pytest

from tests.crash.moments import until_appears
from tests.crash.programs import MARKS, Marks, how_it_ended, upload
from tests.live_server import LiveServer
from tests.runner.wheels import make_wheel

STAGES = (
    "runs/*/pid",
    "runs/*/home/requirements.txt",
    "runs/*/spool/lock.txt",
    "environments/*/bin/python",
    "environments/*/lib/*/site-packages/tiny_greeting*",
    "environments/*/lib/*/site-packages/macropod-sdk.pth",
)


@pytest.mark.parametrize("stage", STAGES)
def test_a_server_killed_at_any_stage_of_packaging_runs_what_waited_exactly_once(
    server: LiveServer, marks: Marks, wheels: Path, stage: str
) -> None:
    """A version for each stage, so that none shares the environment of another."""
    version = str(STAGES.index(stage))
    make_wheel(wheels, "tiny_greeting", version=version)
    main = f"import tiny_greeting\n{MARKS}"
    with until_appears(stage, folder=server.data_dir):
        orchestration = upload(server.client, main, requirements=f"tiny-greeting=={version}")
        task = marks.run(orchestration)
    server.kill_and_restart()
    assert how_it_ended(task) == ("success", "completed", 0)
    assert orchestration.status() == "ready"
    assert marks.counts() == [1]
