"""Logs that are too old or too many go before their runs, and a line says so; those of pinned runs stay."""

from dataclasses import replace

import pytest
from macropod_server.db.tables import Orchestration, Run, RunLog, Task
from macropod_server.domain.lines import Stream
from macropod_server.domain.retention import LogRemoval
from macropod_server.domain.run import RunStatus
from macropod_server.flows.delete_orchestration import delete_orchestration
from macropod_server.flows.log_usage import log_usage
from macropod_server.flows.measure_logs import measure_logs
from macropod_server.flows.merge_logs import merge_logs
from macropod_server.flows.pin_run import pin_run, unpin_run
from macropod_server.flows.retain import expired, retain
from sqlalchemy import delete, text

from tests.batches import batch
from tests.builders import WORKSPACE, all_rows, make_task, reread, runs_of
from tests.flows.test_retain import FOR_EVER, a_packaged_orchestration


def keeping(deps, **bounds):
    return replace(deps, settings=replace(deps.settings, **FOR_EVER | {f"keep_{k}": v for k, v in bounds.items()}))


@pytest.fixture
def logged(deps, ended_runs):
    """Ended runs with ten lines each, the first ended first, measured."""

    def make(count, *, lines=10):
        made = []
        for _ in range(count):
            deps.clock.advance(days=1)
            [run] = ended_runs(deps, 1)
            deps.logs.append(run.id, first=1, batch=batch(*(f"line {number} {run.id}" for number in range(lines))))
            made.append(run)
        mark_gone(deps)
        deps.clock.advance(minutes=5)
        while merge_logs(deps):
            pass
        return made

    return make


def mark_gone(deps):
    with deps.database.write() as session:
        session.execute(text("UPDATE runs SET removed_at = ended_at"))


def pin(deps, run):
    return pin_run(deps, run.id, workspace_id=WORKSPACE, requested_by="me", now=deps.clock())


def apply(deps):
    while retain(deps):
        pass


def texts(deps, run):
    return [line.text for line in deps.logs.read(run.id)]


def is_kept(deps, run):
    return len(texts(deps, run)) == 10 and reread(deps, run).log_removed_at is None


def usage(deps):
    return log_usage(deps, workspace_id=WORKSPACE, tasks_limit=3)


def stored(deps):
    return usage(deps).total.bytes


def test_a_log_goes_by_age_before_its_run_and_a_line_says_so(deps, logged):
    old, new = logged(2)
    deps.clock.advance(days=29)
    apply(keeping(deps, logs_days=30))
    run = reread(deps, old)
    assert (run.log_removed_for, run.log_removed_at) == (LogRemoval.AGE, deps.clock())
    (said,) = deps.logs.read(old.id)
    assert (said.number, said.stream) == (10, Stream.SYSTEM)
    assert said.text == "10 lines (430 bytes) were removed, because of their age (MACROPOD_KEEP_LOGS_DAYS)."
    assert is_kept(deps, new)
    assert [row.run_id for row in all_rows(deps, RunLog)] == [new.id]


def test_for_ever_nothing_goes(deps, logged):
    runs = logged(2)
    deps.clock.advance(days=5000)
    apply(keeping(deps))
    assert all(is_kept(deps, run) for run in runs)


def test_of_a_workspace_that_stores_too_much_the_oldest_logs_go_until_it_does_not(deps, logged):
    runs = logged(5)
    each = stored(deps) // 5
    apply(keeping(deps, logs_bytes_per_workspace=3 * each + each // 2))
    assert [is_kept(deps, run) for run in runs] == [False, False, True, True, True]
    assert reread(deps, runs[0]).log_removed_for is LogRemoval.SIZE
    assert "MACROPOD_KEEP_LOGS_BYTES_PER_WORKSPACE" in texts(deps, runs[0])[0]
    assert stored(deps) <= 3 * each + each // 2


def test_as_much_as_is_kept_stays(deps, logged):
    runs = logged(3)
    apply(keeping(deps, logs_bytes_per_workspace=stored(deps)))
    assert all(is_kept(deps, run) for run in runs)


def test_a_run_that_goes_on_is_never_touched(deps, logged):
    logged(1)
    task = make_task(deps)
    (run,) = runs_of(deps, task)
    deps.logs.append(run.id, first=1, batch=batch(*["x" * 1000] * 100))
    deps.clock.advance(days=100)
    merge_logs(deps)
    apply(keeping(deps, logs_days=1, logs_bytes_per_workspace=1))
    assert len(texts(deps, run)) == 100


def test_pinned_runs_are_left_alone_by_age_and_by_size_and_go_when_they_are_unpinned(deps, logged):
    first, second, third = logged(3)
    assert (pin(deps, first).pinned_by, reread(deps, first).pinned_at) == ("me", deps.clock())
    apply(keeping(deps, logs_bytes_per_workspace=stored(deps) - 1))
    assert [is_kept(deps, run) for run in (first, second, third)] == [True, False, True]
    deps.clock.advance(days=100)
    apply(keeping(deps, logs_days=30, runs_days=30, tasks_days=30, deleted_days=30))
    assert [run.id for run in all_rows(deps, Run)] == [first.id]
    assert is_kept(deps, first)
    assert [task.id for task in all_rows(deps, Task)] == [first.task_id]
    assert first.orchestration_id in {row.id for row in all_rows(deps, Orchestration)}
    assert unpin_run(deps, first.id, workspace_id=WORKSPACE).pinned_at is None
    apply(keeping(deps, runs_days=30, tasks_days=30))
    assert (all_rows(deps, Run), all_rows(deps, Task), all_rows(deps, RunLog)) == ([], [], [])


def test_the_packaging_log_of_an_orchestration_that_is_there_stays(deps):
    orchestration, packaging = a_packaged_orchestration(deps)
    deps.logs.append(packaging.id, first=1, batch=batch("installed"))
    deps.clock.advance(minutes=5)
    merge_logs(deps)
    lines = texts(deps, packaging)
    deps.clock.advance(days=100)
    apply(keeping(deps, logs_days=30, logs_bytes_per_workspace=1))
    assert texts(deps, packaging) == lines != []
    delete_orchestration(deps, orchestration.id, workspace_id=WORKSPACE, now=deps.clock())
    apply(keeping(deps, logs_days=30))
    assert "were removed" in texts(deps, packaging)[0]


def test_pinning_twice_keeps_who_was_first(deps, logged):
    [run] = logged(1)
    pin(deps, run)
    at = deps.clock()
    deps.clock.advance(days=1)
    again = pin_run(deps, run.id, workspace_id=WORKSPACE, requested_by="other", now=deps.clock())
    assert (again.pinned_at, again.pinned_by) == (at, "me")


class Cut(Exception):
    pass


def cut(logs, method, *, done):
    """The log store of a server that ends at this call, or right after it was carried out."""

    class Cutting:
        def __getattr__(self, name):
            return getattr(logs, name)

    def ending(*arguments, **options):
        if done:
            getattr(logs, method)(*arguments, **options)
        raise Cut

    cutting = Cutting()
    setattr(cutting, method, ending)
    return cutting


@pytest.mark.parametrize("done", [False, True])
def test_a_removal_that_was_cut_short_is_taken_up_where_it_was(deps, logged, done):
    [run] = logged(1)
    deps.clock.advance(days=40)
    now = keeping(deps, logs_days=30)
    with pytest.raises(Cut):
        retain(replace(now, logs=cut(deps.logs, "replace", done=done)))
    assert len(all_rows(deps, RunLog)) == 1
    apply(keeping(deps))
    assert all_rows(deps, RunLog) == []
    (said,) = texts(deps, run)
    assert said.startswith("10 lines (430 bytes) were removed")
    assert len(deps.logs.tail(run.id, limit=9)) == 1


def test_a_run_that_is_pinned_while_it_goes_stays_and_says_that_its_log_was_removed(deps, logged):
    [run] = logged(1)
    with deps.database.write() as session:
        session.execute(text("UPDATE tasks SET active = false, status = 'killed'"))
    deps.clock.advance(days=100)

    class Pinning:
        def __getattr__(self, name):
            return getattr(deps.logs, name)

        def drop(self, *run_ids):
            pin(deps, run)
            deps.logs.drop(*run_ids)

    apply(replace(keeping(deps, runs_days=30, tasks_days=30), logs=Pinning()))
    assert reread(deps, run).log_removed_for is LogRemoval.AGE
    assert len(all_rows(deps, Task)) == 1


def test_what_would_go_is_told_and_nothing_is_touched(deps, logged):
    runs = logged(3)
    deps.clock.advance(days=29)
    told = {each.kind: each for each in expired(keeping(deps, logs_days=30), now=deps.clock())}
    assert (told["logs of runs that stay"].count, told["logs of runs that stay"].bytes > 0) == (2, True)
    assert all(is_kept(deps, run) for run in runs)


def test_what_is_stored_is_told_in_all_and_by_task(deps, logged):
    first, second, third = logged(2) + logged(1, lines=1000)
    pin(deps, second)
    found = usage(deps)
    assert (found.total.runs, found.total.lines, found.pinned.runs) == (3, 1020, 1)
    assert found.total.bytes == deps.logs.usage().bytes == sum(each.bytes for each in found.largest)
    assert found.total.text_bytes > found.total.bytes > found.pinned.bytes > 0
    assert found.largest[0].task_id == third.task_id
    assert set(found.names) == {first.task_id, second.task_id, third.task_id}
    assert found.oldest_line_at == next(deps.logs.read(first.id)).printed_at


def test_nothing_is_told_of_a_workspace_without_logs(deps):
    found = usage(deps)
    assert (found.total.runs, found.total.bytes, found.oldest_line_at, list(found.largest)) == (0, 0, None, [])


def test_logs_of_before_are_measured_little_by_little(deps, logged):
    runs = logged(3)
    before = usage(deps)
    with deps.database.write() as session:
        session.execute(text("UPDATE run_logs SET bytes = NULL, text_bytes = NULL, line_count = NULL"))
    assert stored(deps) == 0
    deps.logs.drop(runs[0].id)
    assert measure_logs(deps) is False
    assert (usage(deps).total.runs, stored(deps)) == (2, deps.logs.usage().bytes)
    assert 0 < stored(deps) < before.total.bytes


def test_a_run_that_printed_nothing_takes_nothing(deps, ended_runs):
    [run] = ended_runs(deps, 1)
    deps.clock.advance(minutes=5)
    merge_logs(deps)
    assert all_rows(deps, RunLog) == []
    assert reread(deps, run).status is RunStatus.SUCCESS


def test_a_removed_log_is_not_noted_again(deps, logged):
    [run] = logged(1)
    deps.clock.advance(days=40)
    apply(keeping(deps, logs_days=30))
    deps.logs.note_merged(0)
    merge_logs(deps)
    assert all_rows(deps, RunLog) == []
    assert texts(deps, run)[0].startswith("10 lines")


def test_a_server_of_before_may_remove_runs(deps, logged):
    logged(1)
    with deps.database.write() as session:
        session.execute(text("UPDATE ticks SET run_id = NULL"))
        for table in ("run_events", "slots"):
            session.execute(text(f"DELETE FROM {table}"))
        session.execute(delete(Run))
    assert all_rows(deps, RunLog) == []
