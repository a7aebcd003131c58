"""Lists and things as people see them: in a terminal and in a notebook."""

from typing import Any

import macropod
import pytest
from macropod import Orchestration, OrchestrationList, Run, RunList, Task, TaskList
from rich.console import Console

from tests.sdk_answers import orchestration_answer, run_answer, task_answer
from tests.sdk_doubles import Wire, connect, refused

CONNECTION = connect(Wire(refused(500, "error")))


def orchestrations(**changes: Any) -> OrchestrationList:
    return OrchestrationList([Orchestration(CONNECTION, orchestration_answer(**changes))])


def tasks(**changes: Any) -> TaskList:
    return TaskList([Task(CONNECTION, task_answer(**changes))])


def runs(**changes: Any) -> RunList:
    return RunList([Run(CONNECTION, run_answer(**changes))])


def terminal(thing: object, width: int = 300) -> list[list[str]]:
    console = Console(width=width, color_system=None)
    with console.capture() as shown:
        console.print(thing)
    return [[each.strip() for each in line.split("  ") if each.strip()] for line in shown.get().splitlines()]


@pytest.mark.parametrize(
    ("listing", "columns", "row"),
    [
        (
            orchestrations(file_name=None),
            ["id", "name", "status", "file name", "sha", "created at", "updated at"],
            ["0b0f6d5e-7a53-4a6c-9d3c-2f6f5f0f8a11", "hello", "ready", "-", "3b5000000000"],
        ),
        (
            tasks(),
            ["id", "name", "last run status", "type", "active", "schedule", "in words", "created at", "updated at"],
            [
                task_answer()["id"],
                "nightly",
                "unknown",
                "Scheduled Run",
                "True",
                "0 2 * * *",
                "every day at 02:00 (UTC)",
            ],
        ),
        (
            tasks(kind="run_once", schedule=None, schedule_in_words=None, active=False),
            ["id", "name", "last run status", "type", "active", "schedule", "in words", "created at", "updated at"],
            [task_answer()["id"], "nightly", "unknown", "Temporary Run", "False", "-", "-"],
        ),
        (
            tasks(schedule=None, every_seconds=300, schedule_in_words="every 5 minutes"),
            ["id", "name", "last run status", "type", "active", "schedule", "in words", "created at", "updated at"],
            [task_answer()["id"], "nightly", "unknown", "Scheduled Run", "True", "every 300 s", "every 5 minutes"],
        ),
        (
            tasks(kind="run_continuously", schedule=None, schedule_in_words=None),
            ["id", "name", "last run status", "type", "active", "schedule", "in words", "created at", "updated at"],
            [task_answer()["id"], "nightly", "unknown", "Continuous Run", "True", "-", "-"],
        ),
        (
            runs(),
            ["task id", "pod id", "status", "reason", "created at", "updated at"],
            [task_answer()["id"], run_answer()["id"], "success", "completed"],
        ),
    ],
)
def test_a_list_shows_the_columns_people_know(listing: Any, columns: list[str], row: list[str]) -> None:
    head, found = (each for each in terminal(listing) if len(each) > 1)
    assert head == columns
    assert found == [*row, "2026-01-02 03:04:05Z", "2026-01-02 03:04:05Z"]
    html = listing._repr_html_()
    assert all(f"<th>{name}</th>" in html for name in columns)
    assert all(f"<td>{cell}" in html for cell in row)


def test_a_list_is_a_list() -> None:
    listing = tasks()
    assert isinstance(listing, list)
    assert [each.name for each in listing] == ["nightly"]
    assert TaskList()._repr_html_().count("<tr>") == 1


def test_a_schedule_in_words_tells_its_zone_beside_moments_in_utc() -> None:
    listing = tasks(timezone="Europe/Berlin")
    assert "every day at 02:00 (Europe/Berlin)" in [cell for row in terminal(listing, width=120) for cell in row]
    assert dict(listing[0]._facts())["in words"] == "every day at 02:00 (Europe/Berlin)"


def test_what_people_wrote_is_escaped_in_a_notebook() -> None:
    html = tasks(name='<script>alert("x")</script>')._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "<script>" not in tasks(name="<script>")[0]._repr_html_()


def test_what_people_wrote_is_neither_markup_nor_control_codes_in_a_terminal() -> None:
    [row] = [each for each in terminal(tasks(name="[red]\x1b]0;x\x07")) if "Scheduled Run" in each]
    assert row[1] == "[red]\ufffd]0;x\ufffd"


@pytest.mark.parametrize(
    ("listing", "columns"),
    [
        (orchestrations(), ["id", "name", "status", "file name"]),
        (tasks(), ["id", "name", "last run status", "schedule"]),
        (runs(), ["pod id", "status", "reason", "created at"]),
    ],
)
def test_a_narrow_terminal_leaves_out_columns_and_never_cuts_an_id(listing: Any, columns: list[str]) -> None:
    head, row = (each for each in terminal(listing, width=80) if len(each) > 1)
    assert head == columns
    assert row[0] == listing[0].id


def test_a_name_too_long_for_a_narrow_terminal_is_folded() -> None:
    lines = terminal(tasks(name="nightly" * 9), width=80)
    assert lines[0] == ["id", "name", "last run status"]
    assert task_answer()["id"] == lines[2][0]
    assert "nightly" * 9 in "".join(lines[2][1:2] + [line[0] for line in lines[3:] if line])


def test_a_terminal_without_room_for_a_table_shows_a_block_of_facts() -> None:
    block = [each for each in terminal(tasks(), width=60) if each]
    assert [name for name, _ in block] == list(TaskList._columns)
    assert dict(block)["id"] == task_answer()["id"]


@pytest.mark.parametrize("listing", [orchestrations(), tasks(), runs()])
def test_a_thing_alone_shows_its_facts(listing: Any) -> None:
    [thing] = listing
    facts = dict(each for each in terminal(thing) if len(each) == 2)
    assert thing.id in facts.values()
    assert f"<td>{thing.id}</td>" in thing._repr_html_()
    assert thing.id in repr(thing)


def test_the_whole_sha_and_the_choice_of_entry_point_are_among_the_facts() -> None:
    [orchestration] = orchestrations(entry_point="src/main.py", requirements="src/requirements.txt")
    facts = dict(each for each in terminal(orchestration) if len(each) == 2)
    assert facts["sha"] == orchestration.sha
    assert (facts["entry point"], facts["requirements"]) == ("src/main.py", "src/requirements.txt")


def test_the_facts_of_a_run_tell_how_it_ended_and_what_it_used() -> None:
    [run] = runs(reason="exit_code", message="It ended with 3.", exit_code=3, attempt=2, cpu_seconds=0.25)
    facts = dict(each for each in terminal(run) if len(each) == 2)
    told = ("reason", "message", "exit code", "attempt", "peak memory", "CPU time", "workspace id")
    assert [facts[name] for name in told] == ["exit_code", "It ended with 3.", "3", "2", "1,024 bytes", "0.25 s", "1"]


def test_the_facts_of_a_task_tell_its_arguments() -> None:
    [task] = tasks(json_args={"name": "Ada"})
    assert dict(each for each in terminal(task) if len(each) == 2)["json args"] == '{"name": "Ada"}'


def test_things_are_equal_when_they_are_the_same_thing() -> None:
    [old], [new] = tasks(), tasks(name="renamed")
    assert old == new
    assert len({old, new}) == 1
    assert old != tasks(id="another")[0]


def test_times_are_aware() -> None:
    [task], [run] = tasks(), runs()
    assert all(each.tzinfo for each in (task.created_at, task.next_due_at, run.started_at, run.updated_at))


def test_an_answer_of_another_version_is_said_to_be_one() -> None:
    answer = task_answer()
    del answer["schedule"]
    with pytest.raises(macropod.UnexpectedAnswer, match="schedule"):
        Task(CONNECTION, answer)
