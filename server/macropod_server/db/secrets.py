"""Secrets in the database: names and versions in clear, values sealed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, delete, select

from macropod_server.db import locks
from macropod_server.db.tables import Secret, SecretVersion
from macropod_server.domain.envelope import Sealed
from macropod_server.domain.errors import NotFound
from macropod_server.domain.naming import new_id


@dataclass(frozen=True)
class SealedSecret:
    """The newest version of a secret, as it is stored."""

    secret: Secret
    version: SecretVersion


def find(session: Session, workspace_id: int) -> list[Secret]:
    """By name."""
    query = select(Secret).where(col(Secret.workspace_id) == workspace_id)
    return list(session.exec(query.order_by(col(Secret.name))))


def get(session: Session, workspace_id: int, name: str) -> Secret:
    found = session.exec(select(Secret).where(*_is_named(workspace_id, name))).first()
    if found is None:
        raise NotFound(f"There is no secret {name!r} in this workspace. `macropod secret list` shows those there are.")
    return found


def versions(session: Session, secret: Secret) -> list[SecretVersion]:
    """Newest first."""
    query = select(SecretVersion).where(col(SecretVersion.secret_id) == secret.id)
    return list(session.exec(query.order_by(col(SecretVersion.number).desc())))


def newest(session: Session, workspace_id: int, names: Collection[str]) -> dict[str, SealedSecret]:
    """By name; those that are not there are left out."""
    is_newest = (col(SecretVersion.secret_id) == col(Secret.id), col(SecretVersion.number) == col(Secret.version))
    query = select(Secret, SecretVersion).join(SecretVersion, is_newest[0] & is_newest[1])
    wanted = query.where(col(Secret.workspace_id) == workspace_id, col(Secret.name).in_(names))
    return {secret.name: SealedSecret(secret, version) for secret, version in session.exec(wanted)}


def missing(session: Session, workspace_id: int, names: Collection[str]) -> list[str]:
    """Which of these names no secret has."""
    query = select(Secret.name).where(col(Secret.workspace_id) == workspace_id, col(Secret.name).in_(names))
    return sorted(set(names).difference(session.exec(query).all()))


def next_version(session: Session, workspace_id: int, name: str, *, by: str | None, now: datetime) -> Secret:
    """The secret, made where there is none, with the number of the version that is to be added in this transaction."""
    locks.alone(session, f"secret {name} of workspace {workspace_id}")
    found = session.exec(select(Secret).where(*_is_named(workspace_id, name))).first()
    if found is None:
        found = Secret(
            id=new_id(), workspace_id=workspace_id, name=name, version=0, created_by=by, created_at=now, updated_at=now
        )
    found.version, found.updated_by, found.updated_at = found.version + 1, by, now
    session.add(found)
    session.flush()
    return found


def add_version(session: Session, secret: Secret, sealed: Sealed) -> None:
    version = SecretVersion(
        secret_id=secret.id, number=secret.version, created_by=secret.updated_by, created_at=secret.updated_at
    )
    version.keep(sealed)
    session.add(version)


def remove(session: Session, secret: Secret) -> None:
    """With all its versions."""
    session.execute(delete(SecretVersion).where(col(SecretVersion.secret_id) == secret.id))
    session.delete(secret)


def _is_named(workspace_id: int, name: str) -> tuple[ColumnElement[bool], ...]:
    return (col(Secret.workspace_id) == workspace_id, col(Secret.name) == name)
