"""Sends the environment that was built to the server, and fetches the one a run needs, where no spawner keeps them."""

from collections.abc import Callable
from pathlib import Path

from macropod_runner.ending import Ending, Reason, amount
from macropod_runner.environment_archive import Packed, pack
from macropod_runner.environment_unpacking import unpack
from macropod_runner.job import Job
from macropod_runner.program import CouldNotStart
from macropod_runner.server import NotThere, TooLarge
from macropod_runner.stop import Interrupted

_NAME = "environment.tar.gz"


def send_environment(job: Job, *, look_up: Callable[[], None]) -> Ending | None:
    """On return the server has it, or the ending says why it does not take it. Raises `CouldNotStart`."""
    path = job.place.spool / _NAME
    try:
        packed = _pack(job, path, look_up=look_up)
        job.log.say(f"The installed packages are sent to the server, {amount(packed.size)} as an archive.")
        with job.stop.interruptible():
            job.server.send_environment(path, packed.sha256, packed.size, look_up=look_up)
    except OSError as error:
        raise CouldNotStart(f"The installed packages could not be packed: {error}.") from error
    except TooLarge as error:
        return Ending(Reason.PACKAGING_FAILED, str(error))
    finally:
        path.unlink(missing_ok=True)
    return None


def _pack(job: Job, path: Path, *, look_up: Callable[[], None]) -> Packed:
    with job.stop.interruptible(), path.open("wb") as file:
        return pack(job.place.environment, file, look_up=look_up)


def fetch_environment(job: Job) -> None:
    """Nothing of an archive is unpacked whose sha256 is not the one told. Raises `CouldNotStart`, `Interrupted`."""
    told = job.spec.environment
    if told is None:
        return
    path = job.place.spool / _NAME
    look_up = _interrupting(job)
    try:
        digest = _fetch(job, path, look_up=look_up)
        if digest != told["sha256"]:
            raise CouldNotStart(
                f"The installed packages arrived damaged: their sha256 is {digest}, not {told['sha256']}, so nothing "
                "of them was used."
            )
        unpack(path, job.place.environment, look_up=look_up)
    finally:
        path.unlink(missing_ok=True)


def _fetch(job: Job, path: Path, *, look_up: Callable[[], None]) -> str:
    try:
        return job.server.fetch_environment(path, look_up=look_up)
    except NotThere:
        raise CouldNotStart("The installed packages of this run are not in the server's store any more.") from None
    except OSError as error:
        raise CouldNotStart(f"The installed packages could not be stored: {error}.") from error


def _interrupting(job: Job) -> Callable[[], None]:
    def look_up() -> None:
        if job.stop.reason is not None:
            raise Interrupted(job.stop.reason)

    return look_up
