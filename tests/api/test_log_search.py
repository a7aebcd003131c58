"""Search over HTTP: pages with a cursor, and a stream of what is found."""

import json

import pytest
from macropod_server.domain.naming import run_token
from macropod_server.flows.start_run import start_runs
from macropod_server.logstore.base import Batch

from tests.batches import batch
from tests.builders import make_task, runs_of


@pytest.fixture
def run(deps):
    task = make_task(deps)
    start_runs(deps)
    [run] = runs_of(deps, task)
    texts = [f"x {number}" if number % 2 else f"y {number}" for number in range(1, 301)]
    deps.logs.fill(Batch(run.id, number, batch(text)) for number, text in enumerate(texts, 1))
    return run


def search(client, **params):
    return client.get("/v1/logs/search", params={"text": "x"} | params)


def all_found(client, **params):
    """Page after page: on a busy machine an answer holds what was found in its time."""
    cursor, found = None, []
    while True:
        page = search(client, cursor=cursor, **params).json()
        found += page["items"]
        if (cursor := page["next_cursor"]) is None:
            return found


def test_a_page_has_lines_and_where_to_go_on(client, run):
    page = search(client, limit=1, context=1).json()
    [item] = page["items"]
    assert {name: item[name] for name in ("run_id", "task_id", "number", "stream", "text", "spans")} == {
        "run_id": run.id,
        "task_id": run.task_id,
        "number": 299,
        "stream": "stdout",
        "text": "x 299",
        "spans": [[0, 1]],
    }
    assert item["task_name"] == "a task"
    assert [line["text"] for line in item["before"] + item["after"]] == ["y 298", "y 300"]
    following = search(client, limit=2, cursor=page["next_cursor"]).json()
    assert [each["number"] for each in following["items"]] == [297, 295]


def test_the_last_page_has_no_cursor(client, run):
    assert len(all_found(client, text="x 1", limit=1000)) == 56
    assert all_found(client, text="absent") == []


def test_a_pattern_that_cannot_be_used_is_told_as_it_was_sent(client):
    answer = search(client, text="(", regex=True)
    assert answer.status_code == 422
    assert answer.json()["message"] == "'(' is no regular expression of RE2: missing ): (."


@pytest.mark.parametrize(
    ("params", "where"),
    [
        ({"text": ""}, "text"),
        ({"text": "x" * 1001}, "text"),
        ({"text": "(", "regex": True}, "text"),
        ({"text": r"\pL{300}", "regex": True}, "text"),
        ({"limit": 0}, "limit"),
        ({"context": 21}, "context"),
        ({"stream": "out"}, "stream"),
        ({"status": "gone"}, "status"),
        ({"cursor": "x"}, "cursor"),
        ({"since": "1026-01-01T00:00:00Z"}, "since"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/logs/search", "/v1/logs/search/stream"])
def test_what_cannot_be_searched_for_is_refused_with_the_field_and_the_reason(client, path, params, where):
    answer = client.get(path, params={"text": "x"} | params)
    assert answer.status_code == 422
    assert [each["where"] for each in answer.json()["details"]] == [where]


@pytest.mark.parametrize("path", ["/v1/logs/search", "/v1/logs/search/stream"])
def test_a_search_needs_a_token_and_things_in_its_reach(stranger, token, run, path):
    assert stranger.get(path, params={"text": "x"}).status_code == 401
    stranger.headers["Authorization"] = f"Bearer {token}"
    assert stranger.get(path, params={"text": "x", "run_id": "nowhere"}).status_code == 404
    assert stranger.get(path, params={"text": "x", "task_id": "nowhere"}).status_code == 404


def test_a_run_searches_with_its_own_token(stranger, deps, run):
    stranger.headers["Authorization"] = f"Bearer {run_token(run.id, key=deps.run_key)}"
    assert search(stranger, text="x 299").json()["items"][0]["run_id"] == run.id


def events(answer):
    for block in answer.text.removesuffix("\n\n").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        yield fields["event"], json.loads(fields["data"]), fields.get("id")


def test_a_stream_tells_all_that_is_found_and_then_ends(client, run):
    told = list(events(client.get("/v1/logs/search/stream", params={"text": "x", "limit": 1000})))
    numbers = [line["number"] for kind, lines, _ in told if kind == "found" for line in lines]
    assert numbers == list(range(299, 0, -2))
    assert (told[-1][0], told[-1][2]) == ("end", None)


def test_a_stream_is_taken_up_again_where_it_broke(client, run):
    params = {"text": "x", "limit": 5}
    first, *_, end = events(client.get("/v1/logs/search/stream", params=params))
    assert end[0] == "end"
    again = client.get("/v1/logs/search/stream", params=params, headers={"Last-Event-ID": first[2]})
    assert next(events(again))[1][0]["number"] == first[1][-1]["number"] - 2


def test_a_stream_of_a_server_that_stops_says_where_to_go_on(client, deps, run):
    deps.signals.close()
    kinds = [kind for kind, _, _ in events(client.get("/v1/logs/search/stream", params={"text": "x", "limit": 150}))]
    assert kinds == ["found", "pause"]


def test_only_lines_as_grave_as_is_asked_for_are_found(client, deps, run):
    first = deps.logs.expected(run.id)
    deps.logs.append(run.id, first=first, batch=batch("INFO:a:x 1", "ERROR:a:x 2", '{"level": "error", "msg": "x 3"}'))
    found = all_found(client, level="warning")
    assert [each["number"] for each in found] == [first + 2, first + 1]
