"""Connections in the database, who reaches them, and the workspaces whose runs may use them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, delete, or_, select

from macropod_server.db import locks
from macropod_server.db.tables import Connection, ConnectionLink, Member, Workspace
from macropod_server.domain.errors import Conflict, NotFound


@dataclass(frozen=True)
class Reach:
    """Who asks: somebody in a workspace, and which user, where that is known.

    A connection is reached from the workspace it was made in, from those it is linked to, and by its owner:
    where it is in workspaces, only while they belong to one of them.
    """

    workspace_id: int
    user_id: str | None = None


def add(session: Session, connection: Connection) -> None:
    """Raises `Conflict` when the name is taken, in whatever workspace."""
    locks.alone(session, "names of connections")
    if session.exec(select(Connection.id).where(col(Connection.name) == connection.name)).first():
        raise Conflict(f"There is a connection {connection.name!r} already; choose another name.")
    session.add(connection)
    session.flush()


def find(session: Session, reach: Reach, *, linked_only: bool = False) -> list[Connection]:
    """By name."""
    query = select(Connection).where(_is_linked_to(reach.workspace_id) if linked_only else _is_reached(reach))
    return list(session.exec(query.order_by(col(Connection.name))))


def get(session: Session, name: str, reach: Reach, *, locked: bool = False) -> Connection:
    return _one(session, col(Connection.name) == name, _is_reached(reach), what=name, locked=locked)


def get_by_id(session: Session, connection_id: str, reach: Reach) -> Connection:
    return _one(session, col(Connection.id) == connection_id, _is_reached(reach), what=connection_id)


def get_linked(session: Session, name: str, workspace_id: int) -> Connection:
    """One that runs of this workspace may use."""
    return _one(session, col(Connection.name) == name, _is_linked_to(workspace_id), what=name)


def may_delete(session: Session, connection: Connection, reach: Reach) -> bool:
    """Whoever it was only linked to may unlink it."""
    if connection.workspace_id == reach.workspace_id:
        return True
    if reach.user_id is None:
        return False
    is_own = (col(Connection.id) == connection.id, _is_owned(reach.user_id))
    return session.exec(select(Connection.id).where(*is_own)).first() is not None


def remove(session: Session, connection: Connection) -> None:
    """Its links go with it."""
    session.execute(delete(ConnectionLink).where(col(ConnectionLink.connection_id) == connection.id))
    session.delete(connection)


def link(session: Session, connection: Connection, workspace_id: int, *, now: datetime) -> None:
    """Harmless when it is linked already."""
    locks.alone(session, f"links of connection {connection.id}")
    if session.get(ConnectionLink, (connection.id, workspace_id)) is None:
        session.add(ConnectionLink(connection_id=connection.id, workspace_id=workspace_id, created_at=now))


def unlink(session: Session, connection: Connection, workspace_id: int) -> None:
    """Harmless when it is not linked."""
    is_its = (col(ConnectionLink.connection_id) == connection.id, col(ConnectionLink.workspace_id) == workspace_id)
    session.execute(delete(ConnectionLink).where(*is_its))


def workspace_names(session: Session, *connection_ids: str, among: Collection[int]) -> dict[str, list[str]]:
    """Of each the workspaces it is linked to, by name. Those `among` which one may be told of."""
    names: dict[str, list[str]] = {each: [] for each in connection_ids}
    query = select(ConnectionLink.connection_id, Workspace.name).join(
        Workspace, col(Workspace.id) == col(ConnectionLink.workspace_id)
    )
    is_wanted = (col(ConnectionLink.connection_id).in_(connection_ids), col(Workspace.id).in_(among))
    for connection_id, name in session.exec(query.where(*is_wanted).order_by(col(Workspace.name))):
        names[connection_id].append(name)
    return names


def _one(session: Session, *conditions: ColumnElement[bool], what: str, locked: bool = False) -> Connection:
    query = select(Connection).where(*conditions)
    found = session.exec(query.with_for_update() if locked else query).first()
    if found is None:
        raise NotFound(
            f"There is no connection {what!r} in reach of this workspace. `macropod connection list` shows those "
            "there are."
        )
    return found


def _is_linked_to(workspace_id: int) -> ColumnElement[bool]:
    is_its = col(ConnectionLink.connection_id) == col(Connection.id)
    return select(ConnectionLink.connection_id).where(is_its, col(ConnectionLink.workspace_id) == workspace_id).exists()


def _is_reached(reach: Reach) -> ColumnElement[bool]:
    is_owned = [_is_owned(reach.user_id)] if reach.user_id is not None else []
    return or_(col(Connection.workspace_id) == reach.workspace_id, _is_linked_to(reach.workspace_id), *is_owned)


def _is_owned(user_id: str) -> ColumnElement[bool]:
    """Who was removed from the workspaces it is in owns it no more."""
    linked_to = select(ConnectionLink.workspace_id).where(col(ConnectionLink.connection_id) == col(Connection.id))
    is_nowhere = and_(col(Connection.workspace_id).is_(None), ~linked_to.exists())
    is_in_it = or_(col(Member.workspace_id) == col(Connection.workspace_id), col(Member.workspace_id).in_(linked_to))
    is_member = select(Member.user_id).where(col(Member.user_id) == user_id, is_in_it).exists()
    return and_(col(Connection.owner_id) == user_id, or_(is_nowhere, is_member))
