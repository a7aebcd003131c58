"""What the application takes of this package: its routes, what their bodies may measure, and how they refuse."""

from macropod_server.api.bodies import FORM_BYTES, USUAL_BYTES, arguments_bytes
from macropod_server.settings import Settings
from macropod_server.wallaroo_api import (
    auth,
    config,
    connections,
    graph,
    orchestrations,
    runs,
    tasks,
    users,
    workspaces,
)

_PARTS = (config, auth, users, workspaces, connections, graph, orchestrations, tasks, runs)
ROUTERS = tuple(part.router for part in _PARTS)

_PREFIXES = ("/v1/api/", "/v1/graphql", "/auth/")
OPEN_TO_CONTAINERS = ("/v1/api/config",)
"""A client inside a run asks this before it shows its token."""

_ORDERS = ("run_once", "run_scheduled", "run_continuously")


def body_limits(settings: Settings) -> dict[str, int | None]:
    """As those of the other routes: None measures its body itself."""
    orders: dict[str, int | None] = {f"/v1/api/task/{order}": arguments_bytes(settings) for order in _ORDERS}
    forms = dict.fromkeys((auth.TOKEN, auth.DEVICE), FORM_BYTES)
    return orders | forms | {"/v1/api/orchestration/upload": None, "/v1/graphql": USUAL_BYTES // 16}


def is_here(path: str) -> bool:
    return path.startswith(_PREFIXES)
