"""Retention: what is older or more than the settings say goes, in small steps, so that it holds up nobody."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlmodel import Session

from macropod_server.db import retention, run_logs, sessions
from macropod_server.db.retention import Rules
from macropod_server.db.tables import Environment
from macropod_server.deps import Deps
from macropod_server.domain.errors import Unavailable
from macropod_server.domain.portions import portions
from macropod_server.domain.retention import LogRemoval, bound
from macropod_server.flows.forget_bytes import forget_bytes
from macropod_server.flows.remove_logs import logs_to_remove, remove_logs
from macropod_server.spawners.base import ContainerStuck

log = structlog.get_logger()

_BATCH = 100
_FOUND_AT_ONCE = 2000
"""To find whose rows are too many takes a look at all of them; what is found then goes in many short transactions."""
_LOGS_AT_ONCE = 500
_ANY_NUMBER = 2**31
_LOGS = "logs of runs that stay"

Sizes = Mapping[str, int | None]


@dataclass(frozen=True)
class Removed:
    """So many of a kind, and the bytes that became free on disk by it, None where nobody can tell."""

    kind: str
    count: int
    bytes: int | None = None
    at_most: int = _BATCH


@dataclass(frozen=True)
class Rows:
    """A kind that is nothing but rows. `all_of` finds also what can go only after rows of other kinds."""

    kind: str
    find: Callable[..., Sequence[Any]]
    remove: Callable[[Session, Any], int]
    all_of: Callable[..., Sequence[Any]] | None = None


def _soon(find: Callable[..., Sequence[Any]]) -> Callable[..., Sequence[Any]]:
    return lambda session, rules, *, limit: find(session, rules, limit=limit, soon=True)


# Those that others refer to come after them.
_ROWS = (
    Rows("ticks", retention.expired_ticks, retention.remove_ticks),
    Rows("tasks", retention.expired_tasks, retention.remove_tasks, _soon(retention.expired_tasks)),
    Rows(
        "deleted orchestrations",
        retention.expired_orchestrations,
        retention.remove_orchestrations,
        _soon(retention.expired_orchestrations),
    ),
    Rows("events", retention.expired_events, retention.remove_events),
    Rows("idempotency keys", retention.expired_keys, retention.remove_keys),
    Rows("entries of the audit log", retention.expired_entries, retention.remove_entries),
    Rows("sessions", sessions.expired, sessions.remove),
)


def retain(deps: Deps) -> bool:
    """Remove a little of every kind; True when there may be more."""
    removed = retain_step(deps, now=deps.clock())
    told = {each.kind.replace(" ", "_"): each.count for each in removed if each.count}
    if told:
        log.info("retention_applied", **told)
    return any(each.count >= each.at_most for each in removed)


def retain_step(deps: Deps, *, now: datetime, sizes: Sizes | None = None) -> list[Removed]:
    """`sizes` are those of the environments, where anybody wants to know what became free."""
    rules = rules_of(deps, now=now)
    return [
        _remove_runs(deps, rules, now=now),
        _remove_logs(deps, now=now),
        *(_remove_rows(deps, rules, rows) for rows in _ROWS),
        _remove_environments(deps, rules, sizes or {}),
    ]


def expired(deps: Deps, *, now: datetime) -> list[Removed]:
    """What would go now, all of it."""
    rules = rules_of(deps, now=now)
    with deps.database.read() as session:
        runs = retention.expired_runs(session, rules, limit=_ANY_NUMBER)
        rows = [
            Removed(each.kind, len((each.all_of or each.find)(session, rules, limit=_ANY_NUMBER))) for each in _ROWS
        ]
        environments = retention.unused_environments(session, rules, limit=_ANY_NUMBER)
        logs = [each for _, some in logs_to_remove(deps, session, now=now, limit=_ANY_NUMBER) for each in some]
    of_runs_that_stay = set(logs).difference(runs)
    return [
        Removed("runs with their logs", len(runs), deps.logs.usage(runs).bytes),
        Removed(_LOGS, len(of_runs_that_stay), deps.logs.usage(of_runs_that_stay).bytes),
        *rows,
        Removed("environments", len(environments), _sum(environment_sizes(deps), environments)),
    ]


def rules_of(deps: Deps, *, now: datetime) -> Rules:
    keep = deps.settings
    return Rules(
        runs=bound(now, days=keep.keep_runs_days, most=keep.keep_runs_per_task),
        tasks=bound(now, days=keep.keep_tasks_days, most=keep.keep_tasks),
        ticks=bound(now, days=keep.keep_ticks_days, most=keep.keep_ticks_per_task),
        events=bound(now, days=keep.keep_events_days, most=keep.keep_events),
        environments=bound(now, days=keep.keep_environments_days, most=keep.keep_environments),
        deleted=bound(now, days=keep.keep_deleted_days),
        idempotency=bound(now, days=keep.keep_idempotency_days),
        audit=bound(now, days=keep.keep_audit_days),
    )


def _remove_runs(deps: Deps, rules: Rules, *, now: datetime) -> Removed:
    """Their lines go first: a crash in between leaves runs without lines, and never lines without a run. Who pins one
    of them meanwhile keeps the run, which says that its log was removed."""
    with deps.database.read() as session:
        found = retention.expired_runs(session, rules, limit=_FOUND_AT_ONCE)
    freed = 0
    for some in portions(found, _BATCH):
        with deps.database.write() as session:
            run_ids = run_logs.mark_leaving(session, some, LogRemoval.AGE, now=now)
        freed += deps.logs.usage(run_ids).bytes
        deps.logs.drop(*run_ids)
        with deps.database.write() as session:
            retention.remove_runs(session, run_ids)
    return Removed("runs with their logs", len(found), freed, at_most=_FOUND_AT_ONCE)


def _remove_logs(deps: Deps, *, now: datetime) -> Removed:
    removed = remove_logs(deps, now=now, at_most=_LOGS_AT_ONCE)
    return Removed(_LOGS, removed.count, removed.bytes, at_most=_LOGS_AT_ONCE)


def _remove_rows(deps: Deps, rules: Rules, rows: Rows) -> Removed:
    with deps.database.read() as session:
        found = rows.find(session, rules, limit=_FOUND_AT_ONCE)
    count = 0
    for some in portions(found, _BATCH):
        with deps.database.write() as session:
            count += rows.remove(session, some)
    return Removed(rows.kind, count, at_most=_FOUND_AT_ONCE)


def _remove_environments(deps: Deps, rules: Rules, sizes: Sizes) -> Removed:
    """The row goes first: what is left on disk when this is cut short is a leftover that nobody has a row for."""
    with deps.database.read() as session:
        unused = retention.unused_environments(session, rules, limit=_BATCH)
    gone = [each for each in unused if _is_removed(deps, each.digest)]
    for each in gone:
        try:
            if each.archive_sha256 is not None:
                forget_bytes(deps, each.archive_sha256)
            deps.spawner.discard(each.name)
        except ContainerStuck as error:
            log.warning("environment_not_removed", environment=each.name, reason=error.message)
    return Removed("environments", len(gone), _sum(sizes, gone))


def _is_removed(deps: Deps, digest: str) -> bool:
    with deps.database.write() as session:
        return retention.remove_environment(session, digest)


def environment_sizes(deps: Deps) -> Sizes:
    """Empty while the spawner is away."""
    with suppress(Unavailable):
        return {each.name: each.bytes for each in deps.spawner.holdings() if each.kind == "environment"}
    return {}


def _sum(sizes: Sizes, environments: Sequence[Environment]) -> int | None:
    """Of an environment that travels its archive is all there is."""
    found = (each.archive_bytes if each.archive_bytes is not None else sizes.get(each.name) for each in environments)
    known = [size for size in found if size is not None]
    return sum(known) if known or not environments else None
