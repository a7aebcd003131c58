"""Look after runs whose runner is silent: adopt those that live, tell the truth about those that do not."""

import signal
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from macropod_server.db import runs
from macropod_server.db.tables import Run
from macropod_server.deps import Deps
from macropod_server.domain.run import Reason, RunStatus
from macropod_server.flows.end_frozen import end_frozen
from macropod_server.flows.find_tracebacks import closing_error
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.put_off import putting_off
from macropod_server.flows.recover_lines import ASIDE, recover_lines
from macropod_server.flows.start_run import spawn
from macropod_server.flows.time_limits import start_lasted, start_limit
from macropod_server.spawners.base import Exited, Gone, Running, Sighting, Starting, Trouble

log = structlog.get_logger()

_KILLED = "Somebody killed it, as a system does that runs out of memory."
_BATCH = 1000
_WORDS = 20
_SILENCE = timedelta(seconds=15)
_START_SILENCE = timedelta(seconds=4)
"""Whoever claimed it may have died before its container was made. To make it once more is harmless."""


def watch_silent(deps: Deps) -> bool:
    """Look once at every run whose runner has been silent for longer than its beat."""
    return watch(deps, silence=_SILENCE)


def watch(deps: Deps, *, silence: timedelta) -> bool:
    """Returns whether there may be more runs to look at."""
    now = deps.clock()
    with deps.database.read() as session:
        since, starting_since = now - silence, now - min(silence, _START_SILENCE)
        silent = runs.without_contact(
            session,
            spawner=deps.spawner.name,
            since=since,
            starting_since=starting_since,
            now=now,
            limit=_BATCH,
        )
    ended = [_look_safely(deps, run, now=now) for run in silent]
    return any(ended)


def _look_safely(deps: Deps, run: Run, *, now: datetime) -> bool:
    with putting_off(deps, run):
        return _look_at(deps, run, now=now)
    return False


def _look_at(deps: Deps, run: Run, *, now: datetime) -> bool:
    """True when this ended the run."""
    seen = deps.spawner.inspect(run.id)
    if _has_moved(deps, run):
        return False
    match seen:
        case Exited():
            recover_lines(deps, run, now=now)
            error = closing_error(deps, run) if run.status is RunStatus.RUNNING else None
            return finish_run(deps, run.id, replace(_ending(run, seen), error=error), now=now, seen=run)
        case Starting(trouble=Trouble(is_final=True) as trouble) if run.status is RunStatus.STARTING:
            return finish_run(deps, run.id, Ending(trouble.reason, trouble.message), now=now, seen=run)
        case _ if run.status is RunStatus.STARTING and start_lasted(deps, run) > (limit := start_limit(deps, run)):
            return _give_up_start(deps, run, seen, limit=limit, now=now)
        case Gone() | Starting() if run.status is RunStatus.STARTING:
            # The server was ended between the claim and the start: main.py has not begun.
            spawn(deps, run, now=now)
            return False
        case Running(is_frozen=True):
            return end_frozen(deps, run, now=now)
        case Gone():
            message = "The run's container has vanished; nobody knows how the run ended."
            return finish_run(deps, run.id, Ending(Reason.VANISHED, message), now=now, seen=run)
    return False


def _has_moved(deps: Deps, run: Run) -> bool:
    """Others were looked at since it was read: it may have begun or ended meanwhile."""
    with deps.database.read() as session:
        return not runs.get(session, run.id).is_still(run)


def _ending(run: Run, seen: Exited) -> Ending:
    if seen.trouble is not None:
        return Ending(seen.trouble.reason, seen.trouble.message, exit_code=seen.exit_code)
    if seen.out_of_memory:
        message = "The container ran out of memory and was ended by the system."
        return Ending(Reason.OUT_OF_MEMORY, message, exit_code=seen.exit_code)
    code = "unknown" if seen.exit_code is None else seen.exit_code
    if run.status is RunStatus.STARTING:
        message = f"The container ended before main.py began (exit code {code}); see its last lines in the log."
        return Ending(Reason.COULD_NOT_START, message, exit_code=seen.exit_code)
    message = f"The container ended without telling how main.py had ended (exit code of the runner: {code})."
    return Ending(Reason.RUNNER_DIED, f"{message} {_KILLED}" if code == -signal.SIGKILL else message)


def _give_up_start(deps: Deps, run: Run, seen: Sighting, *, limit: timedelta, now: datetime) -> bool:
    seconds = f"{limit.total_seconds():.0f}"
    message = f"The container did not report for {seconds} s after it was started, so it was given up."
    ending = Ending(Reason.START_TIMEOUT, f"{message}{_last_words(deps, run)}")
    if isinstance(seen, Starting) and seen.trouble is not None:
        ending = Ending(seen.trouble.reason, f"{message} {seen.trouble.message}")
    recover_lines(deps, run, now=now)
    return finish_run(deps, run.id, ending, now=now, seen=run)


def _last_words(deps: Deps, run: Run) -> str:
    """A runner that does not come through says so where only its spawner hears it."""
    words = [line.removeprefix(ASIDE) for line in deps.spawner.output(run.id, limit=_WORDS) if line.startswith(ASIDE)]
    return f" Its runner said last: {words[-1]}" if words else ""
