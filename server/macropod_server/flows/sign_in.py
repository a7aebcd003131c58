"""Sign in with e-mail address and password."""

from datetime import datetime

from macropod_server.deps import Deps
from macropod_server.domain.addresses import neighbourhood
from macropod_server.domain.sign_in import How
from macropod_server.flows.begin_session import SignedIn, begin_session
from macropod_server.flows.check_password import check_password

__all__ = ["SignedIn", "sign_in"]


def sign_in(deps: Deps, email: str, password: str, *, address: str, now: datetime) -> SignedIn:
    """Raises `Unauthorized`, and `TooMany` for who tries too often."""
    user = check_password(deps, email, password, address=address, now=now)
    with deps.database.write() as session:
        return begin_session(deps, session, user, how=How.PASSWORD, address=neighbourhood(address), now=now)
