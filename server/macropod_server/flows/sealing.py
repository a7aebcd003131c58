"""Seal texts with the master key of the installation, and open them again."""

import json
from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlmodel import Session

from macropod_server.db import master_key
from macropod_server.db.tables import Connection, Given, SecretVersion
from macropod_server.domain.envelope import KeyRing, MasterKeyMissing, Sealed, Subject, opened, seal
from macropod_server.domain.errors import Unavailable
from macropod_server.master_keys import MasterKeys

Found = TypeVar("Found")


def seal_text(keys: MasterKeys, session: Session, text: str, subject: Subject) -> Sealed:
    """To be stored in the same transaction. Raises `Unavailable` where there is no master key."""
    key_id = master_key.current_for_writing(session)
    if key_id is None:
        raise Unavailable(
            "This server has no master key to encrypt secrets with. Set MACROPOD_MASTER_KEY to the same text for all "
            "servers of the installation and start them again."
        )
    return seal(text.encode(), subject, ring=keys.ring(), key_id=key_id)


def open_text(ring: KeyRing, row: SecretVersion | Connection | Given, subject: Subject) -> str:
    """Raises `CannotOpen`."""
    sealed = row.sealed
    return opened(sealed, subject, ring=ring).decode() if sealed else ""


def texts_of(ring: KeyRing, row: Given) -> list[str]:
    """What must not show; nothing any more of a run that is gone."""
    return list(json.loads(open_text(ring, row, row.subject()) or "[]"))


def keep_texts(keys: MasterKeys, session: Session, row: Given, texts: Sequence[str]) -> None:
    row.keep(seal_text(keys, session, json.dumps(list(texts)), row.subject()))


def once_more_if_changed(act: Callable[[], Found]) -> Found:
    """The master key may have been changed between the look at the rows and the look at the keys."""
    try:
        return act()
    except MasterKeyMissing:
        return act()
