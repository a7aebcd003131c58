"""Which connections somebody reaches, through which workspace, and whether they may read what those lead to."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from sqlmodel import Session

from macropod_server.db import accounts, connections
from macropod_server.db.connections import Reach
from macropod_server.db.tables import Connection
from macropod_server.domain.errors import NotFound
from macropod_server.domain.identity import Identity
from macropod_server.domain.roles import Role, within

_NOWHERE = 0
"""No workspace has this id: from there its owner reaches a connection, and nobody else."""


@dataclass(frozen=True)
class Reached:
    """`reach` is the one that lets most be done with it."""

    connection: Connection
    reach: Reach
    may_open: bool


def may_make(identity: Identity) -> bool:
    return within(Role.OWNER, identity.scope).may(Role.EDITOR)


def get_in_reach(
    session: Session, identity: Identity, *, name: str | None = None, connection_id: str | None = None
) -> Reached:
    """Raises `NotFound`."""
    for way, role in _ways(session, identity):
        with suppress(NotFound):
            if name is not None:
                return _reached(connections.get(session, name, way), way, role, identity)
            return _reached(connections.get_by_id(session, connection_id or "", way), way, role, identity)
    raise NotFound(f"There is no connection {name or connection_id!r} that you reach.")


def all_in_reach(session: Session, identity: Identity, *, workspace_id: int | None) -> list[Reached]:
    """By name; all, or those linked to that workspace."""
    found: dict[str, Reached] = {}
    for way, role in _ways(session, identity):
        if workspace_id in (None, way.workspace_id):
            is_linked = workspace_id is not None or identity.run_id is not None
            for each in connections.find(session, way, linked_only=is_linked):
                found.setdefault(each.id, _reached(each, way, role, identity))
    return sorted(found.values(), key=lambda each: each.connection.name)


def _reached(connection: Connection, way: Reach, role: Role, identity: Identity) -> Reached:
    is_own = way.user_id is not None and connection.owner_id == way.user_id
    return Reached(connection, way, may_open=role.may(Role.EDITOR) or (is_own and may_make(identity)))


def _ways(session: Session, identity: Identity) -> Iterator[tuple[Reach, Role]]:
    """Those on which most may be done first. A run, and a token that is bound, has that of its workspace only."""
    own = None if identity.run_id or identity.is_bound else identity.user_id
    ids = accounts.ids_in_reach(session, identity)
    roles = [(accounts.role_of(session, identity, each) or Role.VIEWER, each) for each in ids]
    for role, workspace_id in sorted(roles, key=lambda each: [*Role].index(each[0]), reverse=True):
        yield Reach(workspace_id, own), role
    if not identity.is_bound:
        yield Reach(_NOWHERE, own), Role.VIEWER
