"""The exception with which a run ended: what its last traceback tells."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from macropod_server.domain.texts import cleaned

_LONGEST = {"exception": 500, "message": 1000, "file": 1000}
_LARGEST_LINE = 2**31 - 1


@dataclass(frozen=True)
class RunError:
    """`file` is relative to the zip, `line` a line of it; both None where the user's own code had no part in it."""

    exception: str
    message: str | None = None
    file: str | None = None
    line: int | None = None


def read_error(told: object) -> RunError | None:
    """What a runner or a row says, as far as it makes sense: the end of a run must not depend on it."""
    if not isinstance(told, Mapping):
        return None
    texts = {name: _text(told, name, longest) for name, longest in _LONGEST.items()}
    if not texts["exception"]:
        return None
    return RunError(texts["exception"], texts["message"], texts["file"], _line(told) if texts["file"] else None)


def _text(told: Mapping[str, Any], name: str, longest: int) -> str | None:
    text = told.get(name)
    return cleaned(text[:longest]) if isinstance(text, str) else None


def _line(told: Mapping[str, Any]) -> int | None:
    line = told.get("line")
    is_line = isinstance(line, int) and not isinstance(line, bool) and 0 < line <= _LARGEST_LINE
    return line if is_line else None
