"""What the logs of a workspace take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from macropod.answers import Answer, instant, reading
from macropod.tables import moment, size
from macropod.values import ShownValue, Value


@dataclass(frozen=True)
class LogSum(Value):
    """Of so many runs: lines, the bytes of their text, and those it takes as it is stored, compressed."""

    runs: int
    lines: int
    text_bytes: int
    bytes: int


@dataclass(frozen=True)
class TaskLogSum(LogSum):
    """The same of one task; both names are None for packaging."""

    task_id: str | None
    task_name: str | None


@dataclass(frozen=True)
class LogUsage(ShownValue):
    """Logs of ended runs that are still there: in all, in the database, in the bucket, of pinned runs, and of the
    tasks with most of it. `keep_days` and `keep_bytes` are what bounds them; None is no bound."""

    total: LogSum
    database_bytes: int
    bucket_bytes: int
    pinned: LogSum
    oldest_line_at: datetime | None
    keep_days: int | None
    keep_bytes: int | None
    tasks: tuple[TaskLogSum, ...]

    @classmethod
    def _of(cls, answer: Answer) -> Self:
        with reading("log usage"):
            return cls(
                total=LogSum._of(answer),
                database_bytes=answer["database_bytes"],
                bucket_bytes=answer["bucket_bytes"],
                pinned=LogSum._of(answer["pinned"]),
                oldest_line_at=instant(answer["oldest_line_at"]),
                keep_days=answer["keep_days"],
                keep_bytes=answer["keep_bytes"],
                tasks=tuple(TaskLogSum._of(each) for each in answer["tasks"]),
            )

    def to_dict(self) -> dict[str, Any]:
        """As the REST API says it: times as ISO 8601 texts."""
        parts = {"pinned": self.pinned.to_dict(), "tasks": [each.to_dict() for each in self.tasks]}
        plain = super().to_dict()
        del plain["total"]
        return self.total.to_dict() | plain | parts

    def _facts(self) -> list[tuple[str, str]]:
        return [
            ("stored", f"{size(self.total.bytes)} of {self.total.runs:,} runs"),
            ("text", f"{size(self.total.text_bytes)}, {self.total.lines:,} lines"),
            ("in the database", size(self.database_bytes)),
            ("in the bucket", size(self.bucket_bytes)),
            ("pinned", f"{size(self.pinned.bytes)} of {self.pinned.runs:,} runs"),
            ("oldest line at", moment(self.oldest_line_at)),
            ("kept for", f"{self.keep_days} days" if self.keep_days else "ever"),
            ("kept at most", size(self.keep_bytes) if self.keep_bytes else "any number of bytes"),
            *self._largest(),
        ]

    def _largest(self) -> Iterator[tuple[str, str]]:
        for each in self.tasks:
            name = f"task {each.task_name} ({each.task_id})" if each.task_id else "packaging"
            yield name, f"{size(each.bytes)} of {each.runs:,} runs"
