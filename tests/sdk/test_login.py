"""`macropod login` and `logout`: a password or a browser ends in a token of this machine."""

import io
import json
from pathlib import Path
from typing import Any

import macropod
import pytest
from macropod.client import Client
from macropod.connection import Connection
from macropod.signing_in import Invitation, sign_in_on_the_web
from macropod_server.db.tables import Token, UserSession
from macropod_server.flows.device_login import approve_device_login, deny_device_login

from tests.builders import all_rows
from tests.people import EMAIL, PASSWORD, make_person
from tests.sdk_calls import Call
from tests.sdk_server import PlayedServer


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MACROPOD_CREDENTIALS", str(tmp_path / "credentials.json"))
    return tmp_path / "credentials.json"


@pytest.fixture
def ada(server: PlayedServer) -> Any:
    return make_person(server.deps)


class Hands:
    """A clock on which time passes as soon as somebody waits, and who does something meanwhile."""

    def __init__(self, server: PlayedServer) -> None:
        self.deeds: list[Any] = []
        self._clock = server.clock

    def now(self) -> float:
        return self._clock().timestamp()

    def sleep(self, seconds: float) -> None:
        self._clock.advance(seconds=seconds)
        if self.deeds:
            self.deeds.pop(0)()


@pytest.fixture
def hands(server: PlayedServer) -> Hands:
    return Hands(server)


@pytest.fixture
def client(server: PlayedServer, hands: Hands) -> Client:
    client = server.connect(None, "nobody")
    client._connection = Connection(server.http, token="", clock=hands)  # type: ignore[arg-type]
    return client


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text + "\n"))


def test_a_password_ends_in_a_token_of_this_machine(
    server: PlayedServer, call: Call, path: Path, ada: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    type_in(monkeypatch, PASSWORD)
    code, out, err = call("login", "--email", EMAIL, "-o", "json")
    assert (code, json.loads(out)["workspace"]) == (0, f"home of {EMAIL}")
    kept = json.loads(path.read_text())
    assert (kept["token"][:4], kept["url"]) == ("mpu_", "http://testserver")
    assert PASSWORD not in out + err + path.read_text()
    assert [each.ended_at is None for each in all_rows(server.deps, UserSession)] == [False]


def test_a_wrong_password_keeps_nothing(call: Call, path: Path, ada: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(monkeypatch, "wrong wrong wrong")
    code, out, err = call("login", "--email", EMAIL)
    assert (code, out, path.exists()) == (1, "", False)
    assert err.strip() == "E-mail address or password is wrong."


def test_a_password_and_a_browser_at_once_are_wrong_usage(call: Call, path: Path) -> None:
    assert call("login", "--email", EMAIL, "--web")[0] == 2


def test_who_logs_out_has_their_token_revoked(
    server: PlayedServer, call: Call, path: Path, ada: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    type_in(monkeypatch, PASSWORD)
    call("login", "--email", EMAIL)
    code, _, err = call("logout")
    assert (code, path.exists()) == (0, False)
    assert err == f"Removed {path}.\n"
    assert [each.revoked_at is None for each in all_rows(server.deps, Token) if each.user_id == ada.id] == [False]
    assert call("logout") == (0, "", "Nobody is logged in.\n")


def test_a_token_that_was_given_stays_good_after_a_logout(
    server: PlayedServer, call: Call, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    type_in(monkeypatch, server.token)
    call("login")
    code, _, err = call("logout")
    assert (code, path.exists(), "is still good" in err) == (0, False, True)
    assert server.connect().server().workspace_name == "default"


def test_a_yes_in_a_browser_ends_in_a_token_of_this_machine(
    server: PlayedServer, client: Client, hands: Hands, ada: Any
) -> None:
    seen: list[Invitation] = []

    def approve() -> None:
        approve_device_login(server.deps, seen[0].code, ada.id, now=server.clock())

    hands.deeds = [lambda: None, approve]
    made = sign_in_on_the_web(client, seen.append)
    assert seen[0].address == f"http://testserver/device?code={seen[0].code}"
    assert (made.secret[:4], "mpu_" in repr(made)) == ("mpu_", False)


def test_a_no_in_a_browser_is_told(server: PlayedServer, client: Client, hands: Hands, ada: Any) -> None:
    def deny(to: Invitation) -> None:
        hands.deeds = [lambda: deny_device_login(server.deps, to.code, ada.id, now=server.clock())]

    with pytest.raises(macropod.LoginDenied):
        sign_in_on_the_web(client, deny)


def test_nobody_waits_for_ever(client: Client) -> None:
    with pytest.raises(macropod.LoginExpired):
        sign_in_on_the_web(client, lambda _: None)
