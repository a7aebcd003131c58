"""Texts that people and programs send: which names are taken, and what is made of a program's messages."""

import unicodedata

from macropod_server.domain.errors import Invalid

LONGEST_NAME = 200
LONGEST_MESSAGE = 10_000

_UNSHOWABLE = {"Cc", "Cs", "Zl", "Zp"}
"""Control characters, halves of surrogate pairs, separators of lines and paragraphs."""


def check_name(where: str, name: str, *, longest: int = LONGEST_NAME) -> str:
    """The name itself. Raises `Invalid` for one that is empty, too long or not to be shown in one line."""
    title = f"The {where.replace('_', ' ')}"
    if not name:
        raise Invalid.field(where, f"{title} is empty; give 1 to {longest} characters.")
    if len(name) > longest:
        raise Invalid.field(where, f"{title} has {len(name):,} characters; give 1 to {longest}.")
    if bad := next(filter(_is_unshowable, name), None):
        raise Invalid.field(where, f"{title} has the character U+{ord(bad):04X}, which cannot be shown; leave it out.")
    return name


def cleaned(message: str) -> str:
    """A program's message as it can be kept: what cannot be shown is replaced, what is too long is cut."""
    kept = message if len(message) <= LONGEST_MESSAGE else message[: LONGEST_MESSAGE - 1] + "…"
    return "".join("\ufffd" if each not in "\n\t" and _is_unshowable(each) else each for each in kept)


def _is_unshowable(character: str) -> bool:
    return unicodedata.category(character) in _UNSHOWABLE
