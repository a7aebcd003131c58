"""Finds Python's tracebacks in lines as they come; remembers what one tells and none of its lines."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from macropod_server.domain.lines import Line, Stream
from macropod_server.domain.terminal_text import plain

_HEAD = "Traceback (most recent call last):"
_MARGIN = re.compile(r"( *)(?:\+ Exception Group )?$")
_OF_GROUP = re.compile(r" *[|+]")
_FRAME = re.compile(r' {2}File "(.+)", line (\d+)(?:, in .+)?$')
_TOLD = re.compile(r"([^\W\d][\w.<>]*)(?:: ?(.*))?$")
_UNREADABLE = ("SyntaxError", "IndentationError", "TabError")
"""A main.py Python cannot even read has no head."""

_CHAINS = (
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)
_PATIENCE = 20
"""A message may have several lines before the sentence that ties it to what follows."""

_LONGEST_MESSAGE = 1000
_LIBRARY = re.compile(r"[/\\](?:site-packages|dist-packages|python3\.\d+t?)[/\\]|^<")
_HOME = "/home/jovyan/"
"""Where containers have the zip; elsewhere a main.py in a traceback tells."""


@dataclass(frozen=True)
class Traceback:
    """One exception with all that led to it: the numbers of its first and last line, and what it tells.

    `file` and `line` are the deepest frame of the user's own code, None without one; `file` is relative to the zip.
    """

    first_line: int
    last_line: int
    stream: Stream
    exception: str
    message: str | None
    file: str | None
    line: int | None


def tracebacks(lines: Iterable[Line]) -> Iterator[Traceback]:
    """Those in the lines, each as soon as its end is seen; one without an end is none."""
    scanner = TracebackScanner()
    for line in lines:
        if found := scanner.feed(line):
            yield found
    yield from scanner.finish()


class TracebackScanner:
    """Is fed line by line; the lines of different streams may come mixed."""

    def __init__(self, *, entry_point: str = "main.py") -> None:
        self._entry_point = f"/{entry_point}"
        self._home = _HOME
        self._open: dict[Stream, _Open] = {}

    def feed(self, line: Line) -> Traceback | None:
        """The traceback of which the end is known now."""
        text = plain(line.text) if "\x1b" in line.text else line.text
        open_ = self._open.get(line.stream)
        if open_ is None:
            self._begin(line, text)
            return None
        if open_.takes(line.number, text):
            return None
        del self._open[line.stream]
        self._begin(line, text)
        return self._told(open_)

    def finish(self) -> list[Traceback]:
        """Those whose end may or may not have come; nothing follows."""
        left, self._open = self._open, {}
        return sorted(filter(None, map(self._told, left.values())), key=lambda found: found.first_line)

    def first_open(self) -> int | None:
        """The first line of what is not over yet."""
        return min((each.first for each in self._open.values()), default=None)

    def _begin(self, line: Line, text: str) -> None:
        if text.endswith(_HEAD):
            if margin := _MARGIN.match(text[: -len(_HEAD)]):
                self._open[line.stream] = _Open(line, margin=margin[1], is_group="+" in margin[0])
            else:
                self._open[line.stream] = _Open(line, needs_frame=True)  # As after a progress bar that was not ended.
        elif text.startswith('  File "') and (frame := _FRAME.match(text)):
            self._open[line.stream] = _Open(line, has_head=False)
            self._open[line.stream].enter(frame[1], int(frame[2]))

    def _told(self, found: "_Open") -> Traceback | None:
        if found.exception is None:
            return None
        if found.entered and found.entered.endswith(self._entry_point):
            self._home = found.entered.removesuffix(self._entry_point[1:])
        file, line = found.frame or (None, None)
        return Traceback(
            found.first,
            found.last,
            found.stream,
            found.exception,
            found.message[:_LONGEST_MESSAGE] if found.message else None,
            file.removeprefix(self._home) if file else None,
            line,
        )


class _Open:
    """One whose end is not known yet. `entered` is the file of the first of its frames."""

    def __init__(
        self, line: Line, *, margin: str = "", is_group: bool = False, has_head: bool = True, needs_frame: bool = False
    ) -> None:
        self.first = self.last = line.number
        self.stream = line.stream
        self.entered: str | None = None
        self.exception: str | None = None
        self.message: str | None = None
        self.frame: tuple[str, int] | None = None
        self._has_head, self._needs_frame = has_head, needs_frame
        self._is_chained = False
        self._patience = _PATIENCE
        self._set_margin(margin, is_group=is_group)

    def takes(self, number: int, text: str) -> bool:
        """Whether the line may still belong to it."""
        is_of_it = self._goes_on(text) if self.exception is None else self._is_tied(text)
        if is_of_it:
            self.last = number
        return is_of_it or (self.exception is not None and self._waits(text))

    def enter(self, file: str, line: int) -> None:
        self.entered = self.entered or file
        if not _LIBRARY.search(file):
            self.frame = (file, line)

    def _set_margin(self, margin: str, *, is_group: bool) -> None:
        self._is_group = is_group
        self._margin = f"{margin}| " if is_group else margin

    def _goes_on(self, text: str) -> bool:
        """A frame, the code of one, or the exception itself."""
        if not text.startswith(self._margin):
            return not text.strip() or (self._is_group and bool(_OF_GROUP.match(text)))
        body = text[len(self._margin) :]
        if frame := _FRAME.match(body):
            self.enter(frame[1], int(frame[2]))
        elif body[:1].strip():
            told = _TOLD.match(body)
            if told is None or not (self._has_head or told[1] in _UNREADABLE):
                return False
            if self._needs_frame and self.entered is None:
                return False
            self.exception, self.message = told[1], told[2]
        return True

    def _is_tied(self, text: str) -> bool:
        """More of a group, or the sentence and the head with which the next exception follows from this one."""
        if self._is_group and _OF_GROUP.match(text):
            return True
        if text.strip() in _CHAINS:
            self._is_chained = True
            return True
        if self._is_chained and text.endswith(_HEAD) and (margin := _MARGIN.match(text[: -len(_HEAD)])):
            self.exception = self.message = self.frame = self.entered = None
            self._is_chained, self._has_head, self._patience = False, True, _PATIENCE
            self._set_margin(margin[1], is_group="+" in margin[0])
            return True
        return False

    def _waits(self, text: str) -> bool:
        self._patience -= 1
        return self._patience > 0 and not text.endswith(_HEAD)
