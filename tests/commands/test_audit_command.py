"""`macropod-server audit` as people and scripts meet it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from macropod_server.app import close_deps
from macropod_server.cli import app
from macropod_server.db.tables import Tick
from macropod_server.flows.enqueue_due import enqueue_due
from sqlmodel import delete
from typer.testing import CliRunner

from tests.builders import NOON, make_deps, make_task

SPAN = ("--from", "2026-03-02T12:00Z", "--to", "2026-03-02 12:05")


@pytest.fixture
def ledger(tmp_path, database_url):
    """The ticks of five minutes, in a database that its server still has open."""
    deps = make_deps(tmp_path, database_url=database_url)
    task = make_task(deps, schedule="* * * * *")
    for minute in range(1, 6):
        deps.clock.now = NOON + timedelta(minutes=minute)
        enqueue_due(deps)
    yield deps, task
    close_deps(deps)


def audit(deps, *words):
    return CliRunner().invoke(app, ["audit", "--database-url", deps.settings.database_url, *words])


def test_a_sound_ledger_is_told_in_one_line_with_exit_code_0(ledger):
    deps, _ = ledger
    done = audit(deps, *SPAN)
    assert (done.exit_code, done.stdout) == (
        0,
        "5 ticks of 1 tasks from 2026-03-02T12:00:00Z to 2026-03-02T12:05:00Z: 0 unexplained ticks\n",
    )


def test_what_is_unexplained_is_listed_by_task_moment_and_fault_with_exit_code_1(ledger):
    deps, task = ledger
    with deps.database.write() as session:
        session.execute(delete(Tick).where(Tick.due_at == NOON + timedelta(minutes=3)))
    done = audit(deps, *SPAN)
    first, *others = done.stdout.splitlines()
    assert (done.exit_code, first[-20:], len(others)) == (1, " 2 unexplained ticks"[-20:], 2)
    assert f"{task.id}  2026-03-02T12:03:00Z  was due and has no tick" in others


def test_moments_that_wait_for_the_engine_are_told_of(ledger):
    deps, _ = ledger
    done = audit(deps, "--from", "2026-03-02T14:00:00+02:00", "--to", "2026-03-02T12:09")
    assert (done.exit_code, done.stdout.splitlines()[1:]) == (
        0,
        ["4 more are due and wait for the engine to decide them."],
    )


def test_without_a_span_it_is_the_last_day_until_a_minute_ago(ledger):
    deps, _ = ledger
    first, waiting = audit(deps).stdout.splitlines()
    moment = r"(20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ)"
    told = re.fullmatch(f"0 ticks of 1 tasks from {moment} to {moment}: 0 unexplained ticks", first)
    assert told, first
    start, end = (datetime.fromisoformat(text) for text in told.groups())
    assert end - start == timedelta(days=1)
    assert timedelta(minutes=1) <= datetime.now(UTC) - end < timedelta(minutes=3)
    assert waiting == "1440 more are due and wait for the engine to decide them."


def test_a_moment_that_cannot_be_read_is_a_wrong_option(ledger):
    deps, _ = ledger
    done = audit(deps, "--from", "yesterday")
    assert done.exit_code == 2
    assert "is no moment" in done.stderr


def test_no_database_is_made_where_there_is_none(tmp_path):
    done = CliRunner().invoke(app, ["audit", "--data-dir", str(tmp_path / "none")])
    assert done.exit_code == 1
    assert "There is no database" in str(done.exception)
    assert not (tmp_path / "none").exists()
