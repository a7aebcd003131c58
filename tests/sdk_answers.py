"""What a server answers about things, valid by default; one keyword changes it."""

from typing import Any

WHEN = "2026-01-02T03:04:05.678901Z"


def orchestration_answer(**changes: Any) -> dict[str, Any]:
    return {
        "id": "0b0f6d5e-7a53-4a6c-9d3c-2f6f5f0f8a11",
        "workspace_id": 1,
        "name": "hello",
        "file_name": "hello.zip",
        "sha256": "3b5" + "0" * 58 + "bc2",
        "size_bytes": 321,
        "entry_point": "main.py",
        "requirements": None,
        "status": "ready",
        "message": None,
        "warnings": [],
        "environment": None,
        "packaging_run_id": None,
        "created_at": WHEN,
        "updated_at": WHEN,
    } | changes


NO_OPTIONS: dict[str, Any] = {
    "debug": False,
    "timeout_seconds": 600,
    "start_timeout_seconds": None,
    "queue_timeout_seconds": None,
    "silence_timeout_seconds": None,
    "grace_seconds": None,
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
    "retries": 0,
    "retry_on": [],
    "retry_delay_seconds": 10,
    "profile": None,
    "cpus": None,
    "memory_bytes": None,
    "pids": None,
    "gpus": None,
    "locks": [],
    "secrets": {},
    "secret_files": {},
}


def task_answer(**changes: Any) -> dict[str, Any]:
    facts = {
        "id": "5f4cf3c8-3a2e-4f0e-8f44-6a1b7f2f9c22",
        "workspace_id": 1,
        "orchestration_id": "0b0f6d5e-7a53-4a6c-9d3c-2f6f5f0f8a11",
        "name": "nightly",
        "kind": "run_scheduled",
        "status": "started",
        "active": True,
        "health": "healthy",
        "json_args": {},
        "schedule": "0 2 * * *",
        "schedule_in_words": "every day at 02:00",
        "timezone": "UTC",
        "next_due_at": "2026-01-03T02:00:00Z",
        "failures_in_a_row": 0,
        "paused_at": None,
        "paused_by": None,
        "pause_reason": None,
        "last_run_id": None,
        "last_run_status": "unknown",
        "created_by": "laptop",
        "kill_asked_at": None,
        "kill_asked_by": None,
        "created_at": WHEN,
        "updated_at": WHEN,
    }
    return NO_OPTIONS | facts | changes


def run_answer(**changes: Any) -> dict[str, Any]:
    return {
        "id": "9d0f3c7e-53f7-4a53-8d3b-7c8e0c9f1b33",
        "workspace_id": 1,
        "kind": "task",
        "task_id": "5f4cf3c8-3a2e-4f0e-8f44-6a1b7f2f9c22",
        "task_name": "nightly",
        "orchestration_id": "0b0f6d5e-7a53-4a6c-9d3c-2f6f5f0f8a11",
        "cause": "ordered",
        "requested_by": "laptop",
        "first_run_id": None,
        "rerun_of": None,
        "waiting_for": None,
        "stop_requested_by": None,
        "status": "success",
        "reason": "completed",
        "message": "The program ended by itself with exit code 0.",
        "error": None,
        "exit_code": 0,
        "signal": None,
        "attempt": 1,
        "due_at": None,
        "created_at": WHEN,
        "started_at": WHEN,
        "ended_at": WHEN,
        "peak_memory_bytes": 1024,
        "cpu_seconds": 0.5,
        "line_count": 2,
        "environment": None,
        "image": None,
        "runner_version": None,
    } | changes


def line_answer(number: int, text: str = "hello") -> dict[str, Any]:
    return {"number": number, "time": WHEN, "stream": "stdout", "text": text}
