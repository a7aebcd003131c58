"""Everything a test needs to stand on, valid by default; one keyword spoils it."""

import io
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from macropod_server.app import build_deps
from macropod_server.db import orchestrations
from macropod_server.db.tables import Orchestration, Run, Task
from macropod_server.deps import Deps
from macropod_server.domain.task import TaskKind
from macropod_server.flows.create_task import create_task
from macropod_server.flows.receive_upload import Upload, receive_upload
from macropod_server.flows.task_wish import TaskWish
from macropod_server.settings import Settings
from sqlmodel import select

from tests.fakes.spawner import FakeSpawner

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
WORKSPACE = 1


class Clock:
    """A clock that stands still until it is moved. `jump` moves what it shows, and no time passes."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now
        self._nought = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> datetime:
        self.now += timedelta(**span)
        return self.now

    def jump(self, **span: float) -> datetime:
        self._nought += timedelta(**span)
        return self.advance(**span)

    def monotonic(self) -> float:
        return (self.now - self._nought).total_seconds()


def a_zip(files: dict[str, str | bytes] | None = None, **more: str) -> bytes:
    """A zip with a main.py, or with exactly the files given; the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (files if files is not None else {"main.py": "print('hello')\n"} | more).items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def make_deps(folder: Path, *, spawner: Any = None, clock: Any = None, **settings: Any) -> Deps:
    clock = clock or Clock()
    return build_deps(
        replace(Settings(data_dir=folder / "data", credentials=folder / "credentials.json"), **settings),
        spawner=spawner or FakeSpawner(),
        clock=clock,
        monotonic=clock.monotonic,
    )


def upload(deps: Deps, content: bytes | None = None, **names: Any) -> Orchestration:
    with deps.storage.stage() as staging:
        staging.write(a_zip() if content is None else content)
        return receive_upload(deps, Upload(WORKSPACE, **names), staging, now=deps.clock())


def upload_with_requirements(deps: Deps, requirements: str = "six==1.16.0\n", main: str = "") -> Orchestration:
    return upload(deps, a_zip({"main.py": main, "requirements.txt": requirements}))


def make_task(deps: Deps, orchestration: Orchestration | None = None, *, key: str | None = None, **wish: Any) -> Task:
    orchestration = orchestration or upload(deps)
    kind = TaskKind.RUN_SCHEDULED if "schedule" in wish else TaskKind.RUN_ONCE
    wanted = TaskWish(**{"orchestration_id": orchestration.id, "kind": kind, "name": "a task"} | wish)
    return create_task(deps, wanted, workspace_id=WORKSPACE, idempotency_key=key, now=deps.clock())


def all_rows(deps: Deps, table: Any) -> list[Any]:
    with deps.database.read() as session:
        return list(session.exec(select(table)))


def runs_of(deps: Deps, task: Task) -> list[Run]:
    """Oldest first."""
    found = [run for run in all_rows(deps, Run) if run.task_id == task.id]
    return sorted(found, key=lambda run: (run.created_at, run.due_at or run.created_at, run.attempt))


def reread(deps: Deps, row: Any) -> Any:
    with deps.database.read() as session:
        return session.get_one(type(row), row.id)


def orchestration_of(deps: Deps, run: Run) -> Orchestration:
    with deps.database.read() as session:
        return orchestrations.get(session, run.orchestration_id)
