"""Reads the last traceback in what a program said: what was raised, and where in the user's own code."""

import os
import re
from collections.abc import Sequence
from typing import NamedTuple

HEAD = "Traceback (most recent call last):"
HEADS = (HEAD, f"  + Exception Group {HEAD}")
GROUP_MARGIN = "  | "
UNREADABLE = ("SyntaxError: ", "IndentationError: ", "TabError: ")
"""A main.py Python cannot even read has no traceback."""

_FRAME = re.compile(r' {2}File "(.+)", line (\d+)')
_TOLD = re.compile(r"([^\W\d][\w.<>]*)(?:: ?(.*))?$")
_LONGEST = 1000


class LastError(NamedTuple):
    """`file` and `line` are the deepest frame in the user's own code, None without one; `file` is relative to home."""

    exception: str
    message: str | None = None
    file: str | None = None
    line: int | None = None


def last_error(lines: Sequence[str], home: str) -> LastError | None:
    """None where no traceback is told to its end."""
    heads = head_places(lines)
    if not heads:
        return _unreadable(lines, home)
    place: tuple[str, int] | None = None
    for line in lines[heads[-1] + 1 :]:
        line = line.removeprefix(GROUP_MARGIN)
        if line[:1].strip():
            return _told(line, place)
        place = _place(line, home) or place
    return None


def head_places(lines: Sequence[str]) -> list[int]:
    """Where tracebacks begin; a progress bar that was not ended stands before the head in its line."""
    return [
        number
        for number, line in enumerate(lines)
        if line in HEADS or (line.endswith(HEAD) and lines[number + 1 : number + 2] and _FRAME.match(lines[number + 1]))
    ]


def _unreadable(lines: Sequence[str], home: str) -> LastError | None:
    ends = [number for number, line in enumerate(lines) if line.startswith(UNREADABLE)]
    if not ends:
        return None
    places = (_place(line, home) for line in reversed(lines[: ends[-1]]))
    return _told(lines[ends[-1]], next(filter(None, places), None))


def _place(line: str, home: str) -> tuple[str, int] | None:
    """Where a frame is, if it is in the user's own code."""
    frame = _FRAME.match(line)
    if frame is None or "/site-packages/" in frame[1]:
        return None
    for folder in (home, os.path.realpath(home)):
        if frame[1].startswith(f"{folder}/"):
            return frame[1].removeprefix(f"{folder}/"), int(frame[2])
    return None


def _told(line: str, place: tuple[str, int] | None) -> LastError | None:
    told = _TOLD.match(line)
    if told is None:
        return None
    message = f"{told[2][: _LONGEST - 1]}…" if told[2] and len(told[2]) > _LONGEST else told[2]
    return LastError(told[1], message or None, *(place or (None, None)))
