"""`run.logs`, `run.follow`, `run.tracebacks` and `run.error` on the real application."""

import pickle

import macropod
import pytest
from macropod import Invalid, LogLine, Run, RunError, Traceback

from tests.builders import NOON, a_zip
from tests.sdk_answers import run_answer
from tests.sdk_calls import Call
from tests.sdk_doubles import Wire, connect
from tests.sdk_server import PlayedRun, PlayedServer

ERROR = {"exception": "ValueError", "message": "no rows", "file": "main.py", "line": 3}
PRINTED = (
    "\x1b[31mERROR\x1b[0m:root:bad",
    "10%\r\x1b[1m100%\x1b[0m\x1b]0;t\x07",
    '{"lvl": "warn", "event": "slow", "seconds": 3}',
    "Traceback (most recent call last):",
    '  File "/home/jovyan/main.py", line 3, in <module>',
    "ValueError: no rows",
)


@pytest.fixture
def playing(server: PlayedServer, client: macropod.Client) -> PlayedRun:
    client.upload_orchestration(bytes_buffer=a_zip(), name="hello").run_once("hello")
    return server.start()


@pytest.fixture
def run(client: macropod.Client, playing: PlayedRun) -> Run:
    playing.prints(*PRINTED, at=NOON)
    playing.ends("exit_code", exit_code=1, error=ERROR)
    return client.get_run(playing.id)


def test_texts_are_plain_unless_colours_or_all_are_to_be_kept(run: Run) -> None:
    assert [each.text for each in run.logs(limit=6)][:2] == ["ERROR:root:bad", "10%\r100%"]
    assert run.logs()[0] == "2026-03-02 12:00:00.000 ERROR:root:bad"
    assert run.logs(escapes="colours")[1].text == "10%\r\x1b[1m100%\x1b[0m"
    assert [each.text for each in run.logs(escapes="keep")] == list(PRINTED)
    with pytest.raises(Invalid, match="escapes is 'all'; it takes one of 'drop', 'colours', 'keep'"):
        run.logs(escapes="all")  # type: ignore[arg-type]


def test_progress_is_collapsed_when_asked_for(run: Run) -> None:
    assert run.logs(collapse_progress=True)[1].text == "100%"
    assert run.logs(collapse_progress=True, escapes="colours")[1].text == "\x1b[1m100%\x1b[0m"


def test_lines_tell_level_message_and_fields_when_asked_for(run: Run) -> None:
    found = run.logs(parsed=True)[2]
    assert (found.level, found.message, found.fields) == ("warning", "slow", {"seconds": 3})
    assert (run.logs()[2].level, run.logs()[2].fields) == (None, None)
    assert found.to_dict() | {"time": None} == {
        "number": 3,
        "time": None,
        "stream": "stdout",
        "text": PRINTED[2],
        "level": "warning",
        "message": "slow",
        "fields": {"seconds": 3},
    }
    copy = pickle.loads(pickle.dumps(found))
    assert isinstance(copy, LogLine)
    assert (copy, copy.level, copy.fields) == (found, "warning", {"seconds": 3})


def test_a_level_holds_for_reading_and_following(run: Run) -> None:
    assert [each.number for each in run.logs(level="warning")] == [1, 3]
    assert [each.number for each in run.logs(limit=1, level="error")] == [1]
    assert [(each.number, each.level) for each in run.follow(level="warning", parsed=True)] == [
        (1, "error"),
        (3, "warning"),
    ]
    assert run.logs(level="critical") == []
    with pytest.raises(Invalid):
        run.logs(level="loud")  # type: ignore[arg-type]


def test_the_error_of_a_run_says_what_and_where(run: Run, call: Call) -> None:
    assert run.error == RunError("ValueError", "no rows", "main.py", 3)
    assert str(run.error) == "ValueError: no rows (main.py:3)"
    assert run.error.to_dict() == ERROR
    assert "ValueError: no rows (main.py:3)" in call("run", "show", run.id)[1]


def test_a_run_that_did_not_fail_has_no_error(
    server: PlayedServer, client: macropod.Client, playing: PlayedRun
) -> None:
    assert client.get_run(playing.id).error is None
    playing.ends()
    assert client.get_run(playing.id).error is None


def test_a_server_that_tells_of_no_errors_has_runs_without_one() -> None:
    answer = run_answer(status="failure")
    del answer["error"]
    assert Run(connect(Wire()), answer).error is None


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (RunError("KeyboardInterrupt", None, None, None), "KeyboardInterrupt"),
        (RunError("E", "x", None, None), "E: x"),
        (RunError("E", None, "a/b.py", 3), "E (a/b.py:3)"),
    ],
)
def test_an_error_reads_as_a_sentence(error: RunError, text: str) -> None:
    assert str(error) == text


def test_the_tracebacks_in_a_log_are_told_with_their_lines(run: Run) -> None:
    assert run.tracebacks() == [Traceback(4, 6, "stdout", "ValueError", "no rows", "main.py", 3)]
    assert "<td>4-6</td><td>ValueError</td><td>main.py:3</td><td>no rows</td>" in run.tracebacks()._repr_html_()


def test_tracebacks_of_a_long_log_are_read_in_several_calls(playing: PlayedRun, client: macropod.Client) -> None:
    playing.prints(*PRINTED[3:] * 120, at=NOON)
    found = client.get_run(playing.id).tracebacks()
    assert [each.first_line for each in found] == list(range(1, 360, 3))
