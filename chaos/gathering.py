"""Gathers the evidence when the faults are over: waits until all is settled, then looks everywhere."""

import hashlib
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from chaos import engine_room
from chaos.caller import Caller
from chaos.evidence import Blob, Evidence
from chaos.ground import now
from chaos.installation import Installation, processes_of
from chaos.load import Load
from chaos.orders import last_end
from chaos.reading import Rows, installation_id, read_rows, unfinished
from chaos.receiver import Receiver
from chaos.server_log import unforeseen

_STALL_SECONDS = 60.0
_MOST_SECONDS = 1800.0
_LOOK_SECONDS = 0.5
_END_TOLD_SECONDS = 30.0
_LEFTOVER_SECONDS = 60.0
_PAGE = 10_000
_DAYS = timedelta(days=2)


def gather(
    installation: Installation,
    load: Load,
    receiver: Receiver,
    *,
    promises: list[str],
    ahead: timedelta = timedelta(0),
) -> Evidence:
    """`ahead`: by how much the clock of the servers is ahead of the true one."""
    began = time.monotonic()
    unsettled = _wait_until_settled(installation, load, receiver)
    rows, checked_at, settled = read_rows(installation.database_url), now() + ahead, time.monotonic()
    left = _wait_for_leftovers(installation, rows)
    clean = time.monotonic()
    lines = _lines(installation, load, rows)
    return Evidence(
        rows=rows,
        orders=load.book.all(),
        marks=receiver.marks(),
        lines=lines,
        blobs=blobs(installation.data_dir / "blobs"),
        uploads=load.uploads,
        leftovers=left,
        settled_seconds=settled - began,
        clean_seconds=clean - settled,
        faulty_answers=[*load.tally.faulty, *unforeseen(server.log for server in installation.servers)],
        calls=load.tally.calls,
        unsettled=unsettled,
        checked_at=checked_at,
        audit=_audit(installation, until=checked_at),
        broken_promises=[*promises, *load.trouble],
        clock_is_true=not ahead,
    )


def _wait_until_settled(installation: Installation, load: Load, receiver: Receiver) -> list[str]:
    """Runs whose program has ended are to be final in 30 s; a queue may take as long as it grows shorter."""
    end = last_end(load.book.all())
    while end is not None and now() < end + timedelta(seconds=2):
        time.sleep(0.5)
    began = time.monotonic()
    shrinks(lambda: unfinished(installation.database_url), seconds=_END_TOLD_SECONDS, most=_END_TOLD_SECONDS)
    late = _not_told(installation, receiver) if time.monotonic() - began >= _END_TOLD_SECONDS else []
    shrinks(lambda: unfinished(installation.database_url), seconds=_STALL_SECONDS, most=_MOST_SECONDS)
    left = [run for run in read_rows(installation.database_url).runs if run.status in ("queued", "starting", "running")]
    why = f"and nothing has ended for {_STALL_SECONDS:.0f} s"
    return [*late, *(f"Run {run.id} is still {run.status}, {why}." for run in left)]


def shrinks(count: Callable[[], int], *, seconds: float, most: float) -> bool:
    """Waits until there are none; False when they were no fewer than ever for so many seconds, or after the most."""
    began = progress = time.monotonic()
    fewest = count()
    while fewest:
        time.sleep(_LOOK_SECONDS)
        moment = time.monotonic()
        if (left := count()) < fewest:
            fewest, progress = left, moment
        elif moment - progress > seconds or moment - began > most:
            return False
    return True


def _not_told(installation: Installation, receiver: Receiver) -> list[str]:
    before = now() - timedelta(seconds=_END_TOLD_SECONDS)
    ended = {mark.run_id for mark in receiver.marks() if mark.what == "end" and mark.at < before}
    open_ = [run for run in read_rows(installation.database_url).runs if run.status in ("starting", "running")]
    return [f"Run {run.id} ended over 30 s ago and is still {run.status}." for run in open_ if run.id in ended]


def _wait_for_leftovers(installation: Installation, rows: Rows) -> list[str]:
    """What has run for long on a busy machine may take its time to go, but it has to go on going."""
    shrinks(lambda: len(list(leftovers(installation, rows))), seconds=_LEFTOVER_SECONDS, most=_MOST_SECONDS)
    return list(leftovers(installation, rows))


def leftovers(installation: Installation, rows: Rows) -> Iterator[str]:
    """What no row stands behind, and what of ended runs is still there."""
    own = installation.family()
    for process in processes_of(installation.data_dir):
        if process.pid not in own:
            yield f"The process {process.pid} is left over."
    yield from files_left(installation.data_dir, rows)
    if installation.configuration.spawner == "docker" and (known := installation_id(installation.database_url)):
        yield from (f"The container of run {run_id} is left over." for run_id in engine_room.containers(known))
        homes = (name for name in engine_room.volumes(known) if "-home-" in name)
        yield from (f"The volume {name} is left over." for name in homes)


def files_left(data_dir: Path, rows: Rows) -> Iterator[str]:
    kept = {row.sha256 for row in rows.orchestrations if row.deleted_at is None}
    kept |= {row.archive_sha256 for row in rows.environments if row.archive_sha256 is not None}
    built = {row.name for row in rows.environments if row.status == "ready"}
    yield from (f"The folder of run {path.name} is left over." for path in _children(data_dir / "runs"))
    yield from (f"The staging file {path.name} is left over." for path in _children(data_dir / "blobs" / "staging"))
    for path in _blob_files(data_dir / "blobs"):
        if (name := path.parent.name + path.name) not in kept:
            yield f"The blob {name} belongs to no orchestration and no environment."
    for path in _children(data_dir / "environments"):
        if path.name not in built and not path.name.startswith("bare-"):
            yield f"The environment {path.name} belongs to no row."


def blobs(root: Path) -> list[Blob]:
    return [
        Blob(path.parent.name + path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in _blob_files(root)
    ]


def _blob_files(root: Path) -> list[Path]:
    return [file for folder in _children(root) if len(folder.name) == 2 for file in _children(folder)]


def _children(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _audit(installation: Installation, *, until: datetime) -> tuple[int, str]:
    """Of the time up to when the rows were read: what is due since then may be on its way."""
    done = installation.command("audit", "--from", (until - _DAYS).isoformat(), "--to", until.isoformat())
    return done.returncode, (done.stdout + done.stderr).strip()


def _lines(installation: Installation, load: Load, rows: Rows) -> dict[str, list[str]]:
    caller = Caller(installation.url, installation.token, load.tally)
    tasks = {order.task_id for order in load.book.all()}
    found = {run.id: _printed(caller, run.id) for run in rows.runs if run.task_id in tasks}
    caller.close()
    return found


def _printed(caller: Caller, run_id: str) -> list[str]:
    answer = caller.get(f"/v1/runs/{run_id}/logs", first=1, limit=_PAGE)
    return [line["text"] for line in answer["lines"] if line["stream"] == "stdout"]
