"""A connection to PostgreSQL that waits for no answer for ever."""

import time
from collections.abc import Generator
from typing import Any

import psycopg
from psycopg.rows import TupleRow


class ImpatientConnection(psycopg.Connection[TupleRow]):
    answer_seconds = 60.0

    def wait(self, gen: Generator[Any, Any, Any], *arguments: Any, **options: Any) -> Any:
        """Each conversation with the server goes through here. The driver comes by several times a second."""
        return super().wait(self._in_time(gen), *arguments, **options)

    def _in_time(self, conversation: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        patience = time.monotonic() + self.answer_seconds
        try:
            wanted = next(conversation)
            while True:
                ready = yield wanted
                if not ready and time.monotonic() > patience:
                    self.pgconn.finish()
                    raise psycopg.OperationalError(f"it did not answer for {self.answer_seconds:g} s")
                wanted = conversation.send(ready)
        except StopIteration as end:
            return end.value
