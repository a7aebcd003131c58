"""Prints lines of logs: readable on a terminal, plain anywhere else, as JSON for programs."""

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from macropod.cli.folding import Folded, Folder
from macropod.cli.output import Output, write
from macropod.line_wish import Escapes
from macropod.logs import LogLine, LogLines
from macropod.terminal_text import for_terminal, plain

_CONTROL = re.compile(r"[\x7f-\x9f]")
_TIME = len("2026-01-02 03:04:05.678")
_RESET, _DIM = "\x1b[0m", "\x1b[2m"
_COLOURS = {"debug": _DIM, "info": "\x1b[32m", "warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[1;31m"}


@dataclass(frozen=True)
class LogStyle:
    """What the caller asked for, and where it is printed. `raw` takes nothing apart and folds nothing."""

    output: Output = Output.TABLE
    timestamps: bool = False
    raw: bool = False
    unfold: bool = False
    collapse_progress: bool = False
    is_terminal: bool = False
    has_colours: bool = False

    @property
    def is_shown(self) -> bool:
        """Whether people read it on a terminal."""
        return self.output is Output.TABLE and self.is_terminal

    def wish(self) -> dict[str, Any]:
        """What lines have to be asked for; a terminal would show no more of a progress bar than its end."""
        is_json = self.output in (Output.JSON, Output.JSONL)
        return {
            "collapse_progress": self.collapse_progress or (self.is_shown and not self.raw),
            "parsed": not self.raw and (self.is_shown or is_json),
            "escapes": self._escapes(),
        }

    def _escapes(self) -> Escapes:
        if self.is_shown:
            return "colours" if self.has_colours else "drop"
        return "keep" if self.raw else "drop"


def log_style(output: Output = Output.TABLE, **asked: bool) -> LogStyle:
    """The style for this process's stdout."""
    has_colours = not os.environ.get("NO_COLOR")
    return LogStyle(output, **asked, is_terminal=sys.stdout.isatty(), has_colours=has_colours)


def print_log(lines: Iterable[LogLine], style: LogStyle) -> None:
    """Each line as soon as it comes; those that are there already at once, as JSON in one array."""
    if style.output is Output.JSON:
        write([_json([each.to_dict() for each in lines], indent=2)])
    elif isinstance(lines, LogLines):
        write(list(texts(lines, style)))
    else:
        for text in texts(lines, style):
            write([text])


def texts(lines: Iterable[LogLine], style: LogStyle) -> Iterator[str]:
    """What to print of lines."""
    if not style.is_shown or style.raw:
        yield from (_text(line, style) for line in lines)
        return
    folder = Folder()
    for line in lines:
        for part in (line,) if style.unfold else folder.feed(line):
            yield _folded(part, style) if isinstance(part, Folded) else _shown(part, style)
    yield from (_folded(part, style) for part in folder.finish())


def _text(line: LogLine, style: LogStyle) -> str:
    if style.output in (Output.JSON, Output.JSONL):
        return _json(line.to_dict())
    if style.output is Output.NAME:
        return str(line.number)
    text = for_terminal(line.text) if style.is_terminal else line.text
    return f"{line[:_TIME]} {text}" if style.timestamps else text


def _json(told: Any, **layout: Any) -> str:
    """Control characters a terminal may obey are told by their numbers, those JSON would let through too."""
    return _CONTROL.sub(lambda each: f"\\u{ord(each[0]):04x}", json.dumps(told, ensure_ascii=False, **layout))


def _shown(line: LogLine, style: LogStyle) -> str:
    if line.fields is None:
        return _text(line, style)
    level = _painted(line.level.upper().ljust(8), _COLOURS[line.level], style) if line.level in _COLOURS else ""
    message = "\n    ".join(map(plain, (line.message or "").splitlines()))
    fields = " ".join(f"{plain(name)}={_value(value)}" for name, value in line.fields.items())
    time = line[:_TIME] if style.timestamps else ""
    return " ".join(filter(None, [time, level, message, _painted(fields, _DIM, style) if fields else ""]))


def _value(value: Any) -> str:
    is_word = isinstance(value, str) and value and not set(value) & set(' "=\n\t')
    return plain(value if is_word else json.dumps(value, ensure_ascii=False))


def _folded(part: Folded, style: LogStyle) -> str:
    frames = "1 frame" if part.frames == 1 else f"{part.frames} frames"
    return _painted(f"{part.indent}… {frames} outside your code; --unfold shows them", _DIM, style)


def _painted(text: str, colour: str, style: LogStyle) -> str:
    return f"{colour}{text}{_RESET}" if style.has_colours else text
