"""Whether it is somebody's password: as slow for nobody as for anybody, and not for who tries too often."""

from dataclasses import dataclass
from datetime import datetime

from macropod_server.db import accounts, sessions
from macropod_server.db.tables import User
from macropod_server.deps import Deps
from macropod_server.domain.accounts import LONGEST_PASSWORD, email_address
from macropod_server.domain.addresses import neighbourhood
from macropod_server.domain.errors import Invalid, Unauthorized
from macropod_server.domain.passwords import is_password
from macropod_server.domain.sign_in import How
from macropod_server.flows.identify import check_enabled
from macropod_server.flows.note_refusals import noting_refusals
from macropod_server.throttle import Kind, Tries


def check_password(deps: Deps, email: str, password: str, *, address: str, now: datetime) -> User:
    """Whose it is. Raises `Unauthorized`, the same for a wrong password and for nobody, and `TooMany`."""
    with noting_refusals(deps, email, how=How.PASSWORD, address=address, now=now):
        return check_enabled(_whose(deps, email, password, address=address, now=now))


def _whose(deps: Deps, email: str, password: str, *, address: str, now: datetime) -> User:
    here = neighbourhood(address)
    deps.throttle.check(Tries(Kind.WRONG_HERE, here))
    who = _find(deps, email, here, now=now)
    counted = _counted(who, here)
    deps.throttle.check(*counted)
    with deps.throttle.password_turn():
        deps.throttle.check(*counted)
        if not _is_right(who.user, password):
            deps.throttle.note(*_all_counts(who.email, here))
            raise Unauthorized("E-mail address or password is wrong.")
    deps.throttle.forgive(Tries(Kind.WRONG_FOR_ACCOUNT_HERE, f"{who.email} {here}"))
    assert who.user is not None
    return who.user


@dataclass(frozen=True)
class _Who:
    email: str
    user: User | None = None
    has_come_from_here: bool = False


def _find(deps: Deps, email: str, here: str, *, now: datetime) -> _Who:
    try:
        spelled = email_address(email)
    except Invalid:
        return _Who(email)
    with deps.database.read() as session:
        user = accounts.user_of_email(session, spelled)
        is_known = user is not None and sessions.has_come_from(session, user.id, here, now=now)
    return _Who(spelled, user, is_known)


def _counted(who: _Who, here: str) -> list[Tries]:
    """Strangers elsewhere who use up all tries of an account keep nobody out who has come from here before."""
    pair, address, account = _all_counts(who.email, here)
    return [pair, address] if who.has_come_from_here else [pair, address, account]


def _all_counts(email: str, here: str) -> tuple[Tries, Tries, Tries]:
    pair = Tries(Kind.WRONG_FOR_ACCOUNT_HERE, f"{email} {here}")
    return pair, Tries(Kind.WRONG_HERE, here), Tries(Kind.WRONG_FOR_ACCOUNT, email)


def _is_right(user: User | None, password: str) -> bool:
    return is_password(user.password_hash if user else None, password[: LONGEST_PASSWORD + 1])
