"""A database that is full or busy: what is new is refused and may be sent again, what is stored is still told."""

import asyncio
import sqlite3

import pytest
from macropod_server.api.events import _told
from macropod_server.api.log_events import Wanted
from macropod_server.api.log_follow import Following, broadcasts
from macropod_server.domain.lines import Stream, encode_segment
from sqlalchemy import event

from tests.builders import NOON, WORKSPACE, a_zip, make_task, runs_of, upload


@pytest.fixture
def fill_up(deps):
    """Whatever connection is made from now on may take no more pages; answers how to end that."""

    def limit(connection, _record):
        connection.execute(f"PRAGMA max_page_count = {connection.execute('PRAGMA page_count').fetchone()[0]}")

    def fill():
        deps.database.engine.dispose()
        event.listen(deps.database.engine, "connect", limit)
        return free

    def free():
        event.remove(deps.database.engine, "connect", limit)
        deps.database.engine.dispose()

    return fill


def order(client, orchestration, **more):
    wish = {"orchestration_id": orchestration.id, "kind": "run_once", "name": "a task", **more}
    return client.post("/v1/tasks", json=wish)


def send(client, content):
    return client.post("/v1/orchestrations", files={"file": ("a.zip", content)}, data={"name": "n" * 200})


def is_refused(answer):
    return (answer.status_code, answer.json()["code"], "Retry-After" in answer.headers) == (507, "out_of_space", True)


def test_a_full_database_refuses_runs_and_uploads_tells_what_it_has_and_is_well_with_space(client, deps, fill_up):
    orchestration = upload(deps)
    task = make_task(deps, orchestration)
    free = fill_up()
    assert is_refused(order(client, orchestration, json_args={"much": "x" * 500_000}))
    refusals = [send(client, a_zip({"main.py": f"print({number})"})) for number in range(30)]
    assert is_refused(refusals[-1])
    assert {each.status_code for each in refusals} <= {201, 507}
    accepted = [each.json()["id"] for each in refusals if each.status_code == 201]
    listed = [each["id"] for each in client.get("/v1/orchestrations").json()["items"]]
    assert sorted(listed) == sorted([orchestration.id, *accepted])
    assert client.get(f"/v1/tasks/{task.id}").status_code == 200
    free()
    assert order(client, orchestration, json_args={"much": "x" * 500_000}).status_code == 201
    assert send(client, a_zip({"main.py": "print(100)"})).status_code == 201


def test_a_database_that_another_process_locks_is_told_with_when_to_come_again(client, deps):
    orchestration = upload(deps)
    other = sqlite3.connect(deps.settings.data_dir / "macropod.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    answer = order(client, orchestration)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert client.get("/v1/tasks").json()["items"] == []
    other.rollback()
    other.close()
    assert order(client, orchestration).status_code == 201


def test_streams_pause_when_the_database_goes_away_under_them(deps):
    (run,) = runs_of(deps, make_task(deps))
    deps.logs.append(run.id, first=1, batch=encode_segment(NOON, Stream.STDOUT, ["one"]))
    folder = deps.settings.data_dir

    async def second_of(stream):
        await anext(stream)
        folder.rename(folder.with_name("away"))
        deps.database.engine.dispose()
        try:
            return await anext(stream)
        finally:
            folder.with_name("away").rename(folder)

    assert asyncio.run(second_of(_told(deps, WORKSPACE, 7))) == "event: pause\nid: 7\ndata: {}\n\n"
    lines = Following(deps, broadcasts(deps), run.id, Wanted(), after=0).events()
    assert asyncio.run(second_of(lines)) == "event: pause\nid: 1\ndata: {}\n\n"
