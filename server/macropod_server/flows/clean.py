"""Clean by hand: all that retention and the sweep would remove, at once, with what it came to."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from macropod_server.deps import Deps
from macropod_server.domain.errors import Unavailable
from macropod_server.flows.move_logs import sweep_bucket
from macropod_server.flows.retain import Removed, Sizes, environment_sizes, expired, retain_step
from macropod_server.flows.sweep import Leftover, left_blobs, left_containers, left_environments, remove_leftover

_KINDS = {
    "container": "left containers and files of runs",
    "environment": "left environments",
    "blob": "left blobs",
}
_FINDERS = {"container": left_containers, "environment": left_environments, "blob": left_blobs}


@dataclass(frozen=True)
class Cleaning:
    """What went or would go, and what could not be looked at, in sentences."""

    removed: list[Removed]
    troubles: list[str]


def would_clean(deps: Deps, *, now: datetime) -> Cleaning:
    """Touches nothing. What becomes free by removing something else is not foreseen."""
    kept, troubles = expired(deps, now=now), list[str]()
    left = [_sum(kind, _found(deps, kind, troubles)) for kind in _FINDERS]
    return Cleaning(kept + left, troubles)


def clean(deps: Deps, *, now: datetime) -> Cleaning:
    rounds = list(_rounds(deps, now=now, sizes=environment_sizes(deps)))
    troubles = list[str]()
    left = [_sum(kind, [each for each in _found(deps, kind, troubles) if remove_leftover(each)]) for kind in _FINDERS]
    gone = [_without_halves(deps, troubles), _without_left_objects(deps, troubles)]
    return Cleaning([*_added(rounds), *left, *gone], troubles)


def _without_halves(deps: Deps, troubles: list[str]) -> Removed:
    try:
        return Removed("half uploads", deps.storage.clear_staging())
    except Unavailable as error:
        troubles.append(f"The half uploads could not be looked for: {error.message}")
        return Removed("half uploads", 0)


def _without_left_objects(deps: Deps, troubles: list[str]) -> Removed:
    try:
        return Removed("left objects of logs", sweep_bucket(deps))
    except Unavailable as error:
        troubles.append(f"The left objects of logs could not be looked for: {error.message}")
        return Removed("left objects of logs", 0)


def _rounds(deps: Deps, *, now: datetime, sizes: Sizes) -> Iterator[Removed]:
    is_done = False
    while not is_done:
        step = retain_step(deps, now=now, sizes=sizes)
        is_done = not any(each.count for each in step)
        yield from step


def _found(deps: Deps, kind: str, troubles: list[str]) -> list[Leftover]:
    try:
        found = list(_FINDERS[kind](deps))
        sizes = _sizes_of_leftovers(deps) if found and kind != "blob" else {}
    except Unavailable as error:
        troubles.append(f"The {_KINDS[kind]} could not be looked for: {error.message}")
        return []
    return [each if each.bytes is not None else replace(each, bytes=sizes.get(each.name)) for each in found]


def _sizes_of_leftovers(deps: Deps) -> dict[str, int]:
    sizes: Counter[str] = Counter()
    for each in deps.spawner.holdings():
        sizes[each.name] += each.bytes or 0
    return sizes


def _sum(kind: str, leftovers: list[Leftover]) -> Removed:
    return Removed(_KINDS[kind], len(leftovers), sum(each.bytes or 0 for each in leftovers))


def _added(steps: Iterable[Removed]) -> list[Removed]:
    """One line for each kind, in the order in which they first came."""
    lines: dict[str, Removed] = {}
    for each in steps:
        before = lines.get(each.kind, Removed(each.kind, 0))
        known = [size for size in (before.bytes, each.bytes) if size is not None]
        lines[each.kind] = Removed(each.kind, before.count + each.count, sum(known) if known else None)
    return list(lines.values())
