"""Logs over HTTP made readable: levels, JSON, progress bars, escape sequences and tracebacks."""

import json

import pytest
from macropod_server.domain.lines import Stream, encode_segment
from macropod_server.domain.naming import run_token
from macropod_server.domain.run import Reason
from macropod_server.flows.find_tracebacks import find_tracebacks
from macropod_server.flows.finish_run import Ending, finish_run

from tests.builders import NOON

TRACEBACK = (
    "Traceback (most recent call last):",
    '  File "/home/jovyan/main.py", line 3, in <module>',
    "ValueError: x",
)
LINES = (
    "hello",
    "\x1b[32mINFO\x1b[0m:root:started",
    '{"level": 50, "msg": "boom \\u001b[31m", "rows": [1, 2.5, null]}',
    "10%\r20%\r\x1b[1m100%\x1b[0m",
    "WARNING:root:slow",
    '{"a": NaN}',
)


@pytest.fixture
def send(client, deps, run):
    def sent(*texts, stream=Stream.STDOUT, first=1):
        headers = {"Authorization": f"Bearer {run_token(run.id, key=deps.run_key)}"}
        batch = encode_segment(NOON, stream, texts)
        assert client.post(f"/v1/runner/lines?first={first}", content=batch, headers=headers).is_success

    return sent


@pytest.fixture
def read(client, run, send):
    send(*LINES)
    return lambda query: client.get(f"/v1/runs/{run.id}/logs?{query}").json()["lines"]


def test_nothing_is_made_of_lines_unless_asked_for(read):
    assert [line["text"] for line in read("")] == list(LINES)
    assert {key for line in read("") for key in line} == {"number", "time", "stream", "text"}


def test_escape_sequences_are_left_out_and_progress_collapsed_when_asked_for(read):
    assert [line["text"] for line in read("plain=true&first=2&limit=1")] == ["INFO:root:started"]
    assert [line["text"] for line in read("collapse_progress=true&first=4&limit=1")] == ["\x1b[1m100%\x1b[0m"]
    assert [line["text"] for line in read("collapse_progress=true&plain=true&first=4&limit=1")] == ["100%"]


def test_level_message_and_fields_are_told_when_asked_for(read):
    told = [(line["level"], line["message"], line["fields"]) for line in read("parsed=true")]
    assert told == [
        (None, None, None),
        ("info", None, None),
        ("error", "boom \x1b[31m", {"rows": [1, 2.5, None]}),
        (None, None, None),
        ("warning", None, None),
        (None, None, None),
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("level=debug", [2, 3, 5]),
        ("level=warning", [3, 5]),
        ("level=critical", []),
        ("level=info&tail=2", [3, 5]),
        ("level=info&tail=2&before=5", [2, 3]),
        ("level=info&first=3&limit=1", [3]),
    ],
)
def test_lines_of_a_level_and_above_are_read_by_tail_and_range(read, query, expected):
    assert [line["number"] for line in read(query)] == expected


def test_a_level_nobody_knows_is_refused(client, run):
    answer = client.get(f"/v1/runs/{run.id}/logs?level=loud")
    assert (answer.status_code, answer.json()["details"][0]["where"]) == (422, "level")


def test_a_follower_gets_the_lines_of_its_level_and_is_told_how_far_was_looked(client, deps, run, send):
    send(*["hello"] * 1000, "ERROR:root:\x1b[31mboom", *["hello"] * 999)
    finish_run(deps, run.id, Ending(Reason.COMPLETED), now=deps.clock())
    told = client.get(f"/v1/runs/{run.id}/logs/follow?level=error&plain=true&parsed=true").text.split("\n\n")
    ids = [block.splitlines()[0] for block in told if "event: lines" in block]
    lines = [json.loads(block.splitlines()[-1].removeprefix("data: ")) for block in told if "event: lines" in block]
    assert ids == ["id: 1000", "id: 2000"]
    assert lines[0] == []
    assert [(line["number"], line["text"], line["level"]) for line in lines[1]] == [(1001, "ERROR:root:boom", "error")]


def test_tracebacks_are_told_with_their_place_and_what_they_say(client, run, send):
    send("hello", *TRACEBACK, "hello")
    assert client.get(f"/v1/runs/{run.id}/logs/tracebacks").json() == {
        "tracebacks": [
            {
                "first_line": 2,
                "last_line": 4,
                "stream": "stdout",
                "exception": "ValueError",
                "message": "x",
                "file": "main.py",
                "line": 3,
            }
        ],
        "next": None,
    }
    assert client.get(f"/v1/runs/{run.id}/logs/tracebacks?first=3").json()["tracebacks"] == []


@pytest.mark.parametrize(("limit", "lines"), [(1, 1000), (2, 1000), (1000, 4), (1000, 7), (1000, 1000)])
def test_all_tracebacks_are_found_stretch_by_stretch(deps, run, send, limit, lines):
    send(*(*TRACEBACK, "more", "") * 40, *TRACEBACK)
    send(*TRACEBACK * 5, first=204, stream=Stream.STDERR)
    found, first = [], 1
    while first is not None:
        stretch = find_tracebacks(deps, run, first=first, limit=limit, lines=lines)
        found += [each.first_line for each in stretch.tracebacks]
        assert stretch.following is None or stretch.following > first
        first = stretch.following
    assert found == [*range(1, 204, 5), *range(204, 219, 3)]


def test_tracebacks_of_somebody_elses_run_are_not_told(client):
    assert client.get("/v1/runs/nobody/logs/tracebacks").status_code == 404
