"""What the message of a failed run says of what main.py printed last."""

from pathlib import Path

import pytest
from macropod_runner.last_words import LastWords
from macropod_runner.segments import STDERR, STDOUT

from tests.runner.runner_process import run
from tests.runner.server_double import ServerDouble

CHAINED = """
try:
    1 / 0
except ZeroDivisionError as error:
    raise ValueError("no rows\\nin the table") from error
"""
LOGGED_THEN_ENDED = """
import logging, sys
try:
    1 / 0
except ZeroDivisionError:
    logging.exception("giving up")
sys.exit(1)
"""


@pytest.mark.parametrize(
    ("main", "message"),
    [
        ("1 / 0", "main.py ended with exit code 1: ZeroDivisionError: division by zero."),
        ("raise KeyError('x.')", "main.py ended with exit code 1: KeyError: 'x.'."),
        ("raise ValueError('It ends with a dot.')", "main.py ended with exit code 1: ValueError: It ends with a dot."),
        ("assert False", "main.py ended with exit code 1: AssertionError."),
        (CHAINED, "main.py ended with exit code 1: ValueError: no rows; the last line on stderr: in the table"),
        (LOGGED_THEN_ENDED, "main.py ended with exit code 1: ZeroDivisionError: division by zero."),
        ("import marsupials", "main.py ended with exit code 1: ModuleNotFoundError: No module named 'marsupials'."),
        ("rows = (", "main.py ended with exit code 1: SyntaxError: '(' was never closed."),
        (
            "raise ExceptionGroup('both', [ValueError(1)])",
            "main.py ended with exit code 1: ExceptionGroup: both (1 sub-exception).",
        ),
        ("import sys; sys.exit('no rows')", "main.py ended with exit code 1; the last line on stderr: no rows"),
        (
            "import sys; print('odd', file=sys.stderr); sys.exit(3)",
            "main.py ended with exit code 3; the last line on stderr: odd",
        ),
        ("print('on stdout only'); raise SystemExit(3)", "main.py ended with exit code 3."),
        ("raise SystemExit(255)", "main.py ended with exit code 255."),
        ("raise ValueError('x' * 1000)", f"main.py ended with exit code 1: ValueError: {'x' * 287}…"),
    ],
)
def test_the_message_tells_why_main_py_ended(tmp_path: Path, main: str, message: str) -> None:
    with ServerDouble({"main.py": main}) as server:
        assert run(server, tmp_path) == 0
    assert server.end["message"] == message


def test_the_words_are_passed_on_and_only_the_end_is_remembered() -> None:
    passed: list[tuple[bytes, bytes]] = []
    words = LastWords(lambda stream, lines: passed.append((stream, lines)))
    for number in range(3000):
        words.keep(STDERR, b"line %d\n" % number)
    words.keep(STDOUT, b"not an error\n")
    assert words.on_stderr() == "line 2999"
    assert len(passed) == 3001


def test_the_end_of_a_cause_is_known_although_its_head_scrolled_out() -> None:
    words = LastWords(lambda stream, lines: None)
    words.keep(STDERR, b"Traceback (most recent call last):\n" + b"  deep\n" * 5000 + b"RecursionError: too deep\n")
    assert words.on_stderr() == "RecursionError: too deep"
