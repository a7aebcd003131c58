"""The parts of the harness that a verdict rests on: marks, proxy, what is read from disk and database, the report."""

import hashlib
import json
import re
import socket
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from macropod_server.deps import Deps

import chaos
from chaos.evidence import Check
from chaos.gathering import blobs, files_left, shrinks
from chaos.outcome import Goal, Outcome
from chaos.proxy import Proxy
from chaos.reading import installation_id, read_rows, unfinished
from chaos.receiver import Receiver
from chaos.report import report, write
from chaos.server_log import unforeseen
from tests.chaos.evidence_builders import evidence, with_rows

MARK = {"what": "start", "run_id": "r", "task_id": "t", "attempt": "1", "pid": 7, "exit_code": 0, "due_at": None}


def tell(address: tuple[str, int], line: bytes) -> bytes:
    with socket.create_connection(address, 5) as connection:
        connection.sendall(line)
        connection.shutdown(socket.SHUT_WR)
        return connection.recv(1)


def test_a_mark_is_on_the_disk_when_it_is_answered_and_half_a_mark_is_none(tmp_path: Path) -> None:
    with closing(Receiver(tmp_path / "marks")) as receiver:
        line = json.dumps(MARK).encode() + b"\n"
        assert tell(receiver.address, line) == b"k"
        assert (tmp_path / "marks").read_bytes() == line
        assert tell(receiver.address, line[:-1]) == b""
        assert [(mark.what, mark.run_id, mark.attempt) for mark in receiver.marks()] == [("start", "r", 1)]


def test_the_proxy_goes_past_a_server_that_is_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as away:
        nobody = ("127.0.0.1", away.getsockname()[1])
    with socket.create_server(("127.0.0.1", 0)) as living, closing(Proxy([nobody, living.getsockname()])) as proxy:
        for _ in range(2):
            with socket.create_connection(proxy.address, 5) as client:
                server, _ = living.accept()
                with server:
                    client.sendall(b"hello")
                    assert server.recv(10) == b"hello"


@pytest.mark.parametrize(
    "left", ["runs/some-run/pid", "blobs/staging/tmpx", "blobs/ab/cd", "environments/some-run/pyvenv.cfg"]
)
def test_an_orphan_of_any_kind_in_the_data_folder_is_found(tmp_path: Path, left: str) -> None:
    rows = with_rows(evidence(), orchestrations=[]).rows
    assert list(files_left(tmp_path, rows)) == []
    (tmp_path / left).parent.mkdir(parents=True)
    (tmp_path / left).touch()
    assert len(list(files_left(tmp_path, rows))) == 1


def test_a_blob_is_read_and_reckoned_not_believed(tmp_path: Path) -> None:
    name = hashlib.sha256(b"right").hexdigest()
    (tmp_path / name[:2]).mkdir()
    (tmp_path / name[:2] / name[2:]).write_bytes(b"wrong")
    [blob] = blobs(tmp_path)
    assert (blob.name, blob.sha256) == (name, hashlib.sha256(b"wrong").hexdigest())


def test_rows_are_read_by_plain_sql_from_either_database(deps: Deps) -> None:
    url = deps.settings.resolved_database_url
    assert (read_rows(url).tasks, read_rows(url).runs, unfinished(url)) == ([], [], 0)
    columns = "id, workspace_id, sha256, size_bytes, entry_point, warnings, status, created_at, updated_at, deleted_at"
    at = "'2026-03-01 12:00:00.500000'"
    row = f"'one', (SELECT min(id) FROM workspaces), 'ab', 1, 'main.py', '[]', 'ready', {at}, {at}, {at}"
    with deps.database.engine.begin() as connection:
        connection.exec_driver_sql("SET TIME ZONE 'UTC'" if not deps.database.is_sqlite else "SELECT 1")
        connection.exec_driver_sql(f"INSERT INTO orchestrations ({columns}) VALUES ({row})")
    [found] = read_rows(url).orchestrations
    assert (found.id, found.deleted_at) == ("one", datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC))
    assert installation_id(url) == deps.installation_id


def test_errors_nobody_foresaw_are_found_in_the_log_of_a_server(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    failed = {"event": "step_failed", "loop": "clean_up", "exception": "Traceback\n  ...\nValueError: no"}
    log.write_text(f'{{"event": "run_ended"}}\n{json.dumps(failed)}\n{json.dumps(failed)}\nplain text\n{{"event": "st')
    assert unforeseen([log]) == ["The log has 2 times: step_failed in clean_up: ValueError: no"]


@pytest.mark.parametrize(
    ("counts", "is_over"), [([2, 1, 0], True), ([0], True), ([2, 2, 2], False), ([1, 3, 2], False)]
)
def test_what_no_longer_shrinks_is_given_up(counts: list[int], is_over: bool) -> None:
    seen = iter(counts)
    assert shrinks(lambda: next(seen), seconds=0.1, most=60) is is_over


def an_outcome(*violations: str) -> Outcome:
    checks = [Check("I1", "one each", 3, list(violations))]
    goals = [Goal("kills", "3", "2 or more", is_reached=True)]
    return Outcome("chaos", "one server", "dice", 12.0, {"kill -9": 3}, checks, goals)


def test_a_report_says_what_was_done_and_what_was_found() -> None:
    told = report(an_outcome("Lost: a tick"))
    assert "FAIL" in told
    for part in ("seed `dice`", "| kill -9 | 3 |", "| I1 | one each | 3 | 1 |", "- I1: Lost: a tick"):
        assert part in told
    assert "PASS" in report(an_outcome())


def test_a_goal_that_is_not_reached_is_a_failure() -> None:
    outcome = Outcome("chaos", "one server", "dice", 1.0, goals=[Goal("kills", "1", "2", is_reached=False)])
    assert not outcome.is_well


def test_a_report_is_written_between_its_marks_and_nothing_else_changes(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- r1: begin -->\nold\n<!-- r1: end -->\nafter\n")
    write([an_outcome()], section="r1", page=page)
    text = page.read_text()
    assert text.startswith("before\n<!-- r1: begin -->\n")
    assert text.endswith("<!-- r1: end -->\nafter\n")
    assert "old" not in text
    assert "kill -9" in text
    with pytest.raises(LookupError, match="has no place for r2"):
        write([an_outcome()], section="r2", page=page)


def importers(package: str) -> set[str]:
    of_package = re.compile(rf"^\s*(import|from) {package}\b", re.MULTILINE)
    return {path.name for path in Path(chaos.__file__).parent.glob("*.py") if of_package.search(path.read_text())}


def test_nothing_but_the_kill_points_knows_the_inside_of_the_server() -> None:
    """The checker must not agree with the engine because both ask the same function."""
    assert importers("macropod_server") == {"server.py"}
    # Of followers it is the client's that are killed.
    assert importers("macropod") == {"chatty_run.py", "log_follower.py", "log_kills.py"}
    assert "macropod_server" in (Path(chaos.__file__).parent / "kill_points.py").read_text()
