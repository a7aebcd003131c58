"""The migrations lead to exactly the tables the models describe."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from macropod_server.db import tables
from macropod_server.db.engine import Database
from macropod_server.db.migrate import HEAD, migrate, revision


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'macropod.db'}"
    return request.getfixturevalue("postgres").empty_url()


def test_migrations_and_models_describe_the_same_tables(empty_url):
    database = Database(empty_url)
    migrate(database)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, tables.SQLModel.metadata)
    database.close()
    assert differences == []


def test_the_head_the_server_expects_is_the_newest_revision():
    assert ScriptDirectory.from_config(Config("alembic.ini")).get_current_head() == HEAD


def test_migrating_twice_changes_nothing(empty_url):
    database = Database(empty_url)
    assert revision(database) is None
    migrate(database)
    migrate(database)
    assert revision(database) == HEAD
    database.close()
