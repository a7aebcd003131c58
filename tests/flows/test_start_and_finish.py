"""From a queued run to its recorded end, and what its task tells of it."""

import pytest
from macropod_server.db.tables import RunEvent, Task
from macropod_server.domain.errors import Conflict
from macropod_server.domain.naming import run_of_token
from macropod_server.domain.run import STATUS_OF, Reason, RunStatus
from macropod_server.flows.clean_up import clean_up
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.hand_spec import Asking, hand_spec
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.stop_run import kill_run
from macropod_server.spawners.base import CouldNotStart, Gone, ImageNotFound

from tests.builders import WORKSPACE, all_rows, make_task, reread, runs_of, upload

TRIED_AGAIN = {
    Reason.COULD_NOT_START,
    Reason.START_TIMEOUT,
    Reason.SPAWNER_UNAVAILABLE,
    Reason.UNSCHEDULABLE,
    Reason.QUOTA_EXCEEDED,
}


def started(deps, task):
    start_runs(deps)
    return runs_of(deps, task)[-1]


def running(deps, task):
    run = started(deps, task)
    hand_spec(deps, run.id, now=deps.clock())
    return reread(deps, run)


def test_a_start_claims_the_run_and_orders_its_container(deps):
    task = make_task(deps)
    run = started(deps, task)
    (order,) = deps.spawner.orders
    assert (run.status, order.run_id, order.task_id, order.command) == ("starting", run.id, task.id, "run")
    assert run_of_token(order.token, key=deps.run_key) == run.id
    assert reread(deps, task).status == "started"
    assert reread(deps, task).last_run_status == "starting"


def test_a_run_is_running_when_its_runner_asks_for_the_spec(deps):
    task = make_task(deps, json_args={"a": 1}, timeout_seconds=5)
    run = started(deps, task)
    deps.clock.advance(seconds=1)
    spec = hand_spec(deps, run.id, now=deps.clock())
    assert (spec.entry_point, spec.arguments, spec.timeout_seconds, spec.next_line) == ("main.py", {"a": 1}, 5, 1)
    assert reread(deps, run).started_at == deps.clock()


def test_a_spec_may_be_asked_for_again(deps):
    run = running(deps, make_task(deps))
    assert hand_spec(deps, run.id, now=deps.clock()).run.id == run.id
    assert reread(deps, run).status == "running"


@pytest.mark.parametrize("reason", sorted(STATUS_OF))
def test_every_reason_ends_a_run_in_its_status(deps, reason):
    task = make_task(deps)
    run = running(deps, task)
    assert finish_run(deps, run.id, Ending(reason, "as told", exit_code=7), now=deps.clock())
    ended = reread(deps, run)
    assert (ended.status, ended.reason, ended.message, ended.exit_code) == (STATUS_OF[reason], reason, "as told", 7)
    told = reread(deps, task)
    shown = (True, "queued") if reason in TRIED_AGAIN else (False, STATUS_OF[reason])
    assert (told.status, told.active, told.last_run_status) == ("started", *shown)


def test_the_first_report_of_an_end_counts(deps):
    run = running(deps, make_task(deps))
    assert finish_run(deps, run.id, Ending(Reason.COMPLETED), now=deps.clock())
    assert not finish_run(deps, run.id, Ending(Reason.KILL_REQUESTED), now=deps.clock())
    assert reread(deps, run).status is RunStatus.SUCCESS
    assert [event.to_status for event in all_rows(deps, RunEvent)] == ["queued", "starting", "running", "success"]


def test_an_ended_run_gets_no_spec(deps):
    run = running(deps, make_task(deps))
    finish_run(deps, run.id, Ending(Reason.COMPLETED), now=deps.clock())
    with pytest.raises(Conflict, match="is success; it is not to be started"):
        hand_spec(deps, run.id, now=deps.clock())


def test_the_container_is_removed_after_the_end_is_stored(deps):
    run = running(deps, make_task(deps))
    clean_up(deps)
    assert deps.spawner.inspect(run.id) != Gone()
    finish_run(deps, run.id, Ending(Reason.COMPLETED), now=deps.clock())
    clean_up(deps)
    assert deps.spawner.inspect(run.id) == Gone()
    assert reread(deps, run).removed_at == deps.clock()


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [(CouldNotStart("No room."), "could_not_start"), (ImageNotFound("There is no image x."), "image_not_found")],
)
def test_an_order_that_cannot_work_fails_the_run_with_its_reason(deps, refusal, reason):
    deps.spawner.refuse(refusal)
    task = make_task(deps)
    start_runs(deps)
    run = runs_of(deps, task)[0]
    assert (run.status, run.reason, run.message) == ("failure", reason, refusal.message)
    assert reread(deps, task).active == (reason in TRIED_AGAIN)


def test_a_spawner_that_is_away_delays_the_run(deps):
    deps.spawner.become_unavailable()
    task = make_task(deps)
    waiting = started(deps, task)
    assert (waiting.status, waiting.reason) == ("queued", None)
    assert waiting.message == "Waiting: The fake spawner was told to be away."
    assert reread(deps, task).last_run_status == "queued"
    deps.spawner.become_available()
    deps.clock.advance(seconds=5)
    once_more = started(deps, task)
    assert (once_more.status, once_more.message) == ("starting", None)
    assert len(deps.spawner.orders) == 1


def test_only_the_newest_run_speaks_for_its_task(deps):
    orchestration = upload(deps)
    task = make_task(deps, orchestration, schedule="* * * * *")
    from macropod_server.flows.enqueue_due import enqueue_due

    for _ in range(2):
        deps.clock.advance(minutes=1)
        enqueue_due(deps)
    first, second = runs_of(deps, task)
    for run in (first, second):
        start_runs(deps)
        hand_spec(deps, run.id, now=deps.clock())
    finish_run(deps, second.id, Ending(Reason.COMPLETED), now=deps.clock())
    finish_run(deps, first.id, Ending(Reason.EXIT_CODE), now=deps.clock())
    (task,) = all_rows(deps, Task)
    assert (task.last_run_status, task.active) == ("success", True)


def test_a_runner_that_asks_again_is_answered_and_a_second_one_is_refused(deps):
    run = started(deps, make_task(deps))
    first, second = Asking(nonce="first"), Asking(nonce="second")
    for _ in range(2):
        assert hand_spec(deps, run.id, runner=first, now=deps.clock()).run.status == "running"
    with pytest.raises(Conflict, match="begun by another runner"):
        hand_spec(deps, run.id, runner=second, now=deps.clock())
    assert reread(deps, run).status == "running"


def test_a_second_runner_does_not_end_what_the_first_is_about_to_stop(deps):
    run = started(deps, make_task(deps))
    hand_spec(deps, run.id, runner=Asking(nonce="first"), now=deps.clock())
    kill_run(deps, run.id, workspace_id=WORKSPACE, now=deps.clock())
    with pytest.raises(Conflict, match="begun by another runner"):
        hand_spec(deps, run.id, runner=Asking(nonce="second"), now=deps.clock())
    assert reread(deps, run).status == "running"


@pytest.mark.parametrize(("first", "second"), [(None, None), (None, "second"), ("first", None)])
def test_runners_that_send_no_nonce_are_answered(deps, first, second):
    run = started(deps, make_task(deps))
    for nonce in (first, second):
        assert hand_spec(deps, run.id, runner=Asking(nonce=nonce), now=deps.clock())
