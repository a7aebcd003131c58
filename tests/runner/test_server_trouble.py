"""The server is away, refuses, forgets: nothing is lost and nothing is there twice."""

import time
from pathlib import Path

import pytest

from tests.runner.runner_process import RunnerProcess, run
from tests.runner.server_double import ServerDouble

CHATTY = """
import pathlib, time
for number in range(300):
    print("line", number)
    time.sleep(0.005)
pathlib.Path("done").touch()
"""
CHATTER = [f"line {number}" for number in range(300)]


def await_file(path: Path, *, seconds: float = 20) -> None:
    patience = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < patience, path
        time.sleep(0.01)


def test_a_server_that_goes_away_and_comes_back_gets_every_line_once(tmp_path: Path) -> None:
    with ServerDouble({"main.py": CHATTY}) as server, RunnerProcess(server, tmp_path) as runner:
        server.await_lines(10)
        server.is_away = True
        await_file(runner.home / "done")
        assert server.ends == []
        server.is_away = False
        assert runner.wait() == 0
    assert server.texts == CHATTER
    assert (server.end["reason"], server.end["lines"]) == ("completed", 300)


def test_lost_acknowledgements_make_no_line_appear_twice(tmp_path: Path) -> None:
    with ServerDouble({"main.py": CHATTY}) as server:
        server.acks_to_lose = 3
        assert run(server, tmp_path) == 0
    assert server.calls["lines"] > 3
    assert server.texts == CHATTER


@pytest.mark.parametrize("refusal", [500, 502, 503, 429, 408])
def test_a_passing_refusal_is_waited_out(tmp_path: Path, refusal: int) -> None:
    with ServerDouble({"main.py": "print('hello')"}) as server:
        server.refusal = refusal
        with RunnerProcess(server, tmp_path) as runner:
            server.await_call("spec", count=3)
            server.refusal = None
            assert runner.wait() == 0
    assert server.texts == ["hello"]
    assert len(server.nonces) > 2
    assert len(set(server.nonces)) == 1, "by it the server knows that it is the same runner that asks again"


def test_a_zip_that_the_server_has_lost_is_told(tmp_path: Path) -> None:
    with ServerDouble() as server:
        server.bundle = None
        run(server, tmp_path)
    assert server.end["reason"] == "could_not_start"
    assert "The uploaded zip is not in the server's store any more." in server.end["message"]


@pytest.mark.parametrize("refusal", [401, 403, 404, 410, 422])
def test_a_final_refusal_stops_main_py(tmp_path: Path, refusal: int) -> None:
    main = "import time; print('begun')\nwhile True: print(time.time()); time.sleep(0.05)"
    with ServerDouble({"main.py": main}, grace_seconds=1) as server, RunnerProcess(server, tmp_path) as runner:
        server.await_line("begun")
        server.refusal = refusal
        assert runner.wait() == 3
    assert server.ends == []


@pytest.mark.parametrize(
    ("refusal", "words"), [(404, b"404 page not found\n"), (403, b"<html>Forbidden</html>"), (404, b"[]"), (401, b"")]
)
def test_a_refusal_of_somebody_before_the_server_is_waited_out(tmp_path: Path, refusal: int, words: bytes) -> None:
    with ServerDouble({"main.py": CHATTY}) as server:
        server.refusal_body = words
        with RunnerProcess(server, tmp_path) as runner:
            server.await_lines(10)
            server.refusal = refusal
            await_file(runner.home / "done")
            server.refusal = None
            assert runner.wait() == 0
    assert server.texts == CHATTER


def test_main_py_is_not_held_up_by_a_server_that_is_away(tmp_path: Path) -> None:
    main = "for number in range(300_000): print(number, 'x' * 60)\nopen('done', 'w').close()"
    with ServerDouble({"main.py": main}) as server, RunnerProcess(server, tmp_path) as runner:
        server.await_lines(1)
        server.is_away = True
        await_file(runner.home / "done")
        assert list(runner.spool.glob("*.lines"))
        server.is_away = False
        assert runner.wait() == 0
    assert len(server.lines) == 300_000
    assert [text.split()[0] for text in server.texts] == [str(number) for number in range(300_000)]
    assert list(runner.spool.glob("*.lines")) == []


def test_when_the_spool_is_full_the_oldest_are_kept_and_the_gap_is_marked(tmp_path: Path) -> None:
    main = "for number in range(300_000): print(number, 'x' * 60)\nopen('done', 'w').close()"
    limit = 5 * 1024**2
    with ServerDouble({"main.py": main}, spool_max_bytes=limit) as server:
        server.is_away = True
        with RunnerProcess(server, tmp_path) as runner:
            server.is_away = False
            server.await_lines(1)
            server.is_away = True
            await_file(runner.home / "done")
            assert sum(file.stat().st_size for file in runner.spool.glob("*.lines")) <= limit
            server.is_away = False
            assert runner.wait() == 0
    *kept, gap = server.lines
    assert [line.text.split()[0] for line in kept] == [str(number) for number in range(len(kept))]
    assert gap.stream == "system"
    assert gap.text.startswith(f"{300_000 - len(kept):,} lines (")
    assert server.end["lines"] == len(server.lines)


def test_a_server_that_is_away_at_the_start_is_awaited(tmp_path: Path) -> None:
    with ServerDouble({"main.py": "print('at last')"}) as server:
        server.is_away = True
        with RunnerProcess(server, tmp_path) as runner:
            server.await_call("spec", count=3)
            server.is_away = False
            assert runner.wait() == 0
    assert server.texts == ["at last"]
    assert "The server does not answer" in runner.output.read_text()
