"""Sign in on a device without a browser: it shows a code, its user says yes elsewhere, and it is told; see RFC 8628."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session

from macropod_server.db import accounts, device_logins
from macropod_server.db.tables import DeviceLogin as Row
from macropod_server.deps import Deps
from macropod_server.domain.addresses import neighbourhood
from macropod_server.domain.errors import LoginDenied, LoginExpired, LoginPending, LoginTooFast, MacropodError, NotFound
from macropod_server.domain.sign_in import (
    DEVICE_LOGIN,
    POLL_SECONDS,
    SLOWER_SECONDS,
    How,
    new_device_code,
    new_user_code,
    read_user_code,
)
from macropod_server.flows.begin_session import SignedIn, begin_session
from macropod_server.flows.identify import check_enabled
from macropod_server.throttle import Kind, Tries

_EARLY = timedelta(seconds=0.5)
"""A clock that ticks a little fast is no haste."""


@dataclass(frozen=True)
class DeviceLogin:
    """Spans in seconds. `device_code` is for the device alone, `user_code` for its user to type."""

    device_code: str = field(repr=False)
    user_code: str
    interval: int = POLL_SECONDS
    expires_in: int = int(DEVICE_LOGIN.total_seconds())


def begin_device_login(deps: Deps, *, now: datetime, address: str | None = None) -> DeviceLogin:
    """Raises `TooMany` for an `address` from which too many were begun."""
    if address:
        deps.throttle.take(Tries(Kind.BEGUN_HERE, neighbourhood(address)))
    begun = DeviceLogin(new_device_code(), new_user_code())
    with deps.database.write() as session:
        device_logins.add(session, begun.device_code, begun.user_code, now=now)
    return begun


def find_device_login(deps: Deps, user_code: str, user_id: str, *, now: datetime) -> str:
    """The code as it is kept, where one waits for an answer. Raises `NotFound`, and `TooMany` for who guesses."""
    deps.throttle.take(Tries(Kind.CODES_OF_USER, user_id))
    code = read_user_code(user_code)
    with deps.database.read() as session:
        if not device_logins.is_waiting(session, code, now=now):
            raise _no_code()
    return code


def approve_device_login(deps: Deps, user_code: str, user_id: str, *, now: datetime) -> None:
    """Raises `NotFound` for a code that does not wait (any more), and `TooMany` for who guesses."""
    _answer(deps, user_code, user_id, is_allowed=True, now=now)


def deny_device_login(deps: Deps, user_code: str, user_id: str, *, now: datetime) -> None:
    """Raises as `approve_device_login`."""
    _answer(deps, user_code, user_id, is_allowed=False, now=now)


def poll_device_login(deps: Deps, device_code: str, *, now: datetime, address: str | None = None) -> SignedIn:
    """Raises `LoginPending` until its user has answered, `LoginDenied` or `LoginExpired` where nothing comes of it."""
    here = neighbourhood(address) if address else None
    with deps.database.read() as session:
        is_there = device_logins.find(session, device_code) is not None
    if not is_there and here:
        deps.throttle.take(Tries(Kind.WRONG_HERE, here))
    if not is_there:
        raise _over()
    with deps.database.write() as session:
        outcome = _outcome(deps, session, device_logins.find(session, device_code), here=here, now=now)
    if isinstance(outcome, MacropodError):
        raise outcome
    return outcome


def _answer(deps: Deps, user_code: str, user_id: str, *, is_allowed: bool, now: datetime) -> None:
    deps.throttle.take(Tries(Kind.CODES_OF_USER, user_id))
    code = read_user_code(user_code)
    with deps.database.write() as session:
        if not device_logins.answer(session, code, user_id=user_id, is_allowed=is_allowed, now=now):
            raise _no_code()


def _outcome(
    deps: Deps, session: Session, found: Row | None, *, here: str | None, now: datetime
) -> SignedIn | MacropodError:
    """A refusal is told, not raised: what was noted with it is to be kept."""
    if found is None or found.expires_at <= now:
        return _over()
    if found.user_id is None:
        return _still_pending(found, now=now)
    device_logins.remove(session, found)
    if found.denied_at is not None:
        return LoginDenied("The log-in was refused in the browser.")
    user = check_enabled(accounts.user(session, found.user_id))
    return begin_session(deps, session, user, how=How.DEVICE, address=here, now=now)


def _over() -> LoginExpired:
    return LoginExpired("This log-in is over: nobody answered it in time, or it was fetched before. Begin anew.")


def _still_pending(found: Row, *, now: datetime) -> LoginPending:
    interval = timedelta(seconds=found.interval_seconds)
    is_hasty = found.polled_at is not None and now - found.polled_at < interval - _EARLY
    found.polled_at = now
    if not is_hasty:
        return LoginPending("Nobody has answered this log-in yet. Ask again in some seconds.")
    found.interval_seconds += SLOWER_SECONDS
    return LoginTooFast(f"Ask less often: every {found.interval_seconds} s.")


def _no_code() -> NotFound:
    return NotFound("No device waits for this code. It may be over; begin anew on the device.")
