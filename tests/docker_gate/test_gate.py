"""What the gate does with calls it recognises: looks first, passes on what it read, tells trouble from refusal."""

import json
from typing import Any

import pytest
from macropod_server.spawners.base import CouldNotStart, SpawnerUnavailable
from macropod_server.spawners.docker import DockerSpawner

from tests.docker_gate.calls import (
    CREATE,
    IMAGE,
    IMAGE_ID,
    LABELS,
    NAMES,
    OTHER_RUN,
    RUN,
    Caller,
    body_of,
    container,
    network,
    order,
)
from tests.fakes.recording_engine import RecordingEngine
from tests.running_gate import running_gate

MINE = f"/containers/macropod-{RUN}"
STRANGERS = {
    "no labels": {},
    "labels of compose": {"com.docker.compose.project": "macropod"},
    "a label of another run": {**LABELS, "macropod.run": OTHER_RUN},
    "an installation without a name": {**LABELS, "macropod.installation": ""},
}
ACTIONS = {
    "look": ("GET", f"/v1.41{MINE}/json"),
    "start": ("POST", f"/v1.41{MINE}/start"),
    "stop": ("POST", f"/v1.41{MINE}/stop?t=1"),
    "logs": ("GET", f"/v1.41{MINE}/logs?stdout=1&stderr=1&follow=0&tail=5"),
    "remove": ("DELETE", f"/v1.41{MINE}?v=True&link=False&force=True"),
}


@pytest.mark.parametrize("labels", STRANGERS.values(), ids=STRANGERS.keys())
@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS.keys())
def test_a_container_that_is_none_of_macropod_s_is_not_reached(
    engine: RecordingEngine, caller: Caller, action: tuple[str, str], labels: dict[str, str]
) -> None:
    engine.facts[f"{MINE}/json"] = {"Config": {"Labels": labels, "Env": ["PASSWORD=secret"]}}
    status, told = caller.call(*action)
    assert status == 403
    assert "secret" not in str(told)
    assert [each.target for each in engine.asked] == [f"/v1.41{MINE}/json"]


@pytest.mark.parametrize("name", [NAMES.home(RUN), NAMES.environment(RUN), NAMES.cache(7)])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_volume_with_a_name_of_macropod_s_and_not_its_label_is_not_reached(
    engine: RecordingEngine, caller: Caller, method: str, name: str
) -> None:
    engine.facts[f"/volumes/{name}"] = {"Labels": {"macropod.installation": "other"}}
    assert caller.call(method, f"/v1.41/volumes/{name}")[0] == 403
    assert engine.changes == []


def test_a_run_is_not_put_on_a_network_that_only_has_the_name(engine: RecordingEngine, caller: Caller) -> None:
    engine.facts[f"/networks/{NAMES.network}"] = {"Labels": None, "Driver": "macvlan"}
    assert caller.call("POST", CREATE, body_of(order()))[0] == 403
    assert engine.changes == []


@pytest.mark.parametrize("action", list(ACTIONS)[1:])
def test_a_container_of_macropod_s_is_reached(engine: RecordingEngine, caller: Caller, action: str) -> None:
    method, target = ACTIONS[action]
    engine.facts[f"{MINE}/logs"] = {"lines": 5}
    assert caller.call(method, target)[0] in (200, 201)
    assert (engine.asked[-1].method, engine.asked[-1].target) == (method, target)


def test_what_is_sent_on_is_what_was_read_and_no_header_of_the_caller(engine: RecordingEngine, caller: Caller) -> None:
    sent = json.dumps(body_of(order()), indent=8).encode()
    status, told = caller.call(
        "POST", CREATE, sent, **{"X-Registry-Auth": "x", "Upgrade": "tcp", "Connection": "Upgrade"}
    )
    assert (status, told) == (201, {"Id": "made"})
    (made,) = engine.changes
    assert made.body == json.dumps(body_of(order())).encode()
    assert made.headers.keys() == {"Host", "Accept-Encoding", "Content-Length", "Content-Type"}


def test_an_image_nobody_allowed_is_refused(engine: RecordingEngine, caller: Caller) -> None:
    engine.facts["/images/postgres:18/json"] = {"Id": "sha256:" + "2" * 64}
    status, told = caller.call("POST", CREATE, container("Image", to="postgres:18"))
    assert (status, IMAGE in told["message"]) == (403, True)
    assert engine.changes == []


def test_an_image_that_is_missing_is_missing_for_the_caller_too(engine: RecordingEngine, caller: Caller) -> None:
    assert caller.call("POST", CREATE, container("Image", to="macropod-nowhere:0"))[0] == 404
    assert caller.call("GET", "/v1.41/images/macropod-nowhere:0/json")[0] == 404
    assert engine.changes == []


def test_an_image_is_allowed_by_the_id_it_had_when_its_name_means_another(
    engine: RecordingEngine, caller: Caller
) -> None:
    claimed = container("Image", to=IMAGE_ID)
    assert caller.call("POST", CREATE, claimed)[0] == 201
    engine.facts[f"/images/{IMAGE}/json"] = {"Id": "sha256:" + "3" * 64}
    assert caller.call("POST", CREATE, claimed)[0] == 201


def test_a_network_is_made_as_the_spawner_wants_it(engine: RecordingEngine, caller: Caller) -> None:
    assert caller.call("POST", "/v1.41/networks/create", network())[0] == 201
    assert json.loads(engine.changes[0].body) == network()


def test_what_the_engine_refuses_is_told_as_the_engine_says_it(engine: RecordingEngine, caller: Caller) -> None:
    engine.facts[f"{MINE}/json"] = 500
    assert caller.call("GET", f"/v1.41{MINE}/json") == (500, {"message": f"nothing at {MINE}/json"})


def test_an_answer_that_breaks_off_is_no_answer(engine: RecordingEngine, caller: Caller) -> None:
    engine.breaks_off = True
    assert caller.call("GET", "/version")[0] == 503


SMUGGLED = b"POST /v1.41/containers/create?name=x HTTP/1.1\r\nHost: gate\r\nContent-Length: 2\r\n\r\n{}"
FRAMES = {
    "a length and chunks": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "two lengths": b"Content-Length: 0\r\nContent-Length: 90\r\n\r\n" + SMUGGLED,
    "a length that is none": b"Content-Length: +0\r\n\r\n" + SMUGGLED,
    "an unknown coding": b"Transfer-Encoding: xchunked\r\n\r\n" + SMUGGLED,
    "a space before the colon": b"Content-Length : 0\r\n\r\n" + SMUGGLED,
    "a folded line": b"X: 1\r\n Transfer-Encoding: chunked\r\n\r\n" + SMUGGLED,
    "a chunk that is longer than it says": b"Transfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n0\r\n\r\n" + SMUGGLED,
    "one call behind another": b"Content-Length: 0\r\n\r\n" + SMUGGLED,
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES.keys())
def test_no_second_call_is_hidden_in_a_first(engine: RecordingEngine, caller: Caller, frame: bytes) -> None:
    head = f"POST /v1.41{MINE}/start HTTP/1.1\r\nHost: gate\r\n".encode()
    answer = caller.send(head + frame)
    assert b"HTTP/1.1 4" in answer or b"HTTP/1.1 201" in answer
    assert all(each.target == f"/v1.41{MINE}/start" for each in engine.changes)


def test_a_body_in_chunks_is_read_as_any_other(engine: RecordingEngine, caller: Caller) -> None:
    body = json.dumps(body_of(order())).encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (body[:100], body[100:])) + b"0\r\n\r\n"
    head = f"POST {CREATE} HTTP/1.1\r\nHost: gate\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    assert b"HTTP/1.1 201" in caller.send(head + chunks)
    assert engine.changes[0].headers["Content-Length"] == str(len(body))


def test_without_an_engine_the_gate_says_so_and_the_spawner_asks_again_later() -> None:
    with running_gate("/nowhere/engine") as host:
        assert Caller(host).call("GET", "/version")[0] == 503
        spawner = _spawner(host)
        with pytest.raises(SpawnerUnavailable):
            spawner.list()
        spawner.close()


def _spawner(host: str, **changes: Any) -> DockerSpawner:
    values = {"image": IMAGE, "runner_url": "http://server"} | changes
    return DockerSpawner(NAMES.installation_id, environ={"DOCKER_HOST": host}, **values)


def test_a_run_the_gate_refuses_cannot_start_and_its_message_says_why(
    engine: RecordingEngine, engine_behind_gate: tuple[RecordingEngine, str]
) -> None:
    engine.facts |= {f"{MINE}/json": 404, "/info": {"NCPU": 2, "MemTotal": 1 << 34}}
    engine.facts["/images/postgres:18/json"] = {"Id": "sha256:" + "2" * 64}
    spawner = _spawner(engine_behind_gate[1], image="postgres:18")
    with pytest.raises(CouldNotStart, match="none of those this gate lets runs be made from"):
        spawner.spawn(order())
    spawner.close()


def test_an_address_nobody_can_listen_on_is_refused_and_shown(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(AssertionError), running_gate("/nowhere/engine", "--listen", "nowhere"):
        pass
    told = capfd.readouterr().err
    assert "'nowhere'" in told
    assert "as 0.0.0.0:2375" in told
