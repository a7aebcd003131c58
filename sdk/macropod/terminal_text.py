"""What a program printed for a terminal, made harmless: without escape sequences, or with its colours alone."""

import re

_CSI = r"(?:\x1b\[|\x9b)[0-?]*+[ -/]*+[@-~]"
_STRING = r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x80-\x9f]*+(?:\x07|\x1b\\|\x9c)"
_OTHER = r"\x1b[ -/]*+[0-~]"
_UNWANTED = re.compile(rf"{_CSI}|{_STRING}|{_OTHER}|[\x00-\x07\x0a-\x0c\x0e-\x1f\x7f-\x9f]")
_COLOUR = re.compile(r"(?:\x1b\[|\x9b)([0-9;:]*)m")
_MOVES = str.maketrans({"\r": "␍", "\b": "␈"})


def plain(text: str) -> str:
    """Without escape sequences and control characters; tabs, carriage returns and backspaces stay."""
    return text if text.isascii() and text.isprintable() else _UNWANTED.sub("", text)


def only_colours(text: str) -> str:
    """The same, but the sequences that set colours and styles stay too."""
    return text if text.isascii() and text.isprintable() else _UNWANTED.sub(_colour, text)


def for_terminal(text: str) -> str:
    """One line that sets nothing but colours, moves nowhere and leaves the terminal as it was."""
    shown = only_colours(text).translate(_MOVES)
    return f"{shown}\x1b[0m" if "\x1b" in shown else shown


def _colour(sequence: re.Match[str]) -> str:
    colour = _COLOUR.fullmatch(sequence[0])
    return f"\x1b[{colour[1]}m" if colour else ""
