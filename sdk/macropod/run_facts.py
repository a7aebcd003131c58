"""What a run shows of itself when it is shown alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from macropod.tables import NOTHING, moment

if TYPE_CHECKING:
    from macropod.runs import Run


def facts_of(run: Run, *, status: str) -> list[tuple[str, str]]:
    return [
        ("pod id", run.pod_id),
        ("status", status),
        *_if_there("waiting for", run.waiting_for),
        ("reason", run.reason or NOTHING),
        ("message", run.message or NOTHING),
        *_if_there("error", str(run.error) if run.error else None),
        ("exit code", NOTHING if run.exit_code is None else str(run.exit_code)),
        ("signal", run.signal or NOTHING),
        *_if_there("stopped by", run.stop_requested_by),
        *_if_there("pinned", _pinned(run)),
        ("kind", run.kind),
        ("task id", run.task_id or NOTHING),
        ("task name", run.task_name or NOTHING),
        ("orchestration id", run.orchestration_id),
        ("workspace id", str(run.workspace_id)),
        *_origin(run),
        ("due at", moment(run.due_at)),
        ("created at", moment(run.created_at)),
        ("started at", moment(run.started_at)),
        ("ended at", moment(run.ended_at)),
        ("peak memory", NOTHING if run.peak_memory_bytes is None else f"{run.peak_memory_bytes:,} bytes"),
        ("CPU time", NOTHING if run.cpu_seconds is None else f"{round(run.cpu_seconds, 3):g} s"),
        ("lines", str(run.line_count)),
        *_if_there("log removed", moment(run.log_removed_at) if run.log_removed_at else None),
        *_if_there("environment", run.environment),
        *_if_there("image", run.image),
        *_if_there("runner", run.runner_version),
        *(("not the same", each) for each in run.differences),
    ]


def _origin(run: Run) -> list[tuple[str, str]]:
    cause = f"{run.cause}, asked for by {run.requested_by}" if run.requested_by else run.cause
    return [
        ("cause", cause),
        ("attempt", str(run.attempt)),
        *_if_there("first attempt", run.first_run_id),
        *_if_there("rerun of", run.rerun_of),
    ]


def _pinned(run: Run) -> str | None:
    if run.pinned_at is None:
        return None
    return moment(run.pinned_at) + (f" by {run.pinned_by}" if run.pinned_by else "")


def _if_there(name: str, value: str | None) -> list[tuple[str, str]]:
    return [(name, value)] if value else []
