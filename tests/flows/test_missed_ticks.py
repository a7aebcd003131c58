"""The server was away: each moment that passed has its row, and the policy says which still run."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from macropod_server.db.tables import Task, Tick
from macropod_server.domain.run import Cause
from macropod_server.domain.task import TaskKind
from macropod_server.flows.enqueue_due import enqueue_due

from tests.builders import NOON, all_rows, make_task, reread, runs_of, upload
from tests.clockwork import away, begin, end, enqueue_all, minutes_pass, outcomes, ticks_of

MINUTE = timedelta(minutes=1)


def scheduled(deps, **wish):
    return make_task(deps, **{"schedule": "*/10 * * * *"} | wish)


def due_minutes(deps, task):
    return [int((run.due_at - NOON) / MINUTE) for run in runs_of(deps, task)]


def test_by_default_only_the_latest_runs(deps):
    task = scheduled(deps)
    away(deps, minutes=45)
    assert due_minutes(deps, task) == [40]
    assert outcomes(deps, task) == ["missed", "missed", "missed", "started"]
    assert ticks_of(deps, task)[0].reason == "The server was away; only the latest missed tick runs."
    assert [run.cause for run in runs_of(deps, task)] == [Cause.SCHEDULE]


def test_the_latest_does_not_run_when_it_is_older_than_the_window(deps):
    task = scheduled(deps, schedule="0 * * * *", missed_window_seconds=600)
    away(deps, minutes=69)
    later = scheduled(deps, schedule="0 * * * *", missed_window_seconds=600)
    away(deps, minutes=62)
    assert (outcomes(deps, task), outcomes(deps, later)) == (["started", "missed"], ["missed"])
    assert "11 min late" in ticks_of(deps, later)[0].reason


def test_all_run_up_to_the_cap_and_the_newest_of_them(deps):
    task = scheduled(deps, missed="all", missed_cap=3)
    away(deps, hours=1)
    assert due_minutes(deps, task) == [40, 50, 60]
    assert outcomes(deps, task) == ["missed"] * 3 + ["started"] * 3
    assert "only the latest 3 run" in ticks_of(deps, task)[0].reason


def test_the_cap_holds_for_an_outage_that_is_settled_in_many_steps(deps):
    task = scheduled(deps, schedule="* * * * *", missed="all", missed_cap=700)
    away(deps, minutes=1500)
    assert Counter(outcomes(deps, task)) == {"missed": 800, "started": 700}
    assert sorted(due_minutes(deps, task)) == [*range(801, 1501)]


def test_none_run_but_those_on_time(deps):
    task = scheduled(deps, schedule="* * * * *", missed="none")
    deps.clock.advance(seconds=30)
    away(deps, minutes=5)
    assert due_minutes(deps, task) == [5]
    assert outcomes(deps, task) == ["missed"] * 4 + ["started"]


def test_after_three_days_every_moment_has_one_row_and_one_of_them_a_run(deps, restarted):
    task = scheduled(deps, schedule="* * * * *")
    minutes_pass(deps, 2)
    away(restarted, days=3)
    minutes_pass(deps, 2)
    moments = [tick.due_at for tick in ticks_of(deps, task)]
    assert moments == [NOON + each * MINUTE for each in range(1, 3 * 24 * 60 + 5)]
    assert Counter(outcomes(deps, task)) == {"started": 5, "missed": 3 * 24 * 60 - 1}
    assert len(runs_of(deps, task)) == 5


def test_one_step_after_a_long_outage_is_short(deps):
    orchestration = upload(deps)
    for _ in range(30):
        make_task(deps, orchestration, schedule="* * * * *")
    deps.clock.advance(days=1)
    enqueue_due(deps)
    assert 2000 <= len(all_rows(deps, Tick)) <= 2500


def test_what_is_due_now_comes_before_what_was_missed_long_ago(deps):
    orchestration = upload(deps)
    for _ in range(30):
        make_task(deps, orchestration, schedule="* * * * *")
    deps.clock.advance(days=1)
    fresh = make_task(deps, orchestration, schedule="* * * * *")
    deps.clock.advance(minutes=1)
    enqueue_due(deps)
    assert outcomes(deps, fresh) == ["started"]


def test_two_engines_that_come_back_together_settle_each_moment_once(deps, restarted):
    orchestration = upload(deps)
    tasks = [make_task(deps, orchestration, schedule="* * * * *", missed="all") for _ in range(6)]
    deps.clock.advance(minutes=700)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(enqueue_all, [deps, restarted, deps, restarted]))
    for task in tasks:
        assert Counter(outcomes(deps, task)) == {"missed": 600, "started": 100}
        assert len(runs_of(deps, task)) == 100


def test_a_row_that_is_there_already_does_not_lose_the_others(deps):
    task, other = scheduled(deps, missed="all"), scheduled(deps)
    with deps.database.write() as session:
        due_at = NOON + 20 * MINUTE
        session.add(Tick(task_id=task.id, due_at=due_at, outcome="missed", reason="by hand", created_at=NOON))
    away(deps, minutes=30)
    assert outcomes(deps, task) == ["started", "missed", "started"]
    assert due_minutes(deps, task) == [10, 30]
    assert outcomes(deps, other) == ["missed", "missed", "started"]


@pytest.mark.parametrize(("late", "outcome"), [({"minutes": 30}, "started"), ({"hours": 3}, "missed")])
def test_a_task_whose_plan_has_ended_is_active_until_its_last_run_is_over(deps, late, outcome):
    task = scheduled(deps, schedule="0 13 * * *", ends_at=datetime(2026, 3, 2, 13, 30, tzinfo=UTC))
    away(deps, **{"hours": 1} | late)
    assert (outcomes(deps, task), reread(deps, task).next_due_at) == ([outcome], None)
    assert reread(deps, task).active == (outcome == "started")
    for run in runs_of(deps, task):
        end(deps, begin(deps, run))
    assert not reread(deps, task).active
    assert not enqueue_due(deps)


def test_an_interval_keeps_its_distance_through_an_outage(deps):
    task = make_task(deps, kind=TaskKind.RUN_SCHEDULED, every_seconds=90, missed="all")
    away(deps, minutes=6)
    assert [run.due_at for run in runs_of(deps, task)] == [
        NOON + each * 90 * timedelta(seconds=1) for each in (1, 2, 3, 4)
    ]


def test_a_task_shows_its_newest_run(deps):
    task = scheduled(deps, missed="all")
    away(deps, minutes=35)
    shown = reread(deps, task)
    assert (shown.last_run_id, shown.last_run_status) == (runs_of(deps, task)[-1].id, "queued")
    with deps.database.read() as session:
        assert session.get_one(Task, task.id).next_due_at == NOON + 40 * MINUTE
