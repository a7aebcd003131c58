"""Removes chunks, a little at a time, so that nobody who appends waits for long; then what they had in the bucket."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, insert, select

from macropod_server.domain.errors import Unavailable
from macropod_server.domain.lines import Stream, encode_segment
from macropod_server.domain.portions import portions
from macropod_server.logstore.bodies import Bodies
from macropod_server.logstore.measuring import STORED_BYTES
from macropod_server.logstore.packing import pack, to_datetime
from macropod_server.logstore.places import following
from macropod_server.logstore.table import chunks

_RUNS_AT_ONCE = 100
_CHUNKS_AT_ONCE = 500
_BYTES_AT_ONCE = 8 * 1024**2

_later = chunks.alias()
_is_not_last = (
    select(_later.c.first_line)
    .where(_later.c.run_id == chunks.c.run_id, _later.c.first_line > chunks.c.first_line)
    .exists()
)
_deleting = delete(chunks).where(chunks.c.run_id == bindparam("run"), chunks.c.first_line == bindparam("first"))


class ChunkRemoving:
    def __init__(
        self,
        transaction: Callable[[], AbstractContextManager[Connection]],
        turn: AbstractContextManager[Any],
        bodies: Bodies | None,
    ) -> None:
        self._transaction, self._turn, self._bodies = transaction, turn, bodies

    def drop(self, run_ids: Collection[str]) -> None:
        for some in portions(run_ids, _RUNS_AT_ONCE):
            self._drop(chunks.c.run_id.in_(some))

    def replace(self, said: Mapping[str, str]) -> None:
        """The last chunk of each goes with the coming of the line: it tells what number comes next."""
        for some in portions(said, _RUNS_AT_ONCE):
            self._drop(chunks.c.run_id.in_(some), _is_not_last)
            last = self._some(chunks.c.run_id.in_(some))
            newest = {each.run_id: each for each in last}
            self._remove(last, [_said(each, said[run_id]) for run_id, each in newest.items()])

    def _drop(self, *conditions: ColumnElement[bool]) -> None:
        while found := self._some(*conditions):
            self._remove(found)

    def _some(self, *conditions: ColumnElement[bool]) -> list[Any]:
        """In the order of their lines, as many as are no more than so many bytes, but at least one."""
        place = (chunks.c.run_id, chunks.c.first_line)
        columns = (*place, chunks.c.line_count, chunks.c.last_at, chunks.c.object, STORED_BYTES.label("bytes"))
        query = select(*columns).where(*conditions).order_by(*place).limit(_CHUNKS_AT_ONCE)
        with self._transaction() as connection:
            found = list(connection.execute(query).all())
        size, count = 0, 0
        while count < len(found) and (not count or size + found[count].bytes <= _BYTES_AT_ONCE):
            size, count = size + found[count].bytes, count + 1
        return found[:count]

    def _remove(self, found: Sequence[Any], put_in: Sequence[dict[str, Any]] = ()) -> None:
        with self._turn, self._transaction() as connection:
            if found:
                connection.execute(_deleting, [{"run": each.run_id, "first": each.first_line} for each in found])
            if put_in:
                connection.execute(insert(chunks), put_in)
        keys = [each.object for each in found if each.object]
        if keys and self._bodies is not None:
            with suppress(Unavailable):  # No chunk has them any more: a sweep comes by them.
                self._bodies.remove(keys)


def _said(last: Any, text: str) -> dict[str, Any]:
    said = encode_segment(to_datetime(last.last_at), Stream.SYSTEM, [text])
    row = pack(last.run_id, last.first_line + last.line_count - 1, said) or {}
    return row | following(None, row)
