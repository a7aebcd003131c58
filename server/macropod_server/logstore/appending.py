"""Appends to the chunk store. Where it lets in one writer at a time, batches that come meanwhile go to the disk
together: one transaction, and one wait for the disk, for all of them."""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, exc, insert

from macropod_server.logstore.base import LogStoreUnavailable
from macropod_server.logstore.capping import leave_out_the_middle
from macropod_server.logstore.places import following, newest_chunk
from macropod_server.logstore.table import chunks

_MOST_TOGETHER = 32
_INSERT = insert(chunks)

Chunk = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """The number expected next, and whether the chunk was stored."""

    expected: int
    is_stored: bool


@dataclass(eq=False)
class _Waiting:
    chunk: Chunk
    outcome: Answer | Exception | None = None


class ChunkAppending:
    """`turn` is that of the one writer at a time; None where any number may write."""

    def __init__(
        self,
        transaction: Callable[[], AbstractContextManager[Connection]],
        turn: AbstractContextManager[Any] | None,
        *,
        run_max_bytes: int | None,
    ) -> None:
        self._transaction = transaction
        self._turn = turn
        self._run_max_bytes = run_max_bytes
        self._waiting: deque[_Waiting] = deque()

    def append(self, chunk: Chunk) -> Answer:
        outcome = self._alone(chunk) if self._turn is None else self._in_turn(chunk, self._turn)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _in_turn(self, chunk: Chunk, turn: AbstractContextManager[Any]) -> Answer | Exception:
        """Whoever has the turn writes for all who wait; mostly it was done for this one when its turn comes."""
        mine = _Waiting(chunk)
        self._waiting.append(mine)
        try:
            with turn:
                while mine.outcome is None:
                    self._write_some()
        except LogStoreUnavailable as error:
            # One that is being written may be stored all the same, as when an answer gets lost.
            with suppress(ValueError):
                self._waiting.remove(mine)
            return error
        return mine.outcome

    def _write_some(self) -> None:
        some = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST_TOGETHER))]
        for each, outcome in zip(some, self._together([each.chunk for each in some]), strict=True):
            each.outcome = outcome

    def _together(self, some: Sequence[Chunk]) -> Sequence[Answer | Exception]:
        """What keeps the store from writing is told to all; what is wrong with one of them to that one alone."""
        try:
            return self._write(some)
        except LogStoreUnavailable as error:
            return [error] * len(some)
        except Exception:
            return [self._alone(each) for each in some]

    def _alone(self, chunk: Chunk, *, is_again: bool = False) -> Answer | Exception:
        try:
            return self._write([chunk])[0]
        except exc.IntegrityError as error:
            # Another sender stored this first line between our look and our insert: the next look sees that.
            return error if is_again else self._alone(chunk, is_again=True)
        except Exception as error:
            return error

    def _write(self, some: Sequence[Chunk]) -> list[Answer]:
        with self._transaction() as connection:
            return [self._insert(connection, each) for each in some]

    def _insert(self, connection: Connection, chunk: Chunk) -> Answer:
        newest = newest_chunk(connection, chunk["run_id"])
        expected = newest.first_line + newest.line_count if newest else 1
        if chunk["first_line"] != expected:
            return Answer(expected, is_stored=False)
        row = chunk | following(newest._asdict() if newest else None, chunk)
        connection.execute(_INSERT, row)
        if self._run_max_bytes is not None:
            leave_out_the_middle(connection, row, most_bytes=self._run_max_bytes)
        return Answer(expected + int(chunk["line_count"]), is_stored=True)
