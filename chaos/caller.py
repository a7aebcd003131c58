"""Calls the REST API as a patient client does, and keeps count of what it was answered."""

import threading
import time
import uuid
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import httpx2

_PATIENCE_SECONDS = 180.0
_ANSWER_SECONDS = 20.0
_PAUSE_SECONDS = 0.2
_AGAIN = {408, 425, 429, 503, 507}
_ALLOWED = {503, 507}


class Refused(Exception):
    """The server understood, and said no."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text[:500]}")
        self.status = status


class Tally:
    """What all callers were answered. Safe to use from several threads."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.broken = 0
        self.faulty: list[str] = []
        self._turn = threading.Lock()

    def answered(self, method: str, path: str, answer: httpx2.Response) -> None:
        with self._turn:
            self.statuses[answer.status_code] += 1
            if answer.status_code >= 500 and answer.status_code not in _ALLOWED:
                self.faulty.append(f"{method} {path} was answered {answer.status_code}: {answer.text[:300]}")
            if answer.status_code == 503 and "retry-after" not in answer.headers:
                self.faulty.append(f"{method} {path} was answered 503 without Retry-After: {answer.text[:300]}")

    def broke(self) -> None:
        """A connection that ends without an answer is what a kill looks like; nothing is wrong with it."""
        with self._turn:
            self.broken += 1

    @property
    def calls(self) -> int:
        return self.statuses.total()


class Caller:
    """One per thread. `cut_off` counts requests that were sent on an open connection and never answered."""

    def __init__(self, url: str, token: str, tally: Tally) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"}
        self._tally = tally
        self.cut_off = 0
        self._client = httpx2.Client(base_url=url, headers=self._headers, timeout=_ANSWER_SECONDS)

    def close(self) -> None:
        self._client.close()

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        return self._patiently("GET", path, params=params)

    def post(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Repeated under the same key until it is answered: it is to happen once."""
        key = {"Idempotency-Key": str(uuid.uuid4())}
        return self._patiently("POST", path, headers=key, **({"json": body} if body is not None else {}))

    def upload(self, name: str, data: bytes) -> dict[str, Any]:
        key = {"Idempotency-Key": str(uuid.uuid4())}
        return self._patiently("POST", "/v1/orchestrations", headers=key, files={"file": (f"{name}.zip", data)})

    def once(self, method: str, path: str, **options: Any) -> httpx2.Response | None:
        """One try. None when the connection broke."""
        try:
            answer = self._client.request(method, path, **options)
        except httpx2.TransportError as error:
            self.cut_off += not isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout)
            self._tally.broke()
            return None
        self._tally.answered(method, path, answer)
        return answer

    def _patiently(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            answer = self.once(method, path, **options)
            if answer is not None and answer.is_success:
                parsed: dict[str, Any] = answer.json()
                return parsed
            if answer is not None and answer.status_code < 500 and answer.status_code not in _AGAIN:
                raise Refused(answer.status_code, answer.text)
            time.sleep(_PAUSE_SECONDS)
        raise TimeoutError(f"{method} {path} was not answered for {_PATIENCE_SECONDS:.0f} s.")


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
