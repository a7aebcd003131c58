"""Folds the frames of a traceback that are not of the user's own code, line by line as a log comes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from macropod.logs import LogLine
from macropod.terminal_text import plain

_HEAD = "Traceback (most recent call last):"
_FRAME = re.compile(r'([ |]*)File "(.+)", line \d+')
_INDENT = re.compile(r"[ |]*")
_OUTSIDE = re.compile(r"[/\\](?:site-packages|dist-packages|python3\.\d+t?)[/\\]|^<")


@dataclass(frozen=True)
class Folded:
    """So many frames in a row, which are not shown; `indent` is how far in they stood."""

    frames: int
    indent: str


class Folder:
    """What it is given comes back in the same order, frames outside the user's code as `Folded`."""

    def __init__(self) -> None:
        self._open: dict[str, _Frames] = {}

    def feed(self, line: LogLine) -> Iterator[LogLine | Folded]:
        text, frames = plain(line.text), self._open.get(line.stream)
        if frames is not None:
            yield from frames.before(text)
            if not frames.is_over:
                if not frames.is_folding:
                    yield line
                return
            del self._open[line.stream]
        if text.endswith(_HEAD):
            self._open[line.stream] = _Frames()
        yield line

    def finish(self) -> Iterator[Folded]:
        for frames in self._open.values():
            yield from frames.told()


class _Frames:
    """The frames of one traceback. A line that stands less far in than they do ends them."""

    def __init__(self) -> None:
        self.is_over = self.is_folding = False
        self._count = 0
        self._indent: str | None = None

    def before(self, text: str) -> Iterator[Folded]:
        """Look at a line; what is to be shown before it."""
        frame = _FRAME.match(text)
        if frame:
            self._indent = frame[1]
            self.is_folding = bool(_OUTSIDE.search(frame[2]))
            self._count += self.is_folding
        elif self._indent is None or len(_INDENT.match(text)[0]) < len(self._indent):  # type: ignore[index]
            self.is_over, self.is_folding = True, False
        if not self.is_folding:
            yield from self.told()

    def told(self) -> Iterator[Folded]:
        if self._count:
            yield Folded(self._count, self._indent or "")
        self._count = 0
