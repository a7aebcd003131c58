"""What an account needs: addresses in one spelling, passwords that are long enough, names."""

import re

from macropod_server.domain.errors import Invalid

LOCAL_ADMIN = "admin@localhost"
_LONGEST_EMAIL = 254
LONGEST_WORKSPACE_NAME = 63
_WORKSPACE_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?")
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


def workspace_name(name: str) -> str:
    """The name itself. Raises `Invalid` for one that does not go into a path and a header as it is."""
    if len(name) > LONGEST_WORKSPACE_NAME or not _WORKSPACE_NAME.fullmatch(name):
        raise Invalid.field(
            "name",
            f"{name[:100]!r} is no name for a workspace: it begins with a letter from a to z, goes on with such, "
            f"with digits and '-', does not end with '-', and has {LONGEST_WORKSPACE_NAME} characters at most.",
        )
    return name


def default_workspace_name(email: str) -> str:
    """As the vendor's client names it."""
    return f"{email} - Default Workspace"
