"""Search in the client and on the command line, on the real application."""

import json
import pickle
from datetime import UTC, datetime

import macropod
import pytest
from macropod_server.domain.lines import Stream

from tests.builders import NOON, a_zip
from tests.sdk_calls import Call
from tests.sdk_server import PlayedRun, PlayedServer


@pytest.fixture
def runs(server: PlayedServer, client: macropod.Client) -> list[PlayedRun]:
    """Two of two tasks: the older printed 250 lines, every fifth a timeout; the newer one a careful one."""
    orchestration = client.upload_orchestration(bytes_buffer=a_zip(), name="hello")
    played = []
    for name in ("older", "newer"):
        orchestration.run_once(name)
        played.append(server.start())
        server.clock.advance(seconds=1)
    played[0].prints(*(f"timeout {n}" if n % 5 == 0 else f"line {n}" for n in range(1, 251)), at=NOON)
    played[1].prints("Timeout or timeout", "careful", at=NOON.replace(minute=5), stream=Stream.STDERR)
    played[0].ends("exit_code", exit_code=1)
    return played


def places(found: object) -> list[tuple[str, int]]:
    return [(line.run_id, line.number) for line in found]  # type: ignore[attr-defined]


def test_lines_of_all_runs_are_found_the_newest_first(client: macropod.Client, runs: list[PlayedRun]) -> None:
    older, newer = runs
    found = list(client.search_logs("timeout"))
    assert places(found) == [(newer.id, 1), *((older.id, number) for number in range(250, 0, -5))]
    assert (found[0].task_name, found[0].stream, found[0].text) == ("newer", "stderr", "Timeout or timeout")
    assert found[0].spans == ((11, 18),)
    assert found[0] == "2026-03-02 12:05:00.000 Timeout or timeout"


def test_a_search_is_narrowed_by_everything_there_is(client: macropod.Client, runs: list[PlayedRun]) -> None:
    older, newer = runs
    task = client.get_run(newer.id).task_id
    assert places(client.search_logs("timeout", run=newer.id)) == [(newer.id, 1)]
    assert places(client.search_logs("timeout", run=client.get_run(newer.id))) == [(newer.id, 1)]
    assert places(client.search_logs("timeout", task=task)) == [(newer.id, 1)]
    assert places(client.search_logs("timeout", stream="stderr")) == [(newer.id, 1)]
    assert places(client.search_logs("timeout", since=datetime(2026, 3, 2, 12, 1, tzinfo=UTC))) == [(newer.id, 1)]
    assert places(client.search_logs("timeout", status="failure", limit=1)) == [(older.id, 250)]
    assert places(client.search_logs("timeout", until=NOON.replace(minute=1), limit=1)) == [(older.id, 250)]
    assert places(client.search_logs(r"^line 24\d$", regex=True, limit=2)) == [(older.id, 249), (older.id, 248)]
    assert len(next(client.search_logs("TIMEOUT", ignore_case=True)).spans) == 2


def test_pages_are_asked_for_only_as_far_as_somebody_reads(client: macropod.Client, runs: list[PlayedRun]) -> None:
    found = client.search_logs("line")
    assert next(found).number == 249
    assert len(list(found)) == 199
    assert len(list(client.search_logs("line", limit=150))) == 150


def test_a_found_line_has_its_context_and_survives_being_kept(client: macropod.Client, runs: list[PlayedRun]) -> None:
    line = next(client.search_logs("timeout 250", context=2))
    assert [each.number for each in (*line.before, *line.after)] == [248, 249]
    kept = pickle.loads(pickle.dumps(line))
    assert (kept, kept.to_dict()) == (line, line.to_dict())


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"text": ""}, "empty"),
        ({"text": "(", "regex": True}, "missing )"),
        ({"since": datetime(2026, 1, 2)}, "since"),
        ({"context": 21}, "context"),
        ({"context": -1}, "context"),
        ({"limit": 0}, "limit"),
        ({"regex": "yes"}, "regex"),
        ({"stream": "out"}, "stream"),
    ],
)
def test_what_cannot_be_searched_for_is_refused_with_its_name(
    client: macropod.Client, options: dict[str, object], word: str
) -> None:
    with pytest.raises(macropod.Invalid, match=word.replace(")", r"\)")):
        list(client.search_logs(**{"text": "x"} | options))  # type: ignore[arg-type]


def test_a_run_or_task_that_is_not_there_is_not_found(client: macropod.Client) -> None:
    for where in ({"task": "nowhere"}, {"run": "nowhere"}):
        with pytest.raises(macropod.NotFound, match="nowhere"):
            list(client.search_logs("x", **where))


def test_the_command_shows_runs_numbers_times_and_context(call: Call, runs: list[PlayedRun]) -> None:
    older, newer = runs
    code, out, err = call("logs", "search", "timeout", "-C", 1, "--limit", 2)
    assert (code, err) == (0, "These are the first 2; --limit shows more.\n")
    assert out.splitlines() == [
        f"run {newer.id} of newer",
        "1: 2026-03-02 12:05:00.000 Timeout or timeout",
        "2- 2026-03-02 12:05:00.000 careful",
        "",
        f"run {older.id} of older",
        "249- 2026-03-02 12:00:00.000 line 249",
        "250: 2026-03-02 12:00:00.000 timeout 250",
    ]


def test_the_command_prints_what_programs_read(call: Call, runs: list[PlayedRun]) -> None:
    older, newer = runs
    code, out, _ = call("logs", "search", "CAREFUL", "-i", "--json")
    assert (code, [(each["run_id"], each["spans"]) for each in json.loads(out)]) == (0, [(newer.id, [[0, 7]])])
    code, out, _ = call("logs", "search", r"^timeout \d$", "--regex", "-o", "name")
    assert (code, out) == (0, f"{older.id}:5\n")
    code, out, _ = call(
        "logs", "search", "timeout", "--stream", "stderr", "--since", "2026-03-02T12:01Z", "-o", "jsonl"
    )
    assert json.loads(out)["number"] == 1


def test_what_a_line_would_do_to_a_terminal_is_left_out(call: Call, runs: list[PlayedRun]) -> None:
    runs[1].prints("before \x1b]0;title\x07 needle \x1b[2J\x1b[31mred\rback")
    code, out, _ = call("logs", "search", "needle")
    assert (code, out.splitlines()[-1].partition(" before")[2]) == (0, "  needle red␍back")


def test_a_search_that_finds_nothing_says_so_and_exits_with_4(call: Call, runs: list[PlayedRun]) -> None:
    assert call("logs", "search", "absent") == (4, "", "Nothing was found.\n")
    code, out, err = call("logs", "search", "(", "--regex")
    assert (code, out) == (1, "")
    assert "missing )" in err


def test_on_a_terminal_the_match_is_marked(call: Call, runs: list[PlayedRun], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "Timeout or \x1b[1;31mtimeout\x1b[0m\n" in call("logs", "search", "timeout", "--stream", "stderr")[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in call("logs", "search", "timeout", "--stream", "stderr")[1]
