"""What an account needs: addresses in one spelling, passwords that are long enough, names."""

import re

from macropod_server.domain.errors import Invalid

LOCAL_ADMIN = "admin@localhost"
_LONGEST_EMAIL = 254
_EMAIL = re.compile(r"[^\s@<>()\[\],;:\\\"]+@[^\s@<>()\[\],;:\\\"]+")
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 1024


def email_address(text: str) -> str:
    """The one spelling under which a person is known: without spaces around, in lower case. Raises `Invalid`."""
    cleaned = text.strip().lower()
    if len(cleaned) > _LONGEST_EMAIL or not _EMAIL.fullmatch(cleaned) or not cleaned.isprintable():
        raise Invalid.field("email", f"{text[:100]!r} is no e-mail address; it looks like name@example.org.")
    return cleaned


def checked_password(password: str) -> str:
    """As it was given. Raises `Invalid`, without repeating it."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise Invalid.field(
            "password",
            f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters; this has {len(password)}.",
        )
    return password


def default_workspace_name(email: str) -> str:
    """As the vendor's client names it."""
    return f"{email} - Default Workspace"
