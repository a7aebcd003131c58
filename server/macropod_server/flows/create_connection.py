"""Make connections, link them to workspaces, and take that back."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from macropod_server.db import connections, secrets, workspaces
from macropod_server.db.connections import Reach
from macropod_server.db.tables import Connection
from macropod_server.deps import Deps
from macropod_server.domain.connection_details import check_details, references
from macropod_server.domain.errors import Forbidden, Invalid
from macropod_server.domain.naming import new_id
from macropod_server.domain.texts import check_name
from macropod_server.flows.sealing import seal_text

log = structlog.get_logger()


@dataclass(frozen=True)
class ConnectionWish:
    """`secret_fields`: paths of what must not show in logs; None leaves it to what they are called."""

    name: str
    type: str
    details: dict[str, Any] = field(repr=False)
    secret_fields: Sequence[str] | None = None


def create_connection(
    deps: Deps,
    wish: ConnectionWish,
    *,
    workspace_id: int | None,
    requested_by: str | None,
    now: datetime,
    owner_id: str | None = None,
) -> Connection:
    """Linked to the workspace it is made in; made in none it is reached by its owner until it is linked.

    Raises `Invalid`, and `Conflict` when the name is taken anywhere in the installation.
    """
    _check(wish)
    made = Connection(
        id=new_id(),
        name=wish.name,
        type=wish.type,
        secret_fields=None if wish.secret_fields is None else sorted(set(wish.secret_fields)),
        workspace_id=workspace_id,
        owner_id=owner_id,
        created_by=requested_by,
        created_at=now,
    )
    with deps.database.write() as session:
        if workspace_id is not None:
            _check_references(secrets.missing(session, workspace_id, references(wish.details)))
        made.keep(seal_text(deps.master_keys, session, json.dumps(wish.details), made.subject()))
        connections.add(session, made)
        if workspace_id is not None:
            connections.link(session, made, workspace_id, now=now)
    log.info("connection_created", connection_id=made.id, workspace_id=workspace_id, by=requested_by)
    return made


def delete_connection(deps: Deps, name: str, *, reach: Reach, requested_by: str | None) -> None:
    """Raises `Forbidden` where it was only linked, and `Conflict` where the workspace it was made in is archived."""
    with deps.database.write() as session:
        connection = connections.get(session, name, reach, locked=True)
        if not connections.may_delete(session, connection, reach):
            raise Forbidden(
                f"The connection {name!r} was made in another workspace, so it is deleted there. "
                "`macropod connection unlink` takes it out of this one."
            )
        if connection.workspace_id is not None:
            workspaces.check_is_open(workspaces.get(session, connection.workspace_id))
        connections.remove(session, connection)
    log.info("connection_deleted", connection_id=connection.id, by=requested_by)


def link_connection(
    deps: Deps, name: str, *, reach: Reach, workspace_id: int, requested_by: str | None, now: datetime
) -> Connection:
    """Let runs of a workspace use it. Harmless when they may already."""
    with deps.database.write() as session:
        connection = connections.get(session, name, reach, locked=True)
        connections.link(session, connection, workspace_id, now=now)
    log.info("connection_linked", connection_id=connection.id, workspace_id=workspace_id, by=requested_by)
    return connection


def unlink_connection(
    deps: Deps, name: str, *, reach: Reach, workspace_id: int, requested_by: str | None
) -> Connection:
    """Runs of the workspace cannot use it any more. Harmless when they could not."""
    with deps.database.write() as session:
        connection = connections.get(session, name, reach, locked=True)
        connections.unlink(session, connection, workspace_id)
    log.info("connection_unlinked", connection_id=connection.id, workspace_id=workspace_id, by=requested_by)
    return connection


def _check(wish: ConnectionWish) -> None:
    check_name("name", wish.name)
    check_name("type", wish.type)
    if "/" in wish.name or not wish.name.strip(". "):
        raise Invalid.field("name", f"The name {wish.name!r} cannot be part of an address; leave out '/'.")
    check_details(wish.details, wish.secret_fields)


def _check_references(missing: Sequence[str]) -> None:
    if missing:
        raise Invalid.field("details", f"There is no secret {missing[0]!r} in this workspace; set it first.")
