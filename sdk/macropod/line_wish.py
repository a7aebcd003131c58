"""Which lines of a log are wanted, and how they are to be given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from macropod.errors import Invalid
from macropod.logs import LogLine
from macropod.terminal_text import only_colours, plain

StreamName = Literal["stdout", "stderr", "system"]
LevelName = Literal["debug", "info", "warning", "error", "critical"]
Escapes = Literal["drop", "colours", "keep"]

_CLEANED: dict[str, Callable[[str], str]] = {"drop": plain, "colours": only_colours, "keep": lambda text: text}


@dataclass(frozen=True)
class LineWish:
    """Raises `Invalid` for escapes nobody knows; of streams and levels the server says so."""

    stream: StreamName | None = None
    level: LevelName | None = None
    collapse_progress: bool = False
    parsed: bool = False
    escapes: Escapes = "drop"

    def __post_init__(self) -> None:
        if self.escapes not in _CLEANED:
            choice = ", ".join(repr(each) for each in get_args(Escapes))
            raise Invalid.field("escapes", f"escapes is {self.escapes!r}; it takes one of {choice}.")

    def params(self) -> dict[str, Any]:
        """What the server is asked for."""
        return {
            "stream": self.stream,
            "level": self.level,
            "collapse_progress": self.collapse_progress or None,
            "parsed": self.parsed or None,
        }

    def read(self, answer: Mapping[str, Any]) -> LogLine:
        return LogLine._read({**answer, "text": _CLEANED[self.escapes](answer["text"])})
