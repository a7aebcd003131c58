"""Time zones, always from the tzdata package, so that every machine reads a schedule alike."""

from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from macropod_server.domain.errors import Invalid

_LONGEST_NAME = 64


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of this IANA name. Raises `Invalid` for a name that is not known."""
    if name not in _zone_names():
        raise Invalid.field("timezone", _unknown(name), code="unknown_timezone")
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(files("tzdata").joinpath("zones").read_text("ascii").split())


@cache
def _suggestions() -> dict[str, str]:
    """By their names in lower case. Abbreviations are left out: the nearest one may be of another continent."""
    return {name.lower(): name for name in sorted(_zone_names()) if "/" in name or name == "UTC"}


def _unknown(name: str) -> str:
    shown = name[:_LONGEST_NAME]
    close = get_close_matches(shown.lower(), _suggestions(), n=1)
    hint = f"did you mean {_suggestions()[close[0]]}?" if close else "use an IANA name such as Europe/Berlin."
    return f"The time zone {shown!r} is not known; {hint}"
