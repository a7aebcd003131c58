"""What a workspace's orchestrations find besides their requirements, where an upload does not say."""

from macropod_server.db import pauses, workspaces
from macropod_server.db.tables import Workspace
from macropod_server.deps import Deps
from macropod_server.domain.flavor import Flavor


def set_default_flavor(deps: Deps, flavor: Flavor, *, workspace_id: int) -> Workspace:
    """For uploads from now on; what was uploaded before keeps its own."""
    with deps.database.write() as session:
        workspace = pauses.hold(session, workspace_id)
        workspaces.check_is_open(workspace)
        workspace.default_flavor = flavor
        session.add(workspace)
    return workspace
