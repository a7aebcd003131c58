"""Evidence in which all is as it should be; tests spoil one thing of it and look whether the checker sees that."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from chaos.evidence import Blob, Evidence
from chaos.orders import Order
from chaos.programs import expected_lines
from chaos.reading import EventRow, MoveRow, OrchestrationRow, Rows, RunRow, TaskRow, TickRow
from chaos.receiver import Mark

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SHA = "a" * 64
ONCE, OFTEN = "task-once", "task-often"


def a_task(task_id: str, **spoilt: Any) -> TaskRow:
    facts = {
        "id": task_id,
        "name": task_id,
        "kind": "run_once",
        "status": "started",
        "every_seconds": None,
        "starts_at": None,
        "ends_at": None,
        "missed": "all",
        "overlap": "allow",
        "created_at": START,
        "kill_asked_at": None,
        "next_due_at": None,
    }
    return TaskRow(**facts | spoilt)


def a_run(run_id: str, task_id: str, **spoilt: Any) -> RunRow:
    facts = {
        "id": run_id,
        "task_id": task_id,
        "orchestration_id": "orchestration",
        "kind": "task",
        "cause": "ordered",
        "status": "failure",
        "reason": "exit_code",
        "message": None,
        "exit_code": 3,
        "attempt": 1,
        "first_run_id": None,
        "due_at": None,
        "created_at": START + SECOND,
        "claimed_at": START + SECOND,
        "started_at": START + SECOND,
        "ended_at": START + 2 * SECOND,
        "stop_requested_at": None,
        "removed_at": None,
    }
    return RunRow(**facts | spoilt)


def a_tick(number: int, **spoilt: Any) -> TickRow:
    due_at = START + number * 2 * SECOND
    facts = {
        "task_id": OFTEN,
        "due_at": due_at,
        "outcome": "started",
        "reason": None,
        "run_id": f"run-{number}",
        "created_at": due_at + SECOND,
    }
    return TickRow(**facts | spoilt)


def marks_of(run: RunRow, exit_code: int) -> list[Mark]:
    facts = {"run_id": run.id, "task_id": run.task_id or "", "attempt": 1, "pid": 1, "exit_code": exit_code}
    return [Mark(what=what, due_at="", at=START + SECOND, **facts) for what in ("start", "end")]


def moves_of(run: RunRow) -> list[MoveRow]:
    stations = [None, "queued", "starting", "running", run.status]
    return [MoveRow(run.id, before, str(after), START) for before, after in itertools.pairwise(stations)]


def some_runs() -> list[RunRow]:
    """Of a task that ran once and ended with 3, and of one that was due three times and ended well."""
    well = {"status": "success", "reason": "completed", "exit_code": 0, "cause": "schedule"}
    often = [a_run(f"run-{number}", OFTEN, due_at=a_tick(number).due_at, **well) for number in (1, 2, 3)]
    return [a_run("run-once", ONCE), *often]


def rows_of(runs: list[RunRow]) -> Rows:
    return Rows(
        tasks=[a_task(ONCE), a_task(OFTEN, kind="run_scheduled", every_seconds=2, starts_at=START)],
        ticks=[a_tick(number) for number in (1, 2, 3)],
        runs=runs,
        moves=[move for run in runs for move in moves_of(run)],
        events=[EventRow(number, "run_ended", run.id) for number, run in enumerate(runs)],
        orchestrations=[OrchestrationRow("orchestration", SHA, "ready", None, None)],
        environments=[],
    )


def evidence(**spoilt: Any) -> Evidence:
    runs, end = some_runs(), START + 6 * SECOND
    schedule = {"every_seconds": 2, "starts_at": START, "ends_at": end, "sure_until": end, "missed": "all"}
    facts: dict[str, Any] = {
        "rows": rows_of(runs),
        "orders": [
            Order(ONCE, ONCE, exit_code=3, lines=2),
            Order(OFTEN, OFTEN, exit_code=0, lines=2, **schedule),
        ],
        "marks": [mark for run in runs for mark in marks_of(run, run.exit_code or 0)],
        "lines": {run.id: expected_lines(2) for run in runs},
        "blobs": [Blob(SHA, SHA)],
        "uploads": ["orchestration"],
        "leftovers": [],
        "settled_seconds": 1.0,
        "clean_seconds": 1.0,
        "faulty_answers": [],
        "calls": 10,
        "unsettled": [],
        "checked_at": START + timedelta(minutes=1),
        "audit": (0, "3 ticks of 1 tasks: 0 unexplained ticks"),
    }
    return Evidence(**facts | spoilt)


def with_rows(found: Evidence, **spoilt: Any) -> Evidence:
    return replace(found, rows=replace(found.rows, **spoilt))


def with_run(found: Evidence, run_id: str, **spoilt: Any) -> Evidence:
    runs = [replace(run, **spoilt) if run.id == run_id else run for run in found.rows.runs]
    return with_rows(found, runs=runs)
