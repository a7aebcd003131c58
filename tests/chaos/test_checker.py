"""The checker finds what is planted: each promise is broken once, and nothing is found where all is well."""

from dataclasses import replace

import pytest

from chaos.checker import check_all
from chaos.evidence import Blob, Evidence
from chaos.reading import EnvironmentRow, EventRow
from tests.chaos.evidence_builders import (
    OFTEN,
    ONCE,
    SECOND,
    SHA,
    START,
    a_run,
    a_task,
    a_tick,
    evidence,
    moves_of,
    with_rows,
    with_run,
)


def violated(found: Evidence) -> dict[str, list[str]]:
    return {check.name: check.violations for check in check_all(found) if check.violations}


def with_order(found: Evidence, task_id: str, **spoilt: object) -> Evidence:
    orders = [replace(each, **spoilt) if each.task_id == task_id else each for each in found.orders]
    return replace(found, orders=orders)


def test_nothing_is_found_where_all_is_well() -> None:
    assert violated(evidence()) == {}


def test_every_check_looks_at_something() -> None:
    looked_at = {check.name: check.looked_at for check in check_all(evidence())}
    assert looked_at.pop("I9") == 0, "nothing was killed there"
    assert all(looked_at.values()), looked_at


def lost_tick(found: Evidence) -> Evidence:
    ticks = [tick for tick in found.rows.ticks if tick.run_id != "run-2"]
    runs = [run for run in found.rows.runs if run.id != "run-2"]
    moves = [move for move in found.rows.moves if move.run_id != "run-2"]
    marks = [mark for mark in found.marks if mark.run_id != "run-2"]
    return replace(with_rows(found, ticks=ticks, runs=runs, moves=moves), marks=marks)


def lost_last_tick(found: Evidence) -> Evidence:
    return with_order(found, OFTEN, ends_at=START + 8 * SECOND, sure_until=START + 8 * SECOND)


def doubled_tick(found: Evidence) -> Evidence:
    return with_rows(found, ticks=[*found.rows.ticks, a_tick(2, outcome="skipped", run_id=None)])


def made_up_tick(found: Evidence) -> Evidence:
    return with_rows(found, ticks=[*found.rows.ticks, a_tick(2, due_at=START + 5 * SECOND, outcome="skipped")])


def early_tick(found: Evidence) -> Evidence:
    ticks = [replace(tick, created_at=tick.due_at - SECOND) for tick in found.rows.ticks]
    return with_rows(found, ticks=ticks)


def missed_although_all_were_wanted(found: Evidence) -> Evidence:
    lost = lost_tick(found)
    return with_rows(lost, ticks=[*lost.rows.ticks, a_tick(2, outcome="missed", run_id=None)])


def tick_without_its_run(found: Evidence) -> Evidence:
    ticks = [replace(tick, run_id="nobody") if tick.run_id == "run-2" else tick for tick in found.rows.ticks]
    return with_rows(found, ticks=ticks)


def two_runs_for_one_moment(found: Evidence) -> Evidence:
    extra = a_run("run-2b", OFTEN, due_at=a_tick(2).due_at, cause="schedule", status="killed", reason="kill_requested")
    return with_rows(found, runs=[*found.rows.runs, extra], moves=[*found.rows.moves, *moves_of(extra)])


def doubled_order(found: Evidence) -> Evidence:
    return with_rows(found, tasks=[*found.rows.tasks, a_task("task-again", name=ONCE)])


def lost_order(found: Evidence) -> Evidence:
    return with_rows(found, tasks=[task for task in found.rows.tasks if task.id != ONCE])


@pytest.mark.parametrize(
    "spoil",
    [
        lost_tick,
        lost_last_tick,
        doubled_tick,
        made_up_tick,
        early_tick,
        missed_although_all_were_wanted,
        tick_without_its_run,
        two_runs_for_one_moment,
        doubled_order,
        lost_order,
    ],
)
def test_ticks_that_are_not_one_to_one_are_found(spoil) -> None:  # type: ignore[no-untyped-def]
    assert violated(spoil(evidence()))["I1"]


def test_a_lost_tick_before_a_kill_is_found_though_those_after_it_may_be_missing() -> None:
    killed = with_order(evidence(), OFTEN, sure_until=None)
    assert violated(with_order(killed, OFTEN, ends_at=None)) == {}
    assert "Lost" in violated(lost_tick(killed))["I1"][0]


@pytest.mark.parametrize(("seconds_before_its_row", "is_well"), [(0.5, True), (-0.5, False)])
def test_a_tick_may_be_missed_for_a_kill_that_came_before_its_row_and_for_no_later_one(
    seconds_before_its_row: float, is_well: bool
) -> None:
    killed_at = a_tick(2).created_at - seconds_before_its_row * SECOND
    found = with_order(missed_although_all_were_wanted(evidence()), OFTEN, kill_sent_at=killed_at)
    assert (violated(found) == {}) is is_well


def test_a_tick_that_was_due_after_a_kill_was_acknowledged_is_none_that_may_be_missed_for_it() -> None:
    killed_at = a_tick(2).due_at - SECOND
    kill = {"kill_sent_at": killed_at, "kill_acknowledged_at": killed_at}
    assert violated(with_order(missed_although_all_were_wanted(evidence()), OFTEN, **kill))["I1"]


def test_a_doubled_mark_is_found() -> None:
    found = evidence()
    assert "2 times" in violated(replace(found, marks=[*found.marks, found.marks[0]]))["I2"][0]


def test_a_success_without_a_mark_is_found() -> None:
    found = evidence()
    marks = [mark for mark in found.marks if (mark.run_id, mark.what) != ("run-1", "start")]
    assert set(violated(replace(found, marks=marks))) == {"I2"}


def test_a_mark_of_a_run_without_a_row_is_found() -> None:
    found = evidence()
    assert set(violated(replace(found, marks=[*found.marks, replace(found.marks[0], run_id="nobody")]))) == {"I2"}


@pytest.mark.parametrize(
    "spoilt",
    [
        {"status": "success", "reason": "completed", "exit_code": 0},
        {"exit_code": 4},
        {"status": "lost", "reason": "vanished", "exit_code": None},
        {"status": "killed", "reason": "kill_requested"},
        {"reason": "runner_died", "exit_code": None},
    ],
)
def test_an_end_that_is_not_the_true_one_is_found(spoilt: dict[str, object]) -> None:
    assert violated(with_run(evidence(), "run-once", **spoilt))["I3"]


def test_an_end_told_of_a_program_that_never_came_to_its_end_is_found() -> None:
    found = evidence()
    marks = [mark for mark in found.marks if (mark.run_id, mark.what) != ("run-1", "end")]
    assert set(violated(replace(found, marks=marks))) == {"I3"}


def test_a_run_that_does_not_settle_and_a_task_that_stays_pending_kill_are_found() -> None:
    assert violated(replace(evidence(), unsettled=["Run x is still running."]))["I3"]
    killed = with_order(evidence(), ONCE, kill_sent_at=START, kill_acknowledged_at=START + 5 * SECOND)
    assert "was killed and is started" in violated(killed)["I3"][0]


@pytest.mark.parametrize(
    "lines",
    [["line 1"], ["line 2"], ["line 1", "line 1", "line 2"], ["line 2", "line 1"], ["line 1", "line 2", "line 3"], []],
)
def test_lines_lost_doubled_or_out_of_order_are_found(lines: list[str]) -> None:
    found = evidence()
    assert set(violated(replace(found, lines=found.lines | {"run-1": lines}))) == {"I4"}


def test_a_stopped_run_may_end_in_mid_line_but_not_have_a_gap() -> None:
    found = with_order(evidence(), ONCE, kill_sent_at=START)
    found = with_run(found, "run-once", status="killed", reason="kill_requested", exit_code=None)
    found = with_rows(found, moves=[move for run in found.rows.runs for move in moves_of(run)])
    assert violated(replace(found, lines=found.lines | {"run-once": ["line 1", "li"]})) == {}
    assert violated(replace(found, lines=found.lines | {"run-once": ["line 2", "line 3"]}))["I4"]


def test_what_is_left_over_is_found() -> None:
    assert violated(replace(evidence(), leftovers=["The folder of run x is left over."]))["I5"]


@pytest.mark.parametrize("kept", [slice(0, -1), slice(1, None)])
def test_an_end_that_no_row_or_a_torn_chain_of_rows_tells_of_is_found(kept: slice) -> None:
    found = evidence()
    moves = [move for move in found.rows.moves if move.run_id == "run-1"][kept]
    others = [move for move in found.rows.moves if move.run_id != "run-1"]
    assert set(violated(with_rows(found, moves=[*moves, *others]))) == {"I6"}


def test_an_event_told_twice_or_not_at_all_is_found() -> None:
    found = evidence()
    events = found.rows.events
    assert violated(with_rows(found, events=[*events, EventRow(9, "run_ended", "run-1")]))["I6"]
    assert violated(with_rows(found, events=events[1:]))["I6"]
    assert violated(with_rows(found, events=[]))["I6"]


def test_a_blob_with_a_wrong_name_and_one_that_is_missing_are_found() -> None:
    assert violated(replace(evidence(), blobs=[Blob(SHA, "b" * 64)]))["I7"]
    assert violated(replace(evidence(), blobs=[]))["I7"]
    assert violated(replace(evidence(), uploads=["orchestration", "acknowledged and lost"]))["I7"]


def test_an_environment_whose_archive_is_missing_is_found() -> None:
    kept_elsewhere = EnvironmentRow("digest", "run-1", "ready", archive_sha256=None)
    assert not violated(with_rows(evidence(), environments=[kept_elsewhere]))
    for status, is_found in (("ready", True), ("building", False)):
        lost = EnvironmentRow("digest", "run-1", status, archive_sha256="c" * 64)
        assert bool(violated(with_rows(evidence(), environments=[lost])).get("I7")) is is_found


def test_an_answer_of_500_is_found() -> None:
    assert violated(replace(evidence(), faulty_answers=["GET / was answered 500"]))["I8"]


def test_a_run_that_starts_after_its_task_was_killed_is_found() -> None:
    found = with_order(evidence(), OFTEN, kill_sent_at=START + 3 * SECOND, kill_acknowledged_at=START + 4 * SECOND)
    late = with_run(found, "run-3", created_at=START + 7 * SECOND)
    assert "after the kill" in violated(late)["I9"][0]


def test_a_program_that_begins_after_its_task_was_killed_is_found() -> None:
    found = with_order(evidence(), ONCE, kill_sent_at=START, kill_acknowledged_at=START + 5 * SECOND)
    marks = [replace(mark, at=START + 30 * SECOND) if mark.task_id == ONCE else mark for mark in found.marks]
    assert "began at" in violated(replace(found, marks=marks))["I9"][0]


def test_a_time_out_before_its_time_is_found() -> None:
    assert violated(with_run(evidence(), "run-1", status="timed_out", reason="time_limit"))["I10"]


@pytest.mark.parametrize("audit", [(1, "4 ticks of 1 tasks: 1 unexplained tick"), (0, ""), (2, "No such command")])
def test_an_audit_that_cannot_explain_all_or_was_not_made_is_found(audit: tuple[int, str]) -> None:
    assert violated(replace(evidence(), audit=audit))["audit"]


def test_a_reason_is_excused_only_where_the_program_never_began() -> None:
    found = with_run(evidence(), "run-once", reason="could_not_start", exit_code=None)
    assert violated(replace(found, excused=frozenset({"could_not_start"})))["I3"]
    unbegun = replace(found, marks=[mark for mark in found.marks if mark.run_id != "run-once"])
    assert set(violated(unbegun)) == {"I3"}
    assert violated(replace(unbegun, excused=frozenset({"could_not_start"}))) == {}
