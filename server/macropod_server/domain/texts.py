"""Texts that people and programs send: which names are taken, and what is made of a program's messages."""

import unicodedata
from datetime import timedelta

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


def span_in_words(span: timedelta) -> str:
    """Such as 0.4 s, 41 s, 90 min, 3 h 10 min, 2 days 5 h: what a person wants to know of how long it was."""
    seconds = span.total_seconds()
    if seconds < 120:
        return f"{seconds:.1f} s" if 0 < seconds < 10 and seconds % 1 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = (days, "day" if days == 1 else "days"), (hours, "h"), (minutes, "min")
    largest = next(place for place, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count} {unit}" for count, unit in parts[largest : largest + 2] if count)


def _is_unshowable(character: str) -> bool:
    return unicodedata.category(character) in _UNSHOWABLE
