"""What goes over the wire, what is tried again, and what each refusal becomes."""

import httpx2
import macropod
import pytest
from macropod.connection import FIRST_PATIENCE_SECONDS, PATIENCE_SECONDS, Connection, segment
from macropod.errors import MacropodError
from macropod_server.domain import errors as server_errors

from tests.sdk_doubles import PatientClock, Wire, connect, ok, refused

ERRORS = [
    macropod.Invalid,
    macropod.Unauthorized,
    macropod.Forbidden,
    macropod.NotFound,
    macropod.Conflict,
    macropod.TooLarge,
    macropod.TooMany,
    macropod.LoginPending,
    macropod.LoginTooFast,
    macropod.LoginExpired,
    macropod.LoginDenied,
    macropod.Unavailable,
    macropod.OutOfSpace,
]


def test_every_call_carries_the_token_and_says_who_calls() -> None:
    wire = Wire(ok())
    connect(wire, token="secret").get("/v1/info", killed=True, before=None)
    [request] = wire.requests
    assert request.headers["authorization"] == "Bearer secret"
    assert request.headers["user-agent"] == f"macropod/{macropod.__version__}"
    assert str(request.url) == "http://server/v1/info?killed=true"


@pytest.mark.parametrize("kind", ERRORS)
def test_a_refusal_becomes_the_error_of_its_code(kind: type[MacropodError]) -> None:
    body = {"code": kind.code, "message": "No.", "details": [{"code": "c", "where": "w", "message": "Why."}]}
    with pytest.raises(kind) as raised:
        connect(Wire(httpx2.Response(418, json=body))).get("/v1/info")
    assert type(raised.value) is kind
    assert raised.value.problems == (macropod.Problem("c", "w", "Why."),)
    assert str(raised.value) == "No.\n  w: Why."


def test_the_sdk_has_an_error_for_every_code_of_the_server() -> None:
    kinds = [kind for kind in vars(server_errors).values() if isinstance(kind, type) and hasattr(kind, "code")]
    assert {kind.code for kind in kinds} - {"error"} == {each.code for each in ERRORS}


def test_a_token_that_is_not_known_is_told_with_its_origin() -> None:
    http = httpx2.Client(base_url="http://server", transport=httpx2.MockTransport(Wire(refused(401, "unauthorized"))))
    with pytest.raises(macropod.Unauthorized, match=r"No\. It came from the moon\."):
        Connection(http, token="x", token_origin="It came from the moon.").get("/v1/info")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx2.Response(404, text="<h1>nginx</h1>"), "Check the address"),
        (httpx2.Response(200, text="<h1>hello</h1>"), "Check the address"),
        (httpx2.Response(200, json=[1]), "not an object"),
        (httpx2.Response(500, text="oops"), "try again later"),
        (httpx2.Response(500, json={"code": "error", "message": "Look under the id 7.", "details": []}), "id 7"),
        (httpx2.Response(308, headers={"location": "https://server/v1/info"}), "Use that address"),
        (httpx2.Response(403, json={"detail": "proxy"}), "Check the address"),
    ],
)
def test_an_answer_that_is_not_macropods_is_said_to_be_none(answer: httpx2.Response, said: str) -> None:
    with pytest.raises(macropod.UnexpectedAnswer, match=said):
        connect(Wire(answer)).get("/v1/info")


@pytest.mark.parametrize(
    "failure",
    [httpx2.ConnectError("refused"), httpx2.ReadTimeout("slow"), refused(503, "unavailable"), httpx2.Response(502)],
)
def test_a_read_is_tried_again_until_the_server_is_back(failure: httpx2.Response | Exception) -> None:
    clock = PatientClock()
    assert connect(Wire(failure, failure, ok({"a": 1})), clock=clock).get("/v1/info") == {"a": 1}
    assert len(clock.pauses) == 2
    assert clock.pauses[0] < clock.pauses[1]


def test_every_attempt_at_making_something_carries_the_same_key_and_body() -> None:
    wire = Wire(httpx2.ReadError("broke"), refused(503, "unavailable"), ok())
    connect(wire).post("/v1/tasks", json={"name": "é"})
    assert len({each.headers["idempotency-key"] for each in wire.requests}) == 1
    assert {each.content for each in wire.requests} == {wire.requests[0].content}


def test_each_thing_made_has_a_key_of_its_own() -> None:
    wire = Wire(ok())
    connection = connect(wire)
    for _ in range(2):
        connection.post("/v1/tasks", json={})
    assert len({each.headers["idempotency-key"] for each in wire.requests}) == 2


def test_a_pause_is_as_long_as_the_server_asks() -> None:
    clock = PatientClock()
    wire = Wire(
        refused(503, "unavailable", retry_after="7"),
        refused(503, "unavailable", retry_after="Wed, 21 Oct 2026 07:28:00 GMT"),
        ok(),
    )
    connect(wire, clock=clock).get("/v1/info")
    assert clock.pauses[0] == 7
    assert clock.pauses[1] < 2


def test_a_pause_longer_than_patience_is_an_error_at_once() -> None:
    clock = PatientClock()
    with pytest.raises(macropod.Unavailable):
        connect(Wire(refused(503, "unavailable", retry_after="86400")), clock=clock).get("/v1/info")
    assert clock.pauses == []


def test_a_server_nothing_was_heard_of_is_given_up_soon() -> None:
    clock = PatientClock()
    wire = Wire(httpx2.ConnectError("Connection refused"))
    with pytest.raises(macropod.ConnectionFailed, match=r"http://server.* cannot be reached: Connection refused"):
        connect(wire, clock=clock).get("/v1/info")
    assert FIRST_PATIENCE_SECONDS - 2 < clock.now() <= FIRST_PATIENCE_SECONDS


@pytest.mark.parametrize("failure", [httpx2.ConnectError("refused"), refused(503, "unavailable", retry_after="2")])
@pytest.mark.parametrize("call", ["get", "post"])
def test_a_server_that_was_there_is_waited_for_as_long_as_a_restart_takes(
    failure: httpx2.Response | Exception, call: str
) -> None:
    clock, is_away = PatientClock(), [False]

    def answer(_: httpx2.Request) -> httpx2.Response:
        if not is_away[0] or clock.now() > 20:
            return ok()
        if isinstance(failure, Exception):
            raise failure
        return failure

    connection = connect(Wire(answer), clock=clock)
    connection.get("/v1/info")
    is_away[0] = True
    getattr(connection, call)("/v1/tasks")
    assert 20 < clock.now() < 23


def test_an_outage_that_lasts_is_told_with_its_message() -> None:
    clock = PatientClock()
    with pytest.raises(macropod.Unavailable, match="The database is away"):
        connect(Wire(refused(503, "unavailable", "The database is away.")), clock=clock).get("/v1/info")
    assert PATIENCE_SECONDS - 3 < clock.now() <= PATIENCE_SECONDS


def test_a_full_disk_is_no_outage_that_passes() -> None:
    wire = Wire(refused(507, "out_of_space"))
    with pytest.raises(macropod.OutOfSpace):
        connect(wire).post("/v1/tasks")
    assert len(wire.requests) == 1


@pytest.mark.parametrize("status", [400, 404, 409, 422, 500])
def test_a_refusal_that_will_not_change_is_not_asked_for_again(status: int) -> None:
    wire = Wire(refused(status, "not_found"))
    with pytest.raises(macropod.NotFound):
        connect(wire).get("/v1/info")
    assert len(wire.requests) == 1


def test_a_deletion_is_not_repeated_for_it_may_have_been_done() -> None:
    wire = Wire(httpx2.ReadError("broke"))
    with pytest.raises(macropod.ConnectionFailed):
        connect(wire).delete("/v1/orchestrations/x")
    assert len(wire.requests) == 1


def test_a_list_is_read_page_by_page_until_none_is_named_to_follow() -> None:
    ids = [{"id": str(number)} for number in range(250)]
    places = {0: "place-99", 100: "place-199", 200: None}
    wire = Wire(*(ok({"items": ids[at : at + 100], "next_before": place}) for at, place in places.items()))
    assert list(connect(wire).items("/v1/runs", limit=None, status="failure")) == ids
    assert [each.url.params.get("before") for each in wire.requests] == [None, "place-99", "place-199"]
    assert {each.url.params["status"] for each in wire.requests} == {"failure"}


def test_a_list_with_a_limit_reads_no_more_pages_than_it_needs() -> None:
    wire = Wire(ok({"items": [{"id": str(number)} for number in range(100)]}))
    assert len(list(connect(wire).items("/v1/runs", limit=3))) == 3
    assert len(wire.requests) == 1


@pytest.mark.parametrize(("given", "path"), [("a/b?c", "a%2Fb%3Fc"), ("1-2", "1-2"), ("é", "%C3%A9")])
def test_an_id_stays_one_part_of_the_path(given: str, path: str) -> None:
    assert segment(given) == path


@pytest.mark.parametrize("given", ["", " ", "..", None, 7])
def test_what_cannot_be_an_id_is_refused(given: str) -> None:
    with pytest.raises(macropod.Invalid, match="is not an id"):
        segment(given)


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(macropod.Invalid, match="not the address of a server"):
        macropod.Client("http://host:port", "token")


def test_a_server_under_a_path_is_asked_under_that_path() -> None:
    wire = Wire(ok())
    http = httpx2.Client(base_url="http://server/macropod/", transport=httpx2.MockTransport(wire))
    Connection(http, token="").get("/v1/info")
    assert str(wire.requests[0].url) == "http://server/macropod/v1/info"
    assert "authorization" not in wire.requests[0].headers
