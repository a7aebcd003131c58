"""Every error of the SDK.

MacropodError
├── Invalid           what was given cannot be used; lists every problem found
├── Unauthorized      no token, or one the server does not know (any more)
├── Forbidden         the token is good but not for this
├── NotFound          there is no such thing in reach of the token
├── Conflict          the thing is there but its state does not allow this
├── TooLarge          more bytes than the limit allows
├── TooMany           more calls than the limit allows; the message says when to try again
├── LoginPending      nobody has said yes to this log-in in a browser yet
│   └── LoginTooFast  and it was asked for too often
├── LoginExpired      nobody said anything in time
├── LoginDenied       somebody said no
├── Unavailable       something the server needs is away; trying again later may help
│   └── OutOfSpace    a disk the server writes to is full
├── NoCredentials     it is not known which server to ask, or with which token
├── ConnectionFailed  the server could not be reached
├── UnexpectedAnswer  what answered does not speak like a Macropod server
├── PackagingFailed   the requirements of an orchestration could not be installed
├── WaitTimeout       what was waited for did not happen in time
└── NotInTask         asked for a task's arguments outside a run
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from macropod.logs import LogLine


_HEAD = re.compile(r"\W*(?:(?:error|cause|caused by):)?\s*", re.IGNORECASE)
"""What stands before a sentence in a log: marks of a tree, and what kind of sentence it is."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with what was given: a stable code, the place (entry, field or line) and a sentence."""

    code: str
    where: str
    message: str


class MacropodError(Exception):
    """Every error of the SDK is one. `code` is a stable word, `message` says what happened and what to do."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.problems = tuple(problems)

    def __str__(self) -> str:
        news = [each for each in self.problems if each.message not in self.message]
        return "\n".join([self.message, *(f"  {each.where}: {each.message}" for each in news)])


class Invalid(MacropodError):
    """What was given cannot be used. `problems` lists every reason: its code, place and sentence."""

    code = "invalid"

    @classmethod
    def field(cls, where: str, message: str) -> Invalid:
        """The error of one argument: `where` is the argument's name."""
        return cls(message, problems=[Problem("invalid_value", where, message)])


class Unauthorized(MacropodError):
    """The server does not know the token (any more)."""

    code = "unauthorized"


class Forbidden(MacropodError):
    """The token is good, but not for what was asked."""

    code = "forbidden"


class NotFound(MacropodError):
    """There is no such thing in reach of the token."""

    code = "not_found"


class Conflict(MacropodError):
    """The thing is there, but its state does not allow what was asked."""

    code = "conflict"


class TooLarge(MacropodError):
    """More bytes than the server's limit allows."""

    code = "too_large"


class TooMany(MacropodError):
    """More calls than the server's limit allows; the message says when to try again."""

    code = "too_many"


class LoginPending(MacropodError):
    """Nobody has said yes to this log-in in a browser yet."""

    code = "authorization_pending"


class LoginTooFast(LoginPending):
    """Nobody has said yes yet, and it was asked for too often."""

    code = "slow_down"


class LoginExpired(MacropodError):
    """Nobody said yes or no to this log-in in time."""

    code = "expired_token"


class LoginDenied(MacropodError):
    """Somebody said no to this log-in in the browser."""

    code = "access_denied"


class Unavailable(MacropodError):
    """Something the server needs is away; trying again later may help."""

    code = "unavailable"


class OutOfSpace(Unavailable):
    """A disk the server writes to is full; what was sent was not taken."""

    code = "out_of_space"


class NoCredentials(MacropodError):
    """It is not known which server to ask, or with which token."""

    code = "no_credentials"


class ConnectionFailed(MacropodError):
    """The server could not be reached, or the connection broke and did not come back."""

    code = "connection_failed"


class UnexpectedAnswer(MacropodError):
    """What answered does not speak like a Macropod server: a proxy, another program, or another version."""

    code = "unexpected_answer"


class PackagingFailed(MacropodError):
    """The requirements of an orchestration could not be installed. `log` holds the last lines of its log."""

    code = "packaging_failed"

    def __init__(self, message: str, *, log: Sequence[LogLine] = ()) -> None:
        super().__init__(message)
        self.log = tuple(log)

    def __str__(self) -> str:
        """What the message took from the log is not told again."""
        news = [each.text for each in self.log if not _is_told(each.text, self.message)]
        return "\n".join([self.message, *(f"  {each}" for each in news)])


def _is_told(line: str, message: str) -> bool:
    told = _HEAD.sub("", line, count=1).rstrip(" .:")
    return bool(told) and told in message


class WaitTimeout(MacropodError):
    """What was waited for did not happen within the given time; it may still happen."""

    code = "wait_timeout"


class NotInTask(MacropodError):
    """A task's arguments were asked for outside a run."""

    code = "not_in_task"
