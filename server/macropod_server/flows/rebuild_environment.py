"""Have an environment that is not there any more built again, from the very lock it was built from."""

from datetime import datetime, timedelta

import structlog
from sqlmodel import Session

from macropod_server.db import orchestrations, runs
from macropod_server.db.tables import Orchestration, Run
from macropod_server.deps import Deps
from macropod_server.domain.naming import new_id
from macropod_server.domain.run import RunStatus
from macropod_server.domain.task import OrchestrationStatus

log = structlog.get_logger()

_ATTEMPTS = 10
_FIRST_DELAY = timedelta(seconds=30)
_LONGEST_DELAY = timedelta(hours=1)


def rebuild_environment(session: Session, orchestration: Orchestration, *, now: datetime) -> Run:
    """A packaging run that installs the lock there is. What runs of the orchestration wait for meanwhile is that."""
    run = Run.of_packaging(orchestration, id=new_id(), now=now, rerun_of=orchestration.packaging_run_id)
    _wait_for(session, orchestration, run, now=now)
    return run


def rebuild_missing(deps: Deps, run: Run, name: str, *, now: datetime) -> bool:
    """Whether the run may wait for its environment, of this name, to be built again; where need be that is begun."""
    with deps.database.write() as session:
        orchestration = orchestrations.get(session, run.orchestration_id, locked=True)
        if orchestration.deleted_at is not None or orchestration.environment is None:
            return False
        environment = orchestrations.environment(session, orchestration.environment)
        is_its = environment is not None and environment.name == name
        if orchestration.status is OrchestrationStatus.READY and is_its:
            rebuild = rebuild_environment(session, orchestration, now=now)
            log.info("environment_rebuilt", orchestration_id=orchestration.id, run_id=rebuild.id, environment=name)
    deps.signals.wake("start_run")
    return True


def rebuild_again(session: Session, orchestration: Orchestration, failed: Run, *, now: datetime) -> bool:
    """What was built once can be built again when the package index is back: it is tried for some hours.

    False for what was never built, what somebody stopped, and when it is enough.
    """
    if failed.rerun_of is None or failed.status is RunStatus.KILLED or failed.attempt >= _ATTEMPTS:
        return False
    facts = {"rerun_of": failed.rerun_of, "first_run_id": failed.first_run_id or failed.id}
    run = Run.of_packaging(orchestration, id=new_id(), now=now, attempt=failed.attempt + 1, **facts)
    delay = min(_FIRST_DELAY * 2 ** (failed.attempt - 1), _LONGEST_DELAY)
    run.put_off_until = now + delay
    _wait_for(session, orchestration, run, now=now)
    orchestration.message = f"Its environment could not be built again yet: {failed.message}"
    log.info("rebuild_put_off", orchestration_id=orchestration.id, seconds=delay.seconds)
    return True


def _wait_for(session: Session, orchestration: Orchestration, run: Run, *, now: datetime) -> None:
    orchestration.status, orchestration.message = OrchestrationStatus.PENDING_PACKAGING, None
    orchestration.packaging_run_id, orchestration.updated_at = run.id, now
    session.add(orchestration)
    session.flush()
    runs.add(session, [run])
