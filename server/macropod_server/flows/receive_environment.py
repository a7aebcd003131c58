"""Keep the environment that a packaging run has built, where the spawner does not keep it."""

import structlog
from sqlmodel import Session

from macropod_server.db import orchestrations, runs
from macropod_server.db.tables import Environment, Run
from macropod_server.deps import Deps
from macropod_server.domain.environment import EnvironmentArchive
from macropod_server.domain.errors import Conflict, TooLarge, Unavailable
from macropod_server.domain.run import Reason, RunKind, is_final
from macropod_server.domain.task import EnvironmentStatus
from macropod_server.flows.forget_bytes import forget_bytes
from macropod_server.storage.base import Staging

log = structlog.get_logger()

NOT_SENT = (
    "The installed packages did not reach the server: the runner of this image does not send them. Make the image "
    "anew with `make runner-image`, from the version the server has."
)


def check_may_send(deps: Deps, run: Run, archive: EnvironmentArchive) -> None:
    """Asked before any byte is read. Raises `Conflict` and `TooLarge`."""
    with deps.database.read() as session:
        _built_by(session, run)
    if archive.size_bytes > deps.settings.environment_max_bytes:
        raise TooLarge(
            f"The installed packages take {archive.size_bytes:,} bytes as an archive, over the "
            f"{deps.settings.environment_max_bytes:,} this server takes. Leave packages out of the requirements, or "
            "let the operator raise MACROPOD_ENVIRONMENT_MAX_BYTES."
        )


def receive_environment(deps: Deps, run: Run, archive: EnvironmentArchive, staging: Staging) -> None:
    """May be repeated; the last one counts. Raises `Unavailable` for what is to be sent once more, and `Conflict`."""
    kept = staging.keep()
    if kept != archive.sha256:
        forget_bytes(deps, kept)
        raise Unavailable(f"The archive arrived with the sha256 {kept}, not with {archive.sha256}. Send it again.")
    with deps.database.write() as session:
        current = runs.get(session, run.id, locked=True)
        environment = _built_by(session, current, locked=True)
        orchestrations.hold_bytes(session, kept)
        if not deps.storage.exists(kept):
            raise Unavailable("The same bytes were deleted while they were sent. Send the archive again.")
        environment.archive_sha256, environment.archive_bytes = kept, archive.size_bytes
        session.add(environment)
    log.info("environment_received", run_id=run.id, sha256=kept, size_bytes=archive.size_bytes)


def lacks_archive(deps: Deps, session: Session, run: Run, reason: Reason) -> bool:
    """Whether this is the good end of a run that has built what no other run could ever use."""
    if deps.spawner.keeps_environments or run.kind is not RunKind.PACKAGING or reason is not Reason.COMPLETED:
        return False
    built = orchestrations.environment_built_by(session, run.id)
    return built is not None and built.archive_sha256 is None


def _built_by(session: Session, run: Run, *, locked: bool = False) -> Environment:
    built = None if is_final(run.status) else orchestrations.environment_built_by(session, run.id)
    if built is not None and locked:
        built = orchestrations.hold_environment(session, built.digest)
    if built is None or built.name != run.id or built.status is not EnvironmentStatus.BUILDING:
        raise Conflict(f"Run {run.id} builds no environment (any more), so it has none to send.")
    return built
