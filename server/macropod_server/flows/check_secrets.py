"""Look whether a task may have the secrets it names."""

from sqlmodel import Session

from macropod_server.db import given, secrets
from macropod_server.domain.errors import Forbidden, Invalid
from macropod_server.domain.secret_wish import wanted_files, wanted_variables
from macropod_server.flows.task_wish import TaskWish


def check_secrets(session: Session, wish: TaskWish, *, workspace_id: int, by_run: str | None) -> None:
    """Raises `Invalid` naming one that is not there, and `Forbidden` to a run that was not given it itself."""
    names = {*wanted_variables(wish.secrets).values(), *wanted_files(wish.secret_files).values()}
    if not names:
        return
    if missing := secrets.missing(session, workspace_id, names):
        raise Invalid.field(
            "secrets",
            f"There is no secret {missing[0]!r} in this workspace. Set it with `macropod secret set {missing[0]}`.",
            code="unknown_secret",
        )
    if by_run is not None and (others := sorted(names - given.versions(session, by_run).keys())):
        raise Forbidden(f"Run {by_run} was not given the secret {others[0]!r}, so it makes no task that is.")
