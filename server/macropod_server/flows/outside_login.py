"""Sign in through a provider of OpenID Connect; who comes for the first time gets an account."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from macropod_server.db import accounts, audit_log, identities
from macropod_server.db.tables import User
from macropod_server.deps import Deps
from macropod_server.domain.accounts import email_address
from macropod_server.domain.addresses import neighbourhood
from macropod_server.domain.errors import Forbidden, Invalid, NotFound, Unauthorized
from macropod_server.domain.outside_login import new_outside_login, sealed, unsealed
from macropod_server.domain.sign_in import How
from macropod_server.flows.invite_user import add_person
from macropod_server.flows.note_refusals import noting_refusals
from macropod_server.flows.page_session import begin_page_session
from macropod_server.oidc.base import OutsidePerson, Provider
from macropod_server.throttle import Kind, Tries


@dataclass(frozen=True)
class Departure:
    """Where the browser goes, and what it brings back unread."""

    address: str
    sealed: str = field(repr=False)


@dataclass(frozen=True)
class Arrival:
    secret: str = field(repr=False)
    goes_to: str


def begin_outside_login(deps: Deps, goes_to: str, *, redirect_url: str, address: str, now: datetime) -> Departure:
    """Raises `NotFound` where there is no provider, `Unavailable` where it is away, and `TooMany`."""
    deps.throttle.take(Tries(Kind.BEGUN_HERE, neighbourhood(address)))
    login = new_outside_login(goes_to)
    there = _provider(deps).address_to_sign_in(login, redirect_url=redirect_url, now=now)
    return Departure(there, sealed(login, key=deps.run_key, now=now))


def finish_outside_login(
    deps: Deps, brought: str, *, state: str, code: str, redirect_url: str, address: str, now: datetime
) -> Arrival:
    """Raises `Unauthorized` for a log-in that is not good (any more), `Forbidden` for who may not come in."""
    with noting_refusals(deps, "somebody of the provider", how=How.OIDC, address=address, now=now):
        return _arrival(deps, brought, state=state, code=code, redirect_url=redirect_url, address=address, now=now)


def _arrival(
    deps: Deps, brought: str, *, state: str, code: str, redirect_url: str, address: str, now: datetime
) -> Arrival:
    login = unsealed(brought, state=state, key=deps.run_key, now=now)
    here = Tries(Kind.WRONG_HERE, neighbourhood(address))
    deps.throttle.check(here)
    try:
        person = _provider(deps).redeem(code, login, redirect_url=redirect_url, now=now)
    except Unauthorized:
        deps.throttle.note(here)
        raise
    with deps.database.write() as session:
        user = _account_of(deps, session, person, address=address, now=now)
    secret = begin_page_session(deps, user, how=How.OIDC, address=address, now=now)
    return Arrival(secret, login.goes_to)


def _provider(deps: Deps) -> Provider:
    if deps.provider is None:
        raise NotFound("This server knows no provider to sign in with. Use e-mail address and password.")
    return deps.provider


def _account_of(deps: Deps, session: Session, person: OutsidePerson, *, address: str, now: datetime) -> User:
    """By the provider's own name for them. Their address counts once, the first time, and only a verified one."""
    known = identities.find(session, person.issuer, person.subject)
    if known is not None:
        user = accounts.user(session, known.user_id)
        _check_domain(deps, person.email if person.is_email_verified else user.email)
        identities.use(session, known, email=person.email, now=now)
        return user
    email = _verified_email(person)
    _check_domain(deps, email)
    found = accounts.user_of_email(session, email)
    if found is not None:
        _check_is_free(session, found, person)
    user = found or add_person(session, email, name=person.name or email, now=now)
    identities.link(session, user, issuer=person.issuer, subject=person.subject, now=now)
    here = neighbourhood(address)
    audit_log.add_join(session, user, issuer=person.issuer, is_new=found is None, address=here, now=now)
    return user


def _check_is_free(session: Session, user: User, person: OutsidePerson) -> None:
    """An address that the provider gave to somebody else meanwhile brings nobody into the account of who had it."""
    if identities.has_one_of(session, user.id, issuer=person.issuer):
        raise Forbidden(
            f"The account {user.email} belongs to another person of this provider. An admin of this server can help."
        )


def _verified_email(person: OutsidePerson) -> str:
    if not person.is_email_verified:
        raise Forbidden("The provider does not say that your e-mail address is verified. Have it verified there first.")
    try:
        return email_address(person.email)
    except Invalid:
        raise Forbidden("The provider tells no e-mail address of yours that can be used here.") from None


def _check_domain(deps: Deps, email: str) -> None:
    allowed = deps.settings.oidc
    if allowed is not None and not allowed.lets_in(email.lower()):
        domain = email.rpartition("@")[2]
        raise Forbidden(f"People with an address at {domain} do not come in here. Ask who runs this server.")
