"""The audit finds every fault that was planted in the ledger, and nothing in a sound one."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from macropod_server.db.tables import Run, RunEvent, Task, Tick
from macropod_server.domain.errors import Invalid
from macropod_server.domain.naming import new_id
from macropod_server.domain.run import Cause
from macropod_server.domain.task import TaskKind, TaskStatus
from macropod_server.flows.audit import audit
from macropod_server.flows.backfill import backfill
from macropod_server.flows.enqueue_due import enqueue_due
from macropod_server.flows.pause_task import pause_task, resume_task
from macropod_server.flows.stop_run import kill_task
from sqlmodel import select

from tests.builders import NOON, WORKSPACE, all_rows, make_task, upload

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def enqueue_all(deps):
    while enqueue_due(deps):
        pass


def live(deps, span, *, step=MINUTE):
    """Time passes with the engine at work."""
    end = deps.clock() + span
    while deps.clock() < end:
        deps.clock.now += step
        enqueue_all(deps)


def found(deps, start=NOON - DAY, end=None, **settings):
    audited = replace(deps.settings, **settings)
    return audit(deps.database, audited, start=start, end=end or deps.clock(), now=deps.clock())


def told(deps, **span):
    return [(each.due_at - NOON, each.what) for each in found(deps, **span).unexplained]


def change(deps, table, moment, **facts):
    with deps.database.write() as session:
        row = session.exec(select(table).where(table.due_at == moment)).one()
        for name, value in facts.items():
            setattr(row, name, value)


def remove(deps, table, due_at):
    with deps.database.write() as session:
        session.delete(session.exec(select(table).where(table.due_at == due_at)).one())


def add_run(deps, task, due_at, **facts):
    run = Run.of_task(task, id=new_id(), now=deps.clock(), due_at=due_at, cause=Cause.SCHEDULE, **facts)
    with deps.database.write() as session:
        session.add(run)
    return run


def test_a_sound_ledger_has_nothing_unexplained(deps):
    orchestration = upload(deps)
    make_task(deps, orchestration, schedule="*/10 * * * *")
    make_task(deps, orchestration, schedule="*/7 * * * *; 0 13 * * *", jitter_seconds=90)
    make_task(deps, orchestration, kind=TaskKind.RUN_SCHEDULED, every_seconds=400, ends_at=NOON + HOUR)
    make_task(deps, orchestration, schedule="*/20 * * * *", excluded_dates=[date(2026, 3, 2)], timezone="Asia/Tokyo")
    make_task(deps, orchestration)
    live(deps, timedelta(hours=1, minutes=30))
    result = found(deps)
    assert (result.unexplained, result.undecided, result.tasks) == ([], 0, 4)
    assert result.ticks == len(all_rows(deps, Tick)) > 9 + 13 + 9


def test_every_moment_of_a_task_counts_also_those_that_were_missed_or_passed_in_a_pause(deps):
    task = make_task(deps, schedule="*/10 * * * *", missed="none")
    deps.clock.advance(minutes=35)
    enqueue_all(deps)
    pause_task(deps, task.id, workspace_id=WORKSPACE, reason=None, requested_by=None, now=deps.clock())
    live(deps, 30 * MINUTE)
    resume_task(deps, task.id, workspace_id=WORKSPACE, requested_by=None, now=deps.clock())
    live(deps, 30 * MINUTE)
    result = found(deps)
    assert (result.unexplained, result.ticks) == ([], 9)


def test_backfilled_ticks_from_before_the_task_was_made_are_due_moments_too(deps):
    task = make_task(deps, schedule="*/10 * * * *")
    span = {"from_at": NOON - HOUR, "to_at": NOON - 30 * MINUTE}
    backfill(deps, task.id, workspace_id=WORKSPACE, requested_by=None, now=deps.clock(), **span)
    result = found(deps)
    assert (result.unexplained, result.ticks) == ([], 4)


@pytest.fixture
def task(deps):
    """One with ticks at 12:10, 12:20 and 12:30."""
    made = make_task(deps, schedule="*/10 * * * *")
    live(deps, 35 * MINUTE)
    return made


def test_a_missing_tick_is_found(deps, task):
    remove(deps, Tick, NOON + 20 * MINUTE)
    run_id = next(run.id for run in all_rows(deps, Run) if run.due_at == NOON + 20 * MINUTE)
    assert told(deps) == [
        (20 * MINUTE, f"has run {run_id} and no tick"),
        (20 * MINUTE, "was due and has no tick"),
    ]
    assert [each.task_id for each in found(deps).unexplained] == [task.id] * 2


def test_a_doubled_run_is_found(deps, task):
    first = next(run for run in all_rows(deps, Run) if run.due_at == NOON + 20 * MINUTE)
    second = add_run(deps, task, NOON + 20 * MINUTE)
    ids = ", ".join(sorted([first.id, second.id]))
    assert told(deps) == [(20 * MINUTE, f"has 2 runs: {ids}")]


def test_a_run_without_a_tick_is_found(deps, task):
    run = add_run(deps, task, NOON + 25 * MINUTE)
    assert told(deps) == [(25 * MINUTE, f"has run {run.id} and no tick")]


@pytest.mark.parametrize("minute", [21, 20.5])
def test_a_tick_at_a_wrong_moment_is_found(deps, task, minute):
    moved = NOON + minute * MINUTE
    change(deps, Run, NOON + 20 * MINUTE, due_at=moved)
    change(deps, Tick, NOON + 20 * MINUTE, due_at=moved)
    assert told(deps) == [
        (20 * MINUTE, "was due and has no tick"),
        (minute * MINUTE, "has a tick (started) and was not due"),
    ]


def test_a_started_tick_whose_run_is_another_or_none_is_found(deps, task):
    ids = {run.due_at: run.id for run in all_rows(deps, Run)}
    first, second, third = NOON + 10 * MINUTE, NOON + 20 * MINUTE, NOON + 30 * MINUTE
    change(deps, Tick, first, run_id=None)
    change(deps, Tick, second, run_id=ids[third])
    change(deps, Run, third, attempt=2)
    assert told(deps) == [
        (10 * MINUTE, "was started, and its tick names no run"),
        (20 * MINUTE, f"was started as run {ids[third]}, and run {ids[second]} was made for it"),
        (30 * MINUTE, f"was started, and its run {ids[third]} was not made for it"),
    ]


def test_a_run_for_a_tick_that_was_not_started_is_found(deps, task):
    change(deps, Tick, NOON + 20 * MINUTE, outcome="missed", run_id=None, reason="The server was away.")
    ((_, what),) = told(deps)
    assert what.startswith("was missed, and run ")


def test_retries_and_reruns_are_no_runs_too_many(deps, task):
    add_run(deps, task, NOON + 20 * MINUTE, attempt=2, first_run_id="x")
    add_run(deps, task, NOON + 20 * MINUTE, rerun_of="x")
    assert told(deps) == []


def test_a_run_for_a_due_moment_of_a_task_without_a_schedule_is_found(deps):
    run = add_run(deps, make_task(deps), NOON)
    assert told(deps) == [(timedelta(0), f"has run {run.id}, and the task has no schedule")]


def test_moments_that_wait_for_the_engine_are_counted_and_not_unexplained(deps, task):
    deps.clock.advance(hours=1)
    result = found(deps)
    assert (result.unexplained, result.undecided) == ([], 6)


def test_a_tick_that_the_engine_passed_over_is_found_although_others_wait(deps, task):
    with deps.database.write() as session:
        session.get_one(Task, task.id).next_due_at = NOON + 50 * MINUTE
    deps.clock.advance(hours=1)
    assert told(deps) == [(40 * MINUTE, "was due and has no tick")]


def test_a_killed_task_owes_ticks_until_its_kill_and_none_after(deps, task):
    deps.clock.advance(minutes=10)
    kill_task(deps, task.id, workspace_id=WORKSPACE, now=deps.clock())
    deps.clock.advance(hours=1)
    assert (found(deps).unexplained, found(deps).undecided) == ([], 1)
    enqueue_all(deps)
    assert (found(deps).unexplained, found(deps).undecided) == ([], 0)
    remove(deps, Tick, NOON + 40 * MINUTE)
    assert told(deps) == [(40 * MINUTE, "was due and has no tick")]


def test_a_moment_that_fell_due_just_before_the_kill_needed_no_tick_any_more(deps, task):
    deps.clock.advance(minutes=5, seconds=30)
    kill_task(deps, task.id, workspace_id=WORKSPACE, now=deps.clock())
    deps.clock.advance(hours=1)
    assert told(deps) == []


def test_a_task_that_was_put_aside_owes_no_ticks_any_more(deps, task):
    with deps.database.write() as session:
        row = session.get_one(Task, task.id)
        row.status, row.active, row.next_due_at = TaskStatus.FAILED, False, None
    deps.clock.advance(hours=1)
    assert told(deps) == []


def test_a_schedule_that_cannot_be_read_is_told(deps, task):
    with deps.database.write() as session:
        session.get_one(Task, task.id).timezone = "Atlantis/Capital"
    ((_, what),) = told(deps)
    assert what.startswith("its schedule '*/10 * * * *' in Atlantis/Capital cannot be read")


def test_only_the_span_is_looked_at_both_ends_included(deps, task):
    result = found(deps, start=NOON + 10 * MINUTE, end=NOON + 20 * MINUTE)
    assert (result.ticks, result.unexplained) == (2, [])


def test_a_span_that_ends_before_it_starts_is_refused(deps):
    with pytest.raises(Invalid, match="is not before --to"):
        found(deps, start=NOON, end=NOON)


def test_rows_that_retention_may_have_removed_are_not_missed(deps, task):
    remove(deps, Tick, NOON + 10 * MINUTE)
    deps.clock.advance(days=3)
    enqueue_all(deps)
    assert len(found(deps).unexplained) == 2
    assert found(deps, keep_ticks_days=3).unexplained == []
    assert found(deps, keep_ticks_per_task=len(all_rows(deps, Tick))).unexplained == []
    assert len(found(deps, keep_ticks_per_task=len(all_rows(deps, Tick)) + 1).unexplained) == 2


def test_a_run_that_retention_removed_leaves_its_tick_explained(deps, task):
    due_at = NOON + 20 * MINUTE
    change(deps, Tick, due_at, run_id=None, reason="Its run was removed by retention.")
    with deps.database.write() as session:
        run = session.exec(select(Run).where(Run.due_at == due_at)).one()
        for event in session.exec(select(RunEvent).where(RunEvent.run_id == run.id)):
            session.delete(event)
        session.flush()
        session.delete(run)
    assert told(deps) == []


@pytest.mark.parametrize("start", ["2026-03-28T12:00+00:00", "2026-10-24T12:00+00:00"])
def test_nights_on_which_the_clocks_change_are_explained(deps, start):
    deps.clock.now = datetime.fromisoformat(start)
    orchestration = upload(deps)
    for text in ("30 2 * * *", "*/20 * * * *", "0 0-3 * * *; 45 1,2 * * sun"):
        make_task(deps, orchestration, schedule=text, timezone="Europe/Berlin")
    live(deps, DAY, step=5 * MINUTE)
    result = found(deps, start=deps.clock() - DAY)
    assert (result.unexplained, result.undecided) == ([], 0)
    assert result.ticks > 75
