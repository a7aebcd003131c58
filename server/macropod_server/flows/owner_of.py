"""Whose something is. What was made before there were users is the first admin's."""

from sqlmodel import Session

from macropod_server.db import accounts, orchestrations, tasks
from macropod_server.db.tables import Run, User


def owner_of(session: Session, run: Run) -> User:
    """For whom it runs: who made its task, or uploaded what is packaged."""
    made = tasks.get(session, run.task_id) if run.task_id else orchestrations.get(session, run.orchestration_id)
    return user_or_first(session, made.owner_id)


def user_or_first(session: Session, user_id: str | None) -> User:
    found = accounts.user(session, user_id) if user_id else accounts.first_admin(session)
    assert found is not None, "an installation has an admin from its first start"
    return found
