"""Whether the lines of the counting script all arrived."""

from collections.abc import Iterator

import httpx2
import macropod

from benchmarks.scripts import LINES

_PAGE_LINES = 10_000


def wrong_lines(run: macropod.Run, rest: httpx2.Client) -> int:
    """How many are lost, doubled, changed or out of place, read back range by range."""
    found, wrong = 0, 0
    for found, line in enumerate(_stored_lines(run, rest), 1):
        wrong += (line["number"], line["text"]) != (found, f"line {found}")
    return wrong + abs(LINES - found)


def _stored_lines(run: macropod.Run, rest: httpx2.Client) -> Iterator[dict[str, object]]:
    first, end = 1, 2
    while first < end:
        answer = rest.get(f"/v1/runs/{run.id}/logs", params={"first": first, "limit": _PAGE_LINES})
        page = answer.raise_for_status().json()
        yield from page["lines"]
        first, end = first + _PAGE_LINES, page["next"]
