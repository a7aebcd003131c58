"""The master key changes while servers go on, no value is entered anew, and whatever is broken off can be ended."""

from dataclasses import replace

import pytest
from macropod_server.app import close_deps
from macropod_server.db import master_key
from macropod_server.db.connections import Reach
from macropod_server.db.tables import Connection, Given, SecretVersion
from macropod_server.domain.errors import Conflict
from macropod_server.flows.create_connection import ConnectionWish, create_connection
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.rotate_key import rotate_key
from macropod_server.flows.set_secret import set_secret
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.tell_details import tell_details
from macropod_server.installation import use_key
from macropod_server.master_keys import MasterKeys

from tests.builders import WORKSPACE, all_rows, make_deps, make_task, reread, runs_of

HOW = {"workspace_id": WORKSPACE, "requested_by": None}
OLD, NEW = "o" * 32, "n" * 32


@pytest.fixture
def run(deps):
    """One that goes on with a secret; and a connection beside it."""
    set_secret(deps, "password", "hunter22", **HOW, now=deps.clock())
    create_connection(deps, ConnectionWish("warehouse", "db", {"password": "t0ken"}), **HOW, now=deps.clock())
    task = make_task(deps, secrets=["password"])
    start_runs(deps)
    run = runs_of(deps, task)[0]
    hand_spec(deps, run.id, now=deps.clock())
    return run


def key_ids(deps):
    return {row.key_id for table in (SecretVersion, Connection, Given) for row in all_rows(deps, table)}


def all_is_well(deps, run):
    deps.secrets_of.drop(run.id)
    assert deps.secrets_of(reread(deps, run)) == ("hunter22",)
    assert tell_details(deps, "warehouse", reach=Reach(WORKSPACE)) == {"password": "t0ken"}


def test_all_is_brought_under_a_new_key_and_the_old_one_is_gone(deps, run, restarted):
    before = deps.master_keys.ring().first
    done = rotate_key(restarted.database, restarted.master_keys)
    assert (done.values, done.unreadable, done.to_remove) == (3, [], [])
    assert key_ids(deps) == {done.key_id} == set(deps.master_keys.ring().keys) != {before}
    all_is_well(deps, run)
    assert set_secret(deps, "password", "hunter33", **HOW, now=deps.clock()).version == 2
    assert key_ids(deps) == {done.key_id}
    assert (deps.settings.data_dir / "master.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("moment", ["put_first", "change", "rewrap", "keep_only"])
def test_broken_off_at_any_moment_servers_go_on_and_the_same_command_ends_it(deps, run, monkeypatch, moment):
    class Broken(Exception):
        pass

    def breaking(act, *, after):
        def call(*words, **more):
            if after:
                act(*words, **more)
            raise Broken

        return call

    keys = MasterKeys(deps.settings)
    owner = keys if moment in ("put_first", "keep_only") else master_key
    with monkeypatch.context() as broken:
        broken.setattr(owner, moment, breaking(getattr(owner, moment), after=moment == "put_first"))
        with pytest.raises(Broken):
            rotate_key(deps.database, keys)
    all_is_well(deps, run)
    set_secret(deps, "other", "s3same", **HOW, now=deps.clock())
    done = rotate_key(deps.database, MasterKeys(deps.settings))
    assert set(deps.master_keys.ring().keys) == {done.key_id} == key_ids(deps)
    all_is_well(deps, run)


def test_what_cannot_be_read_is_named_and_does_not_hold_up_the_rest(deps, run):
    with deps.database.write() as session:
        (row,) = all_rows(deps, Connection)
        session.get(Connection, row.id).wrapped_key = b"x" * 60
    done = rotate_key(deps.database, deps.master_keys)
    assert done.values == 2
    assert done.unreadable[0].startswith("What the connection 'warehouse' leads to cannot be read")


def test_a_key_that_is_given_is_changed_where_it_is_given(tmp_path, postgres):
    url = postgres.fresh_url()

    def opened(name, keys):
        return make_deps(tmp_path / name, database_url=url, secret_key="k" * 32, master_key=keys)

    servers = [opened("one", OLD)]
    set_secret(servers[0], "password", "hunter22", **HOW, now=servers[0].clock())
    with pytest.raises(Conflict, match="put there: before the old one"):
        rotate_key(servers[0].database, servers[0].master_keys)
    servers.append(opened("two", f"{NEW} {OLD}"))
    done = rotate_key(servers[1].database, servers[1].master_keys)
    assert (done.values, len(done.to_remove)) == (1, 1)
    with pytest.raises(Conflict, match="Give all its servers the same MACROPOD_MASTER_KEY"):
        opened("three", OLD)
    servers.append(opened("four", NEW))
    assert servers[2].master_keys.ring().first == done.key_id
    assert not (tmp_path / "four" / "data" / "master.key").exists()
    for each in servers:
        close_deps(each)


def test_a_server_that_shares_a_database_and_not_its_key_is_refused_until_the_key_is_given_up(tmp_path, postgres):
    url = postgres.fresh_url()
    first = make_deps(tmp_path / "one", database_url=url, secret_key="k" * 32, master_key=OLD)
    key_id = first.master_keys.ring().first
    with pytest.raises(Conflict, match=f"the master key {key_id[:12]}"):
        make_deps(tmp_path / "two", database_url=url, secret_key="k" * 32, master_key=NEW)
    with pytest.raises(Conflict, match="which this server does not have"):
        make_deps(tmp_path / "three", database_url=url, secret_key="k" * 32)
    close_deps(first)
    settings = first.settings
    lost = make_deps(tmp_path / "one", database_url=url, secret_key="k" * 32, master_key=OLD)
    use_key(replace(settings, master_key=NEW), lost.database, now=lost.clock())
    close_deps(lost)
    close_deps(make_deps(tmp_path / "two", database_url=url, secret_key="k" * 32, master_key=NEW))


def test_a_sole_server_that_lost_its_key_goes_on_with_a_new_one_and_says_what_is_lost(tmp_path):
    deps = make_deps(tmp_path)
    set_secret(deps, "password", "hunter22", **HOW, now=deps.clock())
    close_deps(deps)
    (tmp_path / "data" / "master.key").unlink()
    deps = make_deps(tmp_path)
    assert set_secret(deps, "password", "hunter33", **HOW, now=deps.clock()).version == 2
    task = make_task(deps, secrets=["password"])
    start_runs(deps)
    assert hand_spec(deps, runs_of(deps, task)[0].id, now=deps.clock()).secrets.variables == {"password": "hunter33"}
    close_deps(deps)
