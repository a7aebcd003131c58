"""Several servers of one installation: one PostgreSQL, one data folder, one address before them all."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import macropod

from tests.balancer import Balancer, balancing
from tests.live_server import LiveServer


class Fleet:
    """`client` and `rest` reach whichever server is ready."""

    def __init__(self, folder: Path, database_url: str, balancer: Balancer, stack: ExitStack) -> None:
        self.data_dir = folder / "data"
        self._folder = folder
        self._balancer = balancer
        self._stack = stack
        self._shared: dict[str, Any] = {
            "database_url": database_url,
            "data_dir": self.data_dir,
            "credentials": folder / "credentials.json",
            "runner_url": balancer.url,
            "grace_seconds": 1,
        }
        self._servers: list[LiveServer] = []
        self._numbers = count()

    def start(self, role: str = "both", **settings: Any) -> LiveServer:
        folder = self._folder / f"server-{next(self._numbers)}"
        server = LiveServer(folder, **self._shared | settings, role=role)
        self._servers.append(server)
        self._stack.enter_context(server)
        if role != "engine":
            self._balancer.add(server.url)
        return server

    @cached_property
    def client(self) -> macropod.Client:
        return self._stack.enter_context(macropod.Client(self._balancer.url, self._servers[0].token))

    @cached_property
    def rest(self) -> httpx2.Client:
        headers = {"Authorization": f"Bearer {self._servers[0].token}"}
        return self._stack.enter_context(httpx2.Client(base_url=self._balancer.url, headers=headers, timeout=30))


@contextmanager
def a_fleet(folder: Path, database_url: str) -> Iterator[Fleet]:
    with ExitStack() as stack:
        yield Fleet(folder, database_url, stack.enter_context(balancing()), stack)
