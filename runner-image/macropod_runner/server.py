"""The calls of the runner protocol. Each is repeated until the server answers it or patience ends."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from macropod_runner.connection import Connection, Response, Unreachable
from macropod_runner.patience import Patience
from macropod_runner.spec import Spec, read_spec

_ANSWER_SECONDS = 60.0
_PASSING_REFUSALS = frozenset({408, 425, 429})

Received = TypeVar("Received")


class RunIsOver(Exception):
    """The server does not know this run (any more), or nothing of what it is sent can be right."""


class Server:
    """Used by one thread at a time."""

    def __init__(self, url: str, token: str, *, patience: Patience) -> None:
        self._connection = Connection(url, token)
        self._patience = patience

    def spec(self) -> Spec:
        return read_spec(self._ask("GET", "/v1/runner/spec"))

    def fetch_bundle(self, path: Path) -> None:
        def keep(blocks: Iterator[bytes]) -> None:
            with path.open("wb") as file:
                file.writelines(blocks)

        self._repeat("GET", "/v1/runner/bundle", receive=keep)

    def send_lines(self, first: int, batch: bytes) -> int:
        """The number of the line the server expects next."""
        kind = "application/octet-stream"
        answer = self._ask("POST", f"/v1/runner/lines?first={first}", body=batch, content_type=kind)
        return int(json.loads(answer)["expected"])

    def beat(self, *, wait: int) -> bool:
        """Tell that the run lives; wait up to that many seconds for news. True when it has to stop."""
        return json.loads(self._ask("POST", f"/v1/runner/beat?wait={wait}"))["stop"] is not None

    def lock(self, told: dict[str, object]) -> str:
        """What to do about the environment of this lock: `build`, `share` or `wait`."""
        return str(json.loads(self._ask("POST", "/v1/runner/lock", body=json.dumps(told).encode()))["action"])

    def end(self, told: dict[str, object]) -> None:
        self._ask("POST", "/v1/runner/end", body=json.dumps(told).encode())

    def hang_up(self) -> None:
        """Make a call that waits in another thread fail at once."""
        self._connection.hang_up()

    def close(self) -> None:
        self._connection.close()

    def _ask(self, method: str, path: str, *, body: bytes = b"", content_type: str = "application/json") -> bytes:
        return self._repeat(method, path, receive=b"".join, body=body, content_type=content_type)

    def _repeat(
        self,
        method: str,
        path: str,
        *,
        receive: Callable[[Iterator[bytes]], Received],
        body: bytes = b"",
        content_type: str = "application/json",
    ) -> Received:
        for attempt in self._patience.attempts():
            try:
                response = self._connection.request(
                    method, path, body=body, content_type=content_type, timeout=_ANSWER_SECONDS
                )
                if response.status < 300:
                    return receive(response.blocks)
                problem = _refusal(response)
            except Unreachable as error:
                problem = str(error)
            if attempt == 0:
                print(f"{method} {path}: {problem} Trying again.", file=sys.stderr, flush=True)
        raise AssertionError("attempts do not end")


def _refusal(response: Response) -> str:
    text = b"".join(response.blocks).decode(errors="replace")
    sentence = f"The server answered {response.status}: {text[:500]}"
    if 400 <= response.status < 500 and response.status not in _PASSING_REFUSALS:
        raise RunIsOver(sentence)
    return sentence
