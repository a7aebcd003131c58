"""Give a run the secrets its task names, in the version that is the newest when it begins."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from macropod_server.db import given, secrets
from macropod_server.db.given import GivenKind
from macropod_server.db.tables import Run, Task
from macropod_server.deps import Deps
from macropod_server.flows.sealing import open_text, texts_of
from macropod_server.flows.tell_details import note_given

Values = Mapping[str, str]


class SecretGone(Exception):
    """The task names a secret that is not there any more."""

    def __init__(self, name: str) -> None:
        self.message = (
            f"The task names the secret {name!r}, which is not there any more. Set it again with "
            f"`macropod secret set {name}`, or make a task that does without."
        )
        super().__init__(self.message)


@dataclass(frozen=True)
class Secrets:
    """What a run gets, by the names of variables and of files."""

    variables: Values = field(default_factory=dict, repr=False)
    files: Values = field(default_factory=dict, repr=False)


def give_secrets(deps: Deps, session: Session, run: Run, task: Task | None, *, now: datetime) -> Secrets:
    """What it was given before it is given again, for the runner may ask once more.

    Raises `SecretGone`, and `CannotOpen` for what cannot be read.
    """
    if task is None or not (task.secrets or task.secret_files):
        return Secrets()
    wanted = {*task.secrets.values(), *task.secret_files.values()}
    values = _given_before(deps, session, run)
    values |= _newest(deps, session, run, wanted - values.keys(), now=now)
    return Secrets(_named(task.secrets, values), _named(task.secret_files, values))


def _given_before(deps: Deps, session: Session, run: Run) -> dict[str, str]:
    if not run.secrets_given:
        return {}
    ring, rows = deps.master_keys.ring(), given.of_run(session, run.id)
    return {row.name: texts_of(ring, row)[0] for row in rows if row.kind == GivenKind.SECRET}


def _newest(deps: Deps, session: Session, run: Run, names: set[str], *, now: datetime) -> dict[str, str]:
    found = secrets.newest(session, run.workspace_id, names)
    if missing := sorted(names - found.keys()):
        raise SecretGone(missing[0])
    ring, values = deps.master_keys.ring(), dict[str, str]()
    for name, each in sorted(found.items()):
        number = each.version.number
        values[name] = open_text(ring, each.version, each.secret.subject(number))
        note_given(deps, session, run, GivenKind.SECRET, name, version=number, texts=[values[name]], now=now)
    return values


def _named(wish: Values, values: Values) -> Values:
    return {place: values[name] for place, name in wish.items()}
