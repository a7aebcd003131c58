"""Remembers the end of what main.py said on stderr, to tell in one sentence why it failed."""

from pathlib import Path

from macropod_runner.last_error import GROUP_MARGIN, UNREADABLE, LastError, head_places, last_error
from macropod_runner.output import Keep
from macropod_runner.segments import STDERR

_REMEMBERED_BYTES = 16 * 1024
_LONGEST = 300


class LastWords:
    """`keep` passes on what it remembers the end of."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._remembered = b""

    def keep(self, stream: bytes, lines: bytes) -> None:
        self._keep(stream, lines)
        if stream == STDERR:
            self._remembered = (self._remembered + lines)[-_REMEMBERED_BYTES:]

    def on_stderr(self) -> str:
        """The last line that is not indented; empty when there is none."""
        return next((_shortened(line) for line in reversed(self._lines()) if line[:1].strip()), "")

    def exception(self) -> str:
        """The exception Python told last, its type and the first line of what it says; empty when there is none."""
        lines = self._lines()
        heads = head_places(lines)
        if not heads:
            return next((_shortened(line) for line in reversed(lines) if line.startswith(UNREADABLE)), "")
        told = (line.removeprefix(GROUP_MARGIN) for line in lines[heads[-1] + 1 :])
        return next((_shortened(line) for line in told if line[:1].strip()), "")

    def error(self, home: Path) -> LastError | None:
        """The same exception, with the place in the user's own code; `home` is where that is."""
        return last_error(self._lines(), str(home))

    def _lines(self) -> list[str]:
        return [line.rstrip() for line in self._remembered.decode(errors="replace").splitlines()]


def _shortened(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
