"""Where the spawner does not keep environments: find the archive of one, or find that it is lost."""

from contextlib import suppress

import structlog

from macropod_server.db import orchestrations
from macropod_server.db.tables import Environment
from macropod_server.deps import Deps
from macropod_server.domain.environment import EnvironmentArchive
from macropod_server.domain.errors import Unavailable
from macropod_server.domain.task import EnvironmentStatus
from macropod_server.flows.forget_bytes import forget_bytes
from macropod_server.spawners.base import EnvironmentNotFound

log = structlog.get_logger()


def archive_of(deps: Deps, environment: Environment) -> EnvironmentArchive | None:
    """None where runs find it without the storage, or where it is not there."""
    if deps.spawner.keeps_environments or environment.archive_sha256 is None:
        return None
    return EnvironmentArchive(environment.archive_sha256, environment.archive_bytes or 0)


def check_environment(deps: Deps, environment: Environment) -> None:
    """Raises `EnvironmentNotFound` for what no run can use. What the spawner keeps it has to look for itself."""
    if environment.status is not EnvironmentStatus.READY or is_out_of_reach(deps, environment):
        raise EnvironmentNotFound(environment.name)
    if not deps.spawner.keeps_environments:
        archive = archive_of(deps, environment)
        if archive is None or not deps.storage.exists(archive.sha256):
            raise EnvironmentNotFound(environment.name)


def is_out_of_reach(deps: Deps, environment: Environment) -> bool:
    """Another kind of spawner has built it. It is not lost: only that one can see whether it is there."""
    if not deps.spawner.keeps_environments:
        return environment.archive_sha256 is None
    return environment.spawner not in (None, deps.spawner.name)


def lose_environment(deps: Deps, name: str) -> None:
    """The next packaging of the same lock builds it anew. Bytes that are damaged must not pass for those it makes."""
    with deps.database.write() as session:
        environment = orchestrations.environment_built_by(session, name)
        if environment is None or environment.spawner not in (None, deps.spawner.name):
            return
        sha256 = environment.archive_sha256
        is_lost = orchestrations.note_environment_lost(session, name)
    if is_lost:
        log.warning("environment_lost", environment=name)
    if is_lost and sha256 is not None:
        with suppress(Unavailable):  # The sweep comes to it.
            forget_bytes(deps, sha256)
