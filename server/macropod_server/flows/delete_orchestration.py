"""Delete an orchestration that no task uses, and its bytes when nobody else holds the same."""

from macropod_server.db import orchestrations, runs, tasks
from macropod_server.deps import Deps
from macropod_server.domain.errors import Conflict


def delete_orchestration(deps: Deps, orchestration_id: str, *, workspace_id: int) -> None:
    with deps.database.write() as session:
        orchestration = orchestrations.get(session, orchestration_id, workspace_id=workspace_id)
        if uses := tasks.uses_of(session, orchestration.id):
            raise Conflict(
                f"Orchestration {orchestration.id} is used by {uses} task{'s' if uses > 1 else ''}, "
                "whose runs and logs need it. It can be deleted when no task uses it."
            )
        if runs.unfinished(session, orchestration_id=orchestration.id):
            raise Conflict(f"Orchestration {orchestration.id} is being packaged. Delete it when that has ended.")
        packaging_run_id = orchestration.packaging_run_id
        is_last = not orchestrations.is_stored_elsewhere(session, orchestration)
        orchestrations.delete(session, orchestration)
        if is_last:
            # Before the commit: an upload of the same bytes waits, then finds them gone and is sent again.
            deps.storage.delete(orchestration.sha256)
    if packaging_run_id:
        deps.logs.drop(packaging_run_id)
