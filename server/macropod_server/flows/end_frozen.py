"""End a run whose time is up while its runner, which would have ended it, was frozen from outside."""

from datetime import datetime, timedelta

from macropod_server.db.tables import Run
from macropod_server.deps import Deps
from macropod_server.domain.run import Reason
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.recover_lines import recover_lines
from macropod_server.flows.time_limits import grace, main_lasted, main_limit

_MARGIN = timedelta(seconds=5)
"""For the way between runner and server: no run ends before its time."""


def end_frozen(deps: Deps, run: Run, *, now: datetime) -> bool:
    """True when this ended the run. One without a limit waits for whoever froze it."""
    limit = main_limit(deps, run)
    if limit is None or main_lasted(deps, run) < limit + grace(deps, run) + _MARGIN:
        return False
    told = f"{limit.total_seconds():.0f} s"
    message = f"The run reached its time limit of {told} while its container was frozen from outside, and was ended."
    recover_lines(deps, run, now=now)
    return finish_run(deps, run.id, Ending(Reason.TIME_LIMIT, message), now=now, seen=run)
