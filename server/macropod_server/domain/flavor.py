"""What a run finds besides its requirements: nothing, or the packages data work mostly takes."""

from enum import StrEnum

from macropod_server.domain.errors import Invalid


class Flavor(StrEnum):
    PLAIN = "plain"
    DATA = "data"


def read_flavor(text: str) -> Flavor:
    """Raises `Invalid`."""
    try:
        return Flavor(text)
    except ValueError:
        raise Invalid.field("flavor", f"The flavor is {text[:40]!r}; it takes {', '.join(Flavor)}.") from None
