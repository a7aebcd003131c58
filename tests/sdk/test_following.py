"""A log is followed across broken connections: every line once, in order, to the end of the run."""

import json
from collections.abc import Iterator

import httpx2
import macropod
import pytest
from macropod import Run

from tests.sdk_answers import line_answer, run_answer
from tests.sdk_doubles import BrokenStream, PatientClock, Wire, connect, refused

HEADERS = {"content-type": "text/event-stream"}


def event(name: str, data: object) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def stream(*chunks: bytes) -> httpx2.Response:
    return httpx2.Response(200, headers=HEADERS, content=b"".join(chunks))


def broken(*chunks: bytes) -> httpx2.Response:
    return httpx2.Response(200, headers=HEADERS, stream=BrokenStream(chunks))


def running(wire: Wire, clock: PatientClock | None = None) -> Run:
    return Run(connect(wire, clock=clock), run_answer(status="running", reason=None, ended_at=None, exit_code=None))


END = event("end", run_answer(status="failure", reason="exit_code", exit_code=3))


def test_lines_come_one_by_one_and_the_end_brings_the_run_up_to_date() -> None:
    run = running(
        Wire(stream(event("line", line_answer(1, "one")), event("lines", [line_answer(2), line_answer(3)]), END))
    )
    lines = run.follow()
    assert next(lines).text == "one"
    assert not run.has_ended
    assert [each.number for each in lines] == [2, 3]
    assert (run.has_ended, run.reason, run.exit_code) == (True, "exit_code", 3)


def test_a_broken_connection_is_taken_up_after_the_last_line() -> None:
    wire = Wire(
        broken(event("lines", [line_answer(1), line_answer(2)]), b"event: line\ndata: {"),
        httpx2.ConnectError("the server restarts"),
        stream(event("line", line_answer(3))),
        stream(event("lines", [line_answer(2), line_answer(3), line_answer(4)]), END),
    )
    assert [each.number for each in running(wire).follow()] == [1, 2, 3, 4]
    assert [each.url.params["after"] for each in wire.requests] == ["0", "2", "2", "3"]


def test_following_may_begin_after_a_line_and_keep_to_a_stream() -> None:
    wire = Wire(stream(event("line", line_answer(8)), END))
    assert [each.number for each in running(wire).follow(after=7, stream="stderr")] == [8]
    assert dict(wire.requests[0].url.params) == {"after": "7", "stream": "stderr"}


def test_a_server_that_stays_away_is_given_up_after_five_minutes() -> None:
    clock = PatientClock()
    run = running(Wire(broken(event("line", line_answer(1))), httpx2.ConnectError("refused")), clock)
    lines = run.follow()
    assert next(lines).number == 1
    with pytest.raises(macropod.ConnectionFailed):
        next(lines)
    assert 300 < clock.now() < 330


def test_a_refusal_ends_the_following_at_once() -> None:
    clock = PatientClock()
    with pytest.raises(macropod.Unauthorized):
        list(running(Wire(refused(401, "unauthorized")), clock).follow())
    assert clock.pauses == []


def test_a_pause_says_where_to_go_on() -> None:
    wire = Wire(
        stream(event("lines", [line_answer(3)]), b"event: pause\nid: 7\ndata: {}\n\n"),
        stream(event("lines", [line_answer(8)]), END),
    )
    assert [each.number for each in running(wire).follow(stream="stderr")] == [3, 8]
    assert [each.url.params["after"] for each in wire.requests] == ["0", "7"]


def test_a_cut_after_hours_without_a_line_is_a_cut_like_any_other() -> None:
    clock = PatientClock()

    class LongSilence(BrokenStream):
        def __iter__(self) -> Iterator[bytes]:
            for chunk in (b": still here\n\n", b": still here\n\n"):
                clock.sleep(1000)
                yield chunk
            yield from super().__iter__()

    silent = httpx2.Response(200, headers=HEADERS, stream=LongSilence([]))
    run = running(Wire(silent, stream(event("line", line_answer(1)), END)), clock)
    assert [each.number for each in run.follow()] == [1]
