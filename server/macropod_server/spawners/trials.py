"""One thing a spawner is asked for, as `macropod-server check` tells of it."""

from collections.abc import Callable

from macropod_server.spawners.base import ContainerStuck, CouldNotStart, SpawnerUnavailable, Trial


def tried(what: str, act: Callable[[], object]) -> Trial:
    try:
        act()
    except (SpawnerUnavailable, ContainerStuck, CouldNotStart) as error:
        return Trial(what, error.message)
    return Trial(what)
