"""Hides known secret values in what a run printed, in the forms in which programs print them.

Lines are masked one by one and none is added or taken away, so numbers stay as they are and nothing has to be
remembered from one batch to the next: a value of several lines is hidden line by line, and a value of one line comes in
one line, for the runner sends whole lines only. What it cuts off over-long lines may cut a value: what is left of it is
hidden too.
"""

import base64
import json
from collections.abc import Collection, Iterable, Iterator
from urllib.parse import quote, quote_plus

from macropod_server.domain.lines import encode_segment, segments

MASK = "***"
SHORTEST = 4
"""Shorter values are left: hiding every `1` would leave nothing to read."""

_CUT_MARK = b" [cut here: the line has "
_BASE64_SHORTEST = 6


def forms(values: Iterable[str]) -> list[str]:
    """How these values may be printed, longest first: as they are, line by line, and escaped for other texts."""
    found = {form for value in values for form in _forms_of(value) if len(form.encode(errors="replace")) >= SHORTEST}
    return sorted(found, key=lambda form: (-len(form), form))


def _forms_of(value: str) -> Iterator[str]:
    raw = value.encode(errors="replace")
    if len(raw) < SHORTEST:
        return
    for line in value.split("\n"):
        yield line
        yield line.strip("\r")
    for escaped in (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1]):
        yield escaped
        yield escaped.replace("/", "\\/")
    for quoted in (quote(raw), quote(raw, ""), quote_plus(raw)):
        yield quoted
        yield _lower_escapes(quoted)
    yield from _base64_forms(raw)


def _lower_escapes(quoted: str) -> str:
    first, *others = quoted.split("%")
    return "%".join([first, *(other[:2].lower() + other[2:] for other in others)])


def _base64_forms(value: bytes) -> Iterator[str]:
    """Also from within a longer text, where the value may begin at any of three places in its groups of letters."""
    for before in range(3):
        padding = -(before + len(value)) % 3
        encoded = base64.b64encode(b"\0" * before + value + b"\0" * padding).decode()
        # Letters that hold bits of neighbours too are not known.
        start, end = (0, 2, 3)[before], len(encoded) - (0, 2, 3)[padding]
        if end - start >= _BASE64_SHORTEST:
            yield encoded[start:end]
            yield encoded[start:end].translate(str.maketrans("+/", "-_"))


class Masker:
    """Hides values. Without any it hands everything back untouched."""

    def __init__(self, values: Collection[str]) -> None:
        self._forms = [form.encode(errors="replace") for form in forms(values)]

    def text(self, text: str) -> str:
        """For what is not a line of a batch, such as the sentence with which a run ended."""
        return self.lines(text.encode()).decode() if self._forms else text

    def batch(self, batch: bytes) -> bytes:
        """A batch of lines with as many lines. Raises `Invalid` for one that is not well formed."""
        if not self._forms:
            return batch
        parts = list(segments(batch))
        masked = [self.lines(part.body) for part in parts]
        if all(body == part.body for body, part in zip(masked, parts, strict=True)):
            return batch
        return b"".join(
            encode_segment(part.printed_at, part.stream, body.decode().split("\n")[:-1])
            for body, part in zip(masked, parts, strict=True)
        )

    def lines(self, lines: bytes) -> bytes:
        spans = sorted([*self._whole(lines), *self._cut(lines)])
        pieces, done = [], 0
        for start, end in spans:
            if start >= done:
                pieces += [lines[done:start], MASK.encode()]
            done = max(done, end)
        return b"".join([*pieces, lines[done:]])

    def _whole(self, lines: bytes) -> Iterator[tuple[int, int]]:
        for form in self._forms:
            start = lines.find(form)
            while start >= 0:
                yield start, start + len(form)
                start = lines.find(form, start + 1)

    def _cut(self, lines: bytes) -> Iterator[tuple[int, int]]:
        """Where the end of an over-long line was cut off within a value."""
        mark = lines.find(_CUT_MARK)
        while mark >= 0:
            if (size := max((_overlap(lines, mark, form) for form in self._forms), default=0)) > 0:
                yield mark - size, mark
            mark = lines.find(_CUT_MARK, mark + 1)


def _overlap(lines: bytes, end: int, form: bytes) -> int:
    """How much of the beginning of the form stands right before the end."""
    return next((size for size in range(min(len(form), end), 0, -1) if lines.endswith(form[:size], 0, end)), 0)
