"""Lines that were found in the logs of many runs, and how they are fetched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from macropod.answers import reading
from macropod.connection import Connection
from macropod.logs import LogLine
from macropod.naming import naming

_PATH = "/v1/logs/search"
_PAGE_LINES = 100
_NAMES = {"task_id": "task", "run_id": "run"}


class FoundLine(LogLine):
    """A line that matches: a `LogLine` that knows where it is from.

    run_id      the run that printed it; `task_id` and `task_name` its task, None for packaging
    spans       where `text` matches: pairs of from and before, so that `text[from:before]` is the match
    before      the lines before it, oldest first, as many as `context` asked for
    after       the lines after it
    """

    __slots__ = ("after", "before", "run_id", "spans", "task_id", "task_name")

    run_id: str
    task_id: str | None
    task_name: str | None
    spans: tuple[tuple[int, int], ...]
    before: tuple[LogLine, ...]
    after: tuple[LogLine, ...]

    @classmethod
    def _read(cls, answer: Mapping[str, Any]) -> FoundLine:
        with reading("line that was found"):
            line = super()._read(answer)
            assert isinstance(line, FoundLine)
            line.run_id, line.task_id, line.task_name = (answer[name] for name in ("run_id", "task_id", "task_name"))
            line.spans = tuple((start, end) for start, end in answer["spans"])
            line.before, line.after = (tuple(map(LogLine._read, answer[name])) for name in ("before", "after"))
        return line

    def to_dict(self) -> dict[str, Any]:
        """The line as the REST API says it."""
        origin = {"run_id": self.run_id, "task_id": self.task_id, "task_name": self.task_name}
        around = {name: [line.to_dict() for line in lines] for name, lines in self._around().items()}
        return origin | super().to_dict() | {"spans": [list(span) for span in self.spans]} | around

    def _around(self) -> dict[str, tuple[LogLine, ...]]:
        return {"before": self.before, "after": self.after}


def search(connection: Connection, *, limit: int | None, **wish: Any) -> Iterator[FoundLine]:
    """Page after page, only as far as somebody reads; a page may be empty where little is found."""
    cursor, left = None, limit
    while left is None or left > 0:
        size = _PAGE_LINES if left is None else min(left, _PAGE_LINES)
        with naming(_NAMES):
            page = connection.get(_PATH, limit=size, cursor=cursor, **wish)
        for each in page["items"]:
            yield FoundLine._read(each)
        left = None if left is None else left - len(page["items"])
        cursor = page["next_cursor"]
        if cursor is None:
            return
