"""The pages there are, and how they refuse."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import APIRoute
from starlette.staticfiles import StaticFiles

from macropod_server.domain.errors import MacropodError, TooMany
from macropod_server.web import device, outside, sign_in
from macropod_server.web.rendering import status_of, told

_STATIC = Path(__file__).parent / "static"
_TITLES = {403: "Not allowed", 404: "Nothing there", 429: "Too often", 503: "Not now"}


class _Page(APIRoute):
    """A refusal is a page too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_or_tell(request: Request) -> Response:
            try:
                return await handle(request)
            except MacropodError as error:
                return _refusal(request, error)

        return handle_or_tell


def install(app: FastAPI) -> None:
    router = APIRouter(include_in_schema=False, route_class=_Page)
    for part in (sign_in, device, outside):
        for method, path, handle in part.PAGES:
            router.add_api_route(path, handle, methods=[method], response_model=None)
    app.include_router(router)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")


def _refusal(request: Request, error: MacropodError) -> Response:
    status = status_of(request, error)
    page = told(_TITLES.get(status, "That did not work"), error.message, status=status)
    if isinstance(error, TooMany):
        page.headers["Retry-After"] = str(error.retry_after_seconds)
    return page
