"""The real package inside a run: log-in as the run, without anything being said."""

import os

import pytest

from tests.builders import a_zip
from tests.vendor.conftest import SCRIPTS, facts_in

MAIN = """import os, subprocess, sys
arguments = {arguments!r}
environ = {{**os.environ, "PYTHONPATH": {scripts!r}}}
sys.exit(subprocess.run([*arguments], env=environ).returncode if os.environ["WALLAROO_TASK_ID"] else 0)
"""


@pytest.fixture(scope="module")
def facts(vendor):
    """The program of the run hands over to the environment that has the package."""
    server = vendor.server
    details = {"host": "db", "password": "hush hush"}
    wish = {"name": "warehouse", "type": "postgres", "details": details}
    assert server.rest.post("/v1/connections", json=wish).is_success
    command = [str(vendor.python), "-W", "ignore", str(SCRIPTS / "inside.py")]
    main = MAIN.format(arguments=command, scripts=os.fspath(SCRIPTS))
    zipped = vendor.keep("inside.zip", a_zip({"main.py": main}))
    orchestration = server.client.upload_orchestration(zipped, name="inside")
    task = orchestration.run_once(name="asks from inside", json_args={"houses": 3})
    run = task.wait(timeout=240)
    lines = [line.text for line in run.logs()]
    assert run.status() == "success", "\n".join(lines)
    return facts_in(lines) | {"log": "\n".join(lines)}


def test_a_run_knows_that_it_is_one_and_logs_in_as_itself(facts):
    assert (facts["in_task"], facts["arguments"]) == (True, {"houses": 3})
    assert facts["me"] == "ada@example.org"


def test_it_works_within_its_workspace(facts):
    assert (facts["workspace"], facts["workspaces"]) == ("default", ["default"])
    assert facts["task"] == "asks from inside"
    assert facts["orchestrations"] == ["inside"]
    assert facts["again"] == "from inside"
    assert facts["refused"] is not None


def test_its_login_can_be_renewed_any_number_of_times(facts):
    assert facts["refreshed"] == [1, 1]
    assert facts["kept"] == 1


def test_what_a_connection_hides_does_not_show_in_its_log(facts):
    assert facts["details"]["host"] == "db"
    assert "hush hush" not in facts["log"]
