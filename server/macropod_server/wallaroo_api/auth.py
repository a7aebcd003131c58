"""Log-in as the vendor's client does it: by password, by refresh token, and on devices without a browser."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import JSONResponse

from macropod_server.api.access import DepsDep, Now
from macropod_server.api.sessions import Address, DeviceLoginOut, PublicUrl, SignedInOut
from macropod_server.api.sessions import begin_device as begin_natively
from macropod_server.domain import errors
from macropod_server.domain.errors import Invalid, MacropodError
from macropod_server.flows.begin_session import SignedIn
from macropod_server.flows.device_login import poll_device_login
from macropod_server.flows.refresh_session import refresh_session
from macropod_server.flows.sign_in import sign_in
from macropod_server.wallaroo_api.refusals import WallarooRoute, status_of

_PROTOCOL = "/auth/realms/master/protocol/openid-connect"
TOKEN, DEVICE = f"{_PROTOCOL}/token", f"{_PROTOCOL}/auth/device"
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_LONGEST = 2000

Text = Annotated[str, Form(max_length=_LONGEST)]


class OAuthRoute(WallarooRoute):
    """Refuses as RFC 6749, section 5.2, has it."""

    def refuse(self, _request: Request, error: MacropodError) -> Response:
        told = {"error": _word(error), "error_description": error.message}
        headers = {"Retry-After": str(error.retry_after_seconds)} if isinstance(error, errors.TooMany) else None
        return JSONResponse(told, status_of(error), headers)


router = APIRouter(route_class=OAuthRoute)

_WORDS: dict[type[MacropodError], str] = {
    errors.Unauthorized: "invalid_grant",
    errors.Invalid: "invalid_request",
    errors.Unavailable: "temporarily_unavailable",
}


def _word(error: MacropodError) -> str:
    """Those of device log-ins have theirs as their code."""
    return next((word for kind, word in _WORDS.items() if isinstance(error, kind)), error.code)


@router.post(TOKEN)
def token(
    deps: DepsDep,
    address: Address,
    now: Now,
    response: Response,
    grant_type: Text,
    username: Text = "",
    password: Text = "",
    refresh_token: Text = "",
    device_code: Text = "",
) -> SignedInOut:
    response.headers["Cache-Control"] = "no-store"
    match grant_type:
        case "password":
            made: SignedIn = sign_in(deps, username, password, address=address, now=now)
        case "refresh_token":
            made = refresh_session(deps, refresh_token, now=now, address=address)
        case _ if grant_type == _DEVICE_GRANT:
            made = poll_device_login(deps, device_code, now=now, address=address)
        case _:
            raise Invalid("There are log-ins by password, by refresh token and by device code.")
    return SignedInOut.of(made)


@router.post(DEVICE)
def begin_device(
    deps: DepsDep, address: Address, public_url: PublicUrl, now: Now, response: Response
) -> DeviceLoginOut:
    return begin_natively(deps, address, public_url, now, response)
