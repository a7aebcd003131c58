"""Which lines tell a level, in text and in JSON."""

import pytest
from macropod_server.domain.levels import Level, numbered, reaches
from macropod_server.domain.log_levels import level_of, may_be_as_grave

TOLD = [
    ("INFO:root:msg", "info"),
    ("WARNING:urllib3.connectionpool:Retrying", "warning"),
    ("CRITICAL:x:y", "critical"),
    ("2026-01-02 03:04:05,678 WARNING name: msg", "warning"),
    ("2026-01-02 03:04:05,678 - my.app - ERROR - boom", "error"),
    ("2026-01-02 03:04:05,678 my.app 4711 DEBUG boom", "debug"),
    ("2026-01-02T03:04:05.678+01:00 INFO msg", "info"),
    ("03:04:05 ERROR x", "error"),
    ("[ERROR] boom", "error"),
    ("[warn] boom", "warning"),
    ("ERROR boom", "error"),
    ("ERROR    boom", "error"),
    ("2026-01-02 03:04:05.678 | SUCCESS  | mod:f:1 - done", "info"),
    ("INFO:     127.0.0.1:5000 - GET / 200", "info"),
    ("[2026-01-02 03:04:05 +0000] [7] [INFO] Booting worker", "info"),
    ("[2026-01-02 03:04:05,678: WARNING/MainProcess] late", "warning"),
    ("2026-01-02 03:04:05 [info     ] hello   rows=3", "info"),
    ("2026-01-02T03:04:05.678901Z [error    ] hello", "error"),
    ("[03:04:05] INFO     Hello            main.py:3", "info"),
    ("time=2026-01-02T03:04:05Z level=warn msg=hi", "warning"),
    ('ts=1 severity="error" msg=hi', "error"),
    ("E0102 03:04:05.678901 140 f.py:12] boom", "error"),
    ("2026-01-02 03:04:05.678901: W tensorflow/core/x.cc:1] slow", "warning"),
    ("error: no such file", "error"),
    ("Warning: old", "warning"),
    ("\x1b[32mINFO\x1b[0m:     Started", "info"),
    ('{"level": "info", "message": "hello"}', "info"),
    ('\x1b[31m{"level": "fatal"}\x1b[0m', "critical"),
]
NOT_TOLD = [
    "",
    "hello",
    "error",
    "information about errors",
    "Errors: 3",
    "ValueError: x",
    "INFORMATION",
    "the INFO: x",
    "2026-01-02 03:04:05 Reading the file of ERROR codes",
    "2026-01-02 03:04:05,678 info about things",
    "2026-01-02",
    "[error",
    "error] x",
    "Traceback (most recent call last):",
    '{"n": 1}',
    '{"level": "info"',
    "level=up",
]


@pytest.mark.parametrize(("text", "level"), TOLD)
def test_a_level_is_known_in_the_usual_formats(text: str, level: str) -> None:
    assert level_of(text) == level


@pytest.mark.parametrize(
    ("text", "level"),
    [*TOLD, ("\x1b[1mERR\x1b[31mOR\x1b[0m boom", "error"), ('{"l\\u0065vel": "w\\u0061rn"}', "warning")],
)
def test_no_text_with_a_line_of_a_level_is_passed_over(text: str, level: str) -> None:
    assert level_of(text) == level
    assert may_be_as_grave(f"hello\n{text}\nhello\n".encode(), Level(level))
    assert may_be_as_grave(f"{text}\n".encode(), Level.DEBUG)


def test_a_text_without_a_sign_of_a_level_is_passed_over() -> None:
    body = b"2026-01-02 03:04:05,678 INFO name: [1] done\nhello\n"
    assert [level.value for level in Level if may_be_as_grave(body, level)] == ["debug", "info"]
    assert may_be_as_grave(body, None)


@pytest.mark.parametrize("text", NOT_TOLD)
def test_what_only_looks_like_one_is_none(text: str) -> None:
    assert level_of(text) is None


@pytest.mark.parametrize("piece", ["2026-01-02 03:04:05 ", "[", "INFO", "a.", "- ", "level=", "\x1b[", "{", "é"])
def test_a_line_of_any_length_is_answered_at_once(piece: str) -> None:
    assert level_of(piece * (200_000 // len(piece))) in (None, Level.INFO)


@pytest.mark.parametrize(
    ("number", "bunyan", "python"),
    [
        (0, None, None),
        (5, None, "debug"),
        (10, "debug", "debug"),
        (20, "debug", "info"),
        (30, "info", "warning"),
        (35, "info", "warning"),
        (40, "warning", "error"),
        (50, "error", "critical"),
        (60, "critical", "critical"),
    ],
)
def test_numbers_are_those_of_bunyan_and_pino_or_of_python(number: int, bunyan: str | None, python: str | None) -> None:
    assert (numbered(number), numbered(number, of_python=True)) == (bunyan, python)


def test_a_level_reaches_itself_and_those_below_and_none_reaches_nothing() -> None:
    assert [level.value for level in Level if reaches(level, Level.WARNING)] == ["warning", "error", "critical"]
    assert not reaches(None, Level.DEBUG)
