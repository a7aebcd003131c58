"""Find and remove what a crash left behind: containers, files, environments and blobs that no row stands for.

Nothing is removed on a guess: whatever an unfinished run or an upload under way may need is left alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Literal

import structlog

from macropod_server.db import orchestrations, retention, runs
from macropod_server.deps import Deps
from macropod_server.domain.errors import Unavailable
from macropod_server.domain.portions import portions
from macropod_server.domain.task import EnvironmentStatus
from macropod_server.flows.forget_bytes import forget_bytes

log = structlog.get_logger()

_UNDER_WAY = timedelta(seconds=20)
"""An upload writes its row right after its blob. One that takes longer and loses the blob is told to come again."""

_BLOBS_AT_ONCE = 500


@dataclass(frozen=True)
class Leftover:
    """Something nobody needs; `remove` is harmless where it is gone already, and False where it is needed after all."""

    kind: Literal["container", "environment", "blob"]
    name: str
    bytes: int | None
    remove: Callable[[], bool]


def sweep(deps: Deps) -> bool:
    """Remove what is left over. What resists, or cannot be looked at, is tried again next time."""
    for find in (left_containers, left_environments, left_blobs):
        try:
            for leftover in find(deps):
                remove_leftover(leftover)
        except Unavailable as error:
            log.warning("sweep_delayed", what=find.__name__, reason=error.message)
    try:
        if cleared := deps.storage.clear_staging():
            log.info("uploads_cleared", count=cleared)
    except Unavailable as error:
        log.warning("sweep_delayed", what="half_uploads", reason=error.message)
    return False


def remove_leftover(leftover: Leftover) -> bool:
    try:
        is_gone = leftover.remove()
    except Exception as error:
        log.warning("leftover_not_removed", kind=leftover.kind, name=leftover.name, reason=str(error))
        return False
    if is_gone:
        log.info("leftover_removed", kind=leftover.kind, name=leftover.name)
    return is_gone


def left_containers(deps: Deps) -> Iterator[Leftover]:
    """Of this installation, and no run row stands behind it, or its run was cleaned up. Others `clean_up` comes to."""
    for run_id in dict.fromkeys([*deps.spawner.list(), *deps.spawner.remains()]):
        with deps.database.read() as session:
            is_left_over = runs.is_cleaned_up(session, run_id)
        if is_left_over:
            yield Leftover("container", run_id, None, partial(_remove, deps, run_id))


def _remove(deps: Deps, run_id: str) -> bool:
    deps.spawner.remove(run_id, grace=timedelta(0))
    return True


def left_environments(deps: Deps) -> Iterator[Leftover]:
    for name in deps.spawner.environments():
        if not _is_needed(deps, name):
            yield Leftover("environment", name, None, partial(_discard, deps, name))


def _is_needed(deps: Deps, name: str) -> bool:
    """It is whole and known, or its packaging run is still at it."""
    with deps.database.read() as session:
        environment = orchestrations.environment_built_by(session, name)
        is_known = environment is not None and environment.status is EnvironmentStatus.READY
        return is_known or not runs.has_ended(session, name)


def _discard(deps: Deps, name: str) -> bool:
    deps.spawner.discard(name)
    return True


def left_blobs(deps: Deps) -> Iterator[Leftover]:
    """Blobs that nothing holds: the server ended between a blob and its row."""
    settled = (blob for blob in deps.storage.list() if blob.kept_at < deps.clock() - _UNDER_WAY)
    for some in portions(settled, _BLOBS_AT_ONCE):
        with deps.database.read() as session:
            unknown = retention.unknown_blobs(session, [blob.sha256 for blob in some])
        for blob in some:
            if blob.sha256 in unknown:
                yield Leftover("blob", blob.sha256, blob.size_bytes, partial(forget_bytes, deps, blob.sha256))
