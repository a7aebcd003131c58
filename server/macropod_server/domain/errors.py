"""Every refusal the server gives.

MacropodError
├── Invalid        what was sent cannot be used; lists every problem found
├── Unauthorized   no token, or one that is not known (any more)
├── Forbidden      the token is good but not for this
├── NotFound       there is no such thing in reach of the token
├── Conflict       the thing is there but its state does not allow this
├── TooLarge       more bytes than the limit allows
├── TooMany        more calls than the limit allows; says when to try again
├── LoginPending   nobody has answered this device log-in yet; ask again
│   └── LoginTooFast   and do so less often
├── LoginExpired   the device log-in is over, or there is none
├── LoginDenied    its user said no
└── Unavailable    something the server needs is away; trying again later may help
    └── OutOfSpace a disk the server writes to is full
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Problem:
    """One thing wrong with what was sent: a stable code, the place (entry, field or line) and a sentence."""

    code: str
    where: str
    message: str


class MacropodError(Exception):
    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.problems = tuple(problems)


class Invalid(MacropodError):
    code = "invalid"

    @classmethod
    def field(cls, where: str, message: str, *, code: str = "invalid_value") -> "Invalid":
        return cls(message, problems=[Problem(code, where, message)])


class Unauthorized(MacropodError):
    code = "unauthorized"


class Forbidden(MacropodError):
    code = "forbidden"


class NotFound(MacropodError):
    code = "not_found"

    @classmethod
    def named(cls, kind: str, name: str) -> "NotFound":
        """The same for what there is not and for what belongs to others."""
        return cls(f"There is no {kind} {name} in this workspace. `macropod {kind} list` shows those there are.")


class Conflict(MacropodError):
    code = "conflict"


class TooLarge(MacropodError):
    code = "too_large"


class TooMany(MacropodError):
    code = "too_many"

    def __init__(self, message: str, *, retry_after_seconds: int, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message, problems=problems)
        self.retry_after_seconds = retry_after_seconds


class LoginPending(MacropodError):
    """This and the three after it have the codes of RFC 8628, section 3.5."""

    code = "authorization_pending"


class LoginTooFast(LoginPending):
    code = "slow_down"


class LoginExpired(MacropodError):
    code = "expired_token"


class LoginDenied(MacropodError):
    code = "access_denied"


class Unavailable(MacropodError):
    code = "unavailable"


class OutOfSpace(Unavailable):
    code = "out_of_space"
