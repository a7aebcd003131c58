"""The audit log: an entry for each call that changed something, in the transaction of its change; and reading it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import event
from sqlmodel import Session, col, select

from macropod_server.db.tables import (
    AuditEntry,
    Connection,
    Orchestration,
    Run,
    Secret,
    Task,
    Token,
    User,
    Workspace,
)
from macropod_server.domain.acts import Act, acting
from macropod_server.domain.texts import cleaned

_KINDS: dict[type[Any], str] = {
    Orchestration: "orchestration",
    Task: "task",
    User: "user",
    Workspace: "workspace",
    Token: "token",
    Secret: "secret",
    Connection: "connection",
    Run: "run",
}
"""What calls make: the kind a call is for stands before those that come along with it."""


@contextmanager
def noted(session: Session) -> Iterator[None]:
    """Within it the session may change something: for a call that acts for somebody an entry goes along with the
    first change it makes."""
    act = acting.get()
    if act is None or act.identity is None or act.is_noted:
        yield
        return
    changes: list[int] = []
    event.listen(session, "before_flush", lambda session, *_: session.info["made"].extend(session.new))
    event.listen(session.connection(), "after_cursor_execute", lambda *call: changes.append(_changed_rows(call)))
    yield
    session.flush()
    if any(changes):
        session.add(_entry(act, session.info["made"]))
        session.info["noted"] = act


def _changed_rows(call: tuple[Any, ...]) -> int:
    """Of a statement that was carried out; not 0 where nobody can tell how many it changed."""
    _connection, cursor, _statement, _parameters, context, _is_many = call
    is_change = context.isinsert or context.isupdate or context.isdelete
    return int(cursor.rowcount) if is_change else 0


SIGN_IN = "sessions.begin"


def add_sign_in(session: Session, user: User, *, how: str, address: str | None, now: datetime) -> None:
    entry = AuditEntry(at=now, action=SIGN_IN, actor=user.email, user_id=user.id, address=address)
    entry.facts = {"how": how}
    session.add(entry)


def add_join(session: Session, user: User, *, issuer: str, is_new: bool, address: str | None, now: datetime) -> None:
    """Somebody came through a provider for the first time."""
    action = "users.come" if is_new else "users.link"
    entry = AuditEntry(at=now, action=action, actor=user.email, user_id=user.id, address=address)
    entry.object_kind, entry.object_id, entry.facts = "user", user.id, {"issuer": issuer}
    session.add(entry)


def add_refusal(session: Session, *, actor: str, how: str, address: str | None, reason: str, now: datetime) -> None:
    """Somebody was not let in. `actor` is who they said they are."""
    entry = AuditEntry(at=now, outcome="refused", action=SIGN_IN, actor=cleaned(actor)[:400], address=address)
    entry.facts = {"how": how, "reason": reason}
    session.add(entry)


@dataclass(frozen=True)
class Wanted:
    """Entries of a workspace or of all, of somebody, of an action or those that begin with it, of a span."""

    workspace_id: int | None = None
    actor: str | None = None
    action: str | None = None
    object_id: str | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def find(session: Session, wanted: Wanted, *, limit: int, before: int | None = None) -> list[AuditEntry]:
    """Newest first; `before` is the number of the last entry of the page before."""
    query = select(AuditEntry)
    for name in ("workspace_id", "actor", "object_id", "outcome"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(getattr(AuditEntry, name) == value)
    if wanted.action is not None:
        query = query.where(col(AuditEntry.action).startswith(wanted.action, autoescape=True))
    if wanted.since is not None:
        query = query.where(col(AuditEntry.at) >= wanted.since)
    if wanted.until is not None:
        query = query.where(col(AuditEntry.at) < wanted.until)
    if before is not None:
        query = query.where(col(AuditEntry.id) < before)
    return list(session.exec(query.order_by(col(AuditEntry.id).desc()).limit(limit)))


def _entry(act: Act, made: list[Any]) -> AuditEntry:
    assert act.identity is not None
    assert act.at is not None
    kind, name = _object(act, made)
    return AuditEntry(
        at=act.at,
        actor=act.identity.name,
        user_id=act.identity.user_id,
        token_id=act.identity.token_id,
        run_id=act.identity.run_id,
        action=act.action,
        workspace_id=act.workspace_id,
        object_kind=kind,
        object_id=name,
        address=act.address,
        facts=_made(made) if act.named else {},
    )


def _object(act: Act, made: list[Any]) -> tuple[str | None, str | None]:
    """What the path names, else what was made."""
    for name, value in reversed(act.named.items()):
        kind = name.removesuffix("_id") if name != "name" else act.action.partition(".")[0].removesuffix("s")
        return kind, str(value)[:300]
    return next(iter(_made(made).items()), (None, None))


def _made(made: list[Any]) -> dict[str, str]:
    """By kind the id of the first that was made."""
    found: dict[str, str] = {}
    for row_type, kind in _KINDS.items():
        for row in made:
            if isinstance(row, row_type):
                found.setdefault(kind, str(row.id))
    return found
