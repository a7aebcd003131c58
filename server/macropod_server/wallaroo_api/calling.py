"""Who calls, and what they may do where: each call names an object or a workspace in its body, not in its path."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends
from pydantic import Field
from sqlmodel import Session

from macropod_server.api.access import Caller, DepsDep, IdentityDep, Now, caller_in, check_change, check_role
from macropod_server.db import access, accounts
from macropod_server.db.workspaces import no_workspace
from macropod_server.deps import Deps
from macropod_server.domain.acts import acting
from macropod_server.domain.identity import Identity
from macropod_server.domain.roles import Role

MOST_ID = 2**31 - 1
"""What the database has room for."""

WorkspaceId = Annotated[int, Field(strict=True, ge=1, le=MOST_ID)]


@dataclass(frozen=True)
class Call:
    deps: Deps
    identity: Identity
    now: datetime

    def about(self, needed: Role, *, is_end: bool = False, **named: str) -> Caller:
        """In the workspace of the object named as `task_id`, `run_id` or `orchestration_id`.

        Raises `NotFound` also for what is none of the caller's business, `Forbidden` for who may not do as much, and
        `Conflict` where the workspace is archived, unless it is about ending something.
        """
        with self.deps.database.read() as session:
            home = access.home_of(session, named)
            caller = caller_in(session, self.identity, home, otherwise=access.no_object(named))
        note_about(caller.workspace_id, **named)
        return self._checked(caller, needed, is_end=is_end)

    def within(self, needed: Role, workspace_id: int) -> Caller:
        """In a workspace named by its id. Raises the same."""
        with self.deps.database.read() as session:
            caller = caller_in(session, self.identity, workspace_id, otherwise=no_workspace(str(workspace_id)))
        note_about(caller.workspace_id)
        return self._checked(caller, needed)

    def _checked(self, caller: Caller, needed: Role, *, is_end: bool = False) -> Caller:
        if needed is Role.VIEWER or is_end:
            check_role(caller, needed)
        else:
            check_change(self.deps, caller, needed)
        return caller

    def listed_workspaces(self, session: Session, wanted: Collection[int]) -> list[int]:
        """Those whose objects are to be listed: all in reach where none is named."""
        if not wanted:
            return accounts.ids_in_reach(session, self.identity)
        for workspace_id in wanted:
            caller_in(session, self.identity, workspace_id, otherwise=no_workspace(str(workspace_id)))
        return [*wanted]


def note_about(workspace_id: int | None, **named: str) -> None:
    """For the audit log, as the paths of the other routes name it: what is done to this has an entry of its own."""
    if (act := acting.get()) is not None:
        act.workspace_id, act.named, act.is_noted = workspace_id, named, False


def note_action(action: str) -> None:
    """Where the route alone does not tell what is done."""
    if (act := acting.get()) is not None:
        act.action = action


def get_call(deps: DepsDep, identity: IdentityDep, now: Now) -> Call:
    return Call(deps, identity, now)


CallDep = Annotated[Call, Depends(get_call)]
