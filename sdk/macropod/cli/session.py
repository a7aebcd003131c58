"""How commands come by their client."""

from typing import Protocol

import typer

from macropod.client import Client


class Connect(Protocol):
    def __call__(self, url: str | None = None, token: str | None = None) -> Client: ...


def connect(context: typer.Context, url: str | None = None, token: str | None = None) -> Client:
    make: Connect = context.obj
    return make(url, token)
