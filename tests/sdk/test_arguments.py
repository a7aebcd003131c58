"""Mistakes in what users give are named before anything is sent."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from macropod import Invalid
from macropod.arguments import checked_json_args, checked_schedules, checked_timeout
from macropod.uploading import checked_source


@pytest.mark.parametrize(
    "value",
    [{}, {"dogs": 3.9}, {"nested": {"list": [1, "two", None, True, {"deep": []}]}}, {"ключ": "значение"}],
)
def test_any_json_object_is_taken_as_it_is(value: dict[str, Any]) -> None:
    assert checked_json_args(value) == value


def test_tuples_become_the_lists_that_the_run_will_see() -> None:
    assert checked_json_args({"sizes": (1, 2)}) == {"sizes": [1, 2]}


@pytest.mark.parametrize("value", [[1], "text", 3, None])
def test_arguments_that_are_no_object_are_refused(value: Any) -> None:
    with pytest.raises(Invalid, match="takes an object"):
        checked_json_args(value)


def test_every_value_json_cannot_say_is_named_with_its_place() -> None:
    when = datetime(2026, 1, 2, tzinfo=UTC)
    with pytest.raises(Invalid) as refused:
        checked_json_args({"when": when, "list": [1, float("nan")], "map": {3: "three"}, "set": {1}, "half": "\ud800"})
    places = [each.where for each in refused.value.problems]
    assert places == ["json_args.when", "json_args.list[1]", "json_args.map", "json_args.set", "json_args.half"]
    assert "a datetime" in str(refused.value)


def test_arguments_that_contain_themselves_are_refused() -> None:
    endless: dict[str, Any] = {}
    endless["again"] = endless
    with pytest.raises(Invalid, match="contains itself"):
        checked_json_args(endless)


@pytest.mark.parametrize(
    ("given", "seconds"), [(None, None), (1, 1), (600, 600), (timedelta(minutes=10), 600), (60.0, 60)]
)
def test_a_timeout_is_whole_seconds(given: Any, seconds: int | None) -> None:
    assert checked_timeout(given) == seconds


@pytest.mark.parametrize("given", [0, -1, 1.5, True, "600", timedelta(milliseconds=1500), float("inf"), float("nan")])
def test_a_timeout_that_is_no_whole_number_of_seconds_is_refused(given: Any) -> None:
    with pytest.raises(Invalid, match="timeout is"):
        checked_timeout(given)


@pytest.mark.parametrize("kind", [str, lambda text: {text}, lambda text: frozenset([text]), lambda text: [text]])
def test_a_schedule_may_be_a_text_or_a_collection_of_one(kind: Any) -> None:
    assert checked_schedules(kind("*/5 * * * *")) == ["*/5 * * * *"]
    assert checked_schedules(("*/5 * * * *",)) == ["*/5 * * * *"]


def test_several_schedules_keep_their_order_and_those_of_a_set_get_one() -> None:
    assert checked_schedules(["@hourly", "@daily"]) == ["@hourly", "@daily"]
    assert checked_schedules({"@hourly", "@daily"}) == ["@daily", "@hourly"]


@pytest.mark.parametrize("given", [set(), [], None, 5, {5}, ["@daily", None]])
def test_a_schedule_that_is_no_text_is_refused(given: Any) -> None:
    with pytest.raises(Invalid, match="takes a text"):
        checked_schedules(given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Nothing to upload"),
        ({"name": "only"}, "Nothing to upload"),
        ({"path": "x.zip", "bytes_buffer": b"zip"}, "Both path and bytes_buffer"),
        ({"path": "x.zip", "bytes_buffer": b"zip", "name": "both"}, "Both path and bytes_buffer"),
        ({"bytes_buffer": b"zip"}, "without name"),
        ({"bytes_buffer": b"zip", "file_name": "x.zip"}, "without name"),
        ({"path": "/nowhere/at/all.zip"}, "no file or folder '/nowhere/at/all.zip'"),
    ],
)
def test_what_leaves_open_what_to_upload_is_refused(given: dict[str, Any], said: str) -> None:
    whole = {"path": None, "bytes_buffer": None, "name": None, "file_name": None} | given
    with pytest.raises(Invalid, match=said):
        checked_source(whole.pop("path"), **whole)


def test_a_file_keeps_its_name_a_folder_gets_one_and_bytes_have_none(tmp_path: Path) -> None:
    file, folder, nameless = tmp_path / "hello.zip", tmp_path / "house", {"name": None, "file_name": None}
    file.touch()
    folder.mkdir()
    assert checked_source(file, bytes_buffer=None, **nameless).file_name == "hello.zip"
    assert checked_source(folder, bytes_buffer=None, **nameless).file_name == "house.zip"
    assert checked_source(None, bytes_buffer=io.BytesIO(), name="bytes", file_name=None).file_name is None
    assert checked_source(file, bytes_buffer=None, name=None, file_name="other.zip").file_name == "other.zip"
