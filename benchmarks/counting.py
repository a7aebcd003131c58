"""A script that prints a million numbered lines, and how to see that all of them arrived."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import macropod

LINES = 1_000_000
_PAGE_LINES = 10_000
_SOURCE = f"""\
for number in range(1, {LINES} + 1):
    print(f"line {{number}}")
"""


def write_script(folder: Path) -> Path:
    """Its `main.py`, in a folder of its own."""
    script = folder / "counting" / "main.py"
    script.parent.mkdir()
    script.write_text(_SOURCE)
    return script


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
