"""Put off a run whose container cannot be dealt with now, so that it holds up no other."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog

from macropod_server.db import runs
from macropod_server.db.engine import DatabaseUnavailable
from macropod_server.db.tables import Run
from macropod_server.deps import Deps
from macropod_server.domain.errors import Unavailable
from macropod_server.spawners.base import ContainerStuck

log = structlog.get_logger()

_PUT_OFF = timedelta(minutes=1)


@contextmanager
def putting_off(deps: Deps, run: Run, *, now: datetime) -> Iterator[None]:
    """Whatever fails in the block, the run is not tried again for a minute.

    `Unavailable` goes on to the caller: with a whole system away the others would fail as well.
    """
    try:
        yield
    except DatabaseUnavailable:
        raise  # It says nothing about the run.
    except Exception as error:
        with deps.database.write() as session:
            runs.note_of_seen(session, run, put_off_until=now + _PUT_OFF)
        if isinstance(error, Unavailable):
            raise
        is_known = isinstance(error, ContainerStuck)
        log.warning("run_put_off", run_id=run.id, reason=str(error), exc_info=not is_known)
