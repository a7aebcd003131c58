"""Which revisions of the tables a server works with: its own, and later ones whose name says that they only added.

`0004` follows `0003`, and whoever works with `0003` works with it. `0005_from_0004` has taken something away: servers
that know `0004` or a later one still work with it, and so do they with all that follow under the same `_from_0004`.
"""

import re
from enum import Enum, auto

_NAME = re.compile(r"(\d{4})(?:_from_(\d{4}))?", re.ASCII)


class Fit(Enum):
    """How a database goes with a server. `AHEAD`: it is newer, and this server works with it all the same."""

    SAME = auto()
    AHEAD = auto()
    BEHIND = auto()
    TOO_NEW = auto()


def fit(found: str | None, *, own: str) -> Fit:
    """`found` is the revision of the database, None for an empty one; `own` the newest this server knows."""
    if found == own:
        return Fit.SAME
    if found is None:
        return Fit.BEHIND
    number, floor = place_of(found)
    if number < place_of(own)[0]:
        return Fit.BEHIND
    return Fit.AHEAD if floor <= place_of(own)[0] else Fit.TOO_NEW


def place_of(revision: str) -> tuple[int, int]:
    """Its number, and that of the oldest revision whose servers work with it. A name of another form fits nobody."""
    match = _NAME.fullmatch(revision)
    if match is None:
        return 9999, 9999
    return int(match[1]), int(match[2] or 0)
