"""Passwords as Argon2id keeps them: slow to try, different for equal passwords."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher()


def password_hash(password: str) -> str:
    return _HASHER.hash(password)


def is_password(kept: str | None, password: str) -> bool:
    """Takes as long for an account that has none, or that there is not, as for a wrong password."""
    try:
        return _HASHER.verify(kept or _nobodys(), password) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    return _HASHER.hash("the password of nobody")
