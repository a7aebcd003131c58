"""Connections: named access to outside systems, linked to the workspaces whose runs may use them."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from macropod_server.api import examples
from macropod_server.api.access import Caller, DepsDep, MayEdit, MayRead, Now
from macropod_server.api.runner_news import until_hidden
from macropod_server.api.schemas import Name
from macropod_server.db import accounts, connections
from macropod_server.db.connections import Reach
from macropod_server.db.tables import Connection
from macropod_server.flows.create_connection import (
    ConnectionWish,
    create_connection,
    delete_connection,
    link_connection,
    unlink_connection,
)
from macropod_server.flows.tell_details import give_details, tell_details

router = APIRouter(prefix="/v1/connections", tags=["connections"])


class ConnectionIn(BaseModel):
    model_config = ConfigDict(
        extra="forbid", hide_input_in_errors=True, json_schema_extra={"examples": [examples.CONNECTION_WISH]}
    )

    name: Name = Field(description="unique over all workspaces of the installation")
    type: Name = Field(description="what kind of system it leads to, in a word of yours")
    details: dict[str, Any] = Field(repr=False, description='JSON; `{"secret": "name"}` stands for a secret')
    secret_fields: list[Name] | None = Field(
        default=None, max_length=100, description="paths such as `auth.token`; null: guessed by their names"
    )


class ConnectionOut(BaseModel):
    """Without what it leads to, which is told by `…/details`."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.CONNECTION]})

    id: str
    name: str
    type: str
    secret_fields: list[str] | None
    workspace_names: list[str] = Field(description="the workspaces it is linked to, of those in reach")
    created_by: str | None
    created_at: datetime


class ConnectionList(BaseModel):
    items: list[ConnectionOut]


class DetailsOut(BaseModel):
    details: dict[str, Any] = Field(repr=False)


@router.post("", status_code=201)
def create(wish: ConnectionIn, deps: DepsDep, caller: MayEdit, now: Now) -> ConnectionOut:
    """It is linked to the workspace it is made in."""
    made = create_connection(
        deps,
        ConnectionWish(**dict(wish)),
        workspace_id=caller.workspace_id,
        requested_by=caller.name,
        owner_id=caller.user_id,
        now=now,
    )
    with deps.database.read() as session:
        return _told(session, caller, made)[0]


@router.get("")
def list_connections(
    deps: DepsDep,
    caller: MayRead,
    linked: Annotated[bool, Query(description="only those that runs of the workspace may use")] = False,
) -> ConnectionList:
    """By name."""
    with deps.database.read() as session:
        found = connections.find(session, _reach(caller), linked_only=linked)
        return ConnectionList(items=_told(session, caller, *found))


@router.get("/{name}")
def show(name: Name, deps: DepsDep, caller: MayRead) -> ConnectionOut:
    with deps.database.read() as session:
        return _told(session, caller, connections.get(session, name, _reach(caller)))[0]


@router.post("/{name}/details")
async def details(name: Name, deps: DepsDep, caller: MayEdit, now: Now, response: Response) -> DetailsOut:
    """Outside a run names of secrets stay names. A run gets the values, which are hidden in its log from then on."""
    response.headers["Cache-Control"] = "no-store"
    if caller.run_id is None:
        return DetailsOut(details=await run_in_threadpool(tell_details, deps, name, reach=_reach(caller)))
    told = await run_in_threadpool(give_details, deps, name, run_id=caller.run_id, now=now)
    await until_hidden(deps, caller.run_id)
    return DetailsOut(details=told)


@router.post("/{name}/link")
def link(name: Name, deps: DepsDep, caller: MayEdit, now: Now) -> ConnectionOut:
    """Let runs of this workspace use it. Harmless when they may already."""
    linked = link_connection(
        deps, name, reach=_reach(caller), workspace_id=caller.workspace_id, requested_by=caller.name, now=now
    )
    with deps.database.read() as session:
        return _told(session, caller, linked)[0]


@router.post("/{name}/unlink")
def unlink(name: Name, deps: DepsDep, caller: MayEdit) -> ConnectionOut:
    """Runs of this workspace cannot use it any more. Harmless when they could not."""
    unlinked = unlink_connection(
        deps, name, reach=_reach(caller), workspace_id=caller.workspace_id, requested_by=caller.name
    )
    with deps.database.read() as session:
        return _told(session, caller, unlinked)[0]


@router.delete("/{name}", status_code=204)
def delete(name: Name, deps: DepsDep, caller: MayEdit) -> None:
    """Everywhere, with its links."""
    delete_connection(deps, name, reach=_reach(caller), requested_by=caller.name)


def _reach(caller: Caller) -> Reach:
    """A person reaches what is their own from every workspace; a run, and a token that is bound, only from theirs."""
    is_free = caller.run_id is None and not caller.identity.is_bound
    return Reach(caller.workspace_id, caller.user_id if is_free else None)


def _told(session: Session, caller: Caller, *found: Connection) -> list[ConnectionOut]:
    reached = accounts.ids_in_reach(session, caller.identity)
    names = connections.workspace_names(session, *(each.id for each in found), among=reached)
    return [ConnectionOut(**each.model_dump(), workspace_names=names[each.id]) for each in found]
