"""Pools: how many runs may hold a lock of a name at once, and which do."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from macropod_server.api import examples
from macropod_server.api.access import DepsDep, MayEdit, MayRead
from macropod_server.api.schemas import Name, of_row
from macropod_server.db import pools

router = APIRouter(prefix="/v1/pools", tags=["pools"])


class PlaceOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    number: int
    run_id: str
    task_id: str | None
    task_name: str | None
    taken_at: datetime


class PoolOut(BaseModel):
    """A name that was given no size is a lock: one run may hold it."""

    model_config = of_row(examples.POOL)

    name: str
    size: int
    held_by: list[PlaceOut]


class PoolIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    size: int = Field(strict=True, ge=1, le=10_000, description="how many runs may hold it at once")


class PoolList(BaseModel):
    items: list[PoolOut]


@router.get("")
def list_pools(deps: DepsDep, caller: MayRead) -> PoolList:
    """Those that were given a size and those that are held now, by name."""
    with deps.database.read() as session:
        found = pools.find(session, caller.workspace_id)
    return PoolList(items=[PoolOut.model_validate(pool) for pool in found])


@router.get("/{name:path}")
def show(name: Name, deps: DepsDep, caller: MayRead) -> PoolOut:
    with deps.database.read() as session:
        return PoolOut.model_validate(pools.get(session, caller.workspace_id, name))


@router.put("/{name:path}")
def change(name: Name, wish: PoolIn, deps: DepsDep, caller: MayEdit) -> PoolOut:
    """Who holds a place keeps it, also where there are fewer now."""
    with deps.database.write() as session:
        pools.set_size(session, caller.workspace_id, name, wish.size)
    deps.signals.wake("start_run")
    return show(name, deps, caller)


@router.delete("/{name:path}", status_code=204)
def delete(name: Name, deps: DepsDep, caller: MayEdit) -> None:
    """From then on it is a lock that one run may hold."""
    with deps.database.write() as session:
        pools.forget(session, caller.workspace_id, name)
