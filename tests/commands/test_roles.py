"""Which servers work together: roles, shared folders, one key."""

import pytest

from tests.commands.test_server_command import run
from tests.live_server import LiveServer


@pytest.mark.parametrize("role", ["--api", "--engine"])
def test_a_role_of_its_own_takes_postgresql(tmp_path, role):
    done = run(tmp_path, "serve", role, MACROPOD_PORT=0)
    assert done.returncode == 1
    assert "needs PostgreSQL: SQLite is for one server" in done.stderr


def test_a_role_that_is_none_is_named(tmp_path):
    done = run(tmp_path, "serve", MACROPOD_ROLE="leader", MACROPOD_PORT=0)
    assert (done.returncode, "MACROPOD_ROLE is 'leader'; it takes both, api, engine." in done.stderr) == (1, True)


def test_an_engine_has_to_know_where_runs_find_the_api(tmp_path, postgres):
    done = run(tmp_path, "serve", "--engine", MACROPOD_DATABASE_URL=postgres.fresh_url(), MACROPOD_PORT=0)
    assert (done.returncode, "Set MACROPOD_RUNNER_URL" in done.stderr) == (1, True)


def test_two_servers_on_one_sqlite_are_refused(tmp_path):
    with LiveServer(tmp_path):
        done = run(tmp_path, "serve", MACROPOD_PORT=0, MACROPOD_SPAWNER="process")
    assert (done.returncode, "Another server works in" in done.stderr) == (1, True)


def test_a_folder_of_another_installation_is_refused(tmp_path, postgres):
    with LiveServer(tmp_path, database_url=postgres.fresh_url()):
        done = run(
            tmp_path,
            "serve",
            MACROPOD_DATABASE_URL=postgres.fresh_url(),
            MACROPOD_PORT=0,
            MACROPOD_SPAWNER="process",
        )
    assert (done.returncode, "belongs to installation" in done.stderr) == (1, True)


def test_servers_with_keys_that_differ_are_refused_until_the_key_is_changed_for_all(tmp_path, postgres):
    url = postgres.fresh_url()
    with LiveServer(tmp_path, database_url=url):
        pass
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    settings = {"MACROPOD_DATABASE_URL": url, "MACROPOD_PORT": 0, "MACROPOD_SPAWNER": "process"}
    done = run(elsewhere, "serve", **settings)
    assert (done.returncode, "have another key" in done.stderr) == (1, True)
    assert run(elsewhere, "use-key", **settings).returncode == 0
    with LiveServer(elsewhere, database_url=url):
        pass
    done = run(tmp_path, "serve", **settings)
    assert (done.returncode, "have another key" in done.stderr) == (1, True)


def test_a_server_that_is_only_the_api_starts_nothing(tmp_path, postgres):
    with LiveServer(tmp_path, database_url=postgres.fresh_url(), role="api") as server:
        metrics = server.rest.get("/metrics").text
    assert "macropod_loop_silence_seconds{" not in metrics
