"""What an installation takes: rows, bytes on disk, and what its spawner holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from macropod_server.db import orchestrations
from macropod_server.db.sizes import database_bytes, table_sizes
from macropod_server.deps import Deps
from macropod_server.domain.errors import Unavailable
from macropod_server.spawners.base import Holding, HoldingKind

_TABLES = {
    "orchestrations": "orchestrations",
    "tasks": "tasks",
    "runs": "runs",
    "run_events": "moves of runs",
    "ticks": "ticks",
    "events": "events",
}
_HOLDINGS: dict[HoldingKind, str] = {
    "environment": "environments",
    "package cache": "package caches",
    "container": "containers",
    "files of a run": "files of runs",
    "network": "networks",
    "shared": "shared by all runs",
}


@dataclass(frozen=True)
class Use:
    """So many of a kind, and their bytes, None where nobody can tell."""

    kind: str
    count: int
    bytes: int | None


@dataclass(frozen=True)
class Usage:
    uses: list[Use]
    troubles: list[str]


def usage(deps: Deps) -> Usage:
    troubles: list[str] = []
    return Usage([*_stored(deps), *_blobs(deps, troubles), *_held(deps, troubles)], troubles)


def _stored(deps: Deps) -> Iterator[Use]:
    yield Use("database", 1, database_bytes(deps.database))
    sizes = {table.name: table for table in table_sizes(deps.database)}
    for name, kind in _TABLES.items():
        yield Use(kind, sizes[name].rows, sizes[name].bytes)
    if deps.database.is_sqlite:
        yield Use("log file", 1, _log_file_bytes(deps.settings.data_dir))
    logs = deps.logs.usage()
    yield Use("lines of logs", logs.lines, logs.bytes)


def _blobs(deps: Deps, troubles: list[str]) -> Iterator[Use]:
    with deps.database.read() as session:
        archived = orchestrations.archives(session)
    try:
        sizes = {blob.sha256: blob.size_bytes for blob in deps.storage.list()}
    except Unavailable as error:
        troubles.append(f"What bundles take is not known: {error.message}")
        return
    archives = [size for sha256, size in sizes.items() if sha256 in archived]
    yield Use("bundles", len(sizes) - len(archives), sum(sizes.values()) - sum(archives))
    if archives:
        yield Use("archives of environments", len(archives), sum(archives))


def _log_file_bytes(data_dir: Path) -> int:
    return sum(path.stat().st_size for path in data_dir.glob("logs.db*"))


def _held(deps: Deps, troubles: list[str]) -> Iterator[Use]:
    try:
        held = deps.spawner.holdings()
    except Unavailable as error:
        troubles.append(f"What the spawner holds is not known: {error.message}")
        return
    for kind, shown in _HOLDINGS.items():
        if some := [each for each in held if each.kind == kind]:
            yield Use(shown, len(some), _bytes(some))


def _bytes(held: list[Holding]) -> int | None:
    known = [each.bytes for each in held if each.bytes is not None]
    return sum(known) if known else None
