"""Which HTTP status each refusal has, and the one body all of them share."""

from collections.abc import Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from macropod_server.api.wording import problem_of
from macropod_server.domain import errors
from macropod_server.domain.errors import MacropodError, Problem
from macropod_server.domain.naming import new_id

log = structlog.get_logger()

_STATUS: dict[type[MacropodError], int] = {
    errors.Invalid: 422,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.TooLarge: 413,
    errors.TooMany: 429,
    errors.LoginPending: 400,
    errors.LoginExpired: 400,
    errors.LoginDenied: 400,
    errors.OutOfSpace: 507,
    errors.Unavailable: 503,
}
_HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "2"}, 507: {"Retry-After": "10"}}
_LISTED_PROBLEMS = 100
_TOLD_PROBLEMS = 10


def body(code: str, message: str, problems: Sequence[Problem] = ()) -> dict[str, Any]:
    details = [{"code": each.code, "where": each.where, "message": each.message} for each in problems]
    return {"code": code, "message": message, "details": details}


def answer(error: MacropodError) -> JSONResponse:
    status = status_of(error)
    return JSONResponse(body(error.code, error.message, error.problems), status, _headers(error, status))


def status_of(error: MacropodError) -> int:
    return next(code for kind, code in _STATUS.items() if isinstance(error, kind))


def _headers(error: MacropodError, status: int) -> dict[str, str] | None:
    if isinstance(error, errors.TooMany):
        return {"Retry-After": str(error.retry_after_seconds)}
    return _HEADERS.get(status)


def install(app: FastAPI) -> None:
    app.add_exception_handler(MacropodError, _refused)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(HTTPException, _not_routed)
    app.add_exception_handler(Exception, _unforeseen)


def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, MacropodError)
    note_refusal(request, error)
    return answer(error)


def note_refusal(request: Request, error: MacropodError) -> None:
    """What an operator should know of it."""
    if isinstance(error, errors.Unavailable):
        request.app.state.deps.metrics.failed(error)
        log.warning("request_delayed", path=request.url.path, reason=error.message)


def _not_understood(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return answer(misread(error))


def misread(error: RequestValidationError) -> errors.Invalid:
    problems = [problem_of(each) for each in error.errors()[:_LISTED_PROBLEMS]]
    told = " ".join(problem.message for problem in problems[:_TOLD_PROBLEMS])
    return errors.Invalid(told, problems=problems)


def _not_routed(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == 400:
        return answer(no_json())
    codes = {404: "not_found", 405: "method_not_allowed"}
    message = f"{request.method} {request.url.path}: {error.detail}. /docs lists the calls there are."
    return JSONResponse(
        body(codes.get(error.status_code, "error"), message), error.status_code, dict(error.headers or {})
    )


def no_json() -> errors.Invalid:
    return errors.Invalid("The body of the request cannot be read as JSON; it is UTF-8 and not nested deep.")


def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse(body("error", note_unforeseen(request, error)), 500)


def note_unforeseen(request: Request, error: Exception) -> str:
    """A sentence for who called; the log tells the rest."""
    error_id = new_id()
    log.error("request_failed", error_id=error_id, path=request.url.path, exc_info=error)
    return f"Something went wrong in the server. Its log tells more under the id {error_id}."
