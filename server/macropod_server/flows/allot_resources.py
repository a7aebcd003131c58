"""Say what a run may use, and refuse early what no container here can be given."""

from contextlib import suppress

from macropod_server.db.tables import Task
from macropod_server.deps import Deps
from macropod_server.domain.errors import Invalid
from macropod_server.domain.placement import Placement
from macropod_server.domain.resources import Limits, check_wanted, limits_of, profile_named
from macropod_server.flows.task_wish import TaskWish
from macropod_server.spawners.base import CouldNotStart, SpawnerUnavailable


def check_resources(deps: Deps, wish: TaskWish) -> None:
    """Raises `Invalid`. While the spawner is away nobody knows what there is; the start of a run will tell."""
    profile = profile_named(wish.profile, deps.settings.profiles)
    if profile is None and not any((wish.cpus, wish.memory_bytes, wish.pids, wish.gpus)):
        return
    try:
        capacity = deps.spawner.capacity()
    except SpawnerUnavailable:
        return
    check_wanted(wish, capacity, profile=profile, spawner=deps.spawner.name)


def allotted(deps: Deps, task: Task | None) -> Limits:
    """What a run of this task may use; packaging, which has none, what goes without saying."""
    if task is None:
        return deps.limits
    try:
        profile = profile_named(task.profile, deps.settings.profiles)
    except Invalid as error:
        raise CouldNotStart(error.message) from error
    return limits_of(task, profile=profile, defaults=deps.limits)


def placement_of(deps: Deps, task: Task | None) -> Placement:
    """Where a cluster is to place a run of this task: what its profile says, and of the rest what holds for all."""
    general = deps.settings.kubernetes_placement
    name = task.profile if task else None
    profile = deps.settings.profiles.get(name) if name else None
    return profile.kubernetes.over(general) if profile else general


def watched_memory(deps: Deps, task: Task | None) -> int | None:
    """The limit in bytes that the runner has to watch itself; None where the spawner holds it."""
    if not deps.spawner.runner_watches_memory:
        return None
    with suppress(CouldNotStart):
        return allotted(deps, task).memory_bytes
    return deps.settings.run_memory_bytes  # Its profile was taken away after it was started.
