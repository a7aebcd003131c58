"""A backup has ciphertexts, and what is restored from it can read them once it has the key."""

import pytest
from macropod_server.app import close_deps
from macropod_server.commands.backup import restore_into
from macropod_server.db.connections import Reach
from macropod_server.db.tables import Given
from macropod_server.domain.errors import Conflict
from macropod_server.flows.backup_file import Backup
from macropod_server.flows.create_connection import ConnectionWish, create_connection
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.set_secret import set_secret
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.tell_details import tell_details
from macropod_server.settings import Settings

from tests.builders import WORKSPACE, all_rows, make_deps, make_task, runs_of

HOW = {"workspace_id": WORKSPACE, "requested_by": None}


@pytest.fixture
def with_secrets(deps):
    set_secret(deps, "password", "hunter22", **HOW, now=deps.clock())
    create_connection(deps, ConnectionWish("warehouse", "db", {"password": "t0ken"}), **HOW, now=deps.clock())
    task = make_task(deps, secrets=["password"])
    start_runs(deps)
    hand_spec(deps, runs_of(deps, task)[0].id, now=deps.clock())
    return deps


def spec_of_new_run(deps):
    task = make_task(deps, secrets=["password"])
    start_runs(deps)
    return hand_spec(deps, runs_of(deps, task)[0].id, now=deps.clock())


def test_the_master_key_is_in_no_backup(with_secrets, backed_up):
    backup = Backup(backed_up(with_secrets, with_key=True))
    key = (with_secrets.settings.data_dir / "master.key").read_bytes()
    assert not any(key in backup.read(name) for name in backup.manifest.members)
    assert [row["master_key_id"] for row in backup.records("tables/installation")] == [
        with_secrets.master_keys.ring().first
    ]


def test_what_is_restored_reads_its_secrets_once_it_has_the_key_and_goes_on_without(with_secrets, backed_up, restored):
    copy = restored(backed_up(with_secrets))
    assert all(row.ciphertext is None for row in all_rows(copy, Given))
    with pytest.raises(Conflict, match="encrypted with the master key"):
        spec_of_new_run(copy)
    own = copy.settings.data_dir / "master.key"
    own.write_text(f"{own.read_text()}\n{(with_secrets.settings.data_dir / 'master.key').read_text()}")
    assert spec_of_new_run(copy).secrets.variables == {"password": "hunter22"}
    assert tell_details(copy, "warehouse", reach=Reach(WORKSPACE)) == {"password": "t0ken"}


def test_the_old_key_put_into_the_new_folder_before_the_start_is_the_key_then(
    with_secrets, backed_up, restored, tmp_path
):
    folder = tmp_path / "moved"
    settings = Settings(data_dir=folder / "data", database_url=restored.new_url(folder), spawner="process")
    restore_into(settings, Backup(backed_up(with_secrets)))
    (folder / "data" / "master.key").write_bytes((with_secrets.settings.data_dir / "master.key").read_bytes())
    again = make_deps(folder, database_url=settings.database_url)
    assert spec_of_new_run(again).secrets.variables == {"password": "hunter22"}
    set_secret(again, "password", "hunter33", **HOW, now=again.clock())
    close_deps(again)
