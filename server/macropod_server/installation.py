"""Which installation a server belongs to: the database, its data folder and its key have to agree."""

import secrets
from datetime import datetime
from pathlib import Path

import structlog

from macropod_server.db import access, accounts, master_key
from macropod_server.db.engine import Database
from macropod_server.db.tables import User
from macropod_server.domain.accounts import LOCAL_ADMIN, checked_password, email_address
from macropod_server.domain.envelope import KeyRing, short
from macropod_server.domain.errors import Conflict
from macropod_server.domain.naming import key_digest
from macropod_server.domain.passwords import password_hash
from macropod_server.master_keys import MasterKeys
from macropod_server.private_files import keep_private
from macropod_server.settings import Settings

log = structlog.get_logger()


def join_installation(settings: Settings, database: Database, key: bytes, *, now: datetime) -> str:
    """Its id. Raises `Conflict` for a data folder of another one, or a key that its other servers do not have."""
    with database.write() as session:
        installation = access.installation(session, now=now)
        admin = accounts.ensure_admin(session, email=email_address(settings.admin_email), now=now)
        _set_up(admin, settings)
        access.adopt_tokens(session, admin.id)
        is_known = access.take_key(session, installation, key_digest(key), is_sole=database.is_sqlite)
    folder, own = settings.data_dir, installation.installation_id
    if (found := keep_private(folder / "installation", own).strip()) != own:
        raise Conflict(
            f"The data folder {folder} belongs to installation {found}, the database to {own}. "
            "Give this server a folder of its own with --data-dir, or the database that belongs to the folder."
        )
    if not is_known:
        raise Conflict(
            "The other servers of this installation have another key, so runs could not call this one. Set "
            "MACROPOD_SECRET_KEY to the same text for all of them, or let servers on one machine share --data-dir. "
            "To change the key, end all servers and run `macropod-server use-key` with the new one."
        )
    return own


def _set_up(admin: User, settings: Settings) -> None:
    """What the settings say counts until the admin has an address and a password of their own."""
    if admin.email == LOCAL_ADMIN:
        admin.email = email_address(settings.admin_email)
    if settings.admin_password and admin.password_hash is None:
        admin.password_hash = password_hash(checked_password(settings.admin_password))


def join_with_master_key(database: Database, ring: KeyRing, *, now: datetime) -> None:
    """Raises `Conflict` for a server without the key that secrets are encrypted with."""
    with database.write() as session:
        row, is_sole = access.installation(session, now=now), database.is_sqlite
        before = row.master_key_id
        is_known = master_key.take(session, row, list(ring.keys), is_sole=is_sole)
    if not is_known:
        raise Conflict(
            f"The secrets of this installation are encrypted with the master key {short(before or '')}, which this "
            "server does not have. Give all its servers the same MACROPOD_MASTER_KEY, or let servers on one machine "
            "share --data-dir. If that key is lost, run `macropod-server use-key`; what it encrypted is lost with it."
        )
    if before is not None and before not in ring.keys:
        log.warning(
            "master_key_missing", key=short(before), told="what it encrypted cannot be read; see docs/secrets.md"
        )


def check_is_whole(settings: Settings) -> None:
    """Raises `Conflict` for a data folder into which a restore was begun and not brought to its end."""
    if unfinished_restore(settings).exists():
        raise Conflict(
            f"A restore into {settings.data_dir} was begun and not finished. Empty that folder, and the database if it "
            "is elsewhere, and restore again."
        )


def unfinished_restore(settings: Settings) -> Path:
    """The file that is there while a restore goes on."""
    return settings.data_dir / "restore.unfinished"


def use_key(settings: Settings, database: Database, *, now: datetime) -> None:
    """Make this server's key the key of the installation. Runs that have not ended cannot call any more then."""
    with database.write() as session:
        installation = access.installation(session, now=now)
        access.take_key(session, installation, key_digest(run_key(settings)), is_sole=True)
        master_key.take(session, installation, list(MasterKeys(settings).made().keys), is_sole=True)


def has_key(settings: Settings, digest: str | None) -> bool:
    """Whether this server's key is there, and is the one of that digest. None is made."""
    is_there = bool(settings.secret_key) or _key_file(settings).exists()
    return is_there and digest == key_digest(run_key(settings))


def run_key(settings: Settings) -> bytes:
    """The key that tokens of runs are derived from."""
    if settings.secret_key:
        return settings.secret_key.encode()
    return keep_private(_key_file(settings), secrets.token_hex(32)).strip().encode()


def _key_file(settings: Settings) -> Path:
    return settings.data_dir / "secret.key"
