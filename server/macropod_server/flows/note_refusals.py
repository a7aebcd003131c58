"""Sign-ins that are refused stand in the audit log."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

from macropod_server.db import audit_log
from macropod_server.deps import Deps
from macropod_server.domain.acts import for_nobody
from macropod_server.domain.addresses import neighbourhood
from macropod_server.domain.errors import Forbidden, Unauthorized, Unavailable


@contextmanager
def noting_refusals(deps: Deps, who: str, *, how: str, address: str | None, now: datetime) -> Iterator[None]:
    """`who`: who they said they are. Those who try too often were noted before, and are not noted each time."""
    try:
        yield
    except (Unauthorized, Forbidden) as refusal:
        here = neighbourhood(address) if address else None
        with suppress(Unavailable), for_nobody(), deps.database.write() as session:
            audit_log.add_refusal(session, actor=who, how=how, address=here, reason=refusal.message, now=now)
        raise
