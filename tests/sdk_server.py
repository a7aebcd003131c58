"""The real application in process; its runs do what the test says, spoken over the real runner protocol."""

from pathlib import Path
from typing import Any

import macropod
from macropod_server.app import create_app
from macropod_server.domain.lines import Stream
from macropod_server.flows.issue_token import issue_token
from macropod_server.flows.start_run import start_runs
from macropod_server.spawners.base import Order
from starlette.testclient import TestClient

from tests.batches import batch
from tests.builders import Clock, make_deps


class PlayedRun:
    """One started run whose runner is played by the test."""

    def __init__(self, http: TestClient, order: Order) -> None:
        self.id, self.token = order.run_id, order.token
        self._http = http
        self._printed = 0
        self.spec = self._call("GET", "spec").json()

    def prints(self, *texts: str, stream: Stream = Stream.STDOUT, **at: Any) -> None:
        content = batch(*texts, stream=stream, **at)
        self._call("POST", f"lines?first={self._printed + 1}", content=content)
        self._printed += len(texts)

    def ends(self, reason: str = "completed", **facts: Any) -> None:
        ending = {"reason": reason, "exit_code": 0 if reason == "completed" else None} | facts
        self._call("POST", "end", json=ending | {"lines": self._printed})

    def _call(self, method: str, path: str, **rest: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = self._http.request(method, f"/v1/runner/{path}", headers=headers, **rest)
        assert answer.is_success, answer.text
        return answer


class PlayedServer:
    """Used as a context manager. Nothing happens in it by itself: the test starts runs and moves the clock."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.clock = Clock()
        self.deps = make_deps(folder, clock=self.clock, **settings)
        self.token = issue_token(self.deps.database, name="test", now=self.clock())
        self.http = TestClient(create_app(self.deps, with_engine=False))

    def __enter__(self) -> "PlayedServer":
        self.http.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self.http.__exit__(*exc)
        self.deps.logs.close()
        self.deps.database.close()

    def connect(
        self, url: str | None = None, token: str | None = None, *, workspace: str | None = None
    ) -> macropod.Client:
        return macropod.Client(url, token or self.token, workspace=workspace, http=self.http)

    def start(self) -> PlayedRun:
        """Start the oldest run that may start."""
        started = len(self.deps.spawner.orders)
        start_runs(self.deps)
        assert len(self.deps.spawner.orders) > started, "There is no run to start."
        return PlayedRun(self.http, self.deps.spawner.orders[started])
