"""How commands come by their client."""

from functools import partial
from typing import Protocol

import typer

from macropod.client import Client


class Connect(Protocol):
    def __call__(self, url: str | None = None, token: str | None = None, *, workspace: str | None = None) -> Client: ...


def act_in(context: typer.Context, workspace: str | None) -> None:
    """Let the clients of all commands below act in that workspace."""
    if workspace:
        context.obj = partial(context.obj, workspace=workspace)


def connect(context: typer.Context, url: str | None = None, token: str | None = None) -> Client:
    make: Connect = context.obj
    return make(url, token)
