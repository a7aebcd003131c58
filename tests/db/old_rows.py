"""A few rows for every table of each released revision, as its server would have written them."""

from datetime import timedelta
from typing import Any

from tests.builders import NOON

TASK_ID = "t" * 36
_ORCHESTRATION_ID = "o" * 36
_DIGEST = "d" * 64
_QUEUED, _PACKAGING, _SCHEDULED = "q" * 36, "p" * 36, "s" * 36


def _run(run_id: str, **facts: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(
        ("task_id", "reason", "message", "exit_code", "signal", "due_at", "claimed_at", "started_at", "ended_at")
    )
    nothing |= dict.fromkeys(
        ("contact_at", "stop_requested_at", "removed_at", "put_off_until", "delayed_since", "cpu_seconds")
    )
    return (
        nothing
        | {
            "id": run_id,
            "workspace_id": 1,
            "orchestration_id": _ORCHESTRATION_ID,
            "kind": "task",
            "status": "queued",
            "attempt": 1,
            "created_at": NOON,
            "peak_memory_bytes": None,
        }
        | facts
    )


_ENDED = {"claimed_at": NOON, "started_at": NOON, "ended_at": NOON, "contact_at": NOON, "removed_at": NOON}

ROWS: dict[str, dict[str, list[dict[str, Any]]]] = {
    "0001": {
        "installation": [{"id": 1, "installation_id": "i" * 36, "created_at": NOON}],
        "workspaces": [{"id": 1, "name": "default", "created_at": NOON}],
        "tokens": [{"sha256": "a" * 64, "workspace_id": 1, "name": "first start", "created_at": NOON}],
        "idempotency_keys": [
            {"workspace_id": 1, "key": "k", "fingerprint": "f" * 64, "made_id": TASK_ID, "created_at": NOON}
        ],
        "environments": [
            {
                "digest": _DIGEST,
                "name": _PACKAGING,
                "status": "ready",
                "lock": "six==1.16.0\n",
                "python": "cpython 3.11",
                "platform": "linux",
                "created_at": NOON,
            }
        ],
        "orchestrations": [
            {
                "id": _ORCHESTRATION_ID,
                "workspace_id": 1,
                "name": "house prices",
                "file_name": None,
                "sha256": "b" * 64,
                "size_bytes": 5_000_000_000,
                "entry_point": "main.py",
                "requirements": "requirements.txt",
                "warnings": ["a warning"],
                "status": "ready",
                "message": None,
                "packaging_run_id": _PACKAGING,
                "environment": _DIGEST,
                "created_at": NOON,
                "updated_at": NOON,
                "deleted_at": None,
            }
        ],
        "tasks": [
            {
                "id": TASK_ID,
                "workspace_id": 1,
                "orchestration_id": _ORCHESTRATION_ID,
                "name": "nightly",
                "kind": "run_scheduled",
                "status": "started",
                "active": True,
                "json_args": {"dogs": 3.9},
                "timeout_seconds": 600,
                "schedule": "0 2 * * *",
                "timezone": "Europe/Berlin",
                "next_due_at": NOON + timedelta(hours=13),
                "last_run_id": _SCHEDULED,
                "last_run_status": "failure",
                "created_at": NOON,
                "updated_at": NOON,
            }
        ],
        "runs": [
            _run(_PACKAGING, kind="packaging", status="success", reason="completed", exit_code=0, **_ENDED),
            _run(_QUEUED, task_id=TASK_ID),
            _run(
                _SCHEDULED,
                task_id=TASK_ID,
                status="failure",
                reason="exit_code",
                exit_code=3,
                due_at=NOON,
                **_ENDED,
            ),
        ],
        "run_events": [
            {"run_id": _QUEUED, "from_status": None, "to_status": "queued", "reason": None, "at": NOON},
            {"run_id": _SCHEDULED, "from_status": "running", "to_status": "failure", "reason": "exit_code", "at": NOON},
        ],
        "ticks": [{"task_id": TASK_ID, "due_at": NOON, "outcome": "started", "run_id": _SCHEDULED, "created_at": NOON}],
    },
}

ROWS["0002"] = ROWS["0001"] | {
    "pools": [{"workspace_id": 1, "name": "gpu", "size": 2}],
    "slots": [{"workspace_id": 1, "name": "pool gpu", "number": 1, "run_id": _QUEUED, "taken_at": NOON}],
    "events": [
        {
            "workspace_id": 1,
            "kind": "run_ended",
            "orchestration_id": _ORCHESTRATION_ID,
            "task_id": TASK_ID,
            "run_id": _SCHEDULED,
            "facts": {"status": "failure"},
            "created_at": NOON,
        }
    ],
}

ROWS["0003"] = ROWS["0002"]

ROWS["0004"] = ROWS["0003"]

ROWS["0005"] = ROWS["0004"]

ROWS["0006"] = ROWS["0005"]

ROWS["0007"] = ROWS["0006"] | {
    "run_logs": [
        {
            "run_id": _SCHEDULED,
            "workspace_id": 1,
            "task_id": TASK_ID,
            "ended_at": NOON,
            "bytes": 100,
            "text_bytes": 300,
            "line_count": 7,
            "bucket_bytes": 0,
            "moved_at": None,
            "leaving_at": None,
        }
    ],
}

ROWS["0008"] = ROWS["0007"] | {
    "users": [
        {
            "id": "u" * 36,
            "email": "admin@localhost",
            "name": "Admin",
            "password_hash": None,
            "is_admin": True,
            "default_workspace_id": 1,
            "created_at": NOON,
            "disabled_at": None,
        }
    ],
    "members": [{"workspace_id": 1, "user_id": "u" * 36, "role": "owner", "created_at": NOON}],
}

SEALED = {"ciphertext": b"sealed", "wrapped_key": b"wrapped", "key_id": "k" * 64}

ROWS["0009"] = ROWS["0008"] | {
    "secrets": [
        {
            "id": "s" * 36,
            "workspace_id": 1,
            "name": "api-key",
            "version": 1,
            "created_by": "laptop",
            "updated_by": "laptop",
            "created_at": NOON,
            "updated_at": NOON,
        }
    ],
    "secret_versions": [{"secret_id": "s" * 36, "number": 1, "created_by": "laptop", "created_at": NOON} | SEALED],
    "connections": [
        {
            "id": "c" * 36,
            "name": "warehouse",
            "type": "postgres",
            "secret_fields": None,
            "workspace_id": 1,
            "owner_id": "u" * 36,
            "created_by": "laptop",
            "created_at": NOON,
        }
        | SEALED
    ],
    "connection_links": [{"connection_id": "c" * 36, "workspace_id": 1, "created_at": NOON}],
    "given_secrets": [
        {"run_id": _QUEUED, "kind": "secret", "name": "api-key", "version": 1, "given_at": NOON} | SEALED,
    ],
}

ROWS["0010"] = ROWS["0009"]

ROWS["0012"] = ROWS["0010"] | {
    "sessions": [
        {
            "id": "e" * 36,
            "user_id": "u" * 36,
            "refresh_sha256": "r" * 64,
            "how": "password",
            "address": "192.0.2.7",
            "created_at": NOON,
            "last_used_at": NOON,
            "expires_at": NOON + timedelta(hours=12),
            "ended_at": None,
        }
    ],
    "device_logins": [
        {
            "device_sha256": "d" * 64,
            "user_code": "BCDF-GHJK",
            "interval_seconds": 5,
            "created_at": NOON,
            "expires_at": NOON + timedelta(minutes=10),
            "polled_at": None,
            "user_id": None,
            "denied_at": None,
        }
    ],
    "identities": [
        {
            "issuer": "https://login.example.org",
            "subject": "ada",
            "user_id": "u" * 36,
            "email": "ada@example.org",
            "created_at": NOON,
            "last_used_at": NOON,
        }
    ],
}
