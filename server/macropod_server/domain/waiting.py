"""What a queued run waits for, in a sentence. Whether it may be claimed is asked of the database, in the same order."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from macropod_server.domain.task import Overlap


@dataclass(frozen=True)
class Concurrency:
    """How many runs may be started and not ended at once."""

    server: int
    workspace: int
    task: int


@dataclass(frozen=True)
class Crowd:
    """How many runs are started and not ended."""

    server: int
    by_workspace: Mapping[int, int]
    by_task: Mapping[str, int]


@dataclass(frozen=True)
class Queued:
    """A queued run with what of its task and orchestration matters. `overlap` is None where runs need no order.

    `has_places`: it was claimed before and has kept all places it had then, for this kind of `spawner`.
    """

    run_id: str
    workspace_id: int
    task_id: str | None
    attempt: int
    put_off_until: datetime | None
    is_delayed: bool
    has_places: bool
    is_packaged: bool
    is_workspace_paused: bool
    is_task_paused: bool
    overlap: Overlap | None
    locks: Sequence[str]
    spawner: str | None = None


@dataclass(frozen=True)
class Around:
    """All else that holds up queued runs. Locks by workspace and name; who holds no place is not mentioned."""

    most: Concurrency
    crowd: Crowd
    holders_of_locks: Mapping[tuple[int, str], Sequence[str]]
    holders_of_tasks: Mapping[str, str]
    sizes: Mapping[tuple[int, str], int]
    spawner: str | None = None
    kept_for: str | None = None
    kept_locks: Collection[tuple[int, str]] = ()


def waits_for(run: Queued, around: Around, *, now: datetime) -> str:
    return (
        _own_state(run, now=now)
        or _spawner(run, around)
        or _run_before(run, around)
        or _locks(run, around)
        or _crowd(run, around)
        or "about to be started"
    )


def _own_state(run: Queued, *, now: datetime) -> str | None:
    if run.is_workspace_paused:
        return "the workspace is paused"
    if run.is_task_paused:
        return "the task is paused"
    if not run.is_packaged:
        return "waiting for the orchestration to be packaged"
    if run.put_off_until is None or run.put_off_until <= now:
        return None
    if run.is_delayed:
        return f"waiting for the spawner, which is asked again at {_moment(run.put_off_until, now)}"
    attempt = f" (attempt {run.attempt})" if run.attempt > 1 else ""
    return f"waiting until {_moment(run.put_off_until, now)}{attempt}"


def _spawner(run: Queued, around: Around) -> str | None:
    if run.spawner in (None, around.spawner):
        return None
    return f"waiting for a server with the spawner {run.spawner}, which may have made its container"


def _run_before(run: Queued, around: Around) -> str | None:
    other = around.holders_of_tasks.get(run.task_id or "")
    if run.overlap is None or other in (None, run.run_id):
        return None
    how = f" (overlap {run.overlap.value})" if run.overlap is not Overlap.ALLOW else ""
    return f"waiting for the run before it{how}: run {other}"


def _locks(run: Queued, around: Around) -> str | None:
    if run.has_places:
        return None
    waited = [_lock(run, lock, around) for lock in run.locks]
    sentences = [each for each in waited if each]
    return f"waiting for {', and for '.join(sentences)}" if sentences else None


def _lock(run: Queued, lock: str, around: Around) -> str | None:
    key = (run.workspace_id, lock)
    holders, size = around.holders_of_locks.get(key, ()), around.sizes.get(key, 1)
    if len(holders) >= size and size == 1:
        return f"lock {lock}, held by run {holders[0]}"
    if len(holders) >= size:
        return f"a place in pool {lock}: {len(holders)} of {size} are held, by {_runs(holders)}"
    if key in around.kept_locks and around.kept_for != run.run_id:
        return f"lock {lock}, kept free for run {around.kept_for}, which has waited long for several locks"
    return None


def _crowd(run: Queued, around: Around) -> str | None:
    most, crowd = around.most, around.crowd
    limits = (
        (crowd.server, most.server, "of the server"),
        (crowd.by_workspace.get(run.workspace_id, 0), most.workspace, "of the workspace"),
        (crowd.by_task.get(run.task_id or "", 0), most.task, "of this task"),
    )
    for count, limit, whose in limits:
        if count >= limit:
            return f"waiting for a free place: {count} of {limit} runs {whose} are under way"
    return None


def _runs(ids: Sequence[str]) -> str:
    return f"run {ids[0]}" if len(ids) == 1 else f"runs {', '.join(ids[:-1])} and {ids[-1]}"


def _moment(moment: datetime, now: datetime) -> str:
    return f"{moment:%H:%M:%S} UTC" if moment.date() == now.date() else f"{moment:%Y-%m-%d %H:%M:%S} UTC"
