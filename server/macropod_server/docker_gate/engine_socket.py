"""Calls to the engine over its socket, one connection each."""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

_CONNECT_SECONDS = 5
_PIECE_BYTES = 64 * 1024
_MOST_FACTS_BYTES = 256 * 1024 * 1024


class EngineAway(Exception):
    """The engine cannot be reached, or does not answer in time."""


class Answer:
    """Has to be read to its end by one of the two, or closed."""

    def __init__(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.content_type = response.getheader("Content-Type", "application/json")
        self._connection = connection
        self._response = response

    def close(self) -> None:
        self._response.close()
        self._connection.close()

    def pieces(self) -> Iterator[bytes]:
        """Raises `EngineAway` when it breaks off."""
        with closing(self):
            try:
                while piece := self._response.read1(_PIECE_BYTES):
                    yield piece
            except (OSError, http.client.HTTPException) as error:
                raise EngineAway(f"The Docker Engine breaks off: {error}.") from error

    def facts(self) -> Any:
        """All of it, as JSON. Raises `EngineAway` for what is none."""
        read = bytearray()
        with closing(self):
            for piece in self.pieces():
                read += piece
                if len(read) > _MOST_FACTS_BYTES:
                    raise EngineAway("The Docker Engine tells more than this gate can hold.")
        try:
            return json.loads(read)
        except ValueError:
            raise EngineAway("The Docker Engine answers with what is no JSON.") from None


class EngineSocket:
    """Every wait for the engine ends after `seconds`, or after what the call itself may take on top."""

    def __init__(self, path: str, *, seconds: float) -> None:
        self._path = path
        self._seconds = seconds

    def ask(self, method: str, target: str, body: bytes | None = None, *, more_seconds: float = 0) -> Answer:
        """Raises `EngineAway`. Only what is named here is sent: nothing of a caller's headers."""
        connection = _Connection(self._path, timeout=self._seconds + more_seconds)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            connection.request(method, target, body=body, headers=headers)
            response = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise EngineAway(f"The Docker Engine does not answer: {error}.") from error
        return Answer(connection, response)

    def facts(self, target: str) -> tuple[int, Any]:
        answer = self.ask("GET", target)
        return answer.status, answer.facts()


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str, *, timeout: float) -> None:
        super().__init__("docker", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_CONNECT_SECONDS)
        self.sock.connect(self._path)
        self.sock.settimeout(self.timeout)
