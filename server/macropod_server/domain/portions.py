"""Long rows of things, cut into pieces that fit into one statement or into memory."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def portions(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The same items in the same order, `size` at a time, read no further than needed."""
    rest = iter(items)
    while portion := list(islice(rest, size)):
        yield portion
