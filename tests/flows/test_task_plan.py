"""Tasks are stored with all that says when they are due, and refused with a field when that cannot be."""

from datetime import date, datetime, timedelta

import pytest
from macropod_server.db.tables import Task, Tick
from macropod_server.domain.errors import Invalid
from macropod_server.domain.schedule import next_due
from macropod_server.domain.task import TaskKind
from macropod_server.flows.enqueue_due import enqueue_due
from macropod_server.flows.task_plan import plan_of

from tests.builders import NOON, all_rows, make_task, reread, upload

HOUR = timedelta(hours=1)


def scheduled(deps, **wish):
    return make_task(deps, kind=TaskKind.RUN_SCHEDULED, **wish)


def enqueue_all(deps):
    while enqueue_due(deps):
        pass


def test_several_schedules_are_stored_as_one_text_and_read_again(deps):
    task = scheduled(deps, schedule=["0 13 * * *", "@daily", "0 0 * * *"])
    assert task.schedule == "0 13 * * *; @daily"
    assert plan_of(reread(deps, task)).text == task.schedule
    assert task.next_due_at == NOON + HOUR


def test_a_plan_is_the_same_before_and_after_it_is_stored(deps):
    task = scheduled(
        deps,
        every_seconds=3600,
        starts_at=datetime.fromisoformat("2026-03-02T15:30:00+02:00"),
        ends_at=NOON + 9 * HOUR,
        excluded_dates=[date(2026, 12, 25), date(2026, 12, 24), date(2026, 12, 25)],
        timezone="Europe/Berlin",
        jitter_seconds=60,
    )
    stored = reread(deps, task)
    assert stored.excluded_dates == ["2026-12-24", "2026-12-25"]
    assert plan_of(stored) == plan_of(task)
    assert stored.next_due_at == NOON + 1.5 * HOUR + plan_of(stored).offset


def test_tasks_with_the_same_schedule_share_one_reading(deps):
    orchestration = upload(deps)
    first, second = (make_task(deps, orchestration, schedule="7 * * * *") for _ in range(2))
    assert plan_of(first) is plan_of(second)


def test_tasks_with_jitter_are_each_shifted_their_own_way(deps):
    orchestration = upload(deps)
    made = [make_task(deps, orchestration, schedule="0 13 * * *", jitter_seconds=3600) for _ in range(6)]
    assert len({task.next_due_at for task in made}) > 1
    for task in made:
        assert task.next_due_at == next_due(plan_of(task), NOON) == NOON + HOUR + plan_of(task).offset


def test_a_task_whose_plan_ends_has_its_last_tick_and_no_more(deps):
    task = scheduled(deps, every_seconds=600, ends_at=NOON + timedelta(minutes=20))
    for _ in range(5):
        deps.clock.advance(minutes=10)
        enqueue_all(deps)
    assert [tick.due_at - NOON for tick in all_rows(deps, Tick)] == [timedelta(minutes=10), timedelta(minutes=20)]
    assert reread(deps, task).next_due_at is None


@pytest.mark.parametrize(
    ("wish", "where"),
    [
        ({"schedule": "@daily", "every_seconds": 60}, "schedule"),
        ({"schedule": "@daily", "ends_at": NOON + HOUR}, "ends_at"),
        ({"schedule": "@daily", "ends_at": NOON - HOUR}, "ends_at"),
        ({"schedule": "@daily", "starts_at": datetime(2026, 3, 5)}, "starts_at"),
        ({"every_seconds": 0}, "every_seconds"),
        ({"kind": TaskKind.RUN_ONCE, "schedule": "@daily"}, "schedule"),
        ({"kind": TaskKind.RUN_ONCE, "every_seconds": 60}, "every_seconds"),
        ({"kind": TaskKind.RUN_ONCE, "starts_at": NOON + HOUR}, "starts_at"),
        ({"kind": TaskKind.RUN_ONCE, "ends_at": NOON + HOUR}, "ends_at"),
        ({"kind": TaskKind.RUN_ONCE, "excluded_dates": [date(2026, 12, 25)]}, "excluded_dates"),
        ({"kind": TaskKind.RUN_ONCE, "jitter_seconds": 5}, "jitter_seconds"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_and_leaves_nothing(deps, wish, where):
    with pytest.raises(Invalid) as refusal:
        scheduled(deps, **wish) if "kind" not in wish else make_task(deps, **wish)
    assert refusal.value.problems[0].where == where
    assert all_rows(deps, Task) == []


def test_a_wish_repeated_with_its_key_after_the_plan_has_ended_gets_its_task(deps):
    orchestration = upload(deps)
    wish = {"key": "k", "schedule": "0 13 * * *", "ends_at": NOON + 2 * HOUR}
    made = make_task(deps, orchestration, **wish)
    deps.clock.advance(hours=3)
    assert make_task(deps, orchestration, **wish).id == made.id
