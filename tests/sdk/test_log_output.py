"""How a log is printed: JSON taken apart, tracebacks folded and colours kept on a terminal, plain elsewhere."""

import json
from typing import Any

import macropod
import pytest
from macropod.cli.log_output import LogStyle, texts
from macropod.cli.output import Output
from macropod.logs import LogLine

from tests.builders import NOON, a_zip
from tests.sdk_calls import Call
from tests.sdk_server import PlayedServer

TERMINAL = LogStyle(is_terminal=True)
COLOURED = LogStyle(is_terminal=True, has_colours=True)
OUTSIDE = '  File "/opt/conda/lib/python3.11/site-packages/pandas/io.py", line 9, in read'
STDLIB = '  File "/opt/conda/lib/python3.11/json/decoder.py", line 9, in read'
TRACEBACK = [
    "Traceback (most recent call last):",
    '  File "/home/jovyan/main.py", line 3, in <module>',
    "    read()",
    OUTSIDE,
    "    parse()",
    "    ~~~~~^^",
    STDLIB,
    "  [Previous line repeated 993 more times]",
    "ValueError: x",
]
GROUP = [
    "  + Exception Group Traceback (most recent call last):",
    f"  | {OUTSIDE}",
    "  |     raise",
    "  | ExceptionGroup: both (1 sub-exception)",
    "  +-+---------------- 1 ----------------",
    "    | Traceback (most recent call last):",
    f"    | {STDLIB}",
    "    | ValueError: 1",
    "    +------------------------------------",
]


def line(text: str, *, number: int = 1, stream: str = "stderr", **parsed: Any) -> LogLine:
    return LogLine(number, NOON, stream, text, **parsed)


def printed(*given: str, style: LogStyle = TERMINAL) -> list[str]:
    return list(texts(map(line, given), style))


def folded(frames: str, indent: str = "  ") -> str:
    return f"{indent}… {frames} outside your code; --unfold shows them"


def test_frames_outside_the_users_code_are_folded_on_a_terminal() -> None:
    assert printed("before", *TRACEBACK, "after") == [
        "before",
        *TRACEBACK[:3],
        folded("2 frames"),
        "ValueError: x",
        "after",
    ]


def test_frames_of_groups_are_folded_too() -> None:
    assert printed(*GROUP) == [
        GROUP[0],
        folded("1 frame", "  |   "),
        *GROUP[3:6],
        folded("1 frame", "    |   "),
        *GROUP[7:],
    ]


def test_a_frame_of_the_users_code_after_others_ends_their_fold() -> None:
    assert printed(TRACEBACK[0], STDLIB, "    call()", *TRACEBACK[1:3], "ValueError: x") == [
        TRACEBACK[0],
        folded("1 frame"),
        *TRACEBACK[1:3],
        "ValueError: x",
    ]


@pytest.mark.parametrize(
    "style",
    [LogStyle(), LogStyle(is_terminal=True, raw=True), LogStyle(is_terminal=True, unfold=True)],
)
def test_nothing_is_folded_when_it_is_not_wanted(style: LogStyle) -> None:
    assert printed(*TRACEBACK, style=style) == TRACEBACK


def test_a_log_that_ends_within_a_traceback_says_what_was_folded() -> None:
    assert printed(*TRACEBACK[:5]) == [*TRACEBACK[:3], folded("1 frame")]


def test_other_lines_do_not_end_a_traceback_of_the_other_stream() -> None:
    mixed = [line(TRACEBACK[0]), line(OUTSIDE), line("hello", stream="stdout"), line("    parse()"), line("E: x")]
    assert list(texts(mixed, TERMINAL)) == [TRACEBACK[0], "hello", folded("1 frame"), "E: x"]


JSON = line('{"…"}', level="error", message="no rows", fields={"rows": 3, "path": "a b", "name": "x", "none": None})


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        (TERMINAL, 'ERROR    no rows rows=3 path="a b" name=x none=null'),
        (COLOURED, '\x1b[31mERROR   \x1b[0m no rows \x1b[2mrows=3 path="a b" name=x none=null\x1b[0m'),
        (
            LogStyle(is_terminal=True, timestamps=True),
            '2026-03-02 12:00:00.000 ERROR    no rows rows=3 path="a b" name=x none=null',
        ),
        (LogStyle(is_terminal=True, raw=True), '{"…"}'),
        (LogStyle(), '{"…"}'),
    ],
)
def test_a_json_line_is_level_message_and_fields_on_a_terminal(style: LogStyle, expected: str) -> None:
    assert list(texts([JSON], style)) == [expected]


def test_what_json_hides_does_not_reach_a_terminal_either() -> None:
    hostile = line("{}", message="a\x1b]0;t\x07b\nc\x1b[31m", fields={"k\x1b[2J": "v\x1b[H\x9b", "n": ["\x9b2J"]})
    assert list(texts([hostile], COLOURED)) == ['ab\n    c \x1b[2mk=v n=[""]\x1b[0m']
    for output in (Output.JSON, Output.JSONL):
        (text,) = texts([hostile], LogStyle(output, is_terminal=True))
        assert not any(each in text for each in ("\x1b", "\x9b"))
        assert json.loads(text)["fields"] == hostile.fields


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        (COLOURED, {"collapse_progress": True, "parsed": True, "escapes": "colours"}),
        (TERMINAL, {"collapse_progress": True, "parsed": True, "escapes": "drop"}),
        (
            LogStyle(is_terminal=True, has_colours=True, raw=True),
            {"collapse_progress": False, "parsed": False, "escapes": "colours"},
        ),
        (LogStyle(has_colours=True), {"collapse_progress": False, "parsed": False, "escapes": "drop"}),
        (LogStyle(raw=True), {"collapse_progress": False, "parsed": False, "escapes": "keep"}),
        (LogStyle(collapse_progress=True), {"collapse_progress": True, "parsed": False, "escapes": "drop"}),
        (LogStyle(Output.JSONL), {"collapse_progress": False, "parsed": True, "escapes": "drop"}),
        (
            LogStyle(Output.JSON, is_terminal=True, has_colours=True),
            {"collapse_progress": False, "parsed": True, "escapes": "drop"},
        ),
    ],
)
def test_lines_are_asked_for_as_they_will_be_shown(style: LogStyle, expected: dict[str, Any]) -> None:
    assert style.wish() == expected


PRINTED = (
    "\x1b[32mINFO\x1b[0m:a:started",
    "10%\r\x1b]0;title\x07100%",
    '{"level": "error", "msg": "no rows", "n": 3}',
    *TRACEBACK[:1],
    OUTSIDE,
    "ValueError: x",
)


@pytest.fixture
def run_id(server: PlayedServer, client: macropod.Client) -> str:
    client.upload_orchestration(bytes_buffer=a_zip(), name="hello").run_once("hello")
    playing = server.start()
    playing.prints(*PRINTED, at=NOON)
    playing.ends("exit_code", exit_code=1, error={"exception": "ValueError", "message": "x"})
    return playing.id


def test_without_a_terminal_a_log_is_plain(call: Call, run_id: str) -> None:
    code, out, _ = call("run", "logs", run_id)
    assert (code, out.split("\n")[:3]) == (0, ["INFO:a:started", "10%\r100%", PRINTED[2]])


def test_options_choose_level_progress_and_rawness(call: Call, run_id: str) -> None:
    assert call("run", "logs", run_id, "--level", "error")[1] == f"{PRINTED[2]}\n"
    assert "\n100%\n" in call("run", "logs", run_id, "--collapse-progress")[1]
    assert call("run", "logs", run_id, "--raw")[1] == "".join(f"{each}\n" for each in PRINTED)
    assert call("run", "logs", run_id, "-f", "--level", "error", "--raw")[1] == f"{PRINTED[2]}\n"
    assert call("run", "logs", run_id, "--level", "loud")[0] == 2


def test_as_json_a_line_has_level_message_and_fields_where_it_tells_them(call: Call, run_id: str) -> None:
    lines = [json.loads(each) for each in call("run", "logs", run_id, "-o", "jsonl")[1].splitlines()]
    told = [{key: each[key] for key in ("level", "message", "fields") if key in each} for each in lines]
    assert told == [{"level": "info"}, {}, {"level": "error", "message": "no rows", "fields": {"n": 3}}, {}, {}, {}]


def test_on_a_terminal_a_log_is_made_readable(call: Call, run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    for options in ([], ["-f"]):
        assert call("run", "logs", run_id, *options)[1].splitlines() == [
            "\x1b[32mINFO\x1b[0m:a:started\x1b[0m",
            "100%",
            "\x1b[31mERROR   \x1b[0m no rows \x1b[2mn=3\x1b[0m",
            TRACEBACK[0],
            f"\x1b[2m{folded('1 frame')}\x1b[0m",
            "ValueError: x",
        ]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in call("run", "logs", run_id)[1]
