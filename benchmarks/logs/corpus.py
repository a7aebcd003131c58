"""Ten million lines of a thousand runs: in a log store, as text files, as gzip files, as SQLite rows."""

import gzip
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from macropod_server.db.engine import Database
from macropod_server.db.tables import Orchestration, Run, Task
from macropod_server.domain.lines import Stream, encode_segment
from macropod_server.domain.naming import new_id
from macropod_server.domain.run import Cause, Reason, RunStatus
from macropod_server.domain.task import TaskKind, TaskStatus
from macropod_server.logstore.base import Batch
from macropod_server.logstore.chunks import open_log_store
from sqlmodel import insert

RUNS = 1000
LINES_PER_RUN = 10_000
TASKS = 10
_BATCH_LINES = 2500
_MOST_PER_SEGMENT = 9
_POOL = 60_000
_BETWEEN_RUNS = timedelta(minutes=40)
_BETWEEN_SEGMENTS = timedelta(milliseconds=800)

FREQUENT = "status=503"
"""In about one line of a thousand."""
RARE = "the warehouse does not answer"
"""In one line of the oldest run and in no other."""
ABSENT = "nobody has ever printed this"


@dataclass(frozen=True)
class Printed:
    """One run, and its lines in segments, with the time of each."""

    number: int
    id: str
    began_at: datetime
    segments: list[tuple[datetime, list[str]]]

    def texts(self) -> Iterator[str]:
        return (text for _, texts in self.segments for text in texts)


def printed(run_ids: list[str], *, ended_at: datetime) -> Iterator[Printed]:
    """The oldest run first; the same lines every time."""
    chance = random.Random(11)
    pool = [_line(chance) for _ in range(_POOL)]
    for number, run_id in enumerate(run_ids):
        began_at = ended_at - _BETWEEN_RUNS * (len(run_ids) - number)
        at, left, segments = began_at, LINES_PER_RUN, list[tuple[datetime, list[str]]]()
        while left:
            count, place = min(left, chance.randint(1, _MOST_PER_SEGMENT)), chance.randrange(_POOL - _MOST_PER_SEGMENT)
            segments.append((at, pool[place : place + count]))
            at, left = at + _BETWEEN_SEGMENTS, left - count
        if number == 0:
            segments[len(segments) // 2][1][0] = f"ERROR {RARE}, giving up"
        yield Printed(number, run_id, began_at, segments)


def _line(chance: random.Random) -> str:
    level = chance.choice(["INFO", "INFO", "INFO", "DEBUG", "WARNING", "ERROR"])
    status = 503 if chance.random() < 0.001 else chance.choice([200, 201, 204, 301, 404])
    path = "/".join(chance.choices(["houses", "prices", "models", "batches", "users", "v1", "export", "latest"], k=3))
    return (
        f"{level:7} worker-{chance.randint(1, 64)} request {chance.getrandbits(48):012x} GET /{path} "
        f"status={status} bytes={chance.randint(100, 9_999_999)} took {chance.randint(1, 9999)} ms"
    )


def fill_store(url: str, runs: Iterator[Printed]) -> None:
    """As merged chunks are: some hundred KiB each."""
    store = open_log_store(url)
    store.fill(batch for run in runs for batch in _batches(run))
    store.close()


def _batches(run: Printed) -> Iterator[Batch]:
    first, number, parts = 1, 1, list[bytes]()
    for at, texts in run.segments:
        parts.append(encode_segment(at, Stream.STDOUT, texts))
        number += len(texts)
        if number - first >= _BATCH_LINES or number > LINES_PER_RUN:
            yield Batch(run.id, first, b"".join(parts))
            first, parts = number, []


def fill_files(folder: Path, runs: Iterator[Printed]) -> int:
    """A text file and a gzip file each; returns the bytes of the text."""
    size = 0
    for kind in ("text", "gzip"):
        (folder / kind).mkdir()
    for run in runs:
        content = "".join(f"{text}\n" for text in run.texts()).encode()
        (folder / "text" / f"{run.id}.log").write_bytes(content)
        (folder / "gzip" / f"{run.id}.log.gz").write_bytes(gzip.compress(content, 1))
        size += len(content)
    return size


def fill_rows(path: Path, runs: Iterator[Printed]) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE lines (run_id TEXT, number INTEGER, text TEXT)")
        for run in runs:
            rows = ((run.id, number, text) for number, text in enumerate(run.texts(), 1))
            connection.executemany("INSERT INTO lines VALUES (?, ?, ?)", rows)


def fill_database(path: Path, orchestration_id: str, *, ended_at: datetime) -> tuple[list[str], list[str]]:
    """The tasks, and their runs from the oldest on, as they are when all have ended. The server has to be down."""
    database = Database(f"sqlite:///{path}")
    with database.write() as session:
        orchestration = session.get_one(Orchestration, orchestration_id)
        tasks = [_task(orchestration, number) for number in range(TASKS)]
        session.add_all(tasks)
    runs = [_run(tasks[number % TASKS], number, ended_at=ended_at) for number in range(RUNS)]
    with database.write() as session:
        session.execute(insert(Run), [run.model_dump() for run in runs])
    database.close()
    return [task.id for task in tasks], [run.id for run in runs]


def _task(orchestration: Orchestration, number: int) -> Task:
    return Task(
        id=new_id(),
        workspace_id=orchestration.workspace_id,
        orchestration_id=orchestration.id,
        name=f"benchmark {number}",
        kind=TaskKind.RUN_SCHEDULED,
        status=TaskStatus.STARTED,
        schedule="0 0 1 1 *",
        timezone="UTC",
        next_due_at=datetime.now(UTC) + timedelta(days=300),
        created_at=datetime.now(UTC),
        updated_at=datetime.now(UTC),
    )


def _run(task: Task, number: int, *, ended_at: datetime) -> Run:
    began_at = ended_at - _BETWEEN_RUNS * (RUNS - number)
    over = {"reason": Reason.COMPLETED, "exit_code": 0, "started_at": began_at, "lease": 1}
    end = began_at + _BETWEEN_RUNS
    over |= {"status": RunStatus.SUCCESS, "ended_at": end, "removed_at": end, "cause": Cause.SCHEDULE}
    return Run.of_task(task, id=new_id(), now=began_at, **over)
