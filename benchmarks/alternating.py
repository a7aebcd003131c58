"""Takes samples of several ways in turns, so that drift of the machine hits all of them."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

Sample = TypeVar("Sample")

_REST_SECONDS = 0.2


def alternate(ways: Sequence[Callable[[], Sample]], *, rounds: int, warm_ups: int = 1) -> list[list[Sample]]:
    """The samples of each way; those of the first `warm_ups` rounds are left out."""
    samples: list[list[Sample]] = [[] for _ in ways]
    for number in range(warm_ups + rounds):
        for way, kept in zip(ways, samples, strict=True):
            # What the sample before left to clean up does not burden this one.
            time.sleep(_REST_SECONDS)
            sample = way()
            if number >= warm_ups:
                kept.append(sample)
    return samples
