"""What a program printed for a terminal, as text: without escape sequences, and with its progress bars at their end."""

import re

_CSI = r"(?:\x1b\[|\x9b)[0-?]*+[ -/]*+[@-~]"
_STRING = r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x80-\x9f]*+(?:\x07|\x1b\\|\x9c)"
_OTHER = r"\x1b[ -/]*+[0-~]"
_SEQUENCE = re.compile(f"{_CSI}|{_STRING}|{_OTHER}")
_TOKEN = re.compile(f"({_CSI}|{_STRING}|{_OTHER})|([\r\b])|[^\r\b\x1b\x90\x98\x9b\x9d-\x9f]+|.", re.DOTALL)
_COLOUR = re.compile(r"(?:\x1b\[|\x9b)([0-9;:]{0,32})m")
_ERASE = re.compile(r"(?:\x1b\[|\x9b)([012]?)K")
_CONTROL = re.compile(r"[\x00-\x07\x0a-\x0c\x0e-\x1f\x7f-\x9f]")

_MOST_COLOURS = 8
"""So many sequences in a row set a style; what a program adds without ever setting it back changes nothing more."""

_BLANK = (" ", ())

Style = tuple[str, ...]


def plain(text: str) -> str:
    """Without escape sequences and control characters; tabs, carriage returns and backspaces stay."""
    if text.isascii() and text.isprintable():
        return text
    return _CONTROL.sub("", _SEQUENCE.sub("", text))


def collapsed(text: str) -> str:
    """What a terminal of endless width shows in the end: after `\\r` later text is written over earlier from the first
    column on, after `\\b` from one column back; `ESC [K` erases. A character is a column. Of escape sequences colours
    are left.

    A text that has neither is left as it is.
    """
    if "\r" not in text and "\b" not in text:
        return text
    row = _Row()
    for token in _TOKEN.finditer(text):
        if token[1]:
            row.obey(token[1])
        elif token[2]:
            row.column = 0 if token[2] == "\r" else max(0, row.column - 1)
        else:
            row.write(_CONTROL.sub("", token[0]))
    return row.text()


class _Row:
    """One line of a terminal: characters, each with the colours it was written in."""

    def __init__(self) -> None:
        self.column = 0
        self._cells: list[tuple[str, Style]] = []
        self._style: Style = ()

    def write(self, text: str) -> None:
        end = self.column + len(text)
        self._cells[self.column : end] = [(each, self._style) for each in text]
        self.column = end

    def obey(self, sequence: str) -> None:
        if colour := _COLOUR.fullmatch(sequence):
            self._paint(colour[1])
        elif erase := _ERASE.fullmatch(sequence):
            self._erase(erase[1] or "0")

    def _paint(self, colours: str) -> None:
        if colours.partition(";")[0].strip("0") == "":
            self._style = ()
        if colours.strip("0;") and len(self._style) < _MOST_COLOURS:
            self._style = (*self._style, f"\x1b[{colours}m")

    def _erase(self, what: str) -> None:
        blanks = min(len(self._cells), self.column + 1 if what == "1" else self.column)
        if what in "12":
            self._cells[:blanks] = [_BLANK] * blanks
        if what in "02":
            del self._cells[self.column :]

    def text(self) -> str:
        pieces: list[str] = []
        style: Style = ()
        for character, its_style in (*self._cells, ("", ())):
            if its_style != style:
                added = its_style[len(style) :] if its_style[: len(style)] == style else ("\x1b[0m", *its_style)
                pieces += added
                style = its_style
            pieces.append(character)
        return "".join(pieces)
