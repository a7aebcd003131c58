"""What is asked all the time is answered by an index, on either database, however many rows there are."""

from datetime import timedelta

import pytest
from macropod_server.db import run_logs, runs, spawners, tasks
from macropod_server.db.tables import Run, RunLog, Task
from macropod_server.domain.naming import new_id
from macropod_server.domain.run import RunKind, RunStatus
from sqlalchemy import event, text
from sqlmodel import insert

from tests.builders import NOON, WORKSPACE, make_task

MANY = 3000
LATER = NOON + timedelta(days=1)


@pytest.fixture
def full(deps):
    """Many runs of many tasks, all over but a few."""
    first = make_task(deps)
    made = [first.model_dump() | {"id": new_id(), "active": False} for _ in range(MANY // 10)]
    ended = {"status": RunStatus.SUCCESS, "removed_at": NOON, "ended_at": NOON, "lease": 1, "contact_at": NOON}
    over = [
        Run.of_task(Task(**made[number % len(made)]), id=new_id(), now=NOON + timedelta(seconds=number), **ended)
        for number in range(MANY)
    ]
    with deps.database.write() as session:
        session.execute(insert(Task), made)
        session.execute(insert(Run), [run.model_dump() for run in over])
        session.execute(insert(RunLog), [_log(run) for run in over])
    if not deps.database.is_sqlite:  # It does so by itself, SQLite does not.
        with deps.database.write() as session:
            session.execute(text("ANALYZE"))
    return deps


def _log(run):
    measured = {"bytes": 100, "text_bytes": 400, "line_count": 7, "bucket_bytes": 0}
    return {"run_id": run.id, "workspace_id": WORKSPACE, "task_id": run.task_id, "ended_at": run.created_at} | measured


def plans(deps, ask):
    """How the database goes about each statement of the question."""
    asked = []

    def note(_connection, _cursor, statement, parameters, _context, _many):
        asked.append((statement, parameters))

    event.listen(deps.database.engine, "before_cursor_execute", note)
    with deps.database.read() as session:
        ask(session)
    event.remove(deps.database.engine, "before_cursor_execute", note)
    explain = "EXPLAIN QUERY PLAN" if deps.database.is_sqlite else "EXPLAIN"
    with deps.database.engine.connect() as connection:
        for statement, parameters in asked:
            if statement.startswith("SELECT"):
                rows = connection.exec_driver_sql(f"{explain} {statement}", parameters).all()
                yield "\n".join(str(row[-1]) for row in rows)


QUESTIONS = {
    "kills to settle": (lambda session: tasks.to_settle(session, limit=100), "ix_tasks_to_settle"),
    "crash loops": (lambda session: tasks.settled(session, started_before=LATER), "ix_tasks_crash_loop"),
    "the first due moment": (tasks.first_due_at, "ix_tasks_due"),
    "due tasks": (lambda session: tasks.due(session, LATER, limit=200), "ix_tasks_due"),
    "the newest runs": (lambda session: runs.find(session, WORKSPACE, limit=100), "ix_runs_listed"),
    "runs of an orchestration": (
        lambda session: runs.find(session, WORKSPACE, orchestration_id="an id", limit=100),
        "orchestration",
    ),
    "packaging runs": (
        lambda session: runs.find(session, WORKSPACE, kind=RunKind.PACKAGING, limit=9),
        "ix_runs_by_kind",
    ),
    "failed runs": (lambda session: runs.find(session, WORKSPACE, status=RunStatus.FAILURE, limit=9), "ix_runs"),
    "whether a task has runs": (lambda session: runs.has_unfinished(session, task_id="an id"), "ix_runs_present"),
    "whether an orchestration has runs": (
        lambda session: runs.has_unfinished(session, orchestration_id="an id"),
        "ix_runs_",
    ),
    "runs to clean up": (
        lambda session: runs.uncleaned(session, spawner="fake", now=LATER, limit=20),
        "ix_runs_",
    ),
    "runs to stop": (lambda session: runs.to_stop(session, spawner="fake"), "ix_runs_status"),
    "silent runs": (
        lambda session: runs.without_contact(
            session, spawner="fake", since=LATER, starting_since=LATER, now=LATER, limit=1000
        ),
        "ix_runs_status",
    ),
    "logs nobody measured": (lambda session: run_logs.unmeasured(session, limit=100), "ix_run_logs_unmeasured"),
    "logs that are being removed": (lambda session: run_logs.leaving(session, limit=100), "ix_run_logs_leaving"),
    "logs to move": (lambda session: run_logs.unmoved(session, limit=32), "ix_run_logs_unmoved"),
    "the oldest log": (lambda session: run_logs.oldest(session, WORKSPACE), "ix_run_logs_oldest"),
    "what is tied to a spawner": (spawners.tied, "ix_runs_"),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_that_is_asked_often_goes_through_all_rows(full, question):
    ask, index = QUESTIONS[question]
    found = [*plans(full, ask)]
    assert any(index in plan for plan in found), found
    for plan in found:
        for table in ("runs", "tasks", "run_logs"):
            assert f"Seq Scan on {table}" not in plan, plan
            assert f"SCAN {table}" not in plan.replace(f"SCAN {table} USING", ""), plan


def test_the_log_of_the_embedded_database_does_not_keep_the_size_it_once_had(deps):
    if deps.database.is_sqlite:
        with deps.database.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_size_limit").scalar() == 64 * 1024**2
