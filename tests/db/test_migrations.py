"""The migrations lead to exactly the tables the models describe, from every revision there was, and bring its rows."""

import signal
import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from macropod_server.db import tables
from macropod_server.db.engine import Database, DatabaseUnavailable
from macropod_server.db.migrate import HEAD, migrate, revision
from macropod_server.db.tables import (
    Environment,
    Event,
    Installation,
    Orchestration,
    Run,
    Slot,
    Task,
    Tick,
    Workspace,
)
from macropod_server.domain.run import Cause, RunStatus
from macropod_server.domain.task import Missed, Overlap, TaskStatus, TickOutcome
from sqlalchemy import text
from sqlmodel import MetaData, select

from tests.builders import NOON
from tests.db.old_rows import ROWS, TASK_ID

SCRIPTS = ScriptDirectory.from_config(Config("alembic.ini"))
EARLIER = [each.revision for each in SCRIPTS.walk_revisions() if each.revision != HEAD]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'macropod.db'}"
    return request.getfixturevalue("postgres").empty_url()


@pytest.fixture
def database(empty_url):
    database = Database(empty_url)
    yield database
    database.close()


def differences(database):
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return compare_metadata(context, tables.SQLModel.metadata)


def fill(database, earlier):
    """Bring the database to an earlier revision, with rows in each of its tables."""
    migrate(database, to=earlier)
    known = MetaData()
    known.reflect(database.engine)
    assert set(known.tables) == {*ROWS[earlier], "alembic_version"}
    with database.engine.begin() as connection:
        for name, rows in ROWS[earlier].items():
            connection.execute(known.tables[name].insert(), rows)


def counts(database):
    known = MetaData()
    known.reflect(database.engine)
    with database.engine.connect() as connection:
        return {name: len(connection.execute(select(table)).all()) for name, table in known.tables.items()}


def test_migrations_and_models_describe_the_same_tables(database):
    migrate(database)
    assert differences(database) == []


def test_the_head_the_server_expects_is_the_newest_revision():
    assert SCRIPTS.get_current_head() == HEAD


def test_migrating_twice_changes_nothing(database):
    assert revision(database) is None
    migrate(database)
    migrate(database)
    assert revision(database) == HEAD


def test_there_are_rows_to_try_every_earlier_revision_with():
    assert sorted(ROWS) == sorted(EARLIER)


@pytest.mark.parametrize("earlier", EARLIER)
def test_every_row_of_an_earlier_revision_is_there_after_it_and_can_be_read(database, earlier):
    fill(database, earlier)
    migrate(database)
    assert differences(database) == []
    found = counts(database)
    assert {name: found[name] for name in ROWS[earlier]} == {name: len(rows) for name, rows in ROWS[earlier].items()}
    models = [each for each in vars(tables).values() if isinstance(each, type) and hasattr(each, "__table__")]
    with database.read() as session:
        for model in models:
            assert len(session.exec(select(model)).all()) == found[model.__tablename__]


def test_what_0001_knew_means_the_same_at_the_head(database):
    fill(database, "0001")
    migrate(database)
    with database.read() as session:
        task = session.get_one(Task, TASK_ID)
        assert (task.name, task.json_args, task.status) == ("nightly", {"dogs": 3.9}, TaskStatus.STARTED)
        assert (task.overlap, task.missed, task.retries, task.locks) == (Overlap.ALLOW, Missed.LATEST, 0, [])
        runs = {run.id[:1]: run for run in session.exec(select(Run))}
        assert {each: run.cause for each, run in runs.items()} == {
            "p": Cause.PACKAGING,
            "q": Cause.ORDERED,
            "s": Cause.SCHEDULE,
        }
        assert [runs[each].lease for each in "pqs"] == [1, 0, 1]
        assert (runs["s"].status, runs["s"].exit_code, runs["s"].ended_at) == (RunStatus.FAILURE, 3, NOON)
        (tick,) = session.exec(select(Tick))
        assert (tick.outcome, tick.due_at, tick.run_id) == (TickOutcome.STARTED, NOON, runs["s"].id)
        assert session.exec(select(Installation)).one().key_digest is None
        assert session.exec(select(Workspace)).one().paused_at is None


def test_what_0002_knew_of_environments_means_that_they_are_where_the_spawner_keeps_them(database):
    fill(database, "0002")
    migrate(database)
    with database.read() as session:
        (environment,) = session.exec(select(Environment))
        assert (environment.status, environment.lock) == ("ready", "six==1.16.0\n")
        assert (environment.archive_sha256, environment.archive_bytes) == (None, None)
        assert session.exec(select(Slot)).one().name == "pool gpu"
        assert session.exec(select(Event)).one().facts == {"status": "failure"}


def test_environments_of_0003_belong_to_the_spawner_of_the_run_that_built_them(database):
    migrate(database, to="0003")
    known = MetaData()
    known.reflect(database.engine)
    rows = ROWS["0003"]
    (environment,) = rows["environments"]
    (builder,) = [run | {"spawner": "docker"} for run in rows["runs"] if run["kind"] == "packaging"]
    with database.engine.begin() as connection:
        connection.execute(known.tables["workspaces"].insert(), rows["workspaces"])
        connection.execute(known.tables["environments"].insert(), environment | {"name": builder["id"]})
        connection.execute(known.tables["orchestrations"].insert(), rows["orchestrations"])
        connection.execute(known.tables["runs"].insert(), builder)
    migrate(database)
    with database.read() as session:
        assert session.exec(select(Environment)).one().spawner == "docker"


@pytest.mark.parametrize("written", ["environments", "orchestrations", "tasks"])
def test_a_server_of_0002_goes_on_writing_into_the_tables_of_0003(database, written):
    """It does not know the new columns, and while servers are replaced one by one it need not."""
    migrate(database, to="0002")
    known = MetaData()
    known.reflect(database.engine)
    migrate(database)
    with database.engine.begin() as connection:
        for name in ("workspaces", "environments", "orchestrations", "tasks"):
            connection.execute(known.tables[name].insert(), ROWS["0002"][name])
    with database.read() as session:
        table = {"environments": Environment, "orchestrations": Orchestration, "tasks": Task}[written]
        assert len(session.exec(select(table)).all()) == 1


KILLED_AT_A_STATEMENT = """
import os, signal, sys
from sqlalchemy import Engine, event
from macropod_server.db.engine import Database, DatabaseUnavailable
from macropod_server.db.migrate import migrate

left = int(sys.argv[2])

@event.listens_for(Engine, "after_cursor_execute")
def count(*_):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

migrate(Database(sys.argv[1]))
"""


def migration(database, *, killed_at=0):
    address = database.url.render_as_string(hide_password=False)
    return subprocess.Popen([sys.executable, "-c", KILLED_AT_A_STATEMENT, address, str(killed_at)])


@pytest.mark.parametrize("statements", [10, 30, 60])
def test_a_migration_killed_half_way_leaves_all_as_it_was_and_is_done_by_the_next(database, statements):
    fill(database, "0001")
    before = counts(database)
    assert migration(database, killed_at=statements).wait() == -signal.SIGKILL
    assert (revision(database), counts(database)) == ("0001", before)
    migrate(database)
    assert (revision(database), differences(database)) == (HEAD, [])


def test_servers_that_migrate_at_the_same_moment_do_it_once(database):
    fill(database, "0001")
    migrations = [migration(database) for _ in range(3)]
    assert [each.wait() for each in migrations] == [0, 0, 0]
    assert (revision(database), differences(database)) == (HEAD, [])


@pytest.fixture
def reader(postgres):
    """A database at an earlier revision, and a transaction that goes on reading its runs, as a backup does."""
    database = Database(postgres.empty_url())
    fill(database, "0004")
    with database.engine.connect() as connection:
        connection.execute(text("SELECT id FROM runs"))
        yield database, connection
    database.close()


def test_servers_go_on_while_a_migration_waits_for_somebody_who_reads(reader):
    database, connection = reader
    answered = []

    def while_it_waits(_seconds):
        with database.read() as session:
            answered.append(session.execute(text("SELECT count(*) FROM runs")).scalar_one())
        connection.commit()

    migrate(database, pause=while_it_waits)
    assert answered == [counts(database)["runs"]]
    assert revision(database) == HEAD


def test_a_migration_that_gets_no_table_gives_up_and_changes_nothing(reader):
    database, _ = reader
    with pytest.raises(DatabaseUnavailable, match="nothing was changed"):
        migrate(database, tries=1, pause=lambda _seconds: None)
    assert revision(database) == "0004"
