"""Remembers the end of what a program said, to tell in one sentence why it failed."""

import re

from macropod_runner.output import Keep

_REMEMBERED_BYTES = 16 * 1024
_SENTENCE_MAX = 1000
_PROBLEM = re.compile(r"^\s*(?:error:|×)\s*")
_CAUSE = re.compile(r"^\s*(?:cause:|Caused by:|╰─▶|├─▶)\s*")


class Transcript:
    """`keep` passes on what it remembers."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._remembered = b""

    def keep(self, stream: bytes, lines: bytes) -> None:
        self._keep(stream, lines)
        self._remembered = (self._remembered + lines)[-_REMEMBERED_BYTES:]

    def conclusion(self) -> str:
        """The last problem with its last cause; the last line when none is named. Empty when nothing was said."""
        lines = self._remembered.decode(errors="replace").splitlines()
        problem = _last_matching(_PROBLEM, lines)
        cause = _last_matching(_CAUSE, lines)
        named = [each.rstrip(":.") for each in (problem, cause) if each]
        if not named:
            named = [line.strip() for line in lines if line.strip()][-1:]
        return ": ".join(named)[:_SENTENCE_MAX]


def _last_matching(beginning: re.Pattern[str], lines: list[str]) -> str:
    """The last line that begins so, with the indented lines that go on with it."""
    starts = [number for number, line in enumerate(lines) if beginning.match(line)]
    if not starts:
        return ""
    sentence = [beginning.sub("", lines[starts[-1]]).strip()]
    for line in lines[starts[-1] + 1 :]:
        if not line.startswith("  ") or _CAUSE.match(line):
            break
        sentence.append(line.strip())
    return " ".join(sentence)
