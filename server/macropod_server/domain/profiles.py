"""Profiles of resources as the operator writes them down: a JSON object of names."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from macropod_server.domain.placement import ANYWHERE, NoPlacement, Placement, read_placement
from macropod_server.domain.resources import LEAST_MEMORY_BYTES, MOST_CPUS, Resources

_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([KMGT]iB|[kMGT]B|B)")
_UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_UNITS |= {f"{letter}iB": 1024**power for power, letter in enumerate("KMGT", start=1)}


@dataclass(frozen=True)
class Profile(Resources):
    """What a profile asks for, and where a cluster is to place what has it."""

    kubernetes: Placement = ANYWHERE


class NoProfiles(Exception):
    """The text holds no profiles. The message goes on after the name of where it stands."""


def read_profiles(text: str) -> dict[str, Profile]:
    """Each profile takes any of cpus, memory, pids, gpus, kubernetes. Raises `NoProfiles`."""
    try:
        told = json.loads(text)
    except ValueError as error:
        raise NoProfiles(f"is no JSON: {error}") from None
    if not isinstance(told, dict):
        raise NoProfiles('takes a JSON object, such as {"small": {"cpus": 1, "memory": "2GiB"}}')
    return {name: _profile(name, values) for name, values in told.items()}


def _profile(name: str, values: Any) -> Profile:
    if not name or not isinstance(values, dict):
        raise NoProfiles(f"has the profile {name!r}; a profile has a name and is a JSON object")
    unknown = sorted(set(values) - set(_READERS))
    if unknown:
        raise NoProfiles(f"has {unknown[0]!r} in profile {name!r}; a profile takes {', '.join(_READERS)}")
    read: dict[str, Any] = {}
    for key, value in values.items():
        read[_FIELDS[key]] = _READERS[key](value, f"{key} of profile {name!r}")
    return Profile(**read)


def _cpus(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= MOST_CPUS:
        raise NoProfiles(f"has {value!r} as {where}; it takes a number above 0, such as 0.5")
    return float(value)


def _memory(value: Any, where: str) -> int:
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    size = int(float(found[1]) * _UNITS[found[2]]) if found else value
    if isinstance(size, bool) or not isinstance(size, int) or not LEAST_MEMORY_BYTES <= size < 2**63:
        raise NoProfiles(f"has {value!r} as {where}; it takes bytes or a text such as '2GiB', 16 MiB or more")
    return size


def _count(least: int) -> Callable[[Any, str], int]:
    def read(value: Any, where: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 2**31:
            raise NoProfiles(f"has {value!r} as {where}; it takes a whole number, {least} or more")
        return value

    return read


def _placement(value: Any, where: str) -> Placement:
    try:
        return read_placement(value, where.removeprefix("kubernetes of "))
    except NoPlacement as error:
        raise NoProfiles(str(error)) from None


_READERS: dict[str, Callable[[Any, str], Any]] = {
    "cpus": _cpus,
    "memory": _memory,
    "pids": _count(1),
    "gpus": _count(0),
    "kubernetes": _placement,
}
_FIELDS = {"cpus": "cpus", "memory": "memory_bytes", "pids": "pids", "gpus": "gpus", "kubernetes": "kubernetes"}
