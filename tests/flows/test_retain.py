"""Retention: what is old or too many goes with all that belongs to it, and nothing that anybody still needs."""

from dataclasses import replace
from datetime import timedelta

import pytest
from macropod_server.db import runs, slots
from macropod_server.db.tables import (
    Environment,
    Event,
    IdempotencyKey,
    Orchestration,
    Run,
    RunEvent,
    Slot,
    Task,
    Tick,
)
from macropod_server.domain.continuity import LOOKED_BACK
from macropod_server.domain.naming import new_id
from macropod_server.domain.run import Reason, RunStatus
from macropod_server.domain.task import TaskKind, TaskStatus, TickOutcome
from macropod_server.flows.delete_orchestration import delete_orchestration
from macropod_server.flows.retain import expired, retain
from macropod_server.flows.sweep import sweep
from sqlalchemy import event
from sqlmodel import select

from tests.batches import batch
from tests.builders import WORKSPACE, all_rows, make_task, reread, runs_of, upload
from tests.clockwork import begin as begin_run
from tests.clockwork import end as end_run
from tests.clockwork import order
from tests.flows.test_package_orchestration import agree, begin_packaging, end

FOR_EVER = {
    f"keep_{what}": 0
    for what in (
        "runs_days",
        "runs_per_task",
        "logs_days",
        "logs_bytes_per_workspace",
        "tasks_days",
        "tasks",
        "ticks_days",
        "ticks_per_task",
        "events_days",
        "events",
        "environments_days",
        "environments",
        "deleted_days",
        "idempotency_days",
    )
}


def keeping(deps, **bounds):
    """The same world under these bounds and no others."""
    return replace(deps, settings=replace(deps.settings, **FOR_EVER | {f"keep_{k}": v for k, v in bounds.items()}))


def an_ended_run(deps, task, *, is_gone=True, **facts):
    """A run with a line, a move and a tick; the newest of its task."""
    now = deps.clock.advance(seconds=1)
    run = Run.of_task(task, id=new_id(), now=now, **{"status": RunStatus.SUCCESS, "ended_at": now} | facts)
    run.removed_at = now if is_gone else None
    with deps.database.write() as session:
        runs.add(session, [run])
        session.flush()
        session.add(Tick(task_id=task.id, due_at=now, outcome=TickOutcome.STARTED, run_id=run.id, created_at=now))
        session.get_one(Task, task.id).last_run_id = run.id
    deps.logs.append(run.id, first=1, batch=batch("a line"))
    return run


def some_runs(deps, task, count, **facts):
    """One a day, the last one today."""
    deps.clock.advance(days=-count)
    made = []
    for _ in range(count):
        deps.clock.advance(days=1)
        made.append(an_ended_run(deps, task, **facts))
    return made


def a_scheduled_task(deps):
    task = make_task(deps, schedule="0 2 * * *")
    with deps.database.write() as session:
        session.get_one(Task, task.id).next_due_at = None
    return task


def ids(rows):
    return sorted(row.id for row in rows)


def apply(deps):
    while retain(deps):
        pass


def test_runs_older_than_their_days_go_with_lines_moves_and_places_and_their_ticks_stay(deps):
    task = a_scheduled_task(deps)
    old, young = some_runs(deps, task, 12)[:2], runs_of(deps, task)[2:]
    with deps.database.write() as session:
        slots.take(session, WORKSPACE, "lock:a", old[0].id, now=deps.clock())
    apply(keeping(deps, runs_days=10))
    assert ids(runs_of(deps, task)) == ids(young)
    assert all_rows(deps, Slot) == []
    assert {move.run_id for move in all_rows(deps, RunEvent)} == {run.id for run in young}
    assert [list(deps.logs.read(run.id)) for run in old] == [[], []]
    assert all(list(deps.logs.read(run.id)) for run in young)
    ticks = {tick.due_at: tick for tick in all_rows(deps, Tick)}
    assert len(ticks) == 12
    assert [(ticks[run.created_at].run_id, ticks[run.created_at].reason) for run in old] == [
        (None, "Its run was removed by retention.")
    ] * 2
    assert ticks[young[0].created_at].run_id == young[0].id


def test_a_task_keeps_its_newest_runs_up_to_their_number(deps):
    task, other = a_scheduled_task(deps), a_scheduled_task(deps)
    made, few = some_runs(deps, task, 7), some_runs(deps, other, 3)
    apply(keeping(deps, runs_per_task=3))
    assert ids(runs_of(deps, task)) == ids(made[-3:])
    assert ids(runs_of(deps, other)) == ids(few)


@pytest.mark.parametrize("bounds", [{"runs_days": 1}, {"runs_per_task": 1}])
def test_the_last_run_of_a_task_unfinished_ones_and_those_not_cleaned_up_stay(deps, bounds):
    task = a_scheduled_task(deps)
    running = an_ended_run(deps, task, status=RunStatus.RUNNING, ended_at=None, is_gone=False)
    unclean = an_ended_run(deps, task, is_gone=False)
    gone, last = an_ended_run(deps, task), an_ended_run(deps, task)
    deps.clock.advance(days=500)
    apply(keeping(deps, **bounds))
    left = set(ids(runs_of(deps, task)))
    assert {running.id, unclean.id, last.id} <= left
    assert gone.id not in left


def fail_and_retain(deps, task):
    """The newest run of the task has its turn, fails at once and is cleaned up; then what is too much goes."""
    run = runs_of(deps, task)[-1]
    deps.clock.now = max(deps.clock(), run.put_off_until or deps.clock())
    begin_run(deps, run)
    deps.clock.advance(seconds=1)
    end_run(deps, run, Reason.EXIT_CODE)
    apply(keeping(deps, runs_per_task=2))


def test_retries_are_no_more_than_wished_however_few_runs_are_kept(deps):
    task = make_task(deps, schedule="0 2 * * *", retries=3, retry_delay_seconds=1)
    order(deps, task)
    for _ in range(3):
        fail_and_retain(deps, task)
    assert [run.attempt for run in runs_of(deps, task)] == [1, 2, 3, 4], "what is not over stays whole"
    fail_and_retain(deps, task)
    assert [(run.attempt, run.status) for run in runs_of(deps, task)] == [(3, "failure"), (4, "failure")]


def test_a_crash_loop_is_seen_however_few_runs_are_kept(deps):
    task = make_task(deps, kind=TaskKind.RUN_CONTINUOUSLY)
    pauses = []
    for _ in range(LOOKED_BACK + 2):
        fail_and_retain(deps, task)
        pauses.append((runs_of(deps, task)[-1].put_off_until - deps.clock()).total_seconds())
    assert pauses[:9] == [1, 2, 4, 8, 16, 32, 64, 128, 256]
    assert set(pauses[9:]) == {300}
    assert reread(deps, task).health == "crash_loop"
    assert len(runs_of(deps, task)) == LOOKED_BACK


def test_what_is_not_bounded_is_kept_for_ever(deps):
    task = a_scheduled_task(deps)
    some_runs(deps, task, 5)
    deps.clock.advance(days=100_000)
    apply(keeping(deps))
    assert (len(runs_of(deps, task)), len(all_rows(deps, Tick))) == (5, 5)


def test_a_span_longer_than_any_calendar_is_for_ever(deps):
    task = a_scheduled_task(deps)
    some_runs(deps, task, 2)
    apply(keeping(deps, runs_days=10**9))
    assert len(runs_of(deps, task)) == 2


def test_a_task_that_is_over_goes_with_all_its_runs_and_one_that_is_not_stays(deps):
    over, going = make_task(deps), a_scheduled_task(deps)
    some_runs(deps, going, 1)
    with deps.database.write() as session:
        for run in runs_of(deps, over):
            runs.note(session, run.id, removed_at=deps.clock())
            runs.advance(session, runs.get(session, run.id), RunStatus.KILLED, now=deps.clock())
        row = session.get_one(Task, over.id)
        row.active, row.status, row.updated_at = False, TaskStatus.KILLED, deps.clock()
    apply(keeping(deps, tasks_days=30))
    assert len(all_rows(deps, Task)) == 2
    deps.clock.advance(days=31)
    apply(keeping(deps, tasks_days=30))
    assert [task.id for task in all_rows(deps, Task)] == [going.id]
    assert runs_of(deps, over) == []


def test_a_task_whose_run_is_not_cleaned_up_yet_waits_for_it(deps):
    task = make_task(deps)
    with deps.database.write() as session:
        session.get_one(Task, task.id).active = False
    deps.clock.advance(days=31)
    apply(keeping(deps, tasks_days=30))
    assert [row.id for row in all_rows(deps, Task)] == [task.id]


def test_ticks_go_by_age_and_by_number(deps):
    task = a_scheduled_task(deps)
    some_runs(deps, task, 10)
    apply(keeping(deps, ticks_days=8))
    newest = sorted(tick.due_at for tick in all_rows(deps, Tick))
    assert newest[0] >= deps.clock() - timedelta(days=8)
    apply(keeping(deps, ticks_per_task=3))
    assert sorted(tick.due_at for tick in all_rows(deps, Tick)) == newest[-3:]
    assert len(runs_of(deps, task)) == 10


def an_event(deps):
    with deps.database.write() as session:
        session.add(
            Event(
                workspace_id=WORKSPACE,
                kind="run.ended",
                orchestration_id=new_id(),
                run_id=new_id(),
                created_at=deps.clock(),
            )
        )


def test_events_go_from_the_oldest_on_and_their_numbers_are_never_given_again(deps):
    for _ in range(6):
        an_event(deps)
        deps.clock.advance(days=1)
    apply(keeping(deps, events_days=4))
    assert [event.id for event in all_rows(deps, Event)] == [3, 4, 5, 6]
    apply(keeping(deps, events=2))
    assert [event.id for event in all_rows(deps, Event)] == [5, 6]
    deps.clock.advance(days=100)
    apply(keeping(deps, events_days=4))
    an_event(deps)
    assert [event.id for event in all_rows(deps, Event)] == [7]


def test_idempotency_keys_go_after_their_days(deps):
    upload(deps, idempotency_key="old")
    deps.clock.advance(days=8)
    upload(deps, idempotency_key="young")
    apply(keeping(deps, idempotency_days=7))
    assert [row.key for row in all_rows(deps, IdempotencyKey)] == ["young"]


def test_a_deleted_orchestration_goes_once_nothing_of_it_is_left(deps):
    gone, kept = upload(deps), upload(deps)
    task = make_task(deps, kept)
    with deps.database.write() as session:
        session.get_one(Task, task.id).active = False
        (run,) = runs_of(deps, task)
        runs.advance(session, run, RunStatus.KILLED, now=deps.clock())
    for each in (gone, kept):
        delete_orchestration(deps, each.id, workspace_id=WORKSPACE, now=deps.clock())
    deps.clock.advance(days=91)
    apply(keeping(deps, deleted_days=90))
    assert ids(all_rows(deps, Orchestration)) == [kept.id]


def a_packaged_orchestration(deps):
    orchestration, packaging = begin_packaging(deps)
    agree(deps, packaging)
    end(deps, packaging)
    with deps.database.write() as session:
        runs.note(session, packaging.id, removed_at=deps.clock())
    return orchestration, packaging


def test_an_environment_that_no_orchestration_has_any_more_is_discarded_after_its_days(deps):
    orchestration, packaging = a_packaged_orchestration(deps)
    deps.clock.advance(days=100)
    apply(keeping(deps, environments_days=30))
    assert deps.spawner.environments() == [packaging.id]
    delete_orchestration(deps, orchestration.id, workspace_id=WORKSPACE, now=deps.clock())
    deps.clock.advance(days=29)
    apply(keeping(deps, environments_days=30))
    assert deps.spawner.environments() == [packaging.id]
    deps.clock.advance(days=2)
    apply(keeping(deps, environments_days=30))
    assert (deps.spawner.environments(), all_rows(deps, Environment)) == ([], [])
    assert reread(deps, orchestration).environment is None


def test_of_unused_environments_the_newest_stay_up_to_their_number(deps):
    orchestration, packaging = a_packaged_orchestration(deps)
    delete_orchestration(deps, orchestration.id, workspace_id=WORKSPACE, now=deps.clock())
    apply(keeping(deps, environments=1))
    assert deps.spawner.environments() == [packaging.id]
    with deps.database.write() as session:
        (row,) = session.exec(select(Environment)).all()
        session.add(
            Environment(
                **row.model_dump(exclude={"digest", "name", "created_at"}),
                digest="d" * 64,
                name=new_id(),
                created_at=deps.clock() + timedelta(days=1),
            )
        )
    apply(keeping(deps, environments=1))
    assert deps.spawner.environments() == []


def test_an_environment_that_cannot_be_discarded_now_is_swept_away_later(deps):
    orchestration, packaging = a_packaged_orchestration(deps)
    delete_orchestration(deps, orchestration.id, workspace_id=WORKSPACE, now=deps.clock())
    deps.spawner.stuck.add(packaging.id)
    deps.clock.advance(days=31)
    apply(keeping(deps, environments_days=30))
    assert (all_rows(deps, Environment), deps.spawner.environments()) == ([], [packaging.id])
    deps.spawner.stuck.clear()
    sweep(deps)
    assert deps.spawner.environments() == []


def test_the_packaging_log_of_an_orchestration_that_is_there_stays(deps):
    orchestration, packaging = a_packaged_orchestration(deps)
    deps.clock.advance(days=100)
    apply(keeping(deps, runs_days=90))
    assert packaging.id in ids(all_rows(deps, Run))
    delete_orchestration(deps, orchestration.id, workspace_id=WORKSPACE, now=deps.clock())
    apply(keeping(deps, runs_days=90))
    assert packaging.id not in ids(all_rows(deps, Run))


def test_whose_runs_are_too_many_is_not_asked_again_for_every_hundred_that_go(deps):
    task = a_scheduled_task(deps)
    some_runs(deps, task, 231)
    statements = []
    event.listen(deps.database.engine, "before_cursor_execute", lambda _c, _cursor, text, *_: statements.append(text))
    assert not retain(keeping(deps, runs_per_task=1))
    assert len(runs_of(deps, task)) == 1
    removals = [each for each in statements if each.startswith("DELETE FROM runs")]
    questions = [each for each in statements if "HAVING" in each and "FROM runs" in each]
    assert len(removals) == 3
    assert len(questions) < len(removals)


def test_what_would_go_is_counted_and_nothing_is_touched(deps):
    task = a_scheduled_task(deps)
    some_runs(deps, task, 131)
    before = deps.logs.usage()
    told = {each.kind: each for each in expired(keeping(deps, runs_per_task=1, ticks_days=100), now=deps.clock())}
    assert (told["runs with their logs"].count, told["ticks"].count, told["tasks"].count) == (130, 31, 0)
    assert 0 < (told["runs with their logs"].bytes or 0) < before.bytes
    assert (deps.logs.usage(), len(runs_of(deps, task))) == (before, 131)
