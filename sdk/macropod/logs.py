"""Lines of a run's log as texts that know their number, time and stream."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.text import Text

_ESCAPE_SEQUENCE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-Z\\-_])")


class LogLine(str):
    """One line: the text `2026-01-02 03:04:05.678 what was printed`, with the time in UTC.

    number      its place in the run's log, from 1, without gaps
    printed_at  when it was printed, an aware datetime
    stream      "stdout", "stderr" or "system" (said by Macropod, not by the program)
    text        what was printed, without the newline
    """

    __slots__ = ("number", "printed_at", "stream", "text")

    number: int
    printed_at: datetime
    stream: str
    text: str

    def __new__(cls, number: int, printed_at: datetime, stream: str, text: str) -> LogLine:
        time = printed_at.astimezone(UTC).isoformat(sep=" ", timespec="milliseconds")[:23]
        line = super().__new__(cls, f"{time} {text}")
        line.number, line.printed_at, line.stream, line.text = number, printed_at, stream, text
        return line

    def __getnewargs__(self) -> Any:
        return (self.number, self.printed_at, self.stream, self.text)

    @classmethod
    def _read(cls, answer: Mapping[str, Any]) -> LogLine:
        return cls(answer["number"], datetime.fromisoformat(answer["time"]), answer["stream"], answer["text"])

    def to_dict(self) -> dict[str, Any]:
        """The line as the REST API says it."""
        time = self.printed_at.isoformat()
        return {"number": self.number, "time": time, "stream": self.stream, "text": self.text}


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

        return Text("\n").join(Text.from_ansi(each) for each in self)

    def _repr_html_(self) -> str:
        text = _ESCAPE_SEQUENCE.sub("", str(self)) if self else "(no log lines yet)"
        return f"<pre>{escape(text)}</pre>"
