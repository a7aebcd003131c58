"""Events in their order, each once: on the real application, and over a wire that breaks."""

from pathlib import Path
from typing import Any

import httpx2
import macropod
import pytest
from macropod.events import EventList, read_events

from tests.sdk_answers import WHEN
from tests.sdk_doubles import PatientClock, Wire, connect, ok, refused
from tests.sdk_server import PlayedServer


def event_answer(number: int) -> dict[str, Any]:
    facts = {"status": "success", "task_name": "hello", "attempt": 1}
    ids = {"workspace_id": 1, "orchestration_id": "o", "task_id": "t", "run_id": "r"}
    return {"id": number, "kind": "run_ended", "facts": facts, "created_at": WHEN} | ids


def page(*numbers: int, after: int) -> httpx2.Response:
    return ok({"items": [event_answer(each) for each in numbers], "next_after": after})


def test_the_end_of_every_run_is_an_event(server: PlayedServer, client: macropod.Client, hello: Path) -> None:
    task = client.upload_orchestration(hello).run_once("hello")
    assert list(client.events(follow=False)) == []
    playing = server.start()
    playing.ends("exit_code", exit_code=3)
    [event] = client.events(follow=False)
    assert (event.kind, event.task_id, event.run_id) == ("run_ended", task.id, playing.id)
    assert (event.facts["status"], event.facts["exit_code"], event.facts["task_name"]) == ("failure", 3, "hello")
    assert list(client.events(event.id, follow=False)) == []
    assert next(client.events()) == event
    assert event.to_dict()["created_at"] == event.created_at.isoformat()


def test_pages_are_read_until_there_is_no_more() -> None:
    wire = Wire(page(1, 2, after=2), page(5, after=5), page(after=5))
    assert [each.id for each in read_events(connect(wire), after=0, follow=False)] == [1, 2, 5]
    assert [request.url.params["after"] for request in wire.requests] == ["0", "2", "5"]
    assert "wait" not in wire.requests[0].url.params


def test_following_waits_for_more_and_goes_on_after_a_break() -> None:
    clock = PatientClock()
    wire = Wire(
        page(1, after=1), page(after=1), httpx2.ReadError("broke"), refused(503, "unavailable"), page(2, after=2)
    )
    events = read_events(connect(wire, clock=clock), after=0, follow=True)
    assert [next(events).id, next(events).id] == [1, 2]
    assert {request.url.params["wait"] for request in wire.requests} == {"20"}
    assert [request.url.params["after"] for request in wire.requests] == ["0", "1", "1", "1", "1"]
    assert clock.pauses[0] > 0


def test_following_ends_when_the_server_stays_away() -> None:
    clock = PatientClock()
    with pytest.raises(macropod.ConnectionFailed):
        next(read_events(connect(Wire(httpx2.ConnectError("no")), clock=clock), after=0, follow=True))
    assert 300 < clock.now() < 340


@pytest.mark.parametrize("after", [-1, "3", 1.5, True])
def test_a_place_to_go_on_from_that_is_none_is_refused(client: macropod.Client, after: Any) -> None:
    with pytest.raises(macropod.Invalid, match="after is"):
        client.events(after)


def test_an_event_is_shown_with_what_it_is_about() -> None:
    html = EventList([macropod.Event._of(event_answer(7))])._repr_html_()
    assert all(f"<td>{text}</td>" in html for text in ("7", "run_ended", "success", "hello", "r"))
