"""Where tracebacks begin and end, and what they tell: as Python prints them, alone and among other lines."""

import subprocess
import sys
from pathlib import Path

import pytest
from macropod_server.domain.lines import Line, Stream
from macropod_server.domain.tracebacks import Traceback, TracebackScanner, tracebacks

from tests.builders import NOON

CHAINED = """
try:
    1 / 0
except ZeroDivisionError as error:
    raise ValueError('no rows\\n\\nin the table') from error
"""
DURING = """
try:
    1 / 0
except ZeroDivisionError:
    raise KeyError('x')
"""
GROUP = """
def check(number):
    raise TypeError(number)
found = []
for number in range(2):
    try:
        check(number)
    except TypeError as error:
        found.append(error)
raise ExceptionGroup('both', found)
"""
AFTER_A_GROUP = """
try:
    raise ExceptionGroup('both', [ValueError(1)])
except* ValueError as error:
    raise RuntimeError('end') from error
"""
FROM_A_POOL = """
import math
from concurrent.futures import ProcessPoolExecutor
if __name__ == '__main__':
    with ProcessPoolExecutor(1) as pool:
        pool.submit(math.sqrt, -1).result()
"""
NESTED_CLASS = """
def fail():
    class Odd(Exception): pass
    raise Odd
fail()
"""
PRINTED = [
    ("1 / 0", 1, 0, "ZeroDivisionError", "division by zero", "main.py", 1),
    ("assert False", 1, 0, "AssertionError", None, "main.py", 1),
    ("x = 1\nrows = (", 1, 0, "SyntaxError", "'(' was never closed", "main.py", 2),
    ("if True:\nx = 1", 1, 0, "IndentationError", "expected an indented block after", "main.py", 2),
    ("import broken", 1, 0, "SyntaxError", "'(' was never closed", "broken.py", 1),
    ("import package.inner", 1, 0, "NameError", "name 'nothing' is not defined", "package/inner.py", 1),
    ("import json\njson.loads('{')", 1, 0, "json.decoder.JSONDecodeError", "Expecting", "main.py", 2),
    ("def f(): f()\nf()", 1, 0, "RecursionError", "maximum recursion depth exceeded", "main.py", 1),
    (NESTED_CLASS, 1, 0, "fail.<locals>.Odd", None, "main.py", 4),
    (CHAINED, 1, 2, "ValueError", "no rows", "main.py", 5),
    (DURING, 1, 0, "KeyError", "'x'", "main.py", 5),
    (GROUP, 1, 0, "ExceptionGroup", "both (2 sub-exceptions)", "main.py", 10),
    (AFTER_A_GROUP, 1, 0, "RuntimeError", "end", "main.py", 5),
    (FROM_A_POOL, 3, 0, "ValueError", "math domain error", "main.py", 6),
]


def lines(*texts: str, stream: Stream = Stream.STDERR, first: int = 1) -> list[Line]:
    return [Line(number, NOON, stream, text) for number, text in enumerate(texts, first)]


def printed_by(main: str, folder: Path) -> list[str]:
    (folder / "main.py").write_text(main)
    (folder / "broken.py").write_text("rows = (\n")
    (folder / "package").mkdir()
    (folder / "package/inner.py").write_text("nothing\n")
    done = subprocess.run([sys.executable, "main.py"], cwd=folder, capture_output=True, text=True, check=False)
    return done.stderr.splitlines()


@pytest.mark.parametrize(("main", "first", "after", "exception", "message", "file", "line"), PRINTED)
def test_what_python_prints_is_one_traceback(tmp_path, main, first, after, exception, message, file, line):
    printed = printed_by(main, tmp_path)
    (found,) = tracebacks(lines(*printed))
    assert (found.first_line, found.last_line) == (first, len(printed) - after)
    assert (found.exception, found.file, found.line) == (exception, file, line)
    assert found.message == message or found.message.startswith(message)


SHORT = ("Traceback (most recent call last):", '  File "/home/jovyan/main.py", line 3, in <module>', "ValueError: x")
OUTSIDE = '  File "/opt/conda/lib/python3.11/site-packages/pandas/io.py", line 9, in read'
STDLIB = '  File "/opt/conda/lib/python3.11/json/decoder.py", line 9, in read'
FROZEN = '  File "<frozen importlib._bootstrap>", line 9, in read'


def test_a_progress_bar_that_was_not_ended_stands_before_the_head() -> None:
    assert found_in(f"\r 0%\r50%{SHORT[0]}", *SHORT[1:]) == [(1, 3, "ValueError")]
    assert found_in(f"looking for {SHORT[0]}", "nothing") == []


def found_in(*texts: str) -> list[tuple[int, int, str]]:
    return [(each.first_line, each.last_line, each.exception) for each in tracebacks(lines(*texts))]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ((), []),
        (("hello", *SHORT, "after"), [(2, 4, "ValueError")]),
        ((*SHORT, *SHORT), [(1, 3, "ValueError"), (4, 6, "ValueError")]),
        ((*SHORT, "", *SHORT), [(1, 3, "ValueError"), (5, 7, "ValueError")]),
        ((*SHORT, *["more"] * 30, "hello"), [(1, 3, "ValueError")]),
        (tuple(f"    {text}" for text in SHORT), [(1, 3, "ValueError")]),
        (("\x1b[31m" + SHORT[0], *SHORT[1:-1], "\x1b[1mValueError\x1b[0m: x"), [(1, 3, "ValueError")]),
        (SHORT[:2], []),
        ((*SHORT[:2], "something printed in between", "ValueError: x"), []),
        (('  File "/home/jovyan/main.py", line 3', "    rows = (", "hello: world"), []),
        (("see Traceback (most recent call last):", "ValueError: x"), []),
        (("Traceback (most recent call last):", "ValueError: x"), [(1, 2, "ValueError")]),
    ],
)
def test_tracebacks_are_found_among_other_lines(texts, expected):
    assert found_in(*texts) == expected


@pytest.mark.parametrize("outside", [OUTSIDE, STDLIB, FROZEN])
def test_the_deepest_frame_is_that_of_the_users_own_code(outside):
    (found,) = tracebacks(lines(*SHORT[:2], outside, "    code", SHORT[2]))
    assert (found.file, found.line) == ("main.py", 3)
    (found,) = tracebacks(lines(SHORT[0], outside, SHORT[2]))
    assert (found.file, found.line) == (None, None)


def test_lines_of_two_streams_do_not_get_into_each_others_way():
    scanner = TracebackScanner()
    mixed = [*zip(lines(*SHORT), lines("a", "b", "c", stream=Stream.STDOUT), strict=True)]
    assert [scanner.feed(line) for pair in mixed for line in pair] == [None] * 6
    assert scanner.first_open() == 1
    expected = Traceback(1, 3, Stream.STDERR, "ValueError", "x", "main.py", 3)
    assert (scanner.finish(), scanner.first_open()) == ([expected], None)


def test_a_message_is_cut_and_nothing_of_a_long_traceback_is_kept():
    texts = [SHORT[0], *[OUTSIDE, "    code"] * 20_000, "ValueError: " + "x" * 5000]
    (found,) = tracebacks(lines(*texts))
    assert (found.last_line, len(found.message)) == (40_002, 1000)
