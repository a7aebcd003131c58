"""The page on which somebody lets a device in, with address and password: no cookie, nothing to be lured into."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, select_autoescape

from macropod_server.api.access import DepsDep, Now
from macropod_server.api.sessions import Address
from macropod_server.domain.errors import MacropodError
from macropod_server.flows.check_password import check_password
from macropod_server.flows.device_login import approve_device_login, deny_device_login
from macropod_server.flows.identify import check_enabled
from macropod_server.wallaroo_api.refusals import WallarooRoute, status_of

PATH = "/auth/realms/master/device"

_LONGEST = 2000
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

Text = Annotated[str, Form(max_length=_LONGEST)]

_templates = Environment(loader=PackageLoader(__package__), autoescape=select_autoescape())


class PageRoute(WallarooRoute):
    """What is refused is told on the page, to be tried again."""

    def refuse(self, request: Request, error: MacropodError) -> HTMLResponse:
        return _page(status_of(error), code=request.query_params.get("user_code", ""), refused=error.message)


router = APIRouter(route_class=PageRoute)


@router.get(PATH)
async def show(user_code: str = "") -> HTMLResponse:
    return _page(code=user_code[:_LONGEST])


@router.post(PATH)
def answer(
    deps: DepsDep, address: Address, now: Now, user_code: Text, email: Text, password: Text, is_me: Text
) -> HTMLResponse:
    try:
        user = check_enabled(check_password(deps, email, password, address=address, now=now))
        change = approve_device_login if is_me == "yes" else deny_device_login
        change(deps, user_code, user.id, now=now)
    except MacropodError as error:
        return _page(status_of(error), code=user_code, email=email, refused=error.message)
    return _page(is_over=True, is_let_in=is_me == "yes", email=user.email)


def _page(status: int = 200, **facts: object) -> HTMLResponse:
    return HTMLResponse(_templates.get_template("device.html").render(facts), status, _HEADERS)
