"""Log lines: texts that know their number, time and stream; read as tail or page by page."""

import pickle
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx2
import pytest
from macropod import Invalid, LogLine, LogLines, Run
from rich.console import Console

from tests.sdk_answers import line_answer, run_answer
from tests.sdk_doubles import Wire, connect

AT = datetime(2026, 1, 2, 4, 4, 5, 678901, tzinfo=timezone(timedelta(hours=1)))


def page(*numbers: int, following: int) -> httpx2.Response:
    return httpx2.Response(200, json={"lines": list(map(line_answer, numbers)), "next": following, "ended": True})


def run(wire: Wire) -> Run:
    return Run(connect(wire), run_answer())


def test_a_line_is_its_time_in_utc_to_the_millisecond_and_its_text() -> None:
    line = LogLine(7, AT, "stdout", "  hello ")
    assert line == "2026-01-02 03:04:05.678   hello "
    assert (line.number, line.printed_at, line.stream, line.text) == (7, AT, "stdout", "  hello ")
    assert LogLine(8, AT.replace(microsecond=0), "stdout", "") == "2026-01-02 03:04:05.000 "


def test_a_line_survives_pickling() -> None:
    line = pickle.loads(pickle.dumps(LogLine(7, AT, "stderr", "hello")))
    assert (line, line.number, line.stream) == ("2026-01-02 03:04:05.678 hello", 7, "stderr")


def test_the_last_lines_are_asked_for_in_one_call() -> None:
    wire = Wire(page(8, 9, following=10))
    lines = run(wire).logs(limit=2, stream="stderr")
    assert [each.number for each in lines] == [8, 9]
    assert lines.last_number == 9
    assert dict(wire.requests[0].url.params) == {"tail": "2", "stream": "stderr"}


def test_all_lines_are_read_page_by_page() -> None:
    wire = Wire(page(1, 2, following=6), page(3, 4, following=6), page(5, following=6))
    assert [each.number for each in run(wire).logs()] == [1, 2, 3, 4, 5]
    assert [each.url.params["first"] for each in wire.requests] == ["1", "3", "5"]


def test_a_stream_whose_last_line_comes_early_ends_with_an_empty_page() -> None:
    lines = run(Wire(page(1, 2, following=9), page(following=9))).logs(stream="stderr")
    assert [each.number for each in lines] == [1, 2]
    assert lines.last_number == 8


def test_a_limit_counts_from_the_end_also_within_a_span_of_time() -> None:
    wire = Wire(page(5, 6, following=9))
    lines = run(wire).logs(limit=2, since=AT, until=AT + timedelta(hours=1))
    assert [each.number for each in lines] == [5, 6]
    asked = wire.requests[0].url.params
    assert (asked["tail"], asked["since"]) == ("2", "2026-01-02T04:04:05.678901+01:00")


@pytest.mark.parametrize(
    "given", [{"limit": -1}, {"limit": 1.5}, {"since": datetime(2026, 1, 2)}, {"until": "2026-01-01"}]
)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="it takes"):
        run(Wire(page(following=1))).logs(**given)


def test_lines_printed_are_the_log_and_a_notebook_shows_it_escaped_without_colours() -> None:
    lines = LogLines([LogLine(1, AT, "stdout", "\x1b[31m<b>red</b>\x1b[0m"), LogLine(2, AT, "stdout", "two")])
    assert str(lines) == f"{lines[0]}\n{lines[1]}"
    html = lines._repr_html_()
    assert html.startswith("<pre>2026-01-02 03:04:05.678 &lt;b&gt;red&lt;/b&gt;\n")
    assert "\x1b" not in html
    assert "(no log lines yet)" in LogLines()._repr_html_()


def test_lines_in_a_terminal_are_not_taken_for_markup() -> None:
    console = Console(width=200)
    with console.capture() as shown:
        console.print(LogLines([LogLine(1, AT.astimezone(UTC), "stdout", "[bold]text[/bold]")]))
    assert shown.get() == "2026-01-02 03:04:05.678 [bold]text[/bold]\n"
