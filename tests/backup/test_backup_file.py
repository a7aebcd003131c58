"""The file of a backup: whole or not there, readable by its owner only, and refused when one byte of it is wrong."""

import io
import json
import os
import random
import tarfile

import pytest
from macropod_server.commands.backup import restore_into
from macropod_server.db.migrate import HEAD
from macropod_server.domain.errors import Conflict, Invalid, OutOfSpace
from macropod_server.flows.backup import back_up
from macropod_server.flows.backup_file import Backup
from macropod_server.flows.restore import check_revision
from macropod_server.installation import unfinished_restore
from macropod_server.settings import Settings

from tests.batches import batch
from tests.builders import a_zip, make_deps, make_task, upload


@pytest.fixture
def deps(tmp_path):
    deps = make_deps(tmp_path)
    task = make_task(deps, upload(deps, a_zip(data=os.urandom(5000).hex())))
    deps.logs.append(task.last_run_id or "run", first=1, batch=batch("a line"))
    yield deps
    deps.logs.close()
    deps.database.close()


def names(file):
    with tarfile.open(file) as tar:
        return tar.getnames()


def test_it_is_a_tar_that_any_tool_can_look_into(deps, backed_up):
    found = names(backed_up(deps))
    assert found[-2:] == ["manifest.json", "manifest.sha256"]
    assert {"tables/tasks/000001.jsonl.zst", "logs/000001.jsonl.zst"} <= set(found)
    assert sum(name.startswith("blobs/") for name in found) == 1


def test_the_manifest_says_what_it_is_of(deps, backed_up):
    made = Backup(backed_up(deps)).manifest
    assert (made.revision, made.installation_id, made.made_at) == (
        HEAD,
        deps.installation_id,
        deps.clock().isoformat(),
    )
    assert (made.tables["tasks"], made.lines, made.blobs, made.left_out) == (1, 1, 1, {})


def test_the_key_is_in_it_only_when_asked_for(deps, backed_up):
    assert "secret.key" not in names(backed_up(deps))
    assert Backup(backed_up(deps, "b", with_key=True)).read("secret.key") == deps.run_key
    for file in (backed_up(deps, "c"), backed_up(deps, "d")):
        assert deps.run_key not in file.read_bytes()


def test_only_its_owner_may_read_it(deps, backed_up):
    assert backed_up(deps).stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_there_is_not_written_over(deps, backed_up, tmp_path):
    before = backed_up(deps).read_bytes()
    with pytest.raises(Conflict, match="already"):
        backed_up(deps)
    assert (tmp_path / "a.backup").read_bytes() == before


def test_a_backup_that_cannot_be_finished_leaves_no_file(deps, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    deps.logs.close()
    os.unlink(deps.settings.data_dir / "logs.db")
    os.mkdir(deps.settings.data_dir / "logs.db")
    with pytest.raises(Exception, match="log store"):
        back_up(deps, folder / "a", now=deps.clock())
    assert list(folder.iterdir()) == []
    os.rmdir(deps.settings.data_dir / "logs.db")


def test_a_folder_that_is_not_there_is_named(deps, tmp_path):
    with pytest.raises(Conflict, match="nowhere"):
        back_up(deps, tmp_path / "nowhere" / "a", now=deps.clock())


def test_any_flipped_byte_is_found(deps, backed_up, tmp_path):
    content = backed_up(deps).read_bytes()
    places = [*random.Random(7).sample(range(len(content)), 150), 0, len(content) - 1]
    for place in places:
        flipped = tmp_path / "flipped"
        flipped.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(Invalid):
            Backup(flipped)


@pytest.mark.parametrize("folder", ["tables/tasks", "logs", "blobs", "manifest.json"])
def test_the_part_that_is_damaged_is_named(deps, backed_up, tmp_path, folder):
    file = backed_up(deps)
    with tarfile.open(file) as tar:
        member = next(each for each in tar if each.name.startswith(folder))
    content = bytearray(file.read_bytes())
    content[member.offset_data + member.size // 2] ^= 0x40
    (tmp_path / "damaged").write_bytes(content)
    with pytest.raises(Invalid, match=member.name):
        Backup(tmp_path / "damaged")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 1.0])
def test_a_file_that_ends_too_early_is_refused(deps, backed_up, tmp_path, share):
    file = backed_up(deps)
    with tarfile.open(file) as tar:
        seal = tar.getmember("manifest.sha256")
    (tmp_path / "cut").write_bytes(file.read_bytes()[: int((seal.offset_data + seal.size - 1) * share)])
    with pytest.raises(Invalid):
        Backup(tmp_path / "cut")


def with_members(folder, change):
    """The same backup with other members, each honest about its bytes."""
    made = folder / "changed"
    with tarfile.open(folder / "a.backup") as old, tarfile.open(made, "w") as new:
        for member in old:
            content = old.extractfile(member).read()
            for name, data in change(member.name, content):
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                new.addfile(entry, io.BytesIO(data))
    return made


def test_parts_that_are_missing_or_too_many_are_named(deps, backed_up, tmp_path):
    backed_up(deps)
    lost = with_members(tmp_path, lambda name, data: [] if name.startswith("blobs/") else [(name, data)])
    with pytest.raises(Invalid, match=r"blobs/\w+ is missing"):
        Backup(lost)
    more = with_members(tmp_path, lambda name, data: [(name, data), (f"{name}.more", data)])
    with pytest.raises(Invalid, match="does not name"):
        Backup(more)


def test_a_backup_of_a_newer_server_is_refused(deps, backed_up):
    backup = Backup(backed_up(deps))
    backup.manifest.revision = "9999"
    with pytest.raises(Invalid, match="newer"):
        check_revision(backup)


def test_what_is_no_backup_is_told_in_a_sentence(tmp_path):
    (tmp_path / "text").write_text("not a backup" * 1000)
    with tarfile.open(tmp_path / "other.tar", "w") as tar:
        tar.add(tmp_path / "text", "text")
    for name in ("text", "other.tar", "nowhere"):
        with pytest.raises(Invalid, match=name):
            Backup(tmp_path / name)


def test_it_is_restored_into_empty_places_only(deps, backed_up, tmp_path):
    file, full = backed_up(deps), tmp_path / "full"
    full.mkdir()
    (full / "something").touch()
    with pytest.raises(Conflict, match="not empty"):
        restore_into(Settings(data_dir=full), Backup(file))
    with pytest.raises(Conflict, match="not empty"):
        restore_into(
            Settings(data_dir=tmp_path / "new", database_url=deps.settings.resolved_database_url), Backup(file)
        )
    with pytest.raises(Conflict, match="not empty"):
        restore_into(deps.settings, Backup(file))


def test_no_server_starts_on_a_restore_that_was_broken_off(deps, backed_up, tmp_path):
    settings = Settings(data_dir=tmp_path / "half")
    settings.data_dir.mkdir()
    unfinished_restore(settings).touch()
    with pytest.raises(Conflict, match="not finished"):
        make_deps(tmp_path, data_dir=settings.data_dir)


def test_json_of_the_rows_can_be_read_by_people(deps, backed_up):
    (task,) = Backup(backed_up(deps)).records("tables/tasks")
    assert task["name"] == "a task"
    assert json.dumps(task)


def test_a_full_disk_is_told_and_leaves_nothing(deps, small_disk):
    small_disk.fill(but=20_000)
    with pytest.raises(OutOfSpace, match="no room"):
        back_up(deps, small_disk.folder / "a", now=deps.clock())
    assert [each.name for each in small_disk.folder.iterdir()] == ["ballast"]
