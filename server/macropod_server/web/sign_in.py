"""Sign in with e-mail address and password, see who one is, sign out."""

from contextlib import suppress
from typing import Annotated

from fastapi import Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from macropod_server.domain.acts import note_actor
from macropod_server.domain.errors import MacropodError, NotFound, TooMany, Unauthorized
from macropod_server.domain.sign_in import How, own_path
from macropod_server.flows.check_password import check_password
from macropod_server.flows.page_session import begin_page_session
from macropod_server.flows.sign_out import sign_out
from macropod_server.web.rendering import HEADERS, page, status_of, told
from macropod_server.web.visitor import Visitor, VisitorDep

HOME = "/account"


def show_sign_in(visitor: VisitorDep, next: str = HOME) -> Response:  # noqa: A002
    goes_to = own_path(next, otherwise=HOME)
    return go(goes_to) if visitor.identity else _form(visitor, goes_to)


def take_sign_in(
    request: Request,
    visitor: VisitorDep,
    email: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = HOME,  # noqa: A002
    word: Annotated[str, Form()] = "",
) -> Response:
    goes_to = own_path(next, otherwise=HOME)
    visitor.check_form(word)
    deps, now = visitor.deps, visitor.now
    try:
        user = check_password(deps, email, password, address=visitor.address, now=now)
        secret = begin_page_session(deps, user, how=How.PASSWORD, address=visitor.address, now=now)
    except (Unauthorized, TooMany) as error:
        return _form(visitor, goes_to, email=email, error=error, status=status_of(request, error))
    answer = go(goes_to)
    visitor.remember_session(answer, secret)
    return answer


def show_account(visitor: VisitorDep) -> Response:
    if visitor.identity is None:
        return go("/sign-in")
    answer = page("account.html", email=visitor.identity.email, word=visitor.form_word)
    visitor.remember_form(answer)
    return answer


def take_sign_out(visitor: VisitorDep, word: Annotated[str, Form()] = "") -> Response:
    visitor.check_form(word)
    if (who := visitor.identity) and who.session_id:
        note_actor(who, action="sessions.end", named={"session_id": who.session_id}, now=visitor.now)
        with suppress(NotFound):  # Over already, as by a second click.
            sign_out(visitor.deps, who.session_id, user_id=who.user_id, now=visitor.now)
    answer = go("/signed-out")
    visitor.forget_session(answer)
    return answer


def show_signed_out() -> Response:
    return told("Signed out", "You are signed out of this browser.", link=("/sign-in", "Sign in again"))


def go(path: str) -> RedirectResponse:
    return RedirectResponse(path, 303, HEADERS)


def _form(
    visitor: Visitor, goes_to: str, *, email: str = "", error: MacropodError | None = None, status: int = 200
) -> HTMLResponse:
    provider = visitor.deps.provider
    answer = page(
        "sign_in.html",
        status=status,
        headers={"Retry-After": str(error.retry_after_seconds)} if isinstance(error, TooMany) else None,
        goes_to=goes_to,
        email=email,
        error=error.message if error else None,
        provider=provider.name if provider else None,
        word=visitor.form_word,
    )
    visitor.remember_form(answer)
    return answer


PAGES = (
    ("GET", "/sign-in", show_sign_in),
    ("POST", "/sign-in", take_sign_in),
    ("GET", HOME, show_account),
    ("POST", "/sign-out", take_sign_out),
    ("GET", "/signed-out", show_signed_out),
)
