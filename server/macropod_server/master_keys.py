"""Where the master keys of this server come from: a setting, a file that is named, or a file of its own.

They are read whenever they are needed, so that a key that was changed beside the server is known, and one that is not
needed any more is forgotten.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from macropod_server.domain.envelope import KeyRing, short
from macropod_server.domain.errors import Conflict, Unavailable
from macropod_server.private_files import keep_private, write_private
from macropod_server.settings import Settings

_SHORTEST = 32


class MasterKeys:
    def __init__(self, settings: Settings) -> None:
        self._setting = settings.master_key
        self._named = Path(settings.master_key_file) if settings.master_key_file else None
        self._own = settings.data_dir / "master.key"
        # Servers that share a key by a setting have folders that come and go: a key in one of those would be lost.
        self._makes_one = settings.is_embedded or not settings.secret_key

    def ring(self) -> KeyRing:
        """Empty where there are none. Raises `Unavailable` naming the file that cannot be read."""
        return KeyRing.of_texts(*self._texts())

    def made(self) -> KeyRing:
        """The same, after one was made where that is this server's own to do."""
        if not self._is_given and self._makes_one:
            keep_private(self._own, _new())
        return self.ring()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else changes the keys in this server's own file meanwhile."""
        self._own.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(self._own.with_name("master.key.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def put_first(self) -> KeyRing:
        """With a new key before those there are. Raises `Conflict` where others have to do that."""
        if self._is_given:
            place = f"the file {self._named}" if self._named else "MACROPOD_MASTER_KEY"
            raise Conflict(
                f"The master key is given by {place}, so the new one has to be put there: before the old one, with a "
                "space or a new line between them, for every server. Then run this command again."
            )
        write_private(self._own, "\n".join([_new(), *self._own_texts()]))
        return self.ring()

    def keep_only(self, key_ids: set[str]) -> list[str]:
        """Forget all others. The ids of those that others have to take away."""
        kept = [text for text in self._own_texts() if KeyRing.of_texts(text).first in key_ids]
        if kept:
            write_private(self._own, "\n".join(kept))
        else:
            self._own.unlink(missing_ok=True)
        return [short(each) for each in KeyRing.of_texts(*self._given_texts()).keys if each not in key_ids]

    @property
    def _is_given(self) -> bool:
        return bool(self._setting or self._named)

    def _texts(self) -> list[str]:
        """What is given comes first; what is in the own file besides is still needed until it was changed."""
        return [*self._given_texts(), *self._own_texts()]

    def _given_texts(self) -> list[str]:
        return _read(self._named) if self._named else self._setting.split()

    def _own_texts(self) -> list[str]:
        return _read(self._own) if self._own.exists() else []


def _read(path: Path) -> list[str]:
    try:
        texts = path.read_text().split()
    except (OSError, UnicodeError) as error:
        raise Unavailable(f"The master key in {path} cannot be read: {error}.") from error
    if not texts or any(len(text) < _SHORTEST for text in texts):
        raise Unavailable(f"The file {path} has no master key; it takes {_SHORTEST} characters or more for each.")
    return texts


def _new() -> str:
    return secrets.token_hex(32)
