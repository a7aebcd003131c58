"""What may reach a terminal of what a program printed: text and colours."""

import pytest
from macropod.terminal_text import for_terminal, only_colours, plain

from tests.terminal_texts import PLAIN

HOSTILE = [
    ("\x1b[2J\x1b[Hcleared", "cleared"),
    ("\x1b[3Aup\x1b[10Dleft\x1b[sx\x1b[u", "upleftx"),
    ("\x1b]0;title\x07t", "t"),
    ("\x1b]52;c;cm0gLXJm\x1b\\t", "t"),
    ("\x1b]8;;https://example.org\x07link\x1b]8;;\x07", "link"),
    ("\x1b[?1049hother screen", "other screen"),
    ("\x1b[6nreport", "report"),
    ("\x1bPtmux;\x1b\\t", "t"),
    ("good\rbad\b!", "good␍bad␈!"),
    ("\x9b2Jeight\x9b31mbits", "eight\x1b[31mbits\x1b[0m"),
    ("\x1b[31mred", "\x1b[31mred\x1b[0m"),
    ("\x1b[1;38;5;208mbold\x1b[0m", "\x1b[1;38;5;208mbold\x1b[0m\x1b[0m"),
    ("\x1b\x1b[31m[2Jtwice", "\x1b[31m[2Jtwice\x1b[0m"),
    ("\x1b[3\x1b]0;x\x071mt", "31mt"),
    ("a\x07\x0e\x00b", "ab"),
]


@pytest.mark.parametrize(("printed", "expected"), PLAIN)
def test_escape_sequences_and_control_characters_are_left_out(printed: str, expected: str) -> None:
    assert plain(printed) == expected


@pytest.mark.parametrize(("printed", "shown"), HOSTILE)
def test_nothing_but_colours_reaches_a_terminal(printed: str, shown: str) -> None:
    assert for_terminal(printed) == shown
    assert for_terminal(only_colours(printed)) == shown


@pytest.mark.parametrize("piece", ["\x1b[1mX", "\x1b]", "\x1bP", "\x90", "\x9b1", "\x1b[", "\x1b "])
def test_no_text_takes_long(piece: str) -> None:
    printed = piece * (200_000 // len(piece))
    assert len(for_terminal(printed)) <= len(printed) + 4
