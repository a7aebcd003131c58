"""One story in the examples of the API's description: a package, its nightly task, a run of it."""

from typing import Any

_ORCHESTRATION_ID = "0b0f6d5e-7a53-4a6c-9d3c-2f6f5f0f8a11"
_TASK_ID = "5b1fd0a2-3f6e-4f1d-8f3e-9a2f54a1c7de"

TASK_WISH: dict[str, Any] = {
    "orchestration_id": _ORCHESTRATION_ID,
    "kind": "run_scheduled",
    "name": "nightly",
    "json_args": {"model": "forest"},
    "timeout_seconds": 600,
    "schedule": "0 2 * * *",
    "timezone": "Europe/Berlin",
}

ORCHESTRATION: dict[str, Any] = {
    "id": _ORCHESTRATION_ID,
    "workspace_id": 1,
    "name": "house prices",
    "file_name": "house-prices.zip",
    "sha256": "39ca8261500ce9afe9bb2a2c558fc9543f1e2108674ee9366b92d6460b7df28d",
    "size_bytes": 26859,
    "entry_point": "main.py",
    "requirements": "requirements.txt",
    "flavor": "plain",
    "status": "ready",
    "message": None,
    "warnings": [],
    "environment": "7c4f3d3a9d1f6f2b8e6f8a1f0c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f60718293",
    "packaging_run_id": "f640e8ab-b9e4-47b3-ad13-b929bce32f1f",
    "created_at": "2026-03-02T12:00:00Z",
    "updated_at": "2026-03-02T12:00:17Z",
}

TASK: dict[str, Any] = TASK_WISH | {
    "id": _TASK_ID,
    "workspace_id": 1,
    "status": "started",
    "active": True,
    "health": "healthy",
    "debug": False,
    "every_seconds": None,
    "starts_at": None,
    "ends_at": None,
    "excluded_dates": [],
    "jitter_seconds": 0,
    "overlap": "allow",
    "missed": "latest",
    "missed_window_seconds": 3600,
    "missed_cap": 100,
    "pause_after_failures": None,
    "failures_in_a_row": 0,
    "retries": 0,
    "retry_on": [],
    "retry_delay_seconds": 10,
    "start_timeout_seconds": None,
    "queue_timeout_seconds": None,
    "silence_timeout_seconds": None,
    "grace_seconds": None,
    "profile": None,
    "cpus": None,
    "memory_bytes": None,
    "pids": None,
    "gpus": None,
    "locks": [],
    "secrets": {"WAREHOUSE_PASSWORD": "warehouse-password"},
    "secret_files": {},
    "paused_at": None,
    "paused_by": None,
    "pause_reason": None,
    "created_by": "ada@example.org",
    "kill_asked_at": None,
    "kill_asked_by": None,
    "schedule_in_words": "at 02:00 every day",
    "next_due_at": "2026-03-04T01:00:00Z",
    "last_run_id": "21183a17-01d4-4a90-ad87-33edf9ad2d35",
    "last_run_status": "success",
    "created_at": "2026-03-02T12:01:00Z",
    "updated_at": "2026-03-03T01:00:04Z",
}

RUN: dict[str, Any] = {
    "id": "21183a17-01d4-4a90-ad87-33edf9ad2d35",
    "workspace_id": 1,
    "kind": "task",
    "task_id": _TASK_ID,
    "task_name": "nightly",
    "orchestration_id": _ORCHESTRATION_ID,
    "cause": "schedule",
    "requested_by": None,
    "first_run_id": None,
    "rerun_of": None,
    "status": "success",
    "reason": "completed",
    "message": None,
    "error": None,
    "exit_code": 0,
    "signal": None,
    "attempt": 1,
    "due_at": "2026-03-03T01:00:00Z",
    "created_at": "2026-03-03T01:00:00Z",
    "started_at": "2026-03-03T01:00:00Z",
    "ended_at": "2026-03-03T01:00:04Z",
    "peak_memory_bytes": 225443840,
    "cpu_seconds": 3.9,
    "line_count": 41,
    "waiting_for": None,
    "environment": "7c4f3d3a9d1f6f2b8e6f8a1f0c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f60718293",
    "image": "sha256:5b0c2f9a1d3e4f6a7b8c9d0e1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c",
    "runner_version": "0.1.0",
    "stop_requested_by": None,
}

LINEAGE: dict[str, Any] = {
    "run_id": RUN["id"],
    "bundle_sha256": ORCHESTRATION["sha256"],
    "lock_digest": RUN["environment"],
    "image": RUN["image"],
    "spawner": "docker",
    "runner_version": "0.1.0",
    "arguments": {"model": "forest"},
    "secrets": [{"name": "warehouse-password", "version": 3}],
    "connections": [],
    "orchestration_id": _ORCHESTRATION_ID,
    "task_id": _TASK_ID,
    "task_name": "nightly",
    "cause": "schedule",
    "requested_by": None,
    "due_at": "2026-03-03T01:00:00Z",
    "first_run_id": None,
    "rerun_of": None,
    "attempts": [
        {
            "run_id": RUN["id"],
            "attempt": 1,
            "cause": "schedule",
            "status": "success",
            "reason": "completed",
            "message": None,
            "created_at": "2026-03-03T01:00:00Z",
            "started_at": "2026-03-03T01:00:00Z",
            "ended_at": "2026-03-03T01:00:04Z",
        }
    ],
}

POOL: dict[str, Any] = {
    "name": "warehouse",
    "size": 1,
    "held_by": [
        {
            "number": 1,
            "run_id": RUN["id"],
            "task_id": _TASK_ID,
            "task_name": "nightly",
            "taken_at": "2026-03-03T01:00:00Z",
        }
    ],
}

SECRET: dict[str, Any] = {
    "name": "warehouse-password",
    "version": 3,
    "created_by": "laptop",
    "updated_by": "laptop",
    "created_at": "2026-03-02T12:00:00Z",
    "updated_at": "2026-03-04T08:00:00Z",
}

CONNECTION_WISH: dict[str, Any] = {
    "name": "warehouse",
    "type": "postgresql",
    "details": {"host": "warehouse.example", "user": "reports", "password": {"secret": "warehouse-password"}},
}

CONNECTION: dict[str, Any] = {
    "id": "7f8f4f8e-1a56-4c57-8a39-1b1c8d9a6a10",
    "name": "warehouse",
    "type": "postgresql",
    "secret_fields": None,
    "workspace_names": ["default"],
    "created_by": "laptop",
    "created_at": "2026-03-02T12:00:00Z",
}

PREVIEW: dict[str, Any] = {
    "schedule": "30 2 * * *",
    "every_seconds": None,
    "timezone": "Europe/Berlin",
    "in_words": "at 02:30 every day",
    "upcoming": [
        {
            "due_at": "2026-03-28T01:30:00Z",
            "local_at": "2026-03-28T02:30:00+01:00",
            "clock_change": None,
        },
        {
            "due_at": "2026-03-29T01:00:00Z",
            "local_at": "2026-03-29T03:00:00+02:00",
            "clock_change": "forward",
        },
    ],
}

LINE: dict[str, Any] = {
    "number": 41,
    "time": "2026-03-03T01:00:04.120384Z",
    "stream": "stdout",
    "text": "Wrote 300 predictions to predictions.csv.",
}

TRACEBACK: dict[str, Any] = {
    "first_line": 17,
    "last_line": 25,
    "stream": "stderr",
    "exception": "ValueError",
    "message": "There are no rows today.",
    "file": "main.py",
    "line": 12,
}

EVENT: dict[str, Any] = {
    "id": 1,
    "kind": "run_ended",
    "workspace_id": 1,
    "orchestration_id": _ORCHESTRATION_ID,
    "task_id": _TASK_ID,
    "run_id": RUN["id"],
    "facts": {
        "run_kind": "task",
        "status": "success",
        "reason": "completed",
        "message": None,
        "exit_code": 0,
        "attempt": 1,
        "cause": "schedule",
        "created_at": "2026-03-03T01:00:00Z",
        "started_at": "2026-03-03T01:00:00Z",
        "due_at": "2026-03-03T01:00:00Z",
        "task_name": "nightly",
    },
    "created_at": "2026-03-03T01:00:04Z",
}

TICK: dict[str, Any] = {
    "task_id": _TASK_ID,
    "due_at": "2026-03-03T01:00:00Z",
    "outcome": "skipped",
    "reason": "Run 21183a17-01d4-4a90-ad87-33edf9ad2d35 of this task was not over yet.",
    "run_id": "21183a17-01d4-4a90-ad87-33edf9ad2d35",
    "created_at": "2026-03-03T01:00:00.021Z",
}

SPAN: dict[str, Any] = {"from_at": "2026-02-01T00:00:00Z", "to_at": "2026-02-28T23:59:59Z"}

CADENCE: dict[str, Any] = {
    "ticks": 100,
    "outcomes": {"started": 97, "skipped": 3, "merged": 0, "missed": 0, "paused": 0, "refused": 0},
    "started_share": 0.97,
    "skipped_share": 0.03,
    "decided_late_seconds": {"median": 0.018, "p95": 0.044, "worst": 0.2},
    "started_late_seconds": {"median": 0.41, "p95": 3.2, "worst": 41.0},
    "drift": "3 of 100 ticks were skipped; runs started up to 41 s late.",
}

PAUSE: dict[str, Any] = {"reason": "the warehouse moves"}
