"""How much text one reading takes into memory."""

from collections.abc import Iterable, Iterator

from macropod_server.domain.lines import Line


def fitting(lines: Iterable[Line], max_bytes: int | None) -> Iterator[Line]:
    """The first lines whose texts have at most `max_bytes` together, but at least one; all of them for None."""
    taken_bytes = 0
    for count, line in enumerate(lines):
        taken_bytes += len(line.text.encode())
        if count and max_bytes is not None and taken_bytes > max_bytes:
            return
        yield line
