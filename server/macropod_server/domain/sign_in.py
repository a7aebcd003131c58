"""How long sessions and device log-ins last, and what their secrets look like."""

import secrets
from datetime import datetime, timedelta
from enum import StrEnum

IDLE = timedelta(hours=12)
"""A session that is not used for so long is over."""
LONGEST = timedelta(days=30)
"""No session outlasts this, used or not."""
RUN_TOKEN_SECONDS = int(LONGEST.total_seconds())
"""A run's own token is good until the run ends, whenever that is; those who ask get a number."""

DEVICE_LOGIN = timedelta(minutes=10)
POLL_SECONDS = 5
SLOWER_SECONDS = 5
"""Who polls too fast is to wait so much longer each time; see RFC 8628, section 3.5."""

_REFRESH_PREFIX, _PAGE_PREFIX, _DEVICE_PREFIX = "mps_", "mpc_", "mpd_"
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""Those of RFC 8628, section 6.1: no vowels, so no words, and no digits to take for letters."""
_CODE_LETTERS = 8
_LONGEST_PATH = 500


class How(StrEnum):
    """How a session began."""

    PASSWORD = "password"
    OIDC = "oidc"
    DEVICE = "device"


def new_refresh_token() -> str:
    return _REFRESH_PREFIX + secrets.token_hex(32)


def is_refresh_token(text: str) -> bool:
    return text.startswith(_REFRESH_PREFIX)


def new_page_secret() -> str:
    """What the cookie of a browser holds; no other call takes it."""
    return _PAGE_PREFIX + secrets.token_hex(32)


def is_page_secret(text: str) -> bool:
    return text.startswith(_PAGE_PREFIX)


def new_device_code() -> str:
    return _DEVICE_PREFIX + secrets.token_hex(32)


def new_user_code() -> str:
    """Short enough to be typed, as in `WDJB-MJHT`."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(_CODE_LETTERS))
    return f"{letters[: _CODE_LETTERS // 2]}-{letters[_CODE_LETTERS // 2 :]}"


def read_user_code(text: str) -> str:
    """As it is kept, however it was typed: in any case, with or without hyphen and spaces."""
    letters = "".join(each for each in text.upper() if each in _LETTERS)[: _CODE_LETTERS + 1]
    return f"{letters[: _CODE_LETTERS // 2]}-{letters[_CODE_LETTERS // 2 :]}"


def session_end(*, created_at: datetime, now: datetime) -> datetime:
    """When a session that is used now is over unless it is used again."""
    return min(now + IDLE, created_at + LONGEST)


def own_path(text: str, *, otherwise: str) -> str:
    """Where to go on this server afterwards; never to another one."""
    is_own = text.startswith("/") and text[1:2] not in ("/", "\\") and len(text) <= _LONGEST_PATH
    return text if is_own and text.isascii() and text.isprintable() and "\\" not in text else otherwise
