"""Connections are reached where they were made or linked and by their owner, told to runs, and hidden in their logs."""

import pytest
from macropod_server.db import connections, given
from macropod_server.db.connections import Reach
from macropod_server.db.tables import Connection, Run, Workspace
from macropod_server.domain.errors import Conflict, Forbidden, Invalid, NotFound
from macropod_server.flows.create_connection import (
    ConnectionWish,
    create_connection,
    delete_connection,
    link_connection,
    unlink_connection,
)
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.set_secret import delete_secret, set_secret
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.tell_details import give_details, tell_details

from tests.builders import NOON, WORKSPACE, all_rows, make_task, reread, runs_of, upload_with_requirements

HERE = Reach(WORKSPACE)
OWNER = Reach(99, "u" * 36)


@pytest.fixture
def elsewhere(deps):
    with deps.database.write() as session:
        workspace = Workspace(name="elsewhere", created_at=NOON)
        session.add(workspace)
        session.flush()
        return Reach(workspace.id)


@pytest.fixture
def run(deps):
    task = make_task(deps)
    start_runs(deps)
    run = runs_of(deps, task)[0]
    hand_spec(deps, run.id, now=deps.clock())
    return run


def make(deps, details=None, *, name="warehouse", workspace_id=WORKSPACE, owner_id=None, secret_fields=None):
    wish = ConnectionWish(name, "postgresql", details or {"host": "db", "password": "hunter22"}, secret_fields)
    how = {"workspace_id": workspace_id, "owner_id": owner_id, "requested_by": "ada", "now": deps.clock()}
    return create_connection(deps, wish, **how)


def linked_names(deps, connection):
    with deps.database.read() as session:
        return connections.workspace_names(session, connection.id, among=[WORKSPACE])[connection.id]


def found(deps, reach):
    with deps.database.read() as session:
        return [each.name for each in connections.find(session, reach)]


def test_it_is_linked_where_it_is_made_and_nothing_of_its_details_is_stored_in_clear(deps):
    made = make(deps)
    assert linked_names(deps, made) == ["default"]
    (row,) = all_rows(deps, Connection)
    assert b"hunter22" not in row.ciphertext
    assert tell_details(deps, "warehouse", reach=HERE) == {"host": "db", "password": "hunter22"}


def test_a_name_is_taken_in_the_whole_installation(deps, elsewhere):
    make(deps)
    with pytest.raises(Conflict, match="'warehouse' already"):
        make(deps, workspace_id=elsewhere.workspace_id)


def test_one_made_in_no_workspace_is_its_owners_until_it_is_linked(deps, run):
    made = make(deps, workspace_id=None, owner_id=OWNER.user_id)
    assert linked_names(deps, made) == []
    assert (found(deps, OWNER), found(deps, HERE)) == (["warehouse"], [])
    with pytest.raises(NotFound):
        give_details(deps, "warehouse", run_id=run.id, now=deps.clock())
    reach = Reach(WORKSPACE, OWNER.user_id)
    for _ in range(2):
        link_connection(deps, "warehouse", reach=reach, workspace_id=WORKSPACE, requested_by=None, now=deps.clock())
    assert linked_names(deps, made) == ["default"]
    assert give_details(deps, "warehouse", run_id=run.id, now=deps.clock())["host"] == "db"
    assert found(deps, OWNER) == []  # Whose owner does not belong to the workspace.
    for _ in range(2):
        unlink_connection(deps, "warehouse", reach=reach, workspace_id=WORKSPACE, requested_by=None)
    assert linked_names(deps, made) == []
    assert found(deps, OWNER) == ["warehouse"]


def test_who_it_was_only_linked_to_cannot_delete_it(deps, elsewhere):
    made = make(deps, workspace_id=elsewhere.workspace_id)
    with deps.database.write() as session:
        connections.link(session, made, WORKSPACE, now=NOON)
    with pytest.raises(Forbidden, match="made in another workspace"):
        delete_connection(deps, "warehouse", reach=HERE, requested_by=None)
    delete_connection(deps, "warehouse", reach=elsewhere, requested_by=None)
    assert (found(deps, HERE), found(deps, elsewhere)) == ([], [])


def test_out_of_reach_it_is_not_there(deps, elsewhere):
    make(deps)
    for act in (tell_details, delete_connection):
        with pytest.raises(NotFound):
            act(deps, "warehouse", reach=elsewhere, **({"requested_by": None} if act is delete_connection else {}))


@pytest.mark.parametrize("name", ["", "a/b", "..", "x" * 201])
def test_a_name_that_cannot_be_part_of_an_address_is_refused(deps, name):
    with pytest.raises(Invalid):
        make(deps, name=name)


def test_a_run_gets_the_values_of_secrets_and_people_their_names(deps, run):
    details = {"host": "db", "password": {"secret": "password"}}
    with pytest.raises(Invalid, match="no secret 'password'"):
        make(deps, details)
    set_secret(deps, "password", "hunter22", workspace_id=WORKSPACE, requested_by=None, now=deps.clock())
    make(deps, details)
    assert tell_details(deps, "warehouse", reach=HERE) == details
    told = give_details(deps, "warehouse", run_id=run.id, now=deps.clock())
    assert told == {"host": "db", "password": "hunter22"}
    delete_secret(deps, "password", workspace_id=WORKSPACE, requested_by=None)
    with pytest.raises(Conflict, match="names the secret 'password'"):
        give_details(deps, "warehouse", run_id=run.id, now=deps.clock())


def test_what_a_run_was_told_is_hidden_in_its_log_at_every_server_and_noted_with_it(deps, run, restarted):
    make(deps, {"host": "db", "password": "hunter22", "pin": "0815-4711"}, secret_fields=["password", "pin"])
    assert restarted.secrets_of(reread(deps, run)) == ()
    give_details(deps, "warehouse", run_id=run.id, now=deps.clock())
    assert sorted(restarted.secrets_of(reread(deps, run))) == ["0815-4711", "hunter22"]
    counted = reread(deps, run).secrets_given
    give_details(deps, "warehouse", run_id=run.id, now=deps.clock())
    assert reread(deps, run).secrets_given == counted
    with deps.database.read() as session:
        assert [(each.kind, each.name) for each in given.of_run(session, run.id)] == [("connection", "warehouse")]


def test_packaging_is_told_of_no_connection(deps):
    make(deps)
    upload_with_requirements(deps)
    start_runs(deps)
    (packaging,) = all_rows(deps, Run)
    with pytest.raises(Forbidden, match="installs requirements"):
        give_details(deps, "warehouse", run_id=packaging.id, now=deps.clock())


def test_what_a_run_was_told_before_stays_hidden_when_a_secret_gets_a_new_version(deps, run):
    for value in ("hunter22", "hunter33"):
        set_secret(deps, "password", value, workspace_id=WORKSPACE, requested_by=None, now=deps.clock())
        if value == "hunter22":
            make(deps, {"password": {"secret": "password"}})
        give_details(deps, "warehouse", run_id=run.id, now=deps.clock())
    assert sorted(deps.secrets_of(reread(deps, run))) == ["hunter22", "hunter33"]
