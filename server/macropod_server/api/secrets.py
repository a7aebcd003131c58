"""Secrets: set, listed by name and version, deleted. No call tells a value."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from macropod_server.api import examples
from macropod_server.api.access import DepsDep, MayEdit, MayRead, Now
from macropod_server.api.schemas import Name, of_row
from macropod_server.db import secrets
from macropod_server.flows.set_secret import delete_secret, set_secret

router = APIRouter(prefix="/v1/secrets", tags=["secrets"])


class SecretOut(BaseModel):
    """`version` is the number of its newest one."""

    model_config = of_row(examples.SECRET)

    name: str
    version: int
    created_by: str | None
    updated_by: str | None
    created_at: datetime
    updated_at: datetime


class VersionOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    number: int
    created_by: str | None
    created_at: datetime


class SecretWithVersionsOut(SecretOut):
    versions: list[VersionOut] = Field(description="newest first")


class SecretIn(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    value: str = Field(repr=False, description="up to 64 KiB of text; it is told nobody but the runs that get it")


class SecretList(BaseModel):
    items: list[SecretOut]


@router.get("")
def list_secrets(deps: DepsDep, caller: MayRead) -> SecretList:
    """By name."""
    with deps.database.read() as session:
        found = secrets.find(session, caller.workspace_id)
    return SecretList(items=[SecretOut.model_validate(each) for each in found])


@router.get("/{name}")
def show(name: Name, deps: DepsDep, caller: MayRead) -> SecretWithVersionsOut:
    with deps.database.read() as session:
        secret = secrets.get(session, caller.workspace_id, name)
        versions = [VersionOut.model_validate(each) for each in secrets.versions(session, secret)]
    return SecretWithVersionsOut(**secret.model_dump(), versions=versions)


@router.put("/{name}")
def change(name: Name, wish: SecretIn, deps: DepsDep, caller: MayEdit, now: Now) -> SecretOut:
    """Make it, or give it a new version. Runs that have begun keep the one they have."""
    secret = set_secret(deps, name, wish.value, workspace_id=caller.workspace_id, requested_by=caller.name, now=now)
    return SecretOut.model_validate(secret)


@router.delete("/{name}", status_code=204)
def delete(name: Name, deps: DepsDep, caller: MayEdit) -> None:
    """With all its versions. A run whose task names it ends before `main.py` begins."""
    delete_secret(deps, name, workspace_id=caller.workspace_id, requested_by=caller.name)
