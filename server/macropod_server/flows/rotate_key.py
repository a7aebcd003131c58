"""Change the master key while servers and runs go on: only the keys of values are wrapped anew.

First the new key is put beside the old one, then marked as the one to encrypt with, then every value is brought under
it, and only then is the old one forgotten. After a crash at any of these the same command brings it to its end.
"""

from dataclasses import dataclass, field
from typing import Any

import structlog

from macropod_server.db import master_key
from macropod_server.db.engine import Database
from macropod_server.domain.envelope import CannotOpen, KeyRing, rewrapped, short
from macropod_server.domain.errors import Conflict
from macropod_server.master_keys import MasterKeys

log = structlog.get_logger()

_BATCH = 100


@dataclass
class Rotation:
    """`unreadable` are sentences; `to_remove` the ids of keys that are not this server's own to take away."""

    key_id: str
    values: int = 0
    unreadable: list[str] = field(default_factory=list)
    to_remove: list[str] = field(default_factory=list)


def rotate_key(database: Database, keys: MasterKeys) -> Rotation:
    """Raises `Conflict` where there is no key yet, or the new one has to be put where the old one is given."""
    with keys.alone():
        ring = _with_a_new_one(database, keys)
        rotation = Rotation(_wanted(ring))
        with database.write() as session:
            master_key.change(session, rotation.key_id)
        _rewrap_all(database, ring, rotation)
        with database.read() as session:
            needed = master_key.in_use(session)
        rotation.to_remove = keys.keep_only({rotation.key_id} | needed)
    log.info("master_key_changed", key=short(rotation.key_id), values=rotation.values)
    return rotation


def _with_a_new_one(database: Database, keys: MasterKeys) -> KeyRing:
    """Where one was put first already, that is the one."""
    with database.read() as session:
        current = master_key.current(session)
    ring = keys.ring()
    if current is None or ring.first is None:
        raise Conflict("There is no master key yet. The first server makes or takes one as it starts.")
    return keys.put_first() if ring.first == current else ring


def _wanted(ring: KeyRing) -> str:
    assert ring.first is not None
    return ring.first


def _rewrap_all(database: Database, ring: KeyRing, rotation: Rotation) -> None:
    left: set[tuple[Any, ...]] = set()
    while True:
        with database.write() as session:
            rows = master_key.not_under(session, rotation.key_id, limit=_BATCH, but=left)
            for row, subject in rows:
                assert row.sealed is not None
                try:
                    sealed = rewrapped(row.sealed, subject, ring=ring, key_id=rotation.key_id)
                except CannotOpen as error:
                    left.add(master_key.place_of(row))
                    rotation.unreadable.append(error.message)
                else:
                    master_key.rewrap(session, row, sealed)
                    rotation.values += 1
        if not rows:
            return
