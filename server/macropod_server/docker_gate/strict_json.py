"""JSON that every reader reads alike: no key twice, no numbers that are none."""

import json
from typing import Any

from macropod_server.docker_gate.refusal import Refused


def read_strictly(body: bytes) -> Any:
    """Raises `Refused`."""
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_without_doubles, parse_constant=_no_number)
    except (ValueError, UnicodeError, RecursionError):
        raise Refused("The body of this call is not JSON that can be read in one way only.") from None


def are_the_same(one: Any, other: Any) -> bool:
    """Python takes True for 1; the engine does not."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key comes twice")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")
