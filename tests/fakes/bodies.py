"""Bodies in memory."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from macropod_server.domain.errors import Unavailable

from tests.batches import NOON


class MemoryBodies:
    """`is_away` makes every call fail."""

    def __init__(self) -> None:
        self.is_away = False
        self.bodies: dict[str, bytes] = {}
        self.put_at: dict[str, datetime] = {}

    def put(self, key: str, body: bytes) -> None:
        self._ask()
        self.bodies[key], self.put_at[key] = body, NOON

    def get(self, key: str) -> bytes | None:
        self._ask()
        return self.bodies.get(key)

    def remove(self, keys: Iterable[str]) -> None:
        self._ask()
        for key in keys:
            self.bodies.pop(key, None)

    def keys(self, beginning: str) -> Iterator[tuple[str, datetime]]:
        self._ask()
        return iter([(key, self.put_at[key]) for key in sorted(self.bodies) if key.startswith(beginning)])

    def _ask(self) -> None:
        if self.is_away:
            raise Unavailable("The bucket does not answer. Try again later.")
