"""The second listener, for containers: it answers calls with a run's token and nothing else."""

from collections.abc import Collection

from starlette.types import ASGIApp, Receive, Scope, Send

from macropod_server.api.access import carried_token
from macropod_server.api.errors import answer
from macropod_server.domain.access_tokens import names_a_run
from macropod_server.domain.errors import Forbidden
from macropod_server.domain.naming import looks_like_run_token


class RunTokensOnly:
    """Wraps the application: on the address given, requests without a run's token go no further.

    `open_paths` tell everybody the same and need no token."""

    def __init__(self, app: ASGIApp, *, address: tuple[str, int], open_paths: Collection[str] = ()) -> None:
        self._app = app
        self._address = address
        self._open_paths = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_guarded = scope["type"] == "http" and tuple(scope.get("server") or ()) == self._address
        if is_guarded and scope["path"] not in self._open_paths and not _may_be_of_run(carried_token(scope)):
            refusal = answer(Forbidden("This address is for containers of runs; it takes the token of a run only."))
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _may_be_of_run(token: str) -> bool:
    """Whether it is genuine is for the routes to find."""
    return looks_like_run_token(token) or names_a_run(token)
