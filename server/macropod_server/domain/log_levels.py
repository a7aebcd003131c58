"""The level of a line: of JSON, and of the usual formats of Python's logging and its kin."""

import re

from macropod_server.domain.json_lines import json_line
from macropod_server.domain.levels import NAMES, Level, named, reaches
from macropod_server.domain.terminal_text import plain

_HEAD = 200
"""A level stands at the beginning of a line, so no more of it is looked at."""

_WORDS_BEFORE = 3
"""Between the time and the level there may be a logger and a process, but no sentence."""

_NAME = "|".join(sorted(NAMES, key=len, reverse=True))

_LEADING = re.compile(r"(\[?)([A-Za-z]{3,11})(\]|\s*\]|\s*[:|]|\s+- |\s)")
"""`[ERROR] …`, `INFO:root:…`, `warning: …`, `INFO | …`, `ERROR …`."""

_TIME = re.compile(
    r"[\[(<]?(?:\d{4}[-/]\d\d[-/]\d\d(?:[T ]|$))?(?:\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)?"
    r"(?:\s?(?:Z|UTC|[+-]\d\d:?\d\d))?(?=[\s\]):|>,-]|$)"
)
_KEYED = re.compile(rf"(?:^|[\s,])(?:level|lvl|severity|levelname)=\"?((?i:{_NAME}))\b")
"""As logfmt has it: `time=… level=info msg=…`."""

_GLOG = re.compile(r"([DIWEF])\d{4} \d\d:\d\d:\d\d\.")
_TENSORFLOW = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: ([DIWEF]) ")
_LETTERS = {"D": Level.DEBUG, "I": Level.INFO, "W": Level.WARNING, "E": Level.ERROR, "F": Level.CRITICAL}

_ANY_LETTER = re.compile(rb"^[DIWEF]\d{4} |: [DIWEF] ", re.MULTILINE)
_KEYS = (b"level", b"lvl", b"severity", b"\\u00", b"\x1b")
"""One of these stands in every JSON line with a level, or its letters are told by numbers or have colours between."""

_SIGNS = {
    least: (*_KEYS, *(name.encode() for name, level in NAMES.items() if reaches(level, least))) for least in Level
}

_WORD = re.compile(r"[\w./@-]*\w")


def level_of(text: str) -> Level | None:
    """None for a line that tells none, as those of `print` do. Colours do not matter."""
    if "\x1b" in text:
        text = plain(text)
    if text.startswith("{") and (line := json_line(text)):
        return line.level
    head = text[:_HEAD]
    if head[:1].isalpha():
        return _leading(head) or _by_letter(head) or _keyed(head)
    return _leading(head) or _after_the_time(head) or _by_letter(head) or _keyed(head)


def is_as_grave(text: str, least: Level | None) -> bool:
    """Whether the line tells that level or a graver one; of None every line does."""
    return least is None or reaches(level_of(text), least)


def may_be_as_grave(body: bytes, least: Level | None) -> bool:
    """Whether any line of a text may tell that level or a graver one; False is certain, and found out fast."""
    if least is None:
        return True
    lowered = body.lower()
    return any(sign in lowered for sign in _SIGNS[least]) or (b"] " in body and bool(_ANY_LETTER.search(body)))


def _leading(head: str) -> Level | None:
    found = _LEADING.match(head)
    if found is None or (level := NAMES.get(found[2].lower())) is None:
        return None
    opened, word, after = found.groups()
    is_closed = after.endswith("]")
    return level if bool(opened) == is_closed and (after.strip() or word.isupper()) else None


def _after_the_time(head: str) -> Level | None:
    """The first word that names a level, in capitals or brackets, if it comes soon after the time."""
    time = _TIME.match(head)
    if time is None or len(time[0]) < len("00:00"):
        return None
    for count, word in enumerate(_WORD.finditer(head, time.end())):
        level = NAMES.get(word[0].partition("/")[0].lower())
        if level and (word[0].isupper() or _is_bracketed(head, word) or "/" in word[0]):
            return level
        if count == _WORDS_BEFORE - 1:
            break
    return None


def _is_bracketed(head: str, word: re.Match[str]) -> bool:
    before, after = head[: word.start()], head[word.end() :].lstrip()
    return before.endswith(("[", "| ", "- ", ": ")) and after[:1] in ("]", "|", "-", ":")


def _by_letter(head: str) -> Level | None:
    found = _GLOG.match(head) or _TENSORFLOW.match(head)
    return _LETTERS[found[1]] if found else None


def _keyed(head: str) -> Level | None:
    found = _KEYED.search(head) if "=" in head else None
    return named(found[1]) if found else None
