"""Which role each route takes. A route without a row fails the tests."""

from dataclasses import dataclass, field
from typing import Any

from macropod_server.domain.roles import Role


@dataclass(frozen=True)
class Call:
    """What to send so that the role alone decides."""

    route: str
    role: Role
    json: Any = None
    params: dict[str, Any] = field(default_factory=dict)
    is_endless: bool = False

    @property
    def is_of_object(self) -> bool:
        return any(f"{{{name}_id}}" in self.route for name in ("task", "run", "orchestration"))


ANYBODY = {
    "GET /metrics",
    "POST /v1/session",
    "POST /v1/session/refresh",
    "DELETE /v1/session",
    "GET /v1/sessions",
    "DELETE /v1/sessions/{session_id}",
    "POST /v1/session/device",
    "POST /v1/session/device/token",
}
"""Those that no role decides about."""

NEEDED = [
    Call("GET /v1/events", Role.VIEWER),
    Call("GET /v1/info", Role.VIEWER),
    Call("GET /v1/orchestrations", Role.VIEWER),
    Call("GET /v1/orchestrations/{orchestration_id}", Role.VIEWER),
    Call("GET /v1/orchestrations/{orchestration_id}/bundle", Role.VIEWER),
    Call("GET /v1/orchestrations/{orchestration_id}/lock", Role.VIEWER),
    Call("GET /v1/pools", Role.VIEWER),
    Call("GET /v1/pools/{name:path}", Role.VIEWER),
    Call("GET /v1/runs", Role.VIEWER),
    Call("GET /v1/runs/{run_id}", Role.VIEWER),
    Call("GET /v1/runs/{run_id}/lineage", Role.VIEWER),
    Call("GET /v1/runs/{run_id}/logs", Role.VIEWER),
    Call("GET /v1/runs/{run_id}/logs/download", Role.VIEWER),
    Call("GET /v1/runs/{run_id}/logs/tracebacks", Role.VIEWER),
    Call("GET /v1/tasks", Role.VIEWER),
    Call("GET /v1/tasks/{task_id}", Role.VIEWER),
    Call("GET /v1/tasks/{task_id}/ticks", Role.VIEWER),
    Call("GET /v1/tasks/{task_id}/cadence", Role.VIEWER),
    Call("GET /v1/workspace", Role.VIEWER),
    Call("GET /v1/logs/search", Role.VIEWER, params={"text": "hello"}),
    Call("GET /v1/logs/search/stream", Role.VIEWER, params={"text": "hello"}),
    Call("GET /v1/schedules/preview", Role.VIEWER, params={"schedule": "@daily"}),
    Call("GET /v1/events/stream", Role.VIEWER, is_endless=True),
    Call("GET /v1/runs/{run_id}/logs/follow", Role.VIEWER, is_endless=True),
    Call("POST /v1/runs/{run_id}/kill", Role.RUNNER),
    Call("POST /v1/runs/{run_id}/rerun", Role.RUNNER),
    Call("POST /v1/tasks", Role.RUNNER),
    Call("POST /v1/tasks/{task_id}/backfill", Role.RUNNER),
    Call("POST /v1/tasks/{task_id}/kill", Role.RUNNER),
    Call("POST /v1/tasks/{task_id}/pause", Role.RUNNER),
    Call("POST /v1/tasks/{task_id}/resume", Role.RUNNER),
    Call("POST /v1/tasks/{task_id}/run", Role.RUNNER),
    Call("POST /v1/orchestrations", Role.EDITOR),
    Call("DELETE /v1/orchestrations/{orchestration_id}", Role.EDITOR),
    Call("PUT /v1/pools/{name:path}", Role.EDITOR, json={"size": 2}),
    Call("DELETE /v1/pools/{name:path}", Role.EDITOR),
    Call("POST /v1/workspace/pause", Role.EDITOR),
    Call("POST /v1/workspace/resume", Role.EDITOR),
]
