"""What the folder promises beyond the port: durable in the right order, and nothing left by writers that died."""

import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from macropod_server.storage.local import LocalStorage
from macropod_server.storage.local_staging import place_of

WRITER = """
import sys
from pathlib import Path
from macropod_server.storage.local import LocalStorage
with LocalStorage(Path(sys.argv[1])).stage() as staging:
    staging.write(b"half of it")
    print("written", flush=True)
    sys.stdin.read()
"""

KEEPER = WRITER.replace("sys.stdin.read()", "staging.keep()")


def staged(root: Path) -> list[Path]:
    return list((root / "staging").iterdir())


def start_writer(root: Path) -> "subprocess.Popen[bytes]":
    writer = subprocess.Popen([sys.executable, "-c", WRITER, root], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert writer.stdout is not None
    assert writer.stdout.readline() == b"written\n"
    return writer


def end(writer: "subprocess.Popen[bytes]", *, by: int) -> None:
    writer.send_signal(by)
    writer.communicate()


def test_a_start_clears_what_a_killed_writer_left(tmp_path: Path) -> None:
    end(start_writer(tmp_path), by=signal.SIGKILL)
    assert len(staged(tmp_path)) == 1
    LocalStorage(tmp_path)
    assert staged(tmp_path) == []


def test_a_start_leaves_alone_what_a_living_process_writes(tmp_path: Path) -> None:
    writer = start_writer(tmp_path)
    LocalStorage(tmp_path)
    assert len(staged(tmp_path)) == 1
    end(writer, by=signal.SIGKILL)


def test_what_a_killed_writer_left_can_be_cleared_at_any_time(tmp_path: Path) -> None:
    storage, writer = LocalStorage(tmp_path), start_writer(tmp_path)
    assert storage.clear_staging() == 0
    end(writer, by=signal.SIGKILL)
    assert storage.clear_staging() == 1
    assert staged(tmp_path) == []


def test_nothing_is_left_aside_after_keeping_discarding_or_a_duplicate(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    for _ in range(2):
        with storage.stage() as staging:
            staging.write(b"hello")
            staging.keep()
    with storage.stage() as staging:
        staging.write(b"not kept")
    assert staged(tmp_path) == []


def test_the_same_bytes_again_leave_the_stored_file_as_it_is(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    inodes = set()
    for _ in range(2):
        with storage.stage() as staging:
            staging.write(b"hello")
            inodes.add(place_of(tmp_path, staging.keep()).stat().st_ino)
    assert len(inodes) == 1


def test_blobs_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    with storage.stage() as staging:
        staging.write(b"hello")
        assert place_of(tmp_path, staging.keep()).stat().st_mode & 0o077 == 0


def test_blobs_outlive_the_storage_that_kept_them(tmp_path: Path) -> None:
    with LocalStorage(tmp_path).stage() as staging:
        staging.write(b"hello")
        sha256 = staging.keep()
    with LocalStorage(tmp_path).open(sha256) as blob:
        assert blob.read() == b"hello"


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_the_file_is_flushed_then_renamed_then_its_folder_flushed(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    traced = ["strace", "-f", "-y", "-e", "trace=fsync,rename", "-o", trace]
    subprocess.run([*traced, sys.executable, "-c", KEEPER, tmp_path / "root"], check=True, stdout=subprocess.DEVNULL)
    calls = re.findall(r"(fsync|rename)\((?:\d+<([^>]+)>)?.*= 0$", trace.read_text(), re.MULTILINE)
    (blob,) = (tmp_path / "root").glob("??/*")
    assert [name for name, _ in calls][:3] == ["fsync", "rename", "fsync"]
    assert Path(calls[0][1]).parent.name == "staging"
    assert Path(calls[2][1]) == blob.parent
