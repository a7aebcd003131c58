"""Leaves out of whole lines the texts that must not be seen: before they are kept, copied or remembered anywhere.

Which texts these are the server says; it masks what it is sent once more, by the same rules.
"""

from collections.abc import Iterator, Sequence

from macropod_runner.line_cutter import CUT_MARK
from macropod_runner.output import Keep

_MASK = b"***"


class Masks:
    """The texts to leave out. While the run goes on the server may tell more: `count` says how often it did."""

    def __init__(self, texts: Sequence[str] = (), count: int = 0) -> None:
        self.learn(texts, count)

    def learn(self, texts: Sequence[str], count: int) -> None:
        self._forms = [text.encode(errors="replace") for text in texts]
        self.count = count

    def hide(self, lines: bytes) -> bytes:
        return _masked(lines, self._forms) if self._forms else lines


def masking(keep: Keep, masks: Masks) -> Keep:
    """As `keep`, of lines without these texts."""
    return lambda stream, lines: keep(stream, masks.hide(lines))


def _masked(lines: bytes, forms: Sequence[bytes]) -> bytes:
    pieces, done = [], 0
    for start, end in sorted([*_whole(lines, forms), *_cut(lines, forms)]):
        if start >= done:
            pieces += [lines[done:start], _MASK]
        done = max(done, end)
    return b"".join([*pieces, lines[done:]])


def _whole(lines: bytes, forms: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    for form in forms:
        start = lines.find(form)
        while start >= 0:
            yield start, start + len(form)
            start = lines.find(form, start + 1)


def _cut(lines: bytes, forms: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    """Where an over-long line was cut within such a text."""
    mark = lines.find(CUT_MARK)
    while mark >= 0:
        if size := max(_overlap(lines, mark, form) for form in forms):
            yield mark - size, mark
        mark = lines.find(CUT_MARK, mark + 1)


def _overlap(lines: bytes, end: int, form: bytes) -> int:
    """How much of the beginning of the form stands right before the end."""
    return next((size for size in range(min(len(form), end), 0, -1) if lines.endswith(form[:size], 0, end)), 0)
