"""Refusals as the vendor's clients read them: JSON with `msg`, the sentence, and `code`, the status once more."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from macropod_server.api.errors import misread, no_json, note_refusal, note_unforeseen
from macropod_server.domain import errors
from macropod_server.domain.errors import MacropodError


class Taken(MacropodError):
    """A name that is unique and that somebody has already."""


_STATUS: dict[type[MacropodError], int] = {
    Taken: 409,
    errors.Invalid: 400,
    errors.Conflict: 400,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.TooLarge: 413,
    errors.TooMany: 429,
    errors.LoginPending: 400,
    errors.LoginExpired: 400,
    errors.LoginDenied: 400,
    errors.OutOfSpace: 507,
    errors.Unavailable: 503,
}


def status_of(error: MacropodError) -> int:
    return next(code for kind, code in _STATUS.items() if isinstance(error, kind))


def refusal(error: MacropodError) -> JSONResponse:
    return told(_sentences(error), status_of(error))


def told(message: str, status: int) -> JSONResponse:
    return JSONResponse({"msg": message, "code": status}, status)


def _sentences(error: MacropodError) -> str:
    """All there are: a zip may have several problems, and its message counts them only."""
    further = [f"{each.where}: {each.message}" for each in error.problems if each.message not in error.message]
    return " ".join([error.message, *further])


class WallarooRoute(APIRoute):
    """Refuses in that form whatever is wrong."""

    def refuse(self, _request: Request, error: MacropodError) -> Response:
        return refusal(error)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_or_refuse(request: Request) -> Response:
            try:
                return await handle(request)
            except Exception as error:
                known = _known(error)
                if known is None:
                    return told(note_unforeseen(request, error), 500)
                note_refusal(request, known)
                return self.refuse(request, known)

        return handle_or_refuse


def _known(error: Exception) -> MacropodError | None:
    match error:
        case MacropodError():
            return error
        case RequestValidationError():
            return misread(error)
        case HTTPException(status_code=400):
            return no_json()
    return None
