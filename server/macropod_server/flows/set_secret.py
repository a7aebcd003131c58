"""Set a secret to a new value, and delete one. Versions before stay until it is deleted."""

from datetime import datetime

import structlog

from macropod_server.db import secrets
from macropod_server.db.tables import Secret
from macropod_server.deps import Deps
from macropod_server.domain.secret_wish import check_secret_name, check_value
from macropod_server.flows.sealing import seal_text

log = structlog.get_logger()


def set_secret(
    deps: Deps, name: str, value: str, *, workspace_id: int, requested_by: str | None, now: datetime
) -> Secret:
    """Runs that begin from now on get it; those that have begun keep theirs."""
    check_secret_name("name", name)
    check_value(value)
    with deps.database.write() as session:
        secret = secrets.next_version(session, workspace_id, name, by=requested_by, now=now)
        secrets.add_version(
            session, secret, seal_text(deps.master_keys, session, value, secret.subject(secret.version))
        )
    log.info("secret_set", name=name, version=secret.version, workspace_id=workspace_id, by=requested_by)
    return secret


def delete_secret(deps: Deps, name: str, *, workspace_id: int, requested_by: str | None) -> None:
    """With all its versions. Runs that have begun keep what they were given."""
    with deps.database.write() as session:
        secrets.remove(session, secrets.get(session, workspace_id, name))
    log.info("secret_deleted", name=name, workspace_id=workspace_id, by=requested_by)
