"""Names made from what a thing is: ids, digests and tokens that any process can make again."""

import hashlib
import hmac
import re
import uuid
from collections.abc import Iterator
from itertools import count

_USER_PREFIX = "mpu_"
_RUN_PREFIX = "mpr_"
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


def new_id() -> str:
    return str(uuid.uuid4())


def sha256_hex(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def is_sha256(text: str) -> bool:
    return _SHA256.fullmatch(text) is not None


def user_token(secret: str) -> str:
    """A person's or program's token; the prefix lets secret scanners find it."""
    return _USER_PREFIX + secret


def key_digest(key: bytes) -> str:
    """By which servers tell whether they have the same key, without telling the key."""
    return hmac.new(key, b"the key of an installation", hashlib.sha256).hexdigest()


def run_token(run_id: str, *, key: bytes) -> str:
    """The token of one run: nothing is stored, and after a crash the same token is made again."""
    return f"{_RUN_PREFIX}{run_id}_{_signature(run_id, key)}"


def run_of_token(token: str, *, key: bytes) -> str | None:
    """The id of the run a token was made for, or None when it is no run's token of this installation."""
    run_id, _, signature = token.removeprefix(_RUN_PREFIX).partition("_")
    genuine = token.startswith(_RUN_PREFIX) and hmac.compare_digest(
        signature.encode(), _signature(run_id, key).encode()
    )
    return run_id if genuine else None


def _signature(run_id: str, key: bytes) -> str:
    return hmac.new(key, f"run token {run_id}".encode(), hashlib.sha256).hexdigest()


def looks_like_run_token(token: str) -> bool:
    return token.startswith(_RUN_PREFIX)


def counted(name: str) -> Iterator[str]:
    """The name, then with a number after it: for who takes the first that is free."""
    yield name
    yield from (f"{name} {number}" for number in count(2))
