"""Try what a server needs, one thing after the other, as `macropod-server check` does. Nothing is left behind."""

import hmac
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from macropod_server.domain.check_up import Finding, FirstCall, judge_clock
from macropod_server.domain.errors import Unavailable
from macropod_server.spawners.base import (
    ContainerStuck,
    CouldNotStart,
    Exited,
    Gone,
    Order,
    Sighting,
    Spawner,
    Starting,
)
from macropod_server.storage.base import BlobDamaged, BlobNotFound, Storage

_BLOB_BYTES = 1024
_OUTPUT_LINES = 50
_LOOK_SECONDS = 0.25
_ANSWER_SECONDS = 15.0
"""A runner gives up a connection that nobody takes after 10 s, and says so."""

_AFTER_WORDS_SECONDS = 3.0
"""It goes on trying after it has said so: for a server that is just starting."""


def check_storage(storage: Storage) -> Finding:
    """A small blob goes the way of a bundle, and is deleted again."""
    content = secrets.token_bytes(_BLOB_BYTES)
    try:
        with storage.stage() as staging:
            staging.write(content)
            sha256 = staging.keep()
        with storage.open(sha256) as file:
            found = file.read()
        storage.delete(sha256)
    except (Unavailable, BlobDamaged, BlobNotFound) as error:
        return Finding("storage", False, f"{error} Bundles could not be kept.")
    if not hmac.compare_digest(found, content):
        return Finding("storage", False, "What was read back is not what was kept. Look at the disk, or the store.")
    return Finding("storage", True, f"A blob of {_BLOB_BYTES:,} bytes was kept, read back and deleted.")


def check_clock(whose: str, ask: Callable[[], datetime | None], *, clock: Callable[[], datetime]) -> Iterator[Finding]:
    """Nothing where the other side has no clock of its own. Half of the way there counts as the moment it was asked."""
    began = clock()
    try:
        there = ask()
    except Unavailable as error:
        yield Finding("clock", False, f"That of the {whose} is not known: {error.message}")
        return
    if there is not None:
        ended = clock()
        # Some tell whole seconds only: what lies between two of them is no difference.
        ahead = there - (began + (ended - began) / 2)
        rounding = timedelta(0) if there.microsecond else timedelta(seconds=0.5)
        yield judge_clock(whose, ahead + rounding)


def check_spawner(spawner: Spawner) -> Iterator[Finding]:
    for each in spawner.trials():
        told = f"{spawner.name}: {each.what}."
        yield Finding("spawner", each.trouble is None, told if each.trouble is None else f"{told[:-1]}? {each.trouble}")


def make_first_call(
    spawner: Spawner, order: Order, *, start_seconds: float, pause: Callable[[float], None]
) -> FirstCall:
    """Start the container of a run that no server knows, and see what its runner is told. It is removed again."""
    try:
        seen, output = _try_call(spawner, order, start_seconds=start_seconds, pause=pause)
        if isinstance(seen, Gone):
            # A server that swept just then found that no row stands behind it.
            seen, output = _try_call(spawner, order, start_seconds=start_seconds, pause=pause)
    except (CouldNotStart, ContainerStuck, Unavailable) as error:
        return FirstCall(False, None, [f"could not be started, seen or removed. {error.args[0]}"])
    if isinstance(seen, Starting):
        return FirstCall(False, None, [f"did not start within {start_seconds:.0f} s. Look at it, or give it --wait."])
    if isinstance(seen, Gone):
        return FirstCall(False, None, ["was removed by somebody else meanwhile. Check again."])
    return FirstCall(True, seen.exit_code if isinstance(seen, Exited) else None, output)


def _try_call(
    spawner: Spawner, order: Order, *, start_seconds: float, pause: Callable[[float], None]
) -> tuple[Sighting, list[str]]:
    spawner.spawn(order)
    seen = _await_call(spawner, order.run_id, start_seconds=start_seconds, pause=pause)
    output = spawner.output(order.run_id, limit=_OUTPUT_LINES)
    spawner.remove(order.run_id, grace=timedelta(0))
    return seen, output


def _await_call(spawner: Spawner, run_id: str, *, start_seconds: float, pause: Callable[[float], None]) -> Sighting:
    """Until the runner has ended, as it does once it is told, or has had the time to be told."""
    left = {True: int(start_seconds / _LOOK_SECONDS), False: int(_ANSWER_SECONDS / _LOOK_SECONDS)}
    while True:
        seen = spawner.inspect(run_id)
        is_starting = isinstance(seen, Starting)
        if isinstance(seen, Exited | Gone) or left[is_starting] <= 0:
            return seen
        if not is_starting and spawner.output(run_id, limit=1):
            left[False] = min(left[False], int(_AFTER_WORDS_SECONDS / _LOOK_SECONDS))
        left[is_starting] -= 1
        pause(_LOOK_SECONDS)
