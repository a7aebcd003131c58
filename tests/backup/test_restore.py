"""What was backed up is there after a restore, on either database, and says the truth about what was under way."""

import hashlib
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from macropod_server.db import access, runs, slots
from macropod_server.db.dump import filling
from macropod_server.db.engine import Database
from macropod_server.db.migrate import HEAD, migrate, revision
from macropod_server.db.tables import (
    Environment,
    Event,
    Installation,
    Orchestration,
    Run,
    Slot,
    SQLModel,
    Task,
    Tick,
    Workspace,
)
from macropod_server.domain.run import Reason
from macropod_server.domain.task import TickOutcome
from macropod_server.flows.delete_orchestration import delete_orchestration
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.issue_token import issue_token
from macropod_server.flows.start_run import start_runs
from macropod_server.storage.local_staging import place_of
from sqlmodel import delete

from tests.batches import batch
from tests.builders import WORKSPACE, a_zip, all_rows, make_task, reread, runs_of, upload
from tests.flows.test_package_orchestration import LOCK, agree, begin_packaging, end
from tests.flows.test_travelling_environments import built

INTO_EITHER = pytest.mark.parametrize("restored", ["sqlite", "postgresql"], indirect=True)


def a_finished_run(deps, task):
    start_runs(deps)
    (run,) = runs_of(deps, task)
    hand_spec(deps, run.id, now=deps.clock())
    deps.logs.append(run.id, first=1, batch=batch("one", "zwei ✓", "", "three"))
    finish_run(deps, run.id, Ending(Reason.EXIT_CODE, "main.py ended with exit code 3.", 3), now=deps.clock())
    with deps.database.write() as session:
        runs.note(session, run.id, removed_at=deps.clock())
    return reread(deps, run)


def an_installation(deps):
    """Something of everything."""
    token = issue_token(deps.database, name="notebook", now=deps.clock())
    task = make_task(deps, upload(deps, name="ünïcode"), json_args={"dogs": 3.9, "nul": "a\0b", "list": [None, True]})
    run = a_finished_run(deps, task)
    scheduled = make_task(deps, schedule="0 2 * * *", timezone="Europe/Berlin")
    with deps.database.write() as session:
        session.add(
            Tick(
                task_id=scheduled.id,
                due_at=deps.clock(),
                outcome=TickOutcome.MISSED,
                reason="late",
                created_at=deps.clock() + timedelta(microseconds=123),
            )
        )
    return token, task, run


def rows_of(deps, table):
    return sorted((row.model_dump(mode="json") for row in all_rows(deps, table)), key=str)


def tables():
    return {each.class_.__tablename__: each.class_ for each in SQLModel._sa_registry.mappers}


@INTO_EITHER
def test_every_row_line_and_blob_is_there_again(deps, backed_up, restored):
    token, task, run = an_installation(deps)
    other = restored(backed_up(deps), clock=deps.clock)
    for name, table in tables().items():
        if name != "installation":
            assert rows_of(other, table) == rows_of(deps, table), name
    assert list(other.logs.read(run.id)) == list(deps.logs.read(run.id))
    assert {blob.sha256 for blob in other.storage.list()} == {blob.sha256 for blob in deps.storage.list()}
    for blob in other.storage.list():
        with other.storage.open(blob.sha256) as file:
            assert hashlib.sha256(file.read()).hexdigest() == blob.sha256
    with other.database.read() as session:
        assert access.find_token(session, token) is not None
    assert reread(other, task).json_args == {"dogs": 3.9, "nul": "a\0b", "list": [None, True]}


def a_new_event(deps):
    with deps.database.write() as session:
        event = Event(workspace_id=1, kind="k", orchestration_id="o", run_id="r", created_at=deps.clock())
        session.add(event)
        session.flush()
        return event.id


@INTO_EITHER
def test_numbers_go_on_where_they_were_also_when_the_last_rows_are_gone(deps, backed_up, restored):
    an_installation(deps)
    last = [a_new_event(deps) for _ in range(3)][-1]
    with deps.database.write() as session:
        session.execute(delete(Event))
    other = restored(backed_up(deps), clock=deps.clock)
    assert a_new_event(other) > last
    make_task(other)


def test_a_copy_is_an_installation_of_its_own_with_a_key_of_its_own(deps, backed_up, restored):
    an_installation(deps)
    other = restored(backed_up(deps), clock=deps.clock)
    assert other.installation_id != deps.installation_id
    assert other.run_key != deps.run_key
    assert [row.installation_id for row in all_rows(other, Installation)] == [other.installation_id]


def test_what_takes_over_keeps_its_name_its_key_and_its_waiting_runs(deps, backed_up, restored):
    task = make_task(deps)
    other = restored(backed_up(deps, with_key=True), clock=deps.clock, takes_over=True)
    assert (other.installation_id, other.run_key) == (deps.installation_id, deps.run_key)
    assert [run.status for run in runs_of(other, task)] == ["queued"]


def test_what_takes_over_builds_the_environments_that_are_not_there(deps, backed_up, restored):
    orchestration, packaging = begin_packaging(deps)
    agree(deps, packaging)
    end(deps, packaging)
    other = restored(backed_up(deps), clock=deps.clock, takes_over=True)
    assert reread(other, orchestration).status == "pending_packaging"


def test_what_waited_or_ran_is_lost_in_a_copy_and_holds_nothing(deps, backed_up, restored):
    running, waiting = make_task(deps), make_task(deps)
    start_runs(deps)
    hand_spec(deps, runs_of(deps, running)[0].id, now=deps.clock())
    with deps.database.write() as session:
        run = runs_of(deps, running)[0]
        slots.take(session, WORKSPACE, "lock:warehouse", run.id, now=deps.clock())
    other = restored(backed_up(deps), clock=deps.clock)
    for task in (running, waiting):
        (run,) = runs_of(other, task)
        assert (run.status, run.reason) == ("lost", "vanished")
        assert "backup" in (run.message or "")
        assert run.removed_at is not None
    assert all_rows(other, Slot) == []
    assert reread(other, running).last_run_status == "lost"
    start_runs(other)
    assert other.spawner.orders == []


def test_a_lost_run_is_tried_again_where_its_task_asks_for_that(deps, backed_up, restored):
    task = make_task(deps, retries=1, retry_on=["lost"])
    other = restored(backed_up(deps), clock=deps.clock)
    first, second = runs_of(other, task)
    assert (first.status, second.status, second.first_run_id) == ("lost", "queued", first.id)


def test_environments_are_built_again_from_their_locks(deps, backed_up, restored):
    orchestration, packaging = begin_packaging(deps)
    agree(deps, packaging)
    end(deps, packaging)
    other = restored(backed_up(deps), clock=deps.clock)
    again = reread(other, orchestration)
    assert (again.status, again.environment) == ("pending_packaging", orchestration_digest(other))
    start_runs(other)
    (order,) = other.spawner.orders
    assert (order.run_id, order.command) == (again.packaging_run_id, "package")
    spec = hand_spec(other, order.run_id, now=deps.clock())
    assert spec.lock is not None
    assert (spec.lock.lock, spec.lock.python, spec.lock.platform) == (LOCK.text, LOCK.python, LOCK.platform)
    with other.database.read() as session:
        run = runs.get(session, order.run_id)
    assert agree(other, run) == "build"
    end(other, run)
    assert reread(other, orchestration).status == "ready"
    task = make_task(other, orchestration)
    start_runs(other)
    assert other.spawner.orders[-1].environment == run.id
    assert runs_of(other, task)[0].status == "starting"


@pytest.mark.parametrize("takes_over", [False, True])
def test_archives_of_environments_are_not_in_a_backup_and_no_row_of_a_restored_one_names_any(
    deps, backed_up, restored, takes_over
):
    deps.spawner.keeps_environments = False
    orchestration, _ = built(deps)
    other = restored(backed_up(deps), clock=deps.clock, takes_over=takes_over)
    assert {blob.sha256 for blob in other.storage.list()} == {orchestration.sha256}
    (environment,) = all_rows(other, Environment)
    assert (environment.status, environment.archive_sha256, environment.archive_bytes) == ("building", None, None)
    assert reread(other, orchestration).status == "pending_packaging"


def orchestration_digest(deps):
    (environment,) = all_rows(deps, Environment)
    assert environment.status == "building"
    return environment.digest


def test_packaging_that_was_under_way_begins_anew(deps, backed_up, restored):
    orchestration, packaging = begin_packaging(deps)
    task = make_task(deps, orchestration)
    other = restored(backed_up(deps), clock=deps.clock)
    again = reread(other, orchestration)
    assert again.status == "pending_packaging"
    assert again.packaging_run_id != packaging.id
    assert reread(other, packaging).status == "lost"
    assert reread(other, task).status != "failed"


def test_an_environment_that_cannot_be_built_again_yet_is_tried_again_later_and_keeps_its_lock(
    deps, backed_up, restored
):
    orchestration, packaging = begin_packaging(deps)
    agree(deps, packaging)
    end(deps, packaging)
    task = make_task(deps, orchestration, schedule="0 2 * * *")
    other = restored(backed_up(deps), clock=deps.clock)
    attempts = 0
    while reread(other, orchestration).status != "error":
        attempts += 1
        start_runs(other)
        run_id = other.spawner.orders[-1].run_id
        hand_spec(other, run_id, now=other.clock())
        ending = Ending(Reason.PACKAGING_FAILED, "the index does not answer")
        finish_run(other, run_id, ending, now=other.clock())
        if attempts < 10:
            assert reread(other, orchestration).environment is not None
            assert reread(other, task).status == "started"
        other.clock.advance(hours=1)
    assert attempts == 10
    assert reread(other, task).status == "failed"


def test_paused_nothing_starts_until_somebody_resumes(deps, backed_up, restored):
    make_task(deps, schedule="* * * * *")
    other = restored(backed_up(deps), clock=deps.clock, is_paused=True)
    (workspace,) = all_rows(other, Workspace)
    assert workspace.paused_at is not None
    assert "backup" in (workspace.pause_reason or "")


def test_an_orchestration_whose_bytes_are_not_in_the_backup_says_so(deps, backed_up, restored):
    damaged, gone, whole = upload(deps), upload(deps, a_zip(b="1")), upload(deps, a_zip(c="1"))
    task = make_task(deps, damaged, schedule="0 2 * * *")
    place_of(deps.settings.resolved_storage_path, damaged.sha256).write_bytes(b"rubbish")
    deps.storage.delete(gone.sha256)
    other = restored(backed_up(deps), clock=deps.clock)
    assert [reread(other, each).status for each in (damaged, gone, whole)] == ["error", "error", "ready"]
    assert "not in the backup" in reread(other, gone).message
    assert reread(other, task).status == "failed"
    assert {blob.sha256 for blob in other.storage.list()} == {whole.sha256}


def test_deleted_orchestrations_need_no_bytes(deps, backed_up, restored):
    orchestration = upload(deps)
    delete_orchestration(deps, orchestration.id, workspace_id=WORKSPACE, now=deps.clock())
    other = restored(backed_up(deps), clock=deps.clock)
    assert list(other.storage.list()) == []
    assert reread(other, orchestration).status == "ready"


@INTO_EITHER
def test_a_backup_made_while_others_write_is_as_of_one_moment(deps, tmp_path, backed_up, restored):
    """Each writer makes an orchestration, then its task with a run: no backup may have the later without the former."""
    is_over, counts = threading.Event(), []

    def write(number):
        count = 0
        while not is_over.is_set() and count < 60:
            count += 1
            make_task(deps, upload(deps, a_zip(other=f"# {number} {count}")))
        counts.append(count)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for writer in writers:
        writer.start()
    files = [backed_up(deps, f"{number}.backup") for number in range(3)]
    is_over.set()
    for writer in writers:
        writer.join()
    for file in files:
        other = restored(file, clock=deps.clock)
        orchestrations = {each.id: each for each in all_rows(other, Orchestration)}
        found = all_rows(other, Task)
        assert {task.orchestration_id for task in found} <= orchestrations.keys()
        assert {task.id for task in found} == {run.task_id for run in all_rows(other, Run)}
        assert {each.sha256 for each in orchestrations.values()} == {blob.sha256 for blob in other.storage.list()}
    assert sum(counts) > 3


NOON = "2026-03-02T12:00:00+00:00"
OLD_ROWS = {
    "installation": {"id": 1, "installation_id": "i" * 36, "created_at": NOON},
    "workspaces": {"id": 1, "name": "default", "created_at": NOON},
    "orchestrations": {
        "id": "o",
        "workspace_id": 1,
        "name": None,
        "file_name": None,
        "sha256": "",
        "size_bytes": 1,
        "entry_point": "main.py",
        "requirements": None,
        "warnings": [],
        "status": "ready",
        "created_at": NOON,
        "updated_at": NOON,
    },
    "tasks": {
        "id": "t",
        "workspace_id": 1,
        "orchestration_id": "o",
        "name": "old",
        "kind": "run_scheduled",
        "status": "started",
        "active": True,
        "json_args": {"a": 1},
        "schedule": "0 2 * * *",
        "last_run_status": "unknown",
        "created_at": NOON,
        "updated_at": NOON,
    },
    "runs": {
        "id": "r",
        "workspace_id": 1,
        "orchestration_id": "o",
        "task_id": "t",
        "kind": "task",
        "status": "success",
        "attempt": 1,
        "due_at": NOON,
        "created_at": NOON,
        "ended_at": NOON,
        "removed_at": NOON,
    },
}


def test_a_backup_of_an_earlier_version_is_brought_up_to_this_one(deps, tmp_path, backed_up, restored):
    old = Database(f"sqlite:///{tmp_path / 'old.db'}")
    migrate(old, to="0001")
    with filling(old) as tables:
        for name, row in OLD_ROWS.items():
            tables.fill(name, [row | ({"sha256": upload(deps).sha256} if "sha256" in row else {})])
    other = restored(backed_up(replace(deps, database=old)), clock=deps.clock)
    old.close()
    assert revision(other.database) == HEAD
    (task,), (run,) = all_rows(other, Task), all_rows(other, Run)
    assert (task.json_args, task.overlap, run.cause, run.status) == ({"a": 1}, "allow", "schedule", "success")
    make_task(other, all_rows(other, Orchestration)[0])
