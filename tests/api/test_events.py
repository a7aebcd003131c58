"""Events over HTTP: asked for, waited for, streamed."""

import asyncio
import json
import threading
import time
from itertools import pairwise

import pytest
from macropod_server.api.events import _told
from macropod_server.db import events
from macropod_server.domain.run import Reason
from macropod_server.flows.finish_run import Ending, finish_run

from tests.builders import WORKSPACE, make_task, runs_of


@pytest.fixture
def end_one(deps):
    """End a new run; its id."""

    def end():
        (run,) = runs_of(deps, make_task(deps))
        finish_run(deps, run.id, Ending(Reason.COULD_NOT_START, "No."), now=deps.clock())
        return run.id

    return end


def test_events_come_in_order_and_are_read_on_without_gap(client, end_one):
    made = [end_one() for _ in range(5)]
    first = client.get("/v1/events", params={"limit": 2}).json()
    rest = client.get("/v1/events", params={"after": first["next_after"]}).json()
    told = first["items"] + rest["items"]
    assert [each["run_id"] for each in told] == made
    assert all(one["id"] < other["id"] for one, other in pairwise(told))
    assert (told[0]["kind"], told[0]["facts"]["reason"]) == ("run_ended", "could_not_start")
    assert rest["next_after"] == told[-1]["id"]
    assert client.get("/v1/events", params={"after": rest["next_after"]}).json() == {
        "items": [],
        "next_after": rest["next_after"],
    }


def test_who_waits_is_told_as_soon_as_something_happens(client, end_one):
    later = threading.Timer(0.2, end_one)
    later.start()
    began = time.monotonic()
    told = client.get("/v1/events", params={"wait": 20}).json()
    later.join()
    assert len(told["items"]) == 1
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("query", ["after=-1", "limit=0", "limit=1001", "wait=31", "after=9223372036854775808"])
def test_what_is_out_of_range_is_refused(client, query):
    assert client.get(f"/v1/events?{query}").status_code == 422


@pytest.mark.parametrize("path", ["/v1/events", "/v1/events/stream"])
def test_strangers_are_told_nothing(stranger, path):
    assert stranger.get(path).status_code == 401


def test_events_of_another_workspace_are_not_told(client, deps, end_one):
    end_one()
    with deps.database.write() as session:
        (event,) = events.after(session, WORKSPACE, number=0, limit=1)
        session.add(type(event)(**event.model_dump(exclude={"id"}) | {"workspace_id": other_workspace(session)}))
    assert len(client.get("/v1/events").json()["items"]) == 1


def other_workspace(session):
    from macropod_server.db.tables import Workspace

    row = Workspace(name="other", created_at=session.get_one(Workspace, WORKSPACE).created_at)
    session.add(row)
    session.flush()
    return row.id


def streamed(text):
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line and not line.startswith(":"))
        if fields:
            yield fields["event"], int(fields["id"]), json.loads(fields["data"])


@pytest.mark.parametrize(("query", "headers", "first"), [("", {}, 0), ("?after={0}", {}, 1)])
def test_a_stream_tells_every_event_and_where_to_go_on_when_the_server_stops(
    client, deps, end_one, query, headers, first
):
    made = [end_one() for _ in range(3)]
    ids = [each["id"] for each in client.get("/v1/events").json()["items"]]
    deps.signals.is_closing = True
    told = list(streamed(client.get("/v1/events/stream" + query.format(*ids), headers=headers).text))
    assert [(kind, data.get("run_id")) for kind, _, data in told[:-1]] == [("run_ended", run) for run in made[first:]]
    assert told[-1] == ("pause", ids[-1], {})


def test_a_stream_goes_on_after_the_last_event_its_reader_had(client, deps, end_one):
    made = [end_one() for _ in range(3)]
    ids = [each["id"] for each in client.get("/v1/events").json()["items"]]
    deps.signals.is_closing = True
    told = list(streamed(client.get("/v1/events/stream", headers={"Last-Event-ID": str(ids[1])}).text))
    assert [data.get("run_id") for _, _, data in told] == [made[2], None]


def test_a_stream_tells_what_happens_while_it_is_open(deps, end_one):
    async def first():
        stream = _told(deps, WORKSPACE, 0)
        assert await anext(stream) == ": here\n\n"
        threading.Timer(0.1, end_one).start()
        return await anext(stream)

    ((kind, _, data),) = streamed(asyncio.run(first()))
    assert (kind, data["facts"]["status"]) == ("run_ended", "failure")
