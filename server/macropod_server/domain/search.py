"""What is looked for in lines: a text or a regular expression. RE2 takes time in proportion to what it reads, for any
pattern; so a hostile one is no more than slow, and how slow is bounded by its size."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from macropod_server.domain.errors import Invalid
from macropod_server.domain.levels import Level
from macropod_server.domain.lines import Line, Stream
from macropod_server.domain.log_levels import is_as_grave

LONGEST_PATTERN = 1000
_MOST_STEPS = 4000
_MOST_MEMORY = 4 * 1024**2
_MOST_SPANS = 100
"""Of one line so many places are told; a line of 64 KiB may match everywhere."""

_NOT_BY_LINE = {"A": "^", "z": "$", "C": "."}
"""What speaks of the whole text, or of bytes, and the word for it where each line is looked at alone."""
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_WITHOUT_LINES = re.compile(r"\(\?[a-zA-Z]*-[a-zA-Z]*m")


Spans = tuple[tuple[int, int], ...]
"""Places in a line, in characters: from where to before where."""


class Pattern:
    """Finds lines that match. Raises `Invalid` when it cannot be used, with the reason."""

    def __init__(self, text: str, *, is_regex: bool = False, ignore_case: bool = False) -> None:
        _check_text(text)
        if is_regex:
            _check_is_by_line(text)
        self._compiled = _compile(text, is_regex=is_regex, ignore_case=ignore_case)

    def first(self, content: bytes, start: int, end: int) -> int | None:
        """Where in this stretch of whole lines the first match begins. No match reaches over the end of a line."""
        found = self._compiled.search(content, start, end)
        return None if found is None else int(found.start())

    def spans(self, line: bytes) -> Spans | None:
        """Where a line matches, in characters, from where to before where; None when it does not."""
        spans, characters, place, is_found = list[tuple[int, int]](), 0, 0, False
        for match in self._compiled.finditer(line):
            is_found = True
            start, end = match.span()
            if start == end:
                continue
            begin = characters + len(line[place:start].decode())
            characters, place = begin + len(line[start:end].decode()), end
            spans.append((begin, characters))
            if len(spans) == _MOST_SPANS:
                break
        return tuple(spans) if is_found else None


@dataclass(frozen=True)
class Query:
    """Which lines are wanted: what they hold, and what else must be true of them."""

    pattern: Pattern
    since: datetime | None = None
    until: datetime | None = None
    stream: Stream | None = None
    level: Level | None = None

    def admits(self, printed_at: datetime, stream: Stream) -> bool:
        is_in_time = (self.since is None or self.since <= printed_at) and (
            self.until is None or printed_at < self.until
        )
        return is_in_time and self.stream in (None, stream)

    def matched(self, line: Line, spans: Spans | None) -> "Match | None":
        """The match of a line that was found and admitted, unless it tells no level as grave as is asked for."""
        return None if spans is None or not is_as_grave(line.text, self.level) else Match(line, spans)


@dataclass(frozen=True)
class Match:
    """A line that was found, and where in its text, in characters."""

    line: Line
    spans: Spans


def _check_text(text: str) -> None:
    if not text:
        raise Invalid.field("text", "The text to look for is empty; give at least one character.")
    if len(text) > LONGEST_PATTERN:
        message = f"The text to look for has {len(text)} characters; it takes at most {LONGEST_PATTERN}."
        raise Invalid.field("text", message)
    if "\n" in text:
        message = "The text to look for has a line break; every line is looked at by itself, so leave it out."
        raise Invalid.field("text", message)
    if not _is_text(text):
        raise Invalid.field("text", "The text to look for holds half of a surrogate pair, which is no text.")


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_is_by_line(text: str) -> None:
    for letter in _ESCAPE.findall(text):
        if letter in _NOT_BY_LINE:
            message = (
                f"\\{letter} cannot be used here, where every line is a text of its own; use {_NOT_BY_LINE[letter]}."
            )
            raise Invalid.field("text", message)
    if _WITHOUT_LINES.search(text):
        raise Invalid.field("text", "The flag m cannot be taken away here: ^ and $ are the ends of a line.")


def _compile(text: str, *, is_regex: bool, ignore_case: bool) -> Any:
    import re2  # Loaded only where somebody searches: it costs every idle server memory otherwise.

    options = re2.Options()
    options.literal, options.case_sensitive = not is_regex, not ignore_case
    options.never_nl, options.never_capture, options.log_errors = True, True, False
    options.max_mem = _MOST_MEMORY
    try:
        compiled = re2.compile(f"(?m){text}" if is_regex else text, options)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace").replace("(?m)", "", 1)
        raise Invalid.field("text", f"{text!r} is no regular expression of RE2: {reason}.") from None
    finally:
        re2.purge()  # Its cache would keep the memory of many patterns, which others choose.
    if compiled.programsize > _MOST_STEPS:
        size = f"it takes {compiled.programsize} steps, and {_MOST_STEPS} are the most"
        message = f"The regular expression is too large: {size}. Repeat less, such as x* in place of x{{500}}."
        raise Invalid.field("text", message)
    return compiled
