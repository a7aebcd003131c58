"""10,000 schedules of which 1,000 are due at the same moment: how late the rows of their runs come.

Process spawner; runs start meanwhile, as far as the limits let them. The tasks are put straight into the database
while the server is down, and the moment they have in common comes some seconds after its start, not at a full minute.
Lateness is that of the time noted in a run's row; the last row is stored when somebody who looks on sees all of them.
"""

import time
from datetime import UTC, datetime, timedelta

from macropod_server.db.engine import Database
from macropod_server.db.tables import Orchestration, Run, Task
from macropod_server.domain.naming import new_id
from macropod_server.domain.task import TaskKind, TaskStatus
from sqlmodel import col, func, select

from benchmarks.figures import Figure, at_most, percentile
from benchmarks.server import ROOT, Server, new_folder

_SCHEDULES = 10_000
_DUE = 1_000
_UNTIL_DUE = timedelta(seconds=12)
_UNTIL_THE_OTHERS = timedelta(hours=1)
_PATIENCE = timedelta(seconds=60)
_LOOK_SECONDS = 0.02


def measure() -> list[Figure]:
    with new_folder() as folder:
        with Server(folder) as server, server.client() as client:
            orchestration_id = client.upload_orchestration(ROOT / "examples" / "hello").wait().id
        database = Database(f"sqlite:///{server.data_dir / 'macropod.db'}")
        due_at = _insert_tasks(database, orchestration_id)
        with server:
            all_stored_at = _wait_for_rows(database, due_at)
        lateness = _lateness(database, due_at)
        database.close()
    what = f"{_DUE:,} of {_SCHEDULES:,} due at once: lateness"
    return [
        Figure(f"{what} p50", percentile(lateness, 50), "ms"),
        Figure(f"{what} p99", percentile(lateness, 99), "ms", targets=(at_most(1000),)),
        Figure(f"{what} worst", lateness[-1], "ms"),
        Figure("the last of these rows stored after", _milliseconds(all_stored_at - due_at), "ms"),
    ]


def _insert_tasks(database: Database, orchestration_id: str) -> datetime:
    """Returns when the first 1,000 are due."""
    now = datetime.now(UTC)
    due_at = now.replace(microsecond=0) + _UNTIL_DUE
    with database.write() as session:
        orchestration = session.get_one(Orchestration, orchestration_id)
        session.add_all(_task(orchestration, number, due_at=due_at, now=now) for number in range(_SCHEDULES))
    return due_at


def _task(orchestration: Orchestration, number: int, *, due_at: datetime, now: datetime) -> Task:
    later = timedelta(0) if number < _DUE else _UNTIL_THE_OTHERS + timedelta(seconds=number)
    return Task(
        id=new_id(),
        workspace_id=orchestration.workspace_id,
        orchestration_id=orchestration.id,
        name=f"benchmark {number}",
        kind=TaskKind.RUN_SCHEDULED,
        status=TaskStatus.STARTED,
        schedule=f"{number % 60} {number // 60 % 24} * * *",
        timezone="UTC",
        next_due_at=due_at + later,
        created_at=now,
        updated_at=now,
    )


def _wait_for_rows(database: Database, due_at: datetime) -> datetime:
    """When all rows were seen. Raises when the server was not ready in time, or does not make them."""
    if datetime.now(UTC) >= due_at:
        raise RuntimeError(f"The server took longer than {_UNTIL_DUE} to start; nothing can be said about lateness.")
    time.sleep((due_at - datetime.now(UTC)).total_seconds())
    while (now := datetime.now(UTC)) < due_at + _PATIENCE:
        with database.read() as session:
            count = session.exec(select(func.count()).select_from(Run).where(col(Run.due_at) == due_at)).one()
        if count == _DUE:
            return now
        time.sleep(_LOOK_SECONDS)
    raise RuntimeError(f"Only {count} of {_DUE} rows came within {_PATIENCE}.")


def _lateness(database: Database, due_at: datetime) -> list[float]:
    with database.read() as session:
        created = session.exec(select(Run.created_at).where(col(Run.due_at) == due_at)).all()
    return sorted(_milliseconds(each - due_at) for each in created)


def _milliseconds(span: timedelta) -> float:
    return span.total_seconds() * 1000
