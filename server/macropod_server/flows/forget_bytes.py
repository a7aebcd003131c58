"""Remove a blob that nothing holds any more."""

from macropod_server.db import orchestrations, retention
from macropod_server.deps import Deps


def forget_bytes(deps: Deps, sha256: str) -> bool:
    """Within the lock that an upload of the same bytes takes too: either it finds them gone, or they stay."""
    with deps.database.write() as session:
        orchestrations.hold_bytes(session, sha256)
        if not retention.unknown_blobs(session, [sha256]):
            return False
        deps.storage.delete(sha256)
    return True
