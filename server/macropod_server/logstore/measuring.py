"""How much there is of each run, and of all together."""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager

from sqlalchemy import ColumnElement, Connection, func, select

from macropod_server.domain.portions import portions
from macropod_server.logstore.base import LogSize, LogUsage
from macropod_server.logstore.packing import to_datetime
from macropod_server.logstore.table import chunks

_RUNS_AT_ONCE = 500

STORED_BYTES: ColumnElement[int] = func.coalesce(chunks.c.body_bytes, func.length(chunks.c.body))


class ChunkMeasuring:
    def __init__(self, transaction: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._transaction = transaction

    def usage(self, run_ids: Collection[str] | None = None) -> LogUsage:
        if run_ids is not None:
            sizes = self.sizes(run_ids).values()
            return LogUsage(sum(each.lines for each in sizes), sum(each.bytes for each in sizes))
        with self._transaction() as connection:
            lines, size = connection.execute(select(func.sum(chunks.c.line_count), func.sum(STORED_BYTES))).one()
        return LogUsage(int(lines or 0), int(size or 0))

    def sizes(self, run_ids: Collection[str]) -> dict[str, LogSize]:
        columns = (chunks.c.line_count, chunks.c.size_bytes, STORED_BYTES, func.coalesce(chunks.c.body_bytes, 0))
        sums = [func.sum(each) for each in columns]
        query = select(chunks.c.run_id, func.min(chunks.c.first_at), *sums).group_by(chunks.c.run_id)
        sizes: dict[str, LogSize] = {}
        for some in portions(run_ids, _RUNS_AT_ONCE):
            with self._transaction() as connection:
                for run_id, first_at, *found in connection.execute(query.where(chunks.c.run_id.in_(some))):
                    lines, text_bytes, stored, outside = map(int, found)
                    sizes[run_id] = LogSize(lines, text_bytes, stored, outside, to_datetime(first_at))
        return sizes
