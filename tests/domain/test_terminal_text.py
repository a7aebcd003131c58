"""What is left of texts made for a terminal."""

import pytest
from macropod_server.domain.terminal_text import collapsed, plain

from tests.terminal_texts import PLAIN

PROGRESS = [
    ("hello", "hello"),
    ("hello\r", "hello"),
    ("10%\r20%\r100%", "100%"),
    ("\r 10%|#   |\r 20%|##  |", " 20%|##  |"),
    ("longer\rsho", "shoger"),
    ("longer\r\x1b[Ksho", "sho"),
    ("longer\x1b[2K\rsho", "sho   "),
    ("longer\r\x1b[2Ksho", "sho"),
    ("abc\b\x1b[1Kd", "  d"),
    ("abc\x1b[1Kd\r", "   d"),
    ("abc\bd", "abd"),
    ("abc\b\b\b\b\bx", "xbc"),
    ("ab\b \b", "a "),
    ("\b\ba", "a"),
    ("\r\r\r", ""),
    ("a\tb\rx", "x\tb"),
    ("\x1b[31mred\x1b[0m\rblue", "blue"),
    ("\x1b[31mred\x1b[0m\rb", "b\x1b[31med\x1b[0m"),
    ("\x1b[31m\x1b[1mab\rc", "\x1b[31m\x1b[1mcb\x1b[0m"),
    ("a\x1b[31mb\x1b[0;32mc\r", "a\x1b[31mb\x1b[0m\x1b[0;32mc\x1b[0m"),
    ("a\r\x1b[2A\x1b]0;title\x07\x1b]52;c;aGk=\x07b", "b"),
    ("a\rb\x1b", "b"),
    ("häß\rx🦘", "x🦘ß"),
]


@pytest.mark.parametrize(("printed", "expected"), PLAIN)
def test_escape_sequences_and_control_characters_are_left_out(printed: str, expected: str) -> None:
    assert plain(printed) == expected
    assert plain(expected) == expected


@pytest.mark.parametrize(("printed", "expected"), PROGRESS)
def test_a_progress_bar_is_left_as_a_terminal_shows_it_in_the_end(printed: str, expected: str) -> None:
    assert collapsed(printed) == expected
    assert collapsed(expected) == expected


def test_a_line_without_any_progress_is_left_as_it_is() -> None:
    assert collapsed("\x1b]0;title\x07\x1b[31mred") == "\x1b]0;title\x07\x1b[31mred"


@pytest.mark.parametrize("piece", ["\x1b[1mX", "\x1b]", "\x1bP", "\x90", "\x9b1", "\x1b[", "\x1b ", "a\r", "\x1b[0;1m"])
def test_no_text_takes_long_or_becomes_much_larger(piece: str) -> None:
    printed = piece * (200_000 // len(piece)) + "\rx"
    assert len(plain(printed)) <= len(printed)
    assert len(collapsed(printed)) <= 2 * len(printed)
