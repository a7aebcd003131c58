"""Lines of a run's log as texts that know their number, time and stream."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

from macropod.terminal_text import only_colours, plain

if TYPE_CHECKING:
    from rich.text import Text


class LogLine(str):
    """One line: the text `2026-01-02 03:04:05.678 what was printed`, with the time in UTC.

    number      its place in the run's log, from 1, without gaps
    printed_at  when it was printed, an aware datetime
    stream      "stdout", "stderr" or "system" (said by Macropod, not by the program)
    text        what was printed, without the newline

    With `parsed=True` also, and None otherwise or where a line does not tell it:
    level       "debug", "info", "warning", "error" or "critical"
    message     of a line that is a JSON object: its message
    fields      of a line that is a JSON object: a dict of all besides level and message
    """

    __slots__ = ("fields", "level", "message", "number", "printed_at", "stream", "text")

    number: int
    printed_at: datetime
    stream: str
    text: str
    level: str | None
    message: str | None
    fields: dict[str, Any] | None

    def __new__(
        cls,
        number: int,
        printed_at: datetime,
        stream: str,
        text: str,
        level: str | None = None,
        message: str | None = None,
        fields: dict[str, Any] | None = None,
    ) -> LogLine:
        time = printed_at.astimezone(UTC).isoformat(sep=" ", timespec="milliseconds")[:23]
        line = super().__new__(cls, f"{time} {text}")
        line.number, line.printed_at, line.stream, line.text = number, printed_at, stream, text
        line.level, line.message, line.fields = level, message, fields
        return line

    def __getnewargs__(self) -> Any:
        return (self.number, self.printed_at, self.stream, self.text, self.level, self.message, self.fields)

    @classmethod
    def _read(cls, answer: Mapping[str, Any]) -> LogLine:
        known = (answer.get("level"), answer.get("message"), answer.get("fields"))
        return cls(answer["number"], datetime.fromisoformat(answer["time"]), answer["stream"], answer["text"], *known)

    def to_dict(self) -> dict[str, Any]:
        """The line as the REST API says it; level, message and fields where it tells them."""
        time = self.printed_at.isoformat()
        told = {"level": self.level, "message": self.message, "fields": self.fields}
        facts = {"number": self.number, "time": time, "stream": self.stream, "text": self.text}
        return facts | {name: value for name, value in told.items() if value is not None}


class LogLines(list[LogLine]):
    """Lines of a log, oldest first. Printed or shown in a notebook it is the log itself.

    last_number  the number of the last line the server had then, be it in this list or not; 0 for none.
                 `run.follow(after=lines.last_number)` goes on from there.
    """

    def __init__(self, lines: Iterable[LogLine] = (), *, last_number: int = 0) -> None:
        super().__init__(lines)
        self.last_number = last_number

    def __str__(self) -> str:
        return "\n".join(self)

    def __rich__(self) -> Text:
        from rich.text import Text

        return Text("\n").join(Text.from_ansi(only_colours(each)) for each in self)

    def _repr_html_(self) -> str:
        text = "\n".join(map(plain, self)) if self else "(no log lines yet)"
        return f"<pre>{escape(text)}</pre>"
