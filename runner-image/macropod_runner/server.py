"""The calls of the runner protocol. Each is repeated until the server answers it or patience ends."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from macropod_runner.aside import say_aside
from macropod_runner.connection import Connection, Response, Unreachable
from macropod_runner.file_body import FileBody
from macropod_runner.patience import Patience
from macropod_runner.spec import Spec, read_spec

_ANSWER_SECONDS = 60.0
_STORED_SECONDS = 300.0
"""How long a store may take to make durable what was sent."""

_PASSING_REFUSALS = frozenset({408, 425, 429})

Received = TypeVar("Received")


class RunIsOver(Exception):
    """The server does not know this run (any more), or nothing of what it is sent can be right."""


class TooLarge(RunIsOver):
    """What was sent is more than the server takes. The message is a sentence of the server's for people."""


class NotThere(RunIsOver):
    """The server does not have what was asked for."""


class News(NamedTuple):
    """`masked`: all the texts to leave out from now on, None when they are those that are known."""

    is_to_stop: bool
    masked: Sequence[str] | None = None
    secrets_given: int = 0


class Server:
    """Used by one thread at a time."""

    def __init__(self, url: str, token: str, *, patience: Patience) -> None:
        self._connection = Connection(url, token)
        self._patience = patience
        # Tells a runner that repeats its call from a second runner of the same run.
        self._nonce = os.urandom(16).hex()

    def spec(self) -> Spec:
        return self._repeat(
            "GET",
            "/v1/runner/spec",
            receive=lambda blocks: read_spec(b"".join(blocks)),
            headers=f"Macropod-Runner-Nonce: {self._nonce}\r\n",
        )

    def fetch_bundle(self, path: Path) -> None:
        def keep(blocks: Iterator[bytes]) -> None:
            with path.open("wb") as file:
                file.writelines(blocks)

        self._repeat("GET", "/v1/runner/bundle", receive=keep)

    def send_environment(self, path: Path, sha256: str, size: int, *, look_up: Callable[[], None]) -> None:
        """`look_up` is called again and again meanwhile and may raise. Raises `TooLarge`."""
        self._repeat(
            "PUT",
            f"/v1/runner/environment?sha256={sha256}&size={size}",
            receive=b"".join,
            body=FileBody(path, size, look_up=look_up),
            content_type="application/octet-stream",
            patience_seconds=_STORED_SECONDS,
        )

    def fetch_environment(self, path: Path, *, look_up: Callable[[], None]) -> str:
        """The sha256 of what was written to the file. `look_up` as above. Raises `NotThere`."""

        def keep(blocks: Iterator[bytes]) -> str:
            digest = hashlib.sha256()
            with path.open("wb") as file:
                for block in blocks:
                    look_up()
                    digest.update(block)
                    file.write(block)
            return digest.hexdigest()

        return self._repeat("GET", "/v1/runner/environment", receive=keep)

    def send_lines(self, first: int, batch: bytes) -> int:
        """The number of the line the server expects next."""
        return self._repeat(
            "POST",
            f"/v1/runner/lines?first={first}",
            receive=lambda blocks: int(_told(blocks)["expected"]),
            body=batch,
            content_type="application/octet-stream",
        )

    def beat(self, *, wait: int, masked: int) -> News:
        """Tell that the run lives, and what it knows of its secrets; wait up to that many seconds for news."""
        path = f"/v1/runner/beat?wait={wait}&masked={masked}"
        return self._repeat("POST", path, receive=lambda blocks: _news(_told(blocks)))

    def lock(self, told: dict[str, object]) -> str:
        """What to do about the environment of this lock: `build`, `share` or `wait`."""
        return self._repeat(
            "POST",
            "/v1/runner/lock",
            receive=lambda blocks: str(_told(blocks)["action"]),
            body=json.dumps(told).encode(),
        )

    def end(self, told: dict[str, object]) -> None:
        self._repeat("POST", "/v1/runner/end", receive=b"".join, body=json.dumps(told).encode())

    def hang_up(self) -> None:
        """Make a call that waits in another thread fail at once."""
        self._connection.hang_up()

    def _repeat(
        self,
        method: str,
        path: str,
        *,
        receive: Callable[[Iterator[bytes]], Received],
        body: bytes | FileBody = b"",
        content_type: str = "application/json",
        patience_seconds: float = _ANSWER_SECONDS,
        headers: str = "",
    ) -> Received:
        problem = ""
        for attempt in self._patience.attempts():
            if attempt == 1:
                say_aside(f"{method} {path}: {problem} Trying again.")
            try:
                response = self._connection.request(
                    method, path, body=body, content_type=content_type, timeout=patience_seconds, headers=headers
                )
                if response.status < 300:
                    return receive(response.blocks)
                problem = _refusal(response)
            except Unreachable as error:
                problem = f"The server does not answer: {error}."
            except (KeyError, TypeError, ValueError) as error:
                problem = f"The answer makes no sense: {error!r}."
            except BaseException:
                self._connection.close()  # What is left of this call must not pass for the answer to the next.
                raise
        raise AssertionError("attempts do not end")


def _news(told: dict[str, Any]) -> News:
    return News(told["stop"] is not None, told.get("masked"), told.get("secrets_given", 0))


def _told(blocks: Iterator[bytes]) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(b"".join(blocks))
    return told


def _of_refusal(text: str, name: str) -> str:
    """What the server says in its refusal; empty where it was not the server that answered."""
    try:
        return str(json.loads(text)[name])
    except (ValueError, KeyError, TypeError):
        return ""


def _refusal(response: Response) -> str:
    text = b"".join(response.blocks).decode(errors="replace")
    sentence = f"The server answered {response.status}: {text[:500]}."
    if response.status == 413:
        raise TooLarge(_of_refusal(text, "message") or sentence)
    # Whatever stands before the server and does not find it says 404 too, and knows nothing of runs.
    is_of_server = bool(_of_refusal(text, "code"))
    if is_of_server and response.status == 404:
        raise NotThere(sentence)
    if is_of_server and 400 <= response.status < 500 and response.status not in _PASSING_REFUSALS:
        raise RunIsOver(sentence)
    return sentence
