"""The last traceback of a failed run: sent with its end, kept, and shown with the run."""

import pytest
from macropod_server.db.tables import Run
from macropod_server.domain.naming import run_token
from macropod_server.domain.run_error import RunError, read_error
from sqlalchemy import text

from tests.builders import reread

ERROR = {"exception": "ValueError", "message": "no rows", "file": "main.py", "line": 12}


@pytest.fixture
def end(client, deps, run):
    def ended(**told):
        headers = {"Authorization": f"Bearer {run_token(run.id, key=deps.run_key)}"}
        answer = client.post("/v1/runner/end", json={"reason": "exit_code", "exit_code": 1} | told, headers=headers)
        assert answer.status_code == 204
        return client.get(f"/v1/runs/{run.id}").json()

    return ended


def test_the_error_is_shown_with_the_run_alone_and_in_lists(client, deps, run, end):
    assert client.get(f"/v1/runs/{run.id}").json()["error"] is None
    assert end(error=ERROR)["error"] == ERROR
    assert client.get("/v1/runs").json()["items"][0]["error"] == ERROR
    assert reread(deps, run).error == RunError("ValueError", "no rows", "main.py", 12)


@pytest.mark.parametrize("told", [{}, {"error": None}, {"error": "ValueError"}, {"error": {"line": 3}}, {"error": []}])
def test_a_run_without_one_or_with_one_that_makes_no_sense_ends_all_the_same(deps, run, end, told):
    shown = end(**told)
    assert (shown["status"], shown["error"]) == ("failure", None)
    with deps.database.engine.connect() as connection:
        (stored,) = connection.execute(text("SELECT error FROM runs")).scalars()
    assert stored is None


@pytest.mark.parametrize(
    ("told", "error"),
    [
        (ERROR | {"later": 1}, RunError("ValueError", "no rows", "main.py", 12)),
        ({"exception": "E"}, RunError("E")),
        (ERROR | {"exception": ""}, None),
        (ERROR | {"exception": 3}, None),
        (ERROR | {"file": None}, RunError("ValueError", "no rows")),
        (ERROR | {"line": True}, RunError("ValueError", "no rows", "main.py")),
        (ERROR | {"line": 2**31}, RunError("ValueError", "no rows", "main.py")),
        (ERROR | {"message": "a\x00b\ud800c"}, RunError("ValueError", "a\ufffdb\ufffdc", "main.py", 12)),
        (ERROR | {"message": "x" * 2000}, RunError("ValueError", "x" * 1000, "main.py", 12)),
    ],
)
def test_of_an_error_is_kept_what_makes_sense(told, error):
    assert read_error(told) == error


def test_an_error_kept_by_a_newer_version_can_be_read(deps, run, end):
    end(error=ERROR)
    with deps.database.engine.begin() as connection:
        connection.execute(text("""UPDATE runs SET error = '{"exception": "E", "notes": ["a"]}'"""))
    assert reread(deps, Run(id=run.id)).error == RunError("E")
