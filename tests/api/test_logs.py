"""Logs over HTTP: stored once, read by tail and range, followed to the end."""

import json
from datetime import timedelta

import pytest
from macropod_server.domain.lines import Stream, encode_segment
from macropod_server.domain.naming import run_token
from macropod_server.domain.run import Reason
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.start_run import start_runs

from tests.builders import NOON, make_task, runs_of


@pytest.fixture
def run(deps):
    task = make_task(deps)
    start_runs(deps)
    return runs_of(deps, task)[0]


def a_batch(*texts, stream=Stream.STDOUT, seconds=0):
    return encode_segment(NOON + timedelta(seconds=seconds), stream, texts)


def send(client, deps, run, first, batch):
    headers = {"Authorization": f"Bearer {run_token(run.id, key=deps.run_key)}"}
    return client.post(f"/v1/runner/lines?first={first}", content=batch, headers=headers)


@pytest.fixture
def lines(client, deps, run):
    """Six lines: one each second, every second one on stderr."""
    for number in range(6):
        stream = Stream.STDERR if number % 2 else Stream.STDOUT
        send(client, deps, run, number + 1, a_batch(f"line {number + 1}", stream=stream, seconds=number))
    return client.get(f"/v1/runs/{run.id}/logs").json()["lines"]


def numbers(client, run, query):
    return [line["number"] for line in client.get(f"/v1/runs/{run.id}/logs?{query}").json()["lines"]]


def test_lines_have_number_time_stream_and_text(lines):
    assert lines[1] == {"number": 2, "time": "2026-03-02T12:00:01Z", "stream": "stderr", "text": "line 2"}


def test_a_repeated_batch_is_stored_once_and_one_too_far_ahead_not_at_all(client, deps, run):
    assert send(client, deps, run, 1, a_batch("one", "two")).json() == {"expected": 3}
    assert send(client, deps, run, 1, a_batch("one", "two")).json() == {"expected": 3}
    assert send(client, deps, run, 5, a_batch("five")).json() == {"expected": 3}
    assert client.get(f"/v1/runs/{run.id}/logs").json()["next"] == 3


@pytest.mark.parametrize("batch", [b"rubbish", b"1 o 2 4\none\n", b"1 x 1 4\none\n", a_batch("one")[:-1]])
def test_a_batch_that_is_not_well_formed_stores_nothing(client, deps, run, batch):
    assert send(client, deps, run, 1, batch).status_code == 422
    assert client.get(f"/v1/runs/{run.id}/logs").json()["lines"] == []


def test_a_batch_that_is_too_large_is_refused(client, deps, run):
    assert send(client, deps, run, 1, a_batch("x" * (4 * 1024**2))).status_code == 413


@pytest.mark.usefixtures("lines")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("tail=2", [5, 6]),
        ("tail=0", []),
        ("tail=100", [1, 2, 3, 4, 5, 6]),
        ("tail=2&stream=stderr", [4, 6]),
        ("first=3&limit=2", [3, 4]),
        ("since=2026-03-02T12:00:03Z", [4, 5, 6]),
        ("since=2026-03-02T12:00:03", [4, 5, 6]),
        ("until=2026-03-02T12:00:02Z", [1, 2]),
        ("since=2026-03-02T12:00:01Z&until=2026-03-02T12:00:04Z&stream=stdout", [3]),
        ("tail=2&until=2026-03-02T12:00:04Z", [3, 4]),
        ("tail=9&since=2026-03-02T12:00:03Z", [4, 5, 6]),
        ("tail=2&before=4", [2, 3]),
        ("tail=2&before=1", []),
    ],
)
def test_lines_are_read_by_tail_range_time_and_stream(client, run, query, expected):
    assert numbers(client, run, query) == expected


@pytest.mark.parametrize("query", ["tail=1&first=1", "tail=1&limit=5", "before=5", "tail=1&before=0"])
def test_a_tail_with_what_counts_from_the_start_is_refused(client, run, query):
    assert client.get(f"/v1/runs/{run.id}/logs?{query}").status_code == 422


def a_long_log(client, deps, run):
    """Twelve lines of 700 kB each: six fit into one answer, by half."""
    for number in range(1, 13):
        send(client, deps, run, number, a_batch("x" * 700_000))


def test_an_answer_holds_four_mib_of_text_and_the_next_page_goes_on(client, deps, run):
    a_long_log(client, deps, run)
    assert numbers(client, run, "first=1") == [1, 2, 3, 4, 5]
    assert numbers(client, run, "first=6") == [6, 7, 8, 9, 10]
    assert numbers(client, run, "tail=12") == [8, 9, 10, 11, 12]
    assert numbers(client, run, "tail=12&before=8") == [3, 4, 5, 6, 7]


def test_a_follower_gets_a_long_log_in_events_of_four_mib(client, deps, run):
    a_long_log(client, deps, run)
    finish_run(deps, run.id, Ending(Reason.COMPLETED), now=deps.clock())
    told = list(events(client.get(f"/v1/runs/{run.id}/logs/follow")))
    assert [len(lines) for kind, _, lines in told if kind == "lines"] == [5, 5, 2]


class BusyLogStore:
    """A line comes just before the tail is read."""

    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        return getattr(self._store, name)

    def tail(self, run_id, **within):
        self._store.append(run_id, first=2, batch=a_batch("two"))
        return self._store.tail(run_id, **within)


def test_a_line_that_comes_while_the_log_is_read_is_not_printed_twice(client, deps, run):
    send(client, deps, run, 1, a_batch("one"))
    object.__setattr__(deps, "logs", BusyLogStore(deps.logs))
    told = client.get(f"/v1/runs/{run.id}/logs?tail=5").json()
    assert ([line["text"] for line in told["lines"]], told["next"]) == (["one", "two"], 3)


@pytest.mark.parametrize("query", ["tail=-1", "first=0", "stream=stdlog", "since=yesterday", "limit=1000000"])
def test_a_query_that_makes_no_sense_is_refused(client, run, query):
    assert client.get(f"/v1/runs/{run.id}/logs?{query}").status_code == 422


def events(answer):
    for block in answer.text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            yield fields["event"], fields.get("id"), json.loads(fields["data"])


@pytest.mark.usefixtures("lines")
@pytest.mark.parametrize(
    ("query", "headers", "expected"),
    [("", {}, [1, 2, 3, 4, 5, 6]), ("?after=4", {}, [5, 6]), ("", {"Last-Event-ID": "5"}, [6])],
)
def test_a_follower_gets_every_line_after_its_number_and_then_the_end(client, deps, run, query, headers, expected):
    finish_run(deps, run.id, Ending(Reason.EXIT_CODE, exit_code=3), now=deps.clock())
    told = list(events(client.get(f"/v1/runs/{run.id}/logs/follow{query}", headers=headers)))
    assert [line["number"] for kind, _, lines in told if kind == "lines" for line in lines] == expected
    assert told[0][1] == "6"
    assert (told[-1][0], told[-1][2]["status"], told[-1][2]["exit_code"]) == ("end", "failure", 3)


def test_a_run_of_nobody_cannot_be_followed(client):
    assert client.get("/v1/runs/nope/logs/follow").status_code == 404
