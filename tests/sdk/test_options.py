"""The options of tasks: what is sent for each, and which mistakes are named before anything is."""

import math
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import macropod
import pytest
from macropod.cli import options as cli_options
from macropod.options import Missed, Overlap, checked_options, checked_plan
from macropod_server.api.task_schemas import TaskIn
from macropod_server.domain import task as server_task

from tests.sdk_answers import orchestration_answer, task_answer
from tests.sdk_doubles import Wire, connect, json_of, ok

DAY = date(2026, 12, 25)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def sent(**options: Any) -> dict[str, Any]:
    return checked_options(options, known=macropod.ScheduledOptions, of="run_scheduled")


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"debug": True}, {"debug": True}),
        ({"retries": 0}, {"retries": 0}),
        ({"retry_on": "failure"}, {"retry_on": ["failure"]}),
        ({"retry_on": ["lost", 75]}, {"retry_on": ["lost", 75]}),
        ({"retry_on": 75}, {"retry_on": [75]}),
        ({"retry_delay": 0}, {"retry_delay_seconds": 0}),
        ({"retry_delay": timedelta(minutes=1)}, {"retry_delay_seconds": 60}),
        ({"start_timeout": 30}, {"start_timeout_seconds": 30}),
        ({"queue_timeout": 30.0}, {"queue_timeout_seconds": 30}),
        ({"silence_timeout": timedelta(hours=1)}, {"silence_timeout_seconds": 3600}),
        ({"grace": 0}, {"grace_seconds": 0}),
        ({"profile": "large"}, {"profile": "large"}),
        ({"cpus": 0.5}, {"cpus": 0.5}),
        ({"memory": 2**31}, {"memory_bytes": 2**31}),
        ({"memory": "2GiB"}, {"memory_bytes": 2**31}),
        ({"memory": " 0.5 gib "}, {"memory_bytes": 2**29}),
        ({"memory": "500MB"}, {"memory_bytes": 500_000_000}),
        ({"pids": 64, "gpus": 1}, {"pids": 64, "gpus": 1}),
        ({"locks": "warehouse"}, {"locks": ["warehouse"]}),
        ({"locks": ["a", "b"]}, {"locks": ["a", "b"]}),
        ({"locks": {"b", "a"}}, {"locks": ["a", "b"]}),
        ({"starts_at": NOON}, {"starts_at": "2026-03-02T12:00:00+00:00"}),
        ({"ends_at": NOON}, {"ends_at": "2026-03-02T12:00:00+00:00"}),
        ({"exclude": DAY}, {"excluded_dates": ["2026-12-25"]}),
        ({"exclude": [DAY]}, {"excluded_dates": ["2026-12-25"]}),
        ({"jitter": 0}, {"jitter_seconds": 0}),
        ({"overlap": "queue_one", "missed": "all"}, {"overlap": "queue_one", "missed": "all"}),
        ({"missed_window": 60, "missed_cap": 5}, {"missed_window_seconds": 60, "missed_cap": 5}),
        ({"pause_after_failures": 3}, {"pause_after_failures": 3}),
        ({"retries": None, "memory": None}, {}),
    ],
)
def test_an_option_is_sent_in_the_words_of_the_server(given: dict[str, Any], fields: dict[str, Any]) -> None:
    assert sent(**given) == fields
    assert set(fields) <= set(TaskIn.model_fields)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"debug": 1}, "debug is 1; it takes True or False"),
        ({"retries": -1}, "retries is -1; it takes a whole number from 0 on"),
        ({"retries": 1.5}, "retries is 1.5"),
        ({"retries": True}, "retries is True"),
        ({"retry_on": [None]}, "retry_on is \\[None\\]; it takes words such as 'failure', exit codes"),
        ({"retry_on": [True]}, "retry_on is"),
        ({"retry_on": {"failure": 1}}, "retry_on is"),
        ({"retry_on": ""}, "retry_on is ''"),
        ({"retry_delay": -1}, "retry_delay is -1; it takes whole seconds from 0 on, or a timedelta"),
        ({"start_timeout": 0}, "start_timeout is 0; it takes whole seconds from 1 on"),
        ({"silence_timeout": "10m"}, "silence_timeout is '10m'"),
        ({"grace": timedelta(milliseconds=1)}, "grace is"),
        ({"profile": " "}, "profile is ' '; it takes a name"),
        ({"cpus": 0}, "cpus is 0; it takes a positive number"),
        ({"cpus": math.nan}, "cpus is nan"),
        ({"cpus": math.inf}, "cpus is inf"),
        ({"cpus": "2"}, "cpus is '2'"),
        ({"memory": "2G"}, "memory is '2G'; it takes whole bytes, or a text such as '512MiB'"),
        ({"memory": "0.3b"}, "memory is '0.3b'"),
        ({"memory": "9" * 400 + "GiB"}, "memory is '9999"),
        ({"memory": 1.5}, "memory is 1.5"),
        ({"memory": True}, "memory is True"),
        ({"pids": 0}, "pids is 0; it takes a whole number from 1 on"),
        ({"locks": [5]}, "locks is 5; it takes a name"),
        ({"locks": b"x"}, "locks is b'x'"),
        ({"starts_at": "2026-01-01"}, "starts_at is '2026-01-01', a str; it takes a datetime"),
        ({"ends_at": datetime(2026, 1, 1)}, "ends_at is 2026-01-01 00:00:00, without a time zone"),
        ({"exclude": [NOON]}, "exclude is datetime.*; it takes a date such as"),
        ({"exclude": "2026-12-25"}, "exclude is '2026-12-25'; it takes a date"),
        ({"overlap": "queue"}, "overlap is 'queue'; it takes one of 'allow', 'skip', 'queue_one'"),
        ({"missed": True}, "missed is True; it takes one of 'latest', 'all', 'none'"),
        ({"missed_cap": 0}, "missed_cap is 0"),
        ({"pause_after_failures": 0}, "pause_after_failures is 0"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_the_name_of_its_argument(given: dict[str, Any], said: str) -> None:
    with pytest.raises(macropod.Invalid, match=said) as refused:
        sent(**given)
    assert refused.value.problems[0].where == next(iter(given))


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        (("@daily", None), {"schedule": "@daily"}),
        ((["@daily"], None), {"schedule": "@daily"}),
        ((["@hourly", "@daily"], None), {"schedule": ["@hourly", "@daily"]}),
        ((None, timedelta(minutes=5)), {"every_seconds": 300}),
        ((None, 5), {"every_seconds": 5}),
    ],
)
def test_a_plan_is_a_schedule_or_a_distance(given: Any, fields: dict[str, Any]) -> None:
    assert checked_plan(*given) == fields


@pytest.mark.parametrize(("given", "said"), [((None, None), "Neither schedule nor every"), (("@daily", 5), "Both")])
def test_a_plan_that_is_none_or_two_is_refused(given: Any, said: str) -> None:
    with pytest.raises(macropod.Invalid, match=said):
        checked_plan(*given)


def orchestration(wire: Wire) -> macropod.Orchestration:
    return macropod.Orchestration(connect(wire), orchestration_answer())


@pytest.mark.parametrize("method", ["run_once", "run_scheduled"])
def test_a_keyword_there_is_not_is_a_type_error_as_in_any_function(method: str) -> None:
    with pytest.raises(TypeError, match=rf"{method}\(\) got an unexpected keyword.*'retires'. Did you mean 'retries'"):
        getattr(orchestration(Wire(ok())), method)("x", retires=3)


@pytest.mark.parametrize(("method", "option"), [("run_once", "overlap"), ("run_continuously", "retries")])
def test_an_option_of_another_kind_of_task_is_a_type_error(method: str, option: str) -> None:
    with pytest.raises(TypeError, match=option):
        getattr(orchestration(Wire(ok())), method)("x", **{option: 1})


@pytest.mark.parametrize("method", ["run_once", "run_continuously"])
def test_where_a_schedule_has_no_place_it_is_said_where_it_has(method: str) -> None:
    orchestration = macropod.Orchestration(connect(Wire(ok())), orchestration_answer())
    with pytest.raises(TypeError, match=r"takes no schedule: only run_scheduled\(\) makes a task with a schedule"):
        getattr(orchestration, method)("x", schedule="0 2 * * *")


def test_what_is_not_given_is_not_sent() -> None:
    wire = Wire(ok(task_answer()))
    made = orchestration(wire)
    made.run_once(name="a", json_args={"dogs": 3}, timeout=600)
    made.run_scheduled(name="b", schedule={"@daily"}, json_args={}, timeout=None)
    made.run_continuously(name="c", json_args={}, debug=False)
    made.run_continuously("d", {}, True, 60, grace=2)
    usual = {"orchestration_id": made.id, "json_args": {}}
    assert [json_of(request) for request in wire.requests] == [
        usual | {"kind": "run_once", "name": "a", "json_args": {"dogs": 3}, "timeout_seconds": 600},
        usual | {"kind": "run_scheduled", "name": "b", "schedule": "@daily"},
        usual | {"kind": "run_continuously", "name": "c"},
        usual | {"kind": "run_continuously", "name": "d", "debug": True, "timeout_seconds": 60, "grace_seconds": 2},
    ]


def test_what_the_server_refuses_is_named_as_the_argument_it_came_from(client: macropod.Client, hello: Path) -> None:
    orchestration = client.upload_orchestration(hello)
    with pytest.raises(macropod.Invalid, match=r"^missed_window is 99999999; the most is") as refused:
        orchestration.run_scheduled("x", "@daily", missed_window=99_999_999)
    assert [each.where for each in refused.value.problems] == ["missed_window"]
    task = orchestration.run_scheduled("x", "@daily")
    early = datetime(2026, 1, 2, tzinfo=UTC)
    with pytest.raises(macropod.Invalid, match=r"^start is 2026-01-03T.*, which is not before end, 2026-01-02T"):
        task.backfill(early + timedelta(days=1), early)


def test_the_choices_are_those_of_the_server() -> None:
    assert get_args(Overlap) == tuple(cli_options.Overlap) == tuple(server_task.Overlap)
    assert get_args(Missed) == tuple(cli_options.Missed) == tuple(server_task.Missed)


def test_the_command_line_has_every_option() -> None:
    offered = cli_options.TASK_OPTIONS | cli_options.RETRY_OPTIONS | cli_options.DEBUG_OPTION
    assert set(offered) == set(macropod.TaskOptions.__annotations__)
    scheduled = offered | cli_options.PAUSE_OPTION | cli_options.SCHEDULE_OPTIONS
    assert set(scheduled) == set(macropod.ScheduledOptions.__annotations__) | {"every"}
    continuous = cli_options.TASK_OPTIONS | cli_options.PAUSE_OPTION
    assert set(continuous) == set(macropod.ContinuousOptions.__annotations__)
