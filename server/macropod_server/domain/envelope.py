"""Values as they are stored: each is encrypted with a data key of its own, and that key with a master key.

Both are bound to what the value is of, so that a ciphertext put in another's place does not open. To change the master
key only the data keys are wrapped anew. The library is loaded when it is first needed: it costs an idle server memory.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from macropod_server.domain.errors import Unavailable

_KEY_BYTES = 32
_NONCE_BYTES = 12
_SHOWN_DIGITS = 12


class CannotOpen(Unavailable):
    """What is stored cannot be read here and now."""


class MasterKeyMissing(CannotOpen):
    def __init__(self, what: str, key_id: str) -> None:
        super().__init__(
            f"{what} cannot be read: it is encrypted with the master key {short(key_id)}, which this server does not "
            "have. Give it that key again, as MACROPOD_MASTER_KEY or in its file, or set the value anew."
        )


class NotAsSealed(CannotOpen):
    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} cannot be read: what is stored is damaged, or was put in another's place. Set the value anew."
        )


@dataclass(frozen=True)
class Sealed:
    """A value as it is stored. `key_id` tells which master key its data key is wrapped with."""

    ciphertext: bytes
    wrapped_key: bytes
    key_id: str


@dataclass(frozen=True)
class Subject:
    """What a value is of, in a word for people, and all that it is bound to."""

    title: str
    parts: tuple[str | int, ...]

    def bound(self, purpose: str) -> bytes:
        return json.dumps([purpose, *self.parts]).encode()


@dataclass(frozen=True)
class KeyRing:
    """The master keys a server has, by their ids. The first is the one that is wanted."""

    keys: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def of_texts(cls, *texts: str) -> "KeyRing":
        return cls({_derived(text, "name").hex(): _derived(text, "key") for text in texts})

    @property
    def first(self) -> str | None:
        return next(iter(self.keys), None)


def seal(value: bytes, subject: Subject, *, ring: KeyRing, key_id: str) -> Sealed:
    """Raises `MasterKeyMissing`."""
    data_key = secrets.token_bytes(_KEY_BYTES)
    ciphertext = _encrypt(data_key, value, subject.bound("value"))
    return Sealed(ciphertext, _encrypt(_master(ring, key_id, subject), data_key, subject.bound("key")), key_id)


def opened(sealed: Sealed, subject: Subject, *, ring: KeyRing) -> bytes:
    """Raises `MasterKeyMissing`, and `NotAsSealed` for all but what was sealed for this very subject."""
    return _decrypt(_data_key(sealed, subject, ring), sealed.ciphertext, subject, "value")


def rewrapped(sealed: Sealed, subject: Subject, *, ring: KeyRing, key_id: str) -> Sealed:
    """The same value under another master key. Raises as `opened` does."""
    data_key = _data_key(sealed, subject, ring)
    wrapped = _encrypt(_master(ring, key_id, subject), data_key, subject.bound("key"))
    return Sealed(sealed.ciphertext, wrapped, key_id)


def short(key_id: str) -> str:
    """As people are told of a key: enough to know it again."""
    return key_id[:_SHOWN_DIGITS]


def _data_key(sealed: Sealed, subject: Subject, ring: KeyRing) -> bytes:
    return _decrypt(_master(ring, sealed.key_id, subject), sealed.wrapped_key, subject, "key")


def _master(ring: KeyRing, key_id: str, subject: Subject) -> bytes:
    if key_id not in ring.keys:
        raise MasterKeyMissing(subject.title, key_id)
    return ring.keys[key_id]


def _encrypt(key: bytes, value: bytes, bound: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, value, bound)


def _decrypt(key: bytes, stored: bytes, subject: Subject, purpose: str) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(stored[:_NONCE_BYTES], stored[_NONCE_BYTES:], subject.bound(purpose))
    except (InvalidTag, ValueError):
        raise NotAsSealed(subject.title) from None


def _derived(text: str, what: str) -> bytes:
    """The name of a key tells nothing of the key."""
    return hmac.new(text.encode(), f"the {what} of a master key".encode(), hashlib.sha256).digest()
