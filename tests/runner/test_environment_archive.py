"""An environment as one file: packed as it is, always to the same bytes, and unpacked strictly."""

import gzip
import io
import os
import stat
import tarfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from macropod_runner.environment import base_python, make_read_only
from macropod_runner.environment_archive import pack
from macropod_runner.environment_unpacking import unpack
from macropod_runner.program import CouldNotStart

from tests.runner.runner_process import give_bare_environment


def never() -> None:
    """Nothing is to be looked up."""


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    folder = tmp_path / "environment"
    give_bare_environment(folder)
    site = folder / "lib" / "python3" / "site-packages"
    site.mkdir(parents=True)
    (site / "quoll.py").write_text("version = 1")
    (site / ("a-long-name-" * 15)).write_text("long")
    (site / "wómbat.py").write_text("")
    (site / "empty").mkdir()
    (folder / "lib64").symlink_to("lib")
    (folder / "bin" / "tool").write_text("#!/bin/sh\n")
    (folder / "bin" / "tool").chmod(0o755)
    (folder / "bin" / "python3").symlink_to("python")
    os.utime(site / "quoll.py", (1_700_000_000, 1_700_000_000))
    make_read_only(folder)
    return folder


def packed(folder: Path, path: Path) -> Path:
    with path.open("wb") as file:
        pack(folder, file, look_up=never)
    return path


def picture(folder: Path) -> dict[str, Any]:
    return {
        str(path.relative_to(folder)): (
            stat.filemode(path.lstat().st_mode),
            int(path.lstat().st_mtime) if not path.is_symlink() else os.readlink(path),
            path.read_bytes() if path.is_file() else None,
        )
        for path in folder.rglob("*")
    }


def test_what_is_unpacked_is_what_was_packed(environment: Path, tmp_path: Path) -> None:
    archive = packed(environment, tmp_path / "archive")
    there = tmp_path / "there"
    there.mkdir()
    unpack(archive, there, look_up=never)
    assert picture(there) == picture(environment)
    assert (there / "bin" / "python").resolve() == base_python()


def test_the_same_files_make_the_same_bytes(environment: Path, tmp_path: Path) -> None:
    first = packed(environment, tmp_path / "first").read_bytes()
    assert packed(environment, tmp_path / "second").read_bytes() == first
    with tarfile.open(fileobj=io.BytesIO(first)) as tar:
        names = tar.getnames()
    assert names == sorted(names, key=lambda name: name.split("/"))
    assert not any(name.startswith(("/", "..")) for name in names)


def test_what_is_no_file_folder_or_link_is_not_packed(tmp_path: Path) -> None:
    folder = tmp_path / "environment"
    folder.mkdir()
    os.mkfifo(folder / "pipe")
    with pytest.raises(CouldNotStart, match="pipe in the installed packages"):
        packed(folder, tmp_path / "archive")


@pytest.mark.parametrize("direction", ["pack", "unpack"])
def test_memory_does_not_grow_with_the_environment(tmp_path: Path, direction: str) -> None:
    folder = tmp_path / "environment"
    folder.mkdir()
    for number in range(3000):
        (folder / f"module-{number}.py").touch()
    with (folder / "library").open("wb") as file:
        file.truncate(16 * 1024**2)
    archive = packed(folder, tmp_path / "archive")
    tracemalloc.start()
    try:
        if direction == "pack":
            packed(folder, tmp_path / "again")
        else:
            unpack(archive, tmp_path / "there", look_up=never)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * 1024**2


def member(name: str, kind: bytes = tarfile.REGTYPE, **facts: Any) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.mode = kind, 0o755
    for fact, value in facts.items():
        setattr(made, fact, value)
    return made


FOLDER = member("lib", tarfile.DIRTYPE)
LINKED_FOLDER = (FOLDER, member("away", tarfile.SYMTYPE, linkname="lib"))
HOSTILE = {
    "absolute": [member("/tmp/stranger")],
    "parent folder": [member("../stranger")],
    "parent folder inside": [FOLDER, member("lib/../../stranger")],
    "itself": [member(".")],
    "no folder for it": [member("bin/python")],
    "through a link": [*LINKED_FOLDER, member("away/stranger")],
    "twice": [member("main"), member("main")],
    "over a link": [member("main", tarfile.SYMTYPE, linkname="other"), member("main")],
    "link out": [member("out", tarfile.SYMTYPE, linkname="..")],
    "link out of a folder": [FOLDER, member("lib/out", tarfile.SYMTYPE, linkname="../..")],
    "link out through a link": [*LINKED_FOLDER, member("lib/out", tarfile.SYMTYPE, linkname="../away/../..")],
    "absolute link": [member("out", tarfile.SYMTYPE, linkname="/etc/passwd")],
    "absolute link that climbs": [member("out", tarfile.SYMTYPE, linkname="{folder}/../stranger")],
    "hard link": [member("first"), member("second", tarfile.LNKTYPE, linkname="first")],
    "device": [member("null", tarfile.CHRTYPE, devmajor=1, devminor=3)],
    "pipe": [member("pipe", tarfile.FIFOTYPE)],
}


def made_of(members: list[tarfile.TarInfo], path: Path, *, folder: Path) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for each in members:
            linkname = each.linkname.format(folder=folder)
            tar.addfile(each.replace(linkname=linkname), io.BytesIO())
    return path


@pytest.mark.parametrize("members", HOSTILE.values(), ids=HOSTILE)
def test_an_archive_that_leads_anywhere_else_is_refused(members: list[tarfile.TarInfo], tmp_path: Path) -> None:
    there = tmp_path / "deep" / "environment"
    archive = made_of(members, tmp_path / "archive", folder=there)
    with pytest.raises(CouldNotStart, match="could not be unpacked"):
        unpack(archive, there, look_up=never)
    assert not list(tmp_path.rglob("stranger"))


ALLOWED = ("lib", "./lib/site", "../environment/lib"[3:], "{folder}/lib")


@pytest.mark.parametrize("target", [*ALLOWED, str(base_python())])
def test_links_inside_and_to_the_base_python_are_made(target: str, tmp_path: Path) -> None:
    there = tmp_path / "environment"
    members = [FOLDER, member("link", tarfile.SYMTYPE, linkname=target)]
    unpack(made_of(members, tmp_path / "archive", folder=there), there, look_up=never)
    assert os.readlink(there / "link") == target.format(folder=there)


def test_set_user_id_bits_are_not_kept(tmp_path: Path) -> None:
    archive = made_of([member("tool", mode=0o6755)], tmp_path / "archive", folder=tmp_path)
    unpack(archive, tmp_path / "there", look_up=never)
    assert stat.S_IMODE((tmp_path / "there" / "tool").stat().st_mode) == 0o755


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


@pytest.mark.parametrize(
    "spoil", [cut, flipped, lambda content: b"", lambda content: b"no archive", lambda content: gzip.compress(b"no")]
)
def test_what_is_no_whole_archive_is_refused(
    environment: Path, tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    archive = packed(environment, tmp_path / "archive")
    archive.write_bytes(spoil(archive.read_bytes()))
    with pytest.raises(CouldNotStart, match="could not be unpacked"):
        unpack(archive, tmp_path / "there", look_up=never)
