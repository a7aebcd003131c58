"""Delete an orchestration that nothing will run any more. What its runs printed stays."""

from datetime import datetime

import structlog
from sqlmodel import Session

from macropod_server.db import orchestrations, runs, tasks
from macropod_server.db.tables import Orchestration
from macropod_server.deps import Deps
from macropod_server.domain.errors import Conflict, Unavailable
from macropod_server.flows.forget_bytes import forget_bytes

log = structlog.get_logger()


def delete_orchestration(deps: Deps, orchestration_id: str, *, workspace_id: int, now: datetime) -> None:
    """Its bytes go too, unless another orchestration holds the same; tasks, runs and logs can still be read."""
    with deps.database.write() as session:
        orchestration = orchestrations.get(session, orchestration_id, workspace_id=workspace_id, locked=True)
        check_may_go(session, orchestration)
        orchestration.deleted_at = orchestration.updated_at = now
        session.add(orchestration)
    log.info("orchestration_deleted", orchestration_id=orchestration.id)
    _forget_bytes(deps, orchestration)


def check_may_go(session: Session, orchestration: Orchestration) -> None:
    """Raises `Conflict` while something of it runs, or is still to run."""
    if active := tasks.active_of(session, orchestration.id):
        names = ", ".join(f"{task.name!r} ({task.id})" for task in active)
        raise Conflict(
            f"Orchestration {orchestration.id} is used by {names}. "
            "Wait until that has ended or kill it (`macropod task kill`), then delete again."
        )
    if runs.has_unfinished(session, orchestration_id=orchestration.id):
        raise Conflict(f"Orchestration {orchestration.id} is being packaged. Delete it when that has ended.")


def _forget_bytes(deps: Deps, orchestration: Orchestration) -> None:
    """After the commit: whatever happens now, nothing is left that is ready and has no bytes; `sweep` does the rest."""
    try:
        forget_bytes(deps, orchestration.sha256)
    except Unavailable as error:
        log.warning("bytes_left_to_sweep", sha256=orchestration.sha256, reason=error.message)
