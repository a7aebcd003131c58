"""Put off a run whose container cannot be dealt with now, so that it holds up no other."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog

from macropod_server.db import runs
from macropod_server.db.engine import DatabaseUnavailable
from macropod_server.db.tables import Run
from macropod_server.deps import Deps
from macropod_server.domain.errors import Unavailable
from macropod_server.spawners.base import ContainerStuck

log = structlog.get_logger()

_WHILE_IT_RESISTS = timedelta(minutes=1)
_WHILE_ALL_ARE_AWAY = timedelta(seconds=2)


@contextmanager
def putting_off(deps: Deps, run: Run) -> Iterator[None]:
    """Whatever fails in the block, the run is not tried again for a minute.

    `Unavailable` goes on to the caller: with a whole system away the others would fail as well. It is asked again
    at once then, but about others first: perhaps this is the only one it never answers for.
    """
    try:
        yield
    except DatabaseUnavailable:
        raise  # It says nothing about the run.
    except Unavailable:
        _put_off(deps, run, _WHILE_ALL_ARE_AWAY)
        raise
    except Exception as error:
        _put_off(deps, run, _WHILE_IT_RESISTS)
        is_known = isinstance(error, ContainerStuck)
        log.warning("run_put_off", run_id=run.id, reason=str(error), exc_info=not is_known)


def _put_off(deps: Deps, run: Run, pause: timedelta) -> None:
    """From now on: that it failed may have taken as long as the pause."""
    with deps.database.write() as session:
        runs.note_of_seen(session, run, put_off_until=deps.clock() + pause)
