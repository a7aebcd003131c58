"""Delete an orchestration that nothing will run any more. What its runs printed stays."""

from datetime import datetime

import structlog

from macropod_server.db import orchestrations, runs, tasks
from macropod_server.deps import Deps
from macropod_server.domain.errors import Conflict

log = structlog.get_logger()


def delete_orchestration(deps: Deps, orchestration_id: str, *, workspace_id: int, now: datetime) -> None:
    """Its bytes go too, unless another orchestration holds the same; tasks, runs and logs can still be read."""
    with deps.database.write() as session:
        orchestration = orchestrations.get(session, orchestration_id, workspace_id=workspace_id, locked=True)
        if active := tasks.active_of(session, orchestration.id):
            names = ", ".join(f"{task.name!r} ({task.id})" for task in active)
            raise Conflict(
                f"Orchestration {orchestration.id} is used by {names}. "
                "Wait until that has ended or kill it (`macropod task kill`), then delete again."
            )
        if runs.has_unfinished(session, orchestration_id=orchestration.id):
            raise Conflict(f"Orchestration {orchestration.id} is being packaged. Delete it when that has ended.")
        orchestration.deleted_at = orchestration.updated_at = now
        session.add(orchestration)
        session.flush()
        orchestrations.hold_bytes(session, orchestration.sha256)
        if not orchestrations.is_stored_elsewhere(session, orchestration):
            # Before the commit: an upload of the same bytes waits, then finds them gone and is sent again.
            deps.storage.delete(orchestration.sha256)
    log.info("orchestration_deleted", orchestration_id=orchestration.id)
