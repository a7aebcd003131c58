"""Who did what: listed, or all of it as JSON lines."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from macropod_server.api import account_examples
from macropod_server.api.access import DepsDep, MayAudit, check_admin
from macropod_server.api.instants import utc_or_none
from macropod_server.api.schemas import of_row
from macropod_server.db import audit_log
from macropod_server.db.audit_log import Wanted
from macropod_server.deps import Deps

router = APIRouter(prefix="/v1/audit", tags=["audit"])

_AT_ONCE = 500
_MOST_ID = 2**63 - 1


class AuditEntryOut(BaseModel):
    """`actor` is an e-mail address, or which run acted. `facts` tell what else was made by the call."""

    model_config = of_row(account_examples.AUDIT_ENTRY)

    id: int
    at: datetime
    actor: str
    user_id: str | None
    token_id: str | None
    run_id: str | None
    action: str
    outcome: Literal["done", "refused"]
    workspace_id: int | None
    object_kind: str | None
    object_id: str | None
    address: str | None
    facts: dict[str, Any]


class AuditPage(BaseModel):
    items: list[AuditEntryOut]
    next_before: int | None


def get_wanted(
    caller: MayAudit,
    everywhere: Annotated[bool, Query(description="of all workspaces and of sign-ins too; admins only")] = False,
    actor: Annotated[str | None, Query(max_length=400)] = None,
    action: Annotated[
        str | None, Query(max_length=100, description="`tasks.kill`, or `tasks.` for all of tasks")
    ] = None,
    object_id: Annotated[str | None, Query(max_length=300)] = None,
    outcome: Literal["done", "refused"] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Wanted:
    if everywhere:
        check_admin(caller.identity)
    return Wanted(
        workspace_id=None if everywhere else caller.workspace_id,
        actor=actor,
        action=action,
        object_id=object_id,
        outcome=outcome,
        since=utc_or_none("since", since),
        until=utc_or_none("until", until),
    )


WantedDep = Annotated[Wanted, Depends(get_wanted)]


@router.get("")
def list_entries(
    deps: DepsDep,
    wanted: WantedDep,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: Annotated[int | None, Query(ge=1, le=_MOST_ID, description="`next_before` of the page before")] = None,
) -> AuditPage:
    """Newest first."""
    with deps.database.read() as session:
        found = audit_log.find(session, wanted, limit=limit, before=before)
    items = [AuditEntryOut.model_validate(each) for each in found]
    return AuditPage(items=items, next_before=items[-1].id if len(items) == limit else None)


@router.get("/export", response_class=StreamingResponse)
def export(deps: DepsDep, wanted: WantedDep) -> StreamingResponse:
    """All of them, one JSON object in each line, newest first."""
    return StreamingResponse(_lines(deps, wanted), media_type="application/x-ndjson")


def _lines(deps: Deps, wanted: Wanted) -> Iterator[str]:
    before: int | None = None
    while True:
        with deps.database.read() as session:
            found = audit_log.find(session, wanted, limit=_AT_ONCE, before=before)
        yield from (f"{AuditEntryOut.model_validate(each).model_dump_json()}\n" for each in found)
        if len(found) < _AT_ONCE:
            return
        before = found[-1].id
