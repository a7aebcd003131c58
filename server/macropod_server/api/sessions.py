"""Sign in, refresh, sign out; the sessions somebody has; and signing in on devices without a browser."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from macropod_server.api import account_examples
from macropod_server.api.access import DepsDep, Now, UnboundHolder
from macropod_server.api.schemas import of_row
from macropod_server.db import sessions
from macropod_server.domain.errors import Conflict
from macropod_server.domain.sign_in import How
from macropod_server.flows.begin_session import SignedIn
from macropod_server.flows.device_login import begin_device_login, poll_device_login
from macropod_server.flows.refresh_session import refresh_session
from macropod_server.flows.sign_in import sign_in
from macropod_server.flows.sign_out import sign_out

router = APIRouter(prefix="/v1", tags=["sessions"])

_LONGEST = 2000


class _Wish(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class SignInIn(_Wish):
    email: str = Field(max_length=_LONGEST)
    password: str = Field(max_length=_LONGEST, repr=False)


class RefreshIn(_Wish):
    refresh_token: str = Field(max_length=_LONGEST, repr=False)


class DeviceTokenIn(_Wish):
    device_code: str = Field(max_length=_LONGEST, repr=False)


class SignedInOut(BaseModel):
    """`expires_in` and `refresh_expires_in` are seconds."""

    model_config = of_row(account_examples.SIGNED_IN)

    access_token: str = Field(repr=False)
    token_type: str = "Bearer"
    expires_in: int
    refresh_token: str = Field(repr=False)
    refresh_expires_in: int

    @classmethod
    def of(cls, signed_in: SignedIn) -> Self:
        return cls.model_validate(signed_in)


class DeviceLoginOut(BaseModel):
    """As in RFC 8628: show `user_code` and `verification_uri`, then ask every `interval` seconds."""

    model_config = of_row(account_examples.DEVICE_LOGIN)

    device_code: str = Field(repr=False)
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int


class SessionOut(BaseModel):
    model_config = of_row(account_examples.SESSION)

    id: str
    how: How
    address: str | None = Field(description="from where it began; of IPv6 the network")
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    is_current: bool = False


class SessionList(BaseModel):
    items: list[SessionOut]


def get_address(request: Request) -> str:
    """Whom the call comes from, as far as can be known."""
    return request.client.host if request.client else ""


def get_public_url(request: Request, deps: DepsDep) -> str:
    """Where people reach this server: what the settings say, else where this call went."""
    return deps.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")


Address = Annotated[str, Depends(get_address)]
PublicUrl = Annotated[str, Depends(get_public_url)]


@router.post("/session")
def begin(deps: DepsDep, address: Address, now: Now, wish: SignInIn, response: Response) -> SignedInOut:
    """With e-mail address and password. 429 for who tries too often."""
    response.headers["Cache-Control"] = "no-store"
    return SignedInOut.of(sign_in(deps, wish.email, wish.password, address=address, now=now))


@router.post("/session/refresh")
def refresh(deps: DepsDep, address: Address, now: Now, wish: RefreshIn, response: Response) -> SignedInOut:
    """A new access token; the refresh token stays. A run gives its own token."""
    response.headers["Cache-Control"] = "no-store"
    return SignedInOut.of(refresh_session(deps, wish.refresh_token, now=now, address=address))


@router.delete("/session", status_code=204)
def end(deps: DepsDep, caller: UnboundHolder, now: Now) -> None:
    """Sign out: nothing made through this session is good for anything any more."""
    if caller.session_id is None:
        raise Conflict("This token is no session's. `DELETE /v1/sessions/{id}` ends a session of yours.")
    sign_out(deps, caller.session_id, user_id=caller.user_id, now=now)


@router.get("/sessions")
def list_own(deps: DepsDep, caller: UnboundHolder, now: Now) -> SessionList:
    """Those of the caller that go on, the one used last first."""
    with deps.database.read() as session:
        found = [SessionOut.model_validate(each) for each in sessions.of_user(session, caller.user_id, now=now)]
    for each in found:
        each.is_current = each.id == caller.session_id
    return SessionList(items=found)


@router.delete("/sessions/{session_id}", status_code=204)
def end_one(deps: DepsDep, caller: UnboundHolder, now: Now, session_id: str) -> None:
    sign_out(deps, session_id, user_id=caller.user_id, now=now)


@router.post("/session/device")
def begin_device(
    deps: DepsDep, address: Address, public_url: PublicUrl, now: Now, response: Response
) -> DeviceLoginOut:
    """For a device without a browser: its user opens the address in one, and says yes."""
    response.headers["Cache-Control"] = "no-store"
    begun = begin_device_login(deps, now=now, address=address)
    page = f"{public_url}/device"
    return DeviceLoginOut(
        device_code=begun.device_code,
        user_code=begun.user_code,
        verification_uri=page,
        verification_uri_complete=f"{page}?code={begun.user_code}",
        expires_in=begun.expires_in,
        interval=begun.interval,
    )


@router.post("/session/device/token")
def poll_device(deps: DepsDep, address: Address, now: Now, wish: DeviceTokenIn, response: Response) -> SignedInOut:
    """400 with `authorization_pending` until the user has answered; then once as for signing in."""
    response.headers["Cache-Control"] = "no-store"
    return SignedInOut.of(poll_device_login(deps, wish.device_code, now=now, address=address))
