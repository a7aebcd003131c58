"""Tell what a connection leads to: to people as it was set, to a run with the secrets it names.

What is secret in what a run is told is noted with the run, in a row: every server hides it in its log from then on.
"""

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlmodel import Session, col

from macropod_server.db import connections, given, runs, secrets
from macropod_server.db.connections import Reach
from macropod_server.db.given import GivenKind
from macropod_server.db.tables import Connection, Run
from macropod_server.deps import Deps
from macropod_server.domain.connection_details import hidden_values, references, resolved
from macropod_server.domain.errors import Conflict, Forbidden, Unauthorized
from macropod_server.domain.run import RunKind, is_final
from macropod_server.flows.sealing import keep_texts, once_more_if_changed, open_text, texts_of

Details = dict[str, Any]


def tell_details(deps: Deps, name: str, *, reach: Reach) -> Details:
    """Names of secrets stay names. Raises `NotFound`, and `CannotOpen` without the master key."""

    def read() -> Details:
        with deps.database.read() as session:
            return _details(deps, connections.get(session, name, reach))

    return once_more_if_changed(read)


def give_details(deps: Deps, name: str, *, run_id: str, now: datetime) -> Details:
    """To a run, of a connection linked to its workspace. Raises `Conflict` naming a secret that is not there.

    Packaging runs code of others that nobody has looked at, and needs nothing of this: `Forbidden`.
    """

    def read() -> Details:
        with deps.database.write() as session:
            run = runs.get(session, run_id, locked=True)
            if is_final(run.status):
                raise Unauthorized(f"The token of run {run_id} ended with the run.")
            if run.kind is RunKind.PACKAGING:
                raise Forbidden(f"Run {run_id} installs requirements; it is told of no connection.")
            return _give(deps, session, run, connections.get_linked(session, name, run.workspace_id), now=now)

    return once_more_if_changed(read)


def _give(deps: Deps, session: Session, run: Run, connection: Connection, *, now: datetime) -> Details:
    details = _details(deps, connection)
    values = _values(deps, session, run, connection, references(details), now=now)
    told: Details = resolved(details, values)
    hidden = hidden_values(told, connection.secret_fields)
    note_given(deps, session, run, GivenKind.CONNECTION, connection.name, version=None, texts=hidden, now=now)
    return told


def _values(
    deps: Deps, session: Session, run: Run, connection: Connection, names: Collection[str], *, now: datetime
) -> dict[str, str]:
    found = secrets.newest(session, run.workspace_id, names)
    if missing := sorted(set(names) - found.keys()):
        raise Conflict(
            f"The connection {connection.name!r} names the secret {missing[0]!r}, which is not in this workspace. "
            "Set it with `macropod secret set`."
        )
    ring, values = deps.master_keys.ring(), dict[str, str]()
    for name, each in found.items():
        number = each.version.number
        values[name] = open_text(ring, each.version, each.secret.subject(number))
        note_given(deps, session, run, GivenKind.SECRET, name, version=number, texts=[values[name]], now=now)
    return values


def note_given(
    deps: Deps,
    session: Session,
    run: Run,
    kind: GivenKind,
    name: str,
    *,
    version: int | None,
    texts: Collection[str],
    now: datetime,
) -> None:
    """Nothing changes where the run had it already. What it had before stays hidden too."""
    row = given.place_for(session, run.id, kind, name, version=version, now=now)
    known = texts_of(deps.master_keys.ring(), row)
    if row.sealed is None or not set(texts) <= set(known):
        keep_texts(deps.master_keys, session, row, [*known, *(each for each in texts if each not in known)])
        runs.note(session, run.id, secrets_given=col(Run.secrets_given) + 1)


def _details(deps: Deps, connection: Connection) -> Details:
    details: Details = json.loads(open_text(deps.master_keys.ring(), connection, connection.subject()))
    return details
