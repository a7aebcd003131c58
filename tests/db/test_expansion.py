"""While a new version is rolled out, servers of the old one go on: with what a newer revision has added they work."""

from contextlib import closing
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from macropod_server.adapters import open_database
from macropod_server.app import build_deps, close_deps
from macropod_server.db.engine import Database
from macropod_server.db.migrate import HEAD, migrate, revision
from macropod_server.db.tables import Run
from macropod_server.domain.errors import Conflict
from macropod_server.domain.revisions import place_of
from macropod_server.flows.clean_up import clean_up
from macropod_server.flows.enqueue_due import enqueue_due
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.retain import retain
from macropod_server.flows.start_run import start_runs
from macropod_server.settings import Settings
from sqlalchemy import text
from sqlmodel import MetaData

from tests.builders import Clock, a_zip, all_rows, make_deps, make_task
from tests.commands.test_server_command import run
from tests.db.revision_reading import contractions
from tests.fakes.spawner import FakeSpawner
from tests.live_server import LiveServer

BEFORE_THE_FIRST_RELEASE = {"0001", "0002"}
NEXT = f"{place_of(HEAD)[0] + 1:04}" + HEAD[4:]
NEWEST = "9999_from_9998"
REVISIONS = [
    each
    for each in ScriptDirectory.from_config(Config("alembic.ini")).walk_revisions()
    if each.revision not in BEFORE_THE_FIRST_RELEASE
]
"""Newest first."""


def name_revision(database, name):
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :name"), {"name": name})


def expand(url):
    """All that a next revision may do: new tables, new columns that need no value, new indexes; and its name."""
    database = Database(url)
    migrate(database)
    known = MetaData()
    known.reflect(database.engine)
    with database.engine.begin() as connection:
        for name in known.tables.keys() - {"alembic_version"}:
            for column in ("later_text VARCHAR", "later_number INTEGER DEFAULT 7 NOT NULL"):
                connection.execute(text(f"ALTER TABLE {name} ADD COLUMN {column}"))
            connection.execute(text(f"CREATE INDEX ix_{name}_later ON {name} (later_text)"))
        reference = "VARCHAR(36) NOT NULL REFERENCES runs (id) ON DELETE CASCADE"
        connection.execute(text(f"CREATE TABLE later_things (id INTEGER PRIMARY KEY, run_id {reference})"))
    name_revision(database, NEXT)
    database.close()


def note_later_thing(deps, run):
    with deps.database.engine.begin() as connection:
        connection.execute(text("INSERT INTO later_things (id, run_id) VALUES (1, :id)"), {"id": run.id})


@pytest.fixture
def expanded_url(database_url, tmp_path):
    (tmp_path / "data").mkdir(exist_ok=True)
    expand(database_url)
    return database_url


def test_api_engine_and_runs_of_the_older_version_work_on_what_a_newer_one_has_added(tmp_path, expanded_url):
    with LiveServer(tmp_path, database_url=expanded_url) as server:
        orchestration = server.client.upload_orchestration(bytes_buffer=a_zip({"main.py": "print('hello')"}), name="a")
        once = orchestration.run_once("once")
        assert once.wait(60).status() == "success"
        nightly = orchestration.run_scheduled("nightly", schedule="0 2 * * *")
        server.kill_and_restart()
        assert [line.text for line in once.last_runs()[0].logs()] == ["hello"]
        assert nightly.run().wait(60).status() == "success"
        nightly.kill()
    database = Database(expanded_url)
    assert revision(database) == NEXT
    database.close()


def test_flows_write_and_delete_rows_that_a_newer_version_has_added_to(tmp_path, expanded_url):
    deps = make_deps(tmp_path, database_url=expanded_url, keep_runs_days=1, keep_tasks_days=1)
    make_task(deps, schedule="*/5 * * * *")
    deps.clock.advance(minutes=11)
    enqueue_due(deps)
    once = make_task(deps)
    start_runs(deps)
    for each in all_rows(deps, Run):
        finish_run(deps, each.id, Ending(reason="completed", exit_code=0), now=deps.clock())
        deps.spawner.finish(each.id)
    (run_once,) = [each for each in all_rows(deps, Run) if each.task_id == once.id]
    note_later_thing(deps, run_once)
    deps.clock.advance(days=3)
    while clean_up(deps):
        pass
    while retain(deps):
        pass
    assert run_once.id not in {each.id for each in all_rows(deps, Run)}
    close_deps(deps)


def test_migrating_with_the_older_version_leaves_the_newer_database_as_it_is(tmp_path, expanded_url):
    done = run(tmp_path, "migrate", MACROPOD_DATABASE_URL=expanded_url)
    assert (done.returncode, done.stdout) == (0, f"The database is at revision {NEXT}.\n")


def test_a_database_that_took_something_from_this_version_is_refused(database_url, tmp_path):
    deps = build_deps(
        Settings(data_dir=tmp_path / "data", database_url=database_url), spawner=FakeSpawner(), clock=Clock()
    )
    name_revision(deps.database, NEWEST)
    close_deps(deps)
    refusal = f"at revision {NEWEST}, which servers that know no more than {HEAD} do not work with"
    with pytest.raises(Conflict, match=refusal):
        open_database(deps.settings)
    with closing(Database(database_url)) as database, pytest.raises(Conflict, match=refusal):
        migrate(database)


def test_a_revision_that_takes_something_away_says_in_its_name_whose_servers_still_work():
    for script in REVISIONS:
        number, floor = place_of(script.revision)
        _, earlier_floor = place_of(script.down_revision)
        assert earlier_floor <= floor < number
        found = contractions(Path(script.path).read_text())
        assert found == [] or floor > earlier_floor, f"{script.path} is named as if it only added, but: {found}"


def upgrade(*statements):
    return "def upgrade():\n" + "".join(f"    {each}\n" for each in statements)


@pytest.mark.parametrize(
    "statement",
    [
        'op.add_column("runs", sa.Column("later", sa.String(), nullable=True))',
        'batch_op.add_column(sa.Column("later", sa.Integer(), nullable=False, server_default="0"))',
        'op.create_table("later", sa.Column("id", sa.Integer(), nullable=False))',
        'op.create_index("ix_later", "runs", ["later"], unique=False)',
        'op.execute("UPDATE runs SET later = 1")',
        'batch_op.alter_column("later", nullable=True)',
    ],
)
def test_what_only_adds_may_be_done_under_a_plain_name(statement):
    assert contractions(upgrade(statement)) == []


@pytest.mark.parametrize(
    "statement",
    [
        'op.drop_table("pools")',
        'batch_op.drop_column("cause")',
        'op.rename_table("pools", "groups")',
        'batch_op.alter_column("cause", new_column_name="why")',
        'batch_op.alter_column("cause", nullable=False)',
        'batch_op.alter_column("cause", type_=sa.Integer())',
        'batch_op.add_column(sa.Column("later", sa.Integer(), nullable=False))',
        'op.create_index("ix_later", "runs", ["later"], unique=True)',
        'op.create_unique_constraint("one", "runs", ["task_id"])',
        'op.execute("ALTER TABLE runs DROP COLUMN cause")',
        'op.execute(sa.text("DROP TABLE pools"))',
        'op.create_table("later", sa.ForeignKeyConstraint(["run_id"], ["runs.id"]))',
    ],
)
def test_what_an_older_server_would_miss_or_stumble_over_is_found(statement):
    assert len(contractions(upgrade(statement))) == 1


def test_a_new_table_may_go_with_the_rows_it_belongs_to_and_with_other_new_tables():
    source = upgrade(
        'op.create_table("later", sa.ForeignKeyConstraint(["run_id"], ["runs.id"], ondelete="CASCADE"))',
        'op.create_table("parts", sa.ForeignKeyConstraint(["later_id"], ["later.id"]))',
    )
    assert contractions(source) == []
