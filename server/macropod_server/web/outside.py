"""Sign in through a provider of OpenID Connect: there, and back again."""

from fastapi import Request, Response

from macropod_server.domain.errors import Forbidden, Unauthorized
from macropod_server.domain.outside_login import LASTS
from macropod_server.domain.sign_in import own_path
from macropod_server.flows.outside_login import begin_outside_login, finish_outside_login
from macropod_server.web.rendering import status_of, told
from macropod_server.web.sign_in import HOME, go
from macropod_server.web.visitor import Visitor, VisitorDep

_BACK = "/sign-in/callback"
_AGAIN = ("/sign-in", "Back to sign-in")


def leave(visitor: VisitorDep, next: str = HOME) -> Response:  # noqa: A002
    goes_to = own_path(next, otherwise=HOME)
    departure = begin_outside_login(
        visitor.deps, goes_to, redirect_url=_redirect_url(visitor), address=visitor.address, now=visitor.now
    )
    answer = go(departure.address)
    visitor.remember_login(answer, departure.sealed, seconds=int(LASTS.total_seconds()))
    return answer


def come_back(request: Request, visitor: VisitorDep, code: str = "", state: str = "", error: str = "") -> Response:
    """What the browser brought is good for one try, whatever comes of it."""
    try:
        answer = _arrive(visitor, code=code, state=state) if not error else _sent_back()
    except (Unauthorized, Forbidden) as refusal:
        answer = told("Not signed in", refusal.message, status=status_of(request, refusal), link=_AGAIN)
    visitor.forget_login(answer)
    return answer


def _arrive(visitor: Visitor, *, code: str, state: str) -> Response:
    arrival = finish_outside_login(
        visitor.deps,
        visitor.brought,
        state=state,
        code=code,
        redirect_url=_redirect_url(visitor),
        address=visitor.address,
        now=visitor.now,
    )
    answer = go(arrival.goes_to)
    visitor.remember_session(answer, arrival.secret)
    return answer


def _sent_back() -> Response:
    """The provider says why in words of its own, which anybody could have put into the address."""
    return told("Not signed in", "The provider did not sign you in.", status=403, link=_AGAIN)


def _redirect_url(visitor: Visitor) -> str:
    return f"{visitor.deps.settings.resolved_public_url}{_BACK}"


PAGES = (("GET", "/sign-in/provider", leave), ("GET", _BACK, come_back))
