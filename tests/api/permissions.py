"""Which role each route takes. A route without a row fails the tests."""

from dataclasses import dataclass, field
from enum import IntEnum
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
        return any(f"{{{name}_id}}" in self.route for name in ("task", "run", "orchestration", "workspace"))


OF_THE_VENDOR = ("/v1/api/", "/v1/graphql", "/auth/")
"""How the paths of its package begin, which `tests/wallaroo_api` is for."""

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
    Call("GET /v1/audit", Role.OWNER),
    Call("GET /v1/audit/export", Role.OWNER),
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
    Call("GET /v1/connections", Role.VIEWER),
    Call("GET /v1/connections/{name}", Role.VIEWER),
    Call("GET /v1/secrets", Role.VIEWER),
    Call("GET /v1/secrets/{name}", Role.VIEWER),
    Call("POST /v1/connections", Role.EDITOR),
    Call("POST /v1/connections/{name}/details", Role.EDITOR),
    Call("POST /v1/connections/{name}/link", Role.EDITOR),
    Call("POST /v1/connections/{name}/unlink", Role.EDITOR),
    Call("DELETE /v1/connections/{name}", Role.EDITOR),
    Call("PUT /v1/secrets/{name}", Role.EDITOR, json={"value": "open sesame"}),
    Call("DELETE /v1/secrets/{name}", Role.EDITOR),
    Call("GET /v1/logs/usage", Role.VIEWER),
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
    Call("POST /v1/runs/{run_id}/pin", Role.EDITOR),
    Call("POST /v1/runs/{run_id}/unpin", Role.EDITOR),
    Call("POST /v1/orchestrations", Role.EDITOR),
    Call("DELETE /v1/orchestrations/{orchestration_id}", Role.EDITOR),
    Call("PUT /v1/pools/{name:path}", Role.EDITOR, json={"size": 2}),
    Call("DELETE /v1/pools/{name:path}", Role.EDITOR),
    Call("POST /v1/workspace/pause", Role.EDITOR),
    Call("POST /v1/workspace/resume", Role.EDITOR),
    Call("GET /v1/secrets", Role.VIEWER),
    Call("GET /v1/secrets/{name}", Role.VIEWER),
    Call("PUT /v1/secrets/{name}", Role.EDITOR, json={"value": "x"}),
    Call("DELETE /v1/secrets/{name}", Role.EDITOR),
    Call("GET /v1/connections", Role.VIEWER),
    Call("GET /v1/connections/{name}", Role.VIEWER),
    Call("POST /v1/connections", Role.EDITOR, json={"name": "a", "type": "b", "details": {}}),
    Call("POST /v1/connections/{name}/details", Role.EDITOR),
    Call("POST /v1/connections/{name}/link", Role.EDITOR),
    Call("POST /v1/connections/{name}/unlink", Role.EDITOR),
    Call("DELETE /v1/connections/{name}", Role.EDITOR),
    Call("GET /v1/workspaces/{workspace_id}", Role.VIEWER),
    Call("PATCH /v1/workspaces/{workspace_id}", Role.OWNER, json={"name": "renamed"}),
    Call("GET /v1/workspaces/{workspace_id}/members", Role.VIEWER),
    Call("POST /v1/workspaces/{workspace_id}/members", Role.OWNER, json={"email": "admin@localhost", "role": "owner"}),
    Call("GET /v1/workspaces/{workspace_id}/members/{user_id}", Role.VIEWER),
    Call("PUT /v1/workspaces/{workspace_id}/members/{user_id}", Role.OWNER, json={"role": "owner"}),
    Call("DELETE /v1/workspaces/{workspace_id}/members/{user_id}", Role.OWNER),
]


class Holder(IntEnum):
    """Whose token it is. Each may do what those before it may."""

    RUN = 0
    PERSON = 1
    SCOPE_ADMIN = 2
    UNBOUND = 3
    ADMIN = 4


@dataclass(frozen=True)
class AccountCall:
    """About accounts, which no role in a workspace decides."""

    route: str
    holder: Holder
    json: Any = None


ACCOUNTS = [
    AccountCall("GET /v1/workspaces", Holder.PERSON),
    AccountCall("POST /v1/workspaces", Holder.UNBOUND, json={"name": "new"}),
    AccountCall("GET /v1/users", Holder.PERSON),
    AccountCall("POST /v1/users", Holder.ADMIN, json={"email": "new@example.org", "password": "x" * 12}),
    AccountCall("GET /v1/users/me", Holder.PERSON),
    AccountCall("PATCH /v1/users/me", Holder.UNBOUND, json={"name": "Another"}),
    AccountCall("PATCH /v1/users/{user_id}", Holder.ADMIN, json={"enabled": True}),
    AccountCall("GET /v1/tokens", Holder.SCOPE_ADMIN),
    AccountCall("POST /v1/tokens", Holder.SCOPE_ADMIN, json={"name": "new"}),
    AccountCall("DELETE /v1/tokens/{token_id}", Holder.SCOPE_ADMIN),
]
