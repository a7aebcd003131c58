"""The database is slow, locked, full or away: every call ends in time, with a sentence, and works again after it."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from macropod_server.db import access
from macropod_server.db.engine import Database, DatabaseFull, DatabaseUnavailable
from macropod_server.db.tables import Workspace
from macropod_server.logstore.base import LogStoreUnavailable
from macropod_server.logstore.chunks import open_log_store
from sqlalchemy import event
from sqlmodel import text

from tests.batches import batch
from tests.builders import NOON, make_deps


@contextmanager
def taking_at_most(seconds):
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


@pytest.fixture
def database(postgres):
    database = Database(postgres.fresh_url(), statement_seconds=0.5)
    yield database
    database.close()


def works(database):
    with database.write() as session:
        access.installation(session, now=NOON)
    return True


def sleep(session, seconds):
    session.exec(text("SELECT pg_sleep(:seconds)").bindparams(seconds=seconds))


def test_a_statement_that_takes_too_long_is_ended(database):
    with taking_at_most(3), pytest.raises(DatabaseUnavailable, match="statement timeout"), database.read() as session:
        sleep(session, 60)
    assert works(database)


def test_who_waits_for_a_row_for_long_is_told_so(database):
    works(database)

    def rename():
        with database.write() as session:
            session.exec(text("UPDATE installation SET created_at = now()"))

    with ThreadPoolExecutor(1) as pool, database.write() as session:
        session.exec(text("UPDATE installation SET created_at = now()"))
        with taking_at_most(3), pytest.raises(DatabaseUnavailable):
            pool.submit(rename).result()
    rename()


def test_of_two_transactions_that_cross_one_is_refused_and_may_be_repeated(postgres):
    database = Database(postgres.fresh_url())
    with database.write() as session:
        session.add_all([Workspace(name=name, created_at=NOON) for name in "ab"])
    barrier = threading.Barrier(2)

    def touch(first, then):
        with database.write() as session:
            session.exec(text("UPDATE workspaces SET paused_by = 'x' WHERE name = :name").bindparams(name=first))
            if not barrier.broken:
                barrier.wait(10)
            session.exec(text("UPDATE workspaces SET paused_by = 'x' WHERE name = :name").bindparams(name=then))

    def refusal(first, then):
        try:
            touch(first, then)
        except DatabaseUnavailable as error:
            barrier.abort()
            touch(first, then)
            return error

    with ThreadPoolExecutor(2) as pool:
        refusals = [each for each in pool.map(refusal, "ab", "ba") if each]
    database.close()
    assert ["deadlock detected" in each.message for each in refusals] == [True]


def test_a_session_that_is_ended_from_outside_is_told_and_the_next_call_works(database):
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    end_all = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )

    def be_ended(other):
        with database.write() as session:
            session.exec(text("SELECT 1"))
            other.execute(end_all)
            session.exec(text("SELECT 1"))

    with psycopg.connect(url, autocommit=True) as other:
        for _ in range(5):
            with pytest.raises(DatabaseUnavailable):
                be_ended(other)
            assert works(database)


def test_a_database_that_hangs_is_given_up(postgres):
    """Stopped with SIGSTOP, it takes what it is sent and answers nothing, nor does it keep the limits it was told."""
    database = Database(postgres.fresh_url(), statement_seconds=0.5)
    pids = [int((postgres.folder / "data" / "postmaster.pid").read_text().splitlines()[0])]

    def look():
        with database.read() as session:
            pids.append(session.exec(text("SELECT pg_backend_pid()")).one()[0])
            stop(signal.SIGSTOP)
            session.exec(text("SELECT 1"))

    def stop(sent):
        for pid in pids:
            os.kill(pid, sent)

    try:
        with taking_at_most(4), pytest.raises(DatabaseUnavailable, match="did not answer"):
            look()
        with taking_at_most(8), pytest.raises(DatabaseUnavailable):
            works(database)
    finally:
        stop(signal.SIGCONT)
    assert works(database)
    database.close()


def test_whoever_finds_all_connections_in_use_is_told_so_while_the_engine_goes_on(postgres):
    database = Database(postgres.fresh_url(), connections=2)
    engine = database.beside(statement_seconds=10)
    with database.read() as one, database.read() as other:
        one.connection(), other.connection()
        with taking_at_most(7), pytest.raises(DatabaseUnavailable):
            works(database)
        with taking_at_most(2):
            assert works(engine)
    assert works(database)
    engine.close()
    database.close()


def test_servers_that_start_for_the_first_time_at_the_same_moment_make_one_installation(postgres, tmp_path):
    for round_ in range(3):
        url, barrier = postgres.fresh_url(), threading.Barrier(4)

        def start(_number, url=url, barrier=barrier, round_=round_):
            barrier.wait()
            deps = make_deps(tmp_path / str(round_), database_url=url)
            deps.database.close()
            deps.logs.close()
            return deps.installation_id, deps.run_key

        with ThreadPoolExecutor(4) as pool:
            assert len(set(pool.map(start, range(4)))) == 1


# SQLite


@pytest.fixture
def path(tmp_path):
    return tmp_path / "macropod.db"


@pytest.fixture
def file(path):
    database = Database(f"sqlite:///{path}")
    with database.write() as session:
        session.exec(text("CREATE TABLE notes (text TEXT)"))
    yield database
    database.close()


def note(database, content="x"):
    with database.write() as session:
        session.exec(text("INSERT INTO notes VALUES (:content)").bindparams(content=content))


def count(database):
    with database.read() as session:
        return session.exec(text("SELECT count(*) FROM notes")).one()[0]


def test_a_file_that_another_process_writes_to_is_waited_for_and_then_told_busy(file, path):
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with taking_at_most(8), pytest.raises(DatabaseUnavailable, match="locked"):
        note(file)
    assert count(file) == 0
    other.rollback()
    other.close()
    note(file)
    assert count(file) == 1


def test_a_writer_that_takes_long_holds_up_another_for_five_seconds_at_most(file):
    with ThreadPoolExecutor(1) as pool, file.write():
        with taking_at_most(8), pytest.raises(DatabaseUnavailable, match="busy"):
            pool.submit(note, file).result()
        assert count(file) == 0
    note(file)


WRITES_UNTIL_KILLED = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for number in range(10**9):
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO notes VALUES ('one')")
    connection.execute("INSERT INTO notes VALUES ('other')")
    connection.execute("COMMIT")
    print(number, flush=True)
"""


def test_a_writer_killed_in_the_middle_leaves_whole_transactions(file, path):
    for _ in range(3):
        before = count(file)
        writer = subprocess.Popen([sys.executable, "-c", WRITES_UNTIL_KILLED, str(path)], stdout=subprocess.PIPE)
        acknowledged = [writer.stdout.readline() for _ in range(50)]
        writer.kill()
        rest = writer.stdout.read().splitlines()
        writer.wait()
        writer.stdout.close()
        written = count(file) - before
        assert written % 2 == 0
        assert written >= 2 * (len(acknowledged) + len(rest) - 1)
        note(file, "a")
        note(file, "b")


def fill_up(database):
    """Whatever connection it makes from now on may take no more pages."""
    database.engine.dispose()

    @event.listens_for(database.engine, "connect")
    def limit(connection, _record):
        connection.execute(f"PRAGMA max_page_count = {connection.execute('PRAGMA page_count').fetchone()[0]}")

    return lambda: (event.remove(database.engine, "connect", limit), database.engine.dispose())


def test_a_full_file_refuses_what_is_new_tells_what_it_has_and_works_again_with_space(file):
    note(file)
    free = fill_up(file)
    with pytest.raises(DatabaseFull, match="is full"):
        note(file, "x" * 1_000_000)
    assert count(file) == 1
    free()
    note(file, "x" * 1_000_000)
    assert count(file) == 2


def test_a_damaged_file_is_a_database_that_does_not_answer(tmp_path):
    (tmp_path / "macropod.db").write_bytes(b"no database at all" * 1000)
    database = Database(f"sqlite:///{tmp_path / 'macropod.db'}")
    with pytest.raises(DatabaseUnavailable), database.read() as session:
        session.exec(text("SELECT 1 FROM notes"))
    database.close()


def test_the_log_store_tells_when_others_write_for_long(tmp_path):
    logs = open_log_store(f"sqlite:///{tmp_path / 'logs.db'}")
    logs.append("run", first=1, batch=batch("a line"))
    other = sqlite3.connect(tmp_path / "logs.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with taking_at_most(8), pytest.raises(LogStoreUnavailable, match="locked"):
        logs.drop("run")
    other.rollback()
    other.close()
    logs.drop("run")
    logs.close()
