"""What a run may use: what its task asks for, profiles with a name, what goes without saying, what there is."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Protocol, TypeVar

from macropod_server.domain.errors import Invalid, Problem

LEAST_MEMORY_BYTES = 16 * 1024**2
MOST_CPUS = 100_000


@dataclass(frozen=True)
class Limits:
    """What one container may use: bytes of memory, CPU cores (0.5 is half a core), processes, GPUs."""

    memory_bytes: int
    cpus: float
    pids: int
    gpus: int = 0


@dataclass(frozen=True)
class Capacity:
    """The most one container can be promised. 0: nothing of it; None: some, nobody knows how much."""

    cpus: float
    memory_bytes: int
    pids: int
    gpus: int | None


class Wanted(Protocol):
    """Whatever asks for resources, such as a task. None: no wish."""

    @property
    def cpus(self) -> float | None: ...
    @property
    def memory_bytes(self) -> int | None: ...
    @property
    def pids(self) -> int | None: ...
    @property
    def gpus(self) -> int | None: ...


@dataclass(frozen=True)
class Resources:
    """What a profile asks for."""

    cpus: float | None = None
    memory_bytes: int | None = None
    pids: int | None = None
    gpus: int | None = None


AProfile = TypeVar("AProfile", bound=Resources)


def limits_of(wanted: Wanted | None, *, profile: Wanted | None, defaults: Limits) -> Limits:
    """Each value as the task asks for it, else as its profile does, else the default."""
    asked = _merged(wanted, profile)
    chosen = {each.name: getattr(asked, each.name) for each in fields(Resources)}
    told = {name: value for name, value in chosen.items() if value is not None}
    return Limits(**vars(defaults) | told)


def check_wanted(wanted: Wanted, capacity: Capacity, *, profile: Wanted | None, spawner: str) -> None:
    """Raises `Invalid` with every wish no container here can be given."""
    problems = [*_problems(_merged(wanted, profile), capacity, spawner)]
    if problems:
        raise Invalid(" ".join(each.message for each in problems), problems=problems)


def profile_named(name: str | None, profiles: Mapping[str, AProfile]) -> AProfile | None:
    """Raises `Invalid` when there is no such profile; None stands for none."""
    if name is None:
        return None
    if name not in profiles:
        there_are = f"this server has {', '.join(sorted(profiles))}" if profiles else "this server has none"
        raise Invalid.field("profile", f"There is no profile {name!r}; {there_are}. MACROPOD_PROFILES names them.")
    return profiles[name]


def _merged(wanted: Wanted | None, profile: Wanted | None) -> Resources:
    def first(name: str) -> Any:
        said = (getattr(each, name) for each in (wanted, profile) if each is not None)
        return next((value for value in said if value is not None), None)

    return Resources(**{each.name: first(each.name) for each in fields(Resources)})


def _problems(asked: Resources, capacity: Capacity, spawner: str) -> Iterator[Problem]:
    for name, in_words in _WORDS.items():
        value, most = getattr(asked, name), getattr(capacity, name)
        if value and most is not None and value > most:
            there_is = f"the {spawner} spawner {_has(most, name, in_words)}"
            yield Problem("not_there", name, f"The task asks for {in_words(value)}; {there_is}.")


def _has(most: float, name: str, in_words: Callable[[Any], str]) -> str:
    if most:
        return f"has {in_words(most)}"
    return f"cannot hold a run to a number of {_BOUNDS[name]}. Leave {name} out" if name in _BOUNDS else "has none"


_WORDS: dict[str, Callable[[Any], str]] = {
    "cpus": lambda count: f"{count:g} CPU{'' if count == 1 else 's'}",
    "memory_bytes": lambda size: f"{size_in_words(size)} of memory",
    "pids": lambda count: f"{count} process{'' if count == 1 else 'es'}",
    "gpus": lambda count: f"{count} GPU{'' if count == 1 else 's'}",
}
_BOUNDS = {"cpus": "CPUs", "pids": "processes"}
"""What every run has some of: a wish for it is one for a bound."""


def size_in_words(size: int) -> str:
    for unit, name in ((1024**3, "GiB"), (1024**2, "MiB")):
        if size >= unit:
            return f"{size / unit:.1f}".removesuffix(".0") + f" {name}"
    return f"{size:,} bytes"
