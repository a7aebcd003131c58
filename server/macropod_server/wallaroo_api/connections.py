"""Connections. There one is in no workspace until it is added to some; here who makes it owns it until then."""

from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field
from sqlmodel import Session

from macropod_server.api.runner_news import until_hidden
from macropod_server.db import accounts, connections
from macropod_server.domain.errors import Conflict, Forbidden, NotFound
from macropod_server.domain.roles import Role
from macropod_server.flows.create_connection import (
    ConnectionWish,
    create_connection,
    delete_connection,
    link_connection,
    unlink_connection,
)
from macropod_server.flows.tell_details import give_details, tell_details
from macropod_server.wallaroo_api.calling import Call, CallDep, WorkspaceId, note_about
from macropod_server.wallaroo_api.connections_in_reach import Reached, all_in_reach, get_in_reach, may_make
from macropod_server.wallaroo_api.refusals import Taken, WallarooRoute
from macropod_server.wallaroo_api.shapes import Made

router = APIRouter(prefix="/v1/api/connections", tags=["connections"], route_class=WallarooRoute)


class CreateWish(BaseModel):
    name: str
    type: str
    details: dict[str, Any] = Field(repr=False)


class ByName(BaseModel):
    name: str


class ById(BaseModel):
    id: str


class ListWish(BaseModel):
    workspace_id: WorkspaceId | None = None


class LinkWish(BaseModel):
    workspace_id: WorkspaceId
    connection_id: str


class ConnectionShape(BaseModel):
    id: str
    name: str
    type: str
    details: dict[str, Any] | None = Field(repr=False)
    created_at: datetime
    workspace_names: list[str]


class Listed(BaseModel):
    connections: list[ConnectionShape]


Told = TypeVar("Told", ConnectionShape, Listed)


@router.post("/create")
def create(wish: CreateWish, call: CallDep) -> Made:
    who = call.identity
    home = call.within(Role.EDITOR, who.workspace_id or 0).workspace_id if who.is_bound else None
    if not may_make(who):
        raise Forbidden(f"This takes a token that may edit; the scope of this one is {who.scope}.")
    note_about(home, name=wish.name)
    try:
        made = create_connection(
            call.deps,
            ConnectionWish(wish.name, wish.type, wish.details),
            workspace_id=home,
            requested_by=who.name,
            owner_id=who.user_id,
            now=call.now,
        )
    except Conflict as error:
        raise Taken(error.message) from None
    return Made(id=made.id)


@router.post("/get", name="details")
async def get(wish: ByName, call: CallDep) -> ConnectionShape:
    return await _until_hidden(call, await run_in_threadpool(_get, call, name=wish.name))


@router.post("/get_by_id", name="details")
async def get_by_id(wish: ById, call: CallDep) -> ConnectionShape:
    return await _until_hidden(call, await run_in_threadpool(_get, call, connection_id=wish.id))


@router.post("/list", name="details")
async def list_connections(wish: ListWish, call: CallDep) -> Listed:
    """By name; all in reach, or those of a workspace."""
    return await _until_hidden(call, await run_in_threadpool(_listed, call, wish))


async def _until_hidden(call: Call, told: Told) -> Told:
    """A run gets the answer once its runner knows what to hide."""
    if call.identity.run_id is not None:
        await until_hidden(call.deps, call.identity.run_id)
    return told


def _listed(call: Call, wish: ListWish) -> Listed:
    if wish.workspace_id is not None:
        call.within(Role.VIEWER, wish.workspace_id)
    with call.deps.database.read() as session:
        found = all_in_reach(session, call.identity, workspace_id=wish.workspace_id)
        names = _names(session, call, *found)
    return Listed(connections=[_shape(each, _details_if_any(call, each), names) for each in found])


@router.post("/add_to_workspace", name="link")
def add_to_workspace(wish: LinkWish, call: CallDep) -> Made:
    """By who may read what it leads to, into a workspace that they may change."""
    caller = call.within(Role.EDITOR, wish.workspace_id)
    found = _reached(call, connection_id=wish.connection_id)
    if not found.may_open:
        raise Forbidden(f"Reading what the connection {found.connection.name!r} leads to takes the role editor.")
    note_about(caller.workspace_id, name=found.connection.name)
    link_connection(
        call.deps,
        found.connection.name,
        reach=found.reach,
        workspace_id=caller.workspace_id,
        requested_by=caller.name,
        now=call.now,
    )
    return Made(id=found.connection.id)


@router.post("/remove_from_workspace", status_code=204, name="unlink")
def remove_from_workspace(wish: LinkWish, call: CallDep) -> None:
    caller = call.within(Role.EDITOR, wish.workspace_id)
    found = _reached(call, connection_id=wish.connection_id)
    note_about(caller.workspace_id, name=found.connection.name)
    unlink_connection(
        call.deps,
        found.connection.name,
        reach=found.reach,
        workspace_id=caller.workspace_id,
        requested_by=caller.name,
    )


@router.post("/delete", status_code=204)
def delete(wish: ByName, call: CallDep) -> None:
    """Its links go with it."""
    found = _reached(call, name=wish.name)
    if not found.may_open:
        raise Forbidden(f"Deleting the connection {wish.name!r} takes the role editor where it was made.")
    note_about(found.connection.workspace_id, name=wish.name)
    delete_connection(call.deps, wish.name, reach=found.reach, requested_by=call.identity.name)


def _reached(call: Call, **named: str) -> Reached:
    with call.deps.database.read() as session:
        return get_in_reach(session, call.identity, **named)


def _get(call: Call, **named: str) -> ConnectionShape:
    found = _reached(call, **named)
    with call.deps.database.read() as session:
        names = _names(session, call, found)
    return _shape(found, _details(call, found), names)


def _names(session: Session, call: Call, *found: Reached) -> dict[str, list[str]]:
    reached = accounts.ids_in_reach(session, call.identity)
    return connections.workspace_names(session, *(each.connection.id for each in found), among=reached)


def _shape(found: Reached, details: dict[str, Any] | None, names: dict[str, list[str]]) -> ConnectionShape:
    shown = found.connection.model_dump(include={"id", "name", "type", "created_at"})
    return ConnectionShape(**shown, details=details, workspace_names=names[found.connection.id])


def _details_if_any(call: Call, found: Reached) -> dict[str, Any] | None:
    """What one of many cannot be told, as its secret is gone, is left out."""
    with suppress(Conflict, Forbidden, NotFound):
        return _details(call, found)
    return None


def _details(call: Call, found: Reached) -> dict[str, Any] | None:
    """None for who may not read them. A run gets the values of secrets, which are hidden in its log from then on."""
    if not found.may_open:
        return None
    if (run_id := call.identity.run_id) is not None:
        note_about(call.identity.workspace_id, name=found.connection.name)
        return give_details(call.deps, found.connection.name, run_id=run_id, now=call.now)
    return tell_details(call.deps, found.connection.name, reach=found.reach)
