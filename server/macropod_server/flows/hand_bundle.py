"""Hand the runner the zip. Of one that is gone or damaged the run ends; nothing else is run in its place."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import BinaryIO

import structlog

from macropod_server.db import orchestrations
from macropod_server.db.tables import Run
from macropod_server.deps import Deps
from macropod_server.domain.errors import Conflict
from macropod_server.domain.run import Reason
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.storage.base import BlobDamaged, BlobNotFound

log = structlog.get_logger()

_AGAIN = "Upload the same zip again; that mends it."


def open_bundle(deps: Deps, run: Run, *, now: datetime) -> tuple[BinaryIO, str]:
    """Its bytes and their sha256. Raises `Conflict` for a zip that is not there, and has ended the run then."""
    with deps.database.read() as session:
        sha256 = orchestrations.get(session, run.orchestration_id).sha256
    with ending_what_cannot_run(deps, run.id, now=now):
        return deps.storage.open(sha256), sha256


@contextmanager
def ending_what_cannot_run(deps: Deps, run_id: str, *, now: datetime) -> Iterator[None]:
    """The same for what shows only while it is read."""
    try:
        yield
    except (BlobNotFound, BlobDamaged) as error:
        what = "is damaged in the store" if isinstance(error, BlobDamaged) else "is not in the store any more"
        log.error("bundle_not_handed", run_id=run_id, reason=str(error))
        finish_run(deps, run_id, Ending(Reason.COULD_NOT_START, f"The uploaded zip {what}. {_AGAIN}"), now=now)
        raise Conflict(f"Run {run_id} cannot begin: the uploaded zip {what}.") from error
