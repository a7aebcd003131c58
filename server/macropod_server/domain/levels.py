"""How grave a line of a log is, in the five words of Python's logging, whatever it calls itself."""

from enum import StrEnum


class Level(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


_RANKS = {level: rank for rank, level in enumerate(Level)}

NAMES = {
    **dict.fromkeys(("trace", "debug", "verbose"), Level.DEBUG),
    **dict.fromkeys(("info", "information", "notice", "success"), Level.INFO),
    **dict.fromkeys(("warning", "warn"), Level.WARNING),
    **dict.fromkeys(("error", "err"), Level.ERROR),
    **dict.fromkeys(("critical", "crit", "fatal", "alert", "emergency", "emerg", "panic"), Level.CRITICAL),
}
"""What libraries call them, in lower case."""

_OF_PYTHON = {50: Level.CRITICAL, 40: Level.ERROR, 30: Level.WARNING, 20: Level.INFO, 1: Level.DEBUG}
_OF_BUNYAN = {60: Level.CRITICAL, 50: Level.ERROR, 40: Level.WARNING, 30: Level.INFO, 10: Level.DEBUG}


def named(name: str) -> Level | None:
    return NAMES.get(name.strip().lower())


def numbered(number: int, *, of_python: bool = False) -> Level | None:
    """As bunyan and pino count (30 is info), or as Python's logging does (30 is warning). None below any level."""
    levels = _OF_PYTHON if of_python else _OF_BUNYAN
    return next((level for least, level in levels.items() if number >= least), None)


def reaches(level: Level | None, least: Level) -> bool:
    """Whether it is as grave as that or graver. What has no level reaches none."""
    return level is not None and _RANKS[level] >= _RANKS[least]
