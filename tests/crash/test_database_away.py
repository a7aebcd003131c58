"""The database is restarted, gone, cut off or hostile while servers work: runs go on, nobody sees a 500."""

import os
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psycopg
import pytest

from tests.crash.programs import MARKS, Marks, how_it_ended, upload, wait_for
from tests.live_server import LiveServer
from tests.postgres import Postgres, binaries, running_postgres

OFTEN_SECONDS = 1
PRINTS_FOR_SECONDS = """
import sys
import time

for number in range(1, 1001):
    print("line", number)
    time.sleep(0.008)
sys.exit(7)
"""


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[Postgres]:
    """One that may be stopped: nobody else uses it."""
    folder = binaries()
    if folder is None:
        pytest.skip("PostgreSQL is not installed; Debian's package `postgresql` has it.")
    with running_postgres(folder) as server:
        yield server


@pytest.fixture
def database_url(own_postgres: Postgres) -> str:
    return own_postgres.fresh_url()


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[LiveServer]:
    with LiveServer(tmp_path, database_url=database_url, grace_seconds=1) as server:
        yield server


@contextmanager
def asking(server: LiveServer) -> Iterator[Counter[int]]:
    """Callers that never give up, and which statuses they were answered."""
    answers: Counter[int] = Counter()
    is_over = threading.Event()

    def ask(path: str) -> None:
        with httpx2.Client(base_url=server.url, headers=dict(server.rest.headers), timeout=30) as http:
            while not is_over.is_set():
                answer = http.get(path)
                answers[answer.status_code] += 1
                assert answer.status_code != 503 or answer.headers["Retry-After"]

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(ask, path) for path in ("/v1/runs", "/v1/tasks", "/v1/events", "/health/ready")]
        try:
            yield answers
        finally:
            is_over.set()
        for each in asked:
            each.result()


def is_ready(server: LiveServer) -> bool:
    return httpx2.get(f"{server.url}/health/ready", timeout=30).is_success


@pytest.mark.parametrize("away_seconds", [0, 3])
def test_a_run_goes_on_and_no_line_is_lost_while_the_database_is_away(
    server: LiveServer, own_postgres: Postgres, away_seconds: float
) -> None:
    task = upload(server.client, PRINTS_FOR_SECONDS).run_once("prints")
    next(task.follow())
    with asking(server) as answers:
        own_postgres.stop("immediate")
        time.sleep(away_seconds)
        own_postgres.start()
        began = time.monotonic()
        wait_for(lambda: is_ready(server))
        assert time.monotonic() - began < 10
        assert how_it_ended(task) == ("failure", "exit_code", 7)
    assert set(answers) <= {200, 503}
    [run] = task.last_runs()
    assert [line.text for line in run.logs()] == [f"line {number}" for number in range(1, 1001)]


def test_sessions_ended_all_the_time_are_seen_by_nobody_as_an_error_of_the_server(
    server: LiveServer, own_postgres: Postgres, marks: Marks
) -> None:
    orchestration = upload(server.client, MARKS)
    with asking(server) as answers, ending_sessions(own_postgres):
        tasks = [marks.run(orchestration) for _ in range(10)]
        assert [how_it_ended(task) for task in tasks] == [("success", "completed", 0)] * 10
    assert set(answers) <= {200, 503}
    assert marks.counts() == [1] * 10


@contextmanager
def ending_sessions(postgres: Postgres) -> Iterator[None]:
    is_over = threading.Event()

    def end_one() -> None:
        with psycopg.connect(postgres.url("postgres").replace("+psycopg", ""), autocommit=True) as other:
            while not is_over.wait(0.2):
                other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name = 'macropod' ORDER BY random() LIMIT 1"
                )

    ending = threading.Thread(target=end_one)
    ending.start()
    yield
    is_over.set()
    ending.join()


def test_two_hundred_slow_calls_are_refused_in_time_while_the_engine_goes_on(
    server: LiveServer, database_url: str, tmp_path: Path
) -> None:
    """Another session holds what the token of a person is looked up in. Schedules and runs do not need it."""
    marks = tmp_path / "marks"
    task = upload(server.client, MARKS).run_scheduled(
        "often", every=OFTEN_SECONDS, json_args={"marks": str(marks)}, overlap="allow"
    )
    wait_for(marks.exists)
    with psycopg.connect(database_url.replace("+psycopg", "")) as other:
        other.execute("LOCK TABLE tokens IN ACCESS EXCLUSIVE MODE")
        before = marks.read_text()
        with ThreadPoolExecutor(200) as pool, many_connections(server) as http:
            is_over = threading.Event()
            asked = [pool.submit(answers_until, is_over, http, "/v1/runs") for _ in range(200)]
            wait_for(lambda: marks.read_text() != before)
            is_over.set()
            answers = [each for one in asked for each in one.result()]
        other.rollback()
    assert {status for status, _ in answers} == {503}
    assert max(seconds for _, seconds in answers) < 12
    task.kill()


def many_connections(server: LiveServer) -> httpx2.Client:
    limits = httpx2.Limits(max_connections=200)
    return httpx2.Client(base_url=server.url, headers=dict(server.rest.headers), timeout=60, limits=limits)


def answers_until(is_over: threading.Event, http: httpx2.Client, path: str) -> list[tuple[int, float]]:
    """One call after the other, so that there is always one that waits."""
    given = [answer(http, path)]
    while not is_over.is_set():
        given.append(answer(http, path))
    return given


def answer(http: httpx2.Client, path: str) -> tuple[int, float]:
    """Its status, and how many seconds it took."""
    began = time.monotonic()
    return http.get(path).status_code, time.monotonic() - began


@pytest.mark.parametrize("direction", ["--dport", "--sport"])
def test_a_cut_to_the_database_ends_every_call_in_time_and_is_over_when_it_is_mended(
    server: LiveServer, own_postgres: Postgres, direction: str
) -> None:
    """Packets vanish on the way there, or on the way back."""
    task = upload(server.client, PRINTS_FOR_SECONDS).run_once("prints")
    next(task.follow())
    with cut(direction, own_postgres.port):
        answers = [answer(server.rest, "/v1/runs") for _ in range(3)]
        assert {status for status, _ in answers} == {503}
        assert max(seconds for _, seconds in answers) < 12
        assert httpx2.get(f"{server.url}/health/live").is_success
    began = time.monotonic()
    wait_for(lambda: is_ready(server))
    assert time.monotonic() - began < 10
    assert how_it_ended(task) == ("failure", "exit_code", 7)
    [run] = task.last_runs()
    assert run.line_count == 1000


@contextmanager
def cut(direction: str, port: int) -> Iterator[None]:
    rule = ["INPUT", "-i", "lo", "-p", "tcp", direction, str(port), "-j", "DROP"]
    if os.geteuid() != 0 or shutil.which("iptables") is None:
        pytest.skip("Cutting a network takes root and iptables.")
    if subprocess.run(["iptables", "-I", *rule], capture_output=True).returncode != 0:
        pytest.skip("iptables cannot add a rule here.")
    try:
        yield
    finally:
        subprocess.run(["iptables", "-D", *rule], check=True)
