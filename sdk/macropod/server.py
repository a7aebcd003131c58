"""What the server says about itself."""

from __future__ import annotations

from dataclasses import dataclass, fields

from macropod.answers import Answer


@dataclass(frozen=True)
class Limits:
    """What the server accepts. `max_ratio` is that of unpacked to packed bytes."""

    upload_max_bytes: int
    unpacked_max_bytes: int
    max_entries: int
    max_ratio: float
    arguments_max_bytes: int


@dataclass(frozen=True)
class Server:
    """A server as this token sees it, with its version, spawner ("docker", "process") and workspace."""

    url: str
    version: str
    installation_id: str
    spawner: str
    workspace_id: int
    workspace_name: str
    limits: Limits


def read_server(url: str, answer: Answer) -> Server:
    return Server(
        url=url,
        version=answer["version"],
        installation_id=answer["installation_id"],
        spawner=answer["spawner"],
        workspace_id=answer["workspace"]["id"],
        workspace_name=answer["workspace"]["name"],
        limits=Limits(**{each.name: answer["limits"][each.name] for each in fields(Limits)}),
    )
