"""A folder becomes the same zip every time, without what does not belong in it."""

import io
import os
import socket
import zipfile
from pathlib import Path

import pytest
from macropod import Invalid
from macropod.packing import zip_folder


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def zipped(folder: Path) -> bytes:
    target = io.BytesIO()
    zip_folder(folder, target)
    return target.getvalue()


def names(folder: Path) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(zipped(folder))).namelist()


def test_the_same_files_give_the_same_bytes_whatever_their_times_and_order(tmp_path: Path) -> None:
    one = write(tmp_path / "one", {"main.py": "print(1)", "data/b.csv": "2", "data/a.csv": "1"})
    two = write(tmp_path / "two", {"data/a.csv": "1", "data/b.csv": "2", "main.py": "print(1)"})
    for path in two.rglob("*"):
        os.utime(path, (0, 0))
    (two / "main.py").chmod(0o640)
    assert zipped(one) == zipped(two)
    assert names(one) == ["data/a.csv", "data/b.csv", "main.py"]


def test_what_never_belongs_in_a_bundle_is_left_out_at_any_depth(tmp_path: Path) -> None:
    kept = {"main.py": "", "lib/part.py": ""}
    left_out = {
        ".git/config": "",
        "lib/.git": "gitdir: elsewhere",
        "lib/__pycache__/part.pyc": "",
        ".venv/bin/python": "",
        ".DS_Store": "",
        "lib/.DS_Store": "",
        "__MACOSX/._main.py": "",
    }
    assert names(write(tmp_path, kept | left_out)) == ["lib/part.py", "main.py"]


def test_the_ignore_file_speaks_gitignore_and_stays_behind_itself(tmp_path: Path) -> None:
    patterns = "# comment\n*.parquet\n!small.parquet\n/out/\n**/cache/\n"
    files = {
        ".macropodignore": patterns,
        "main.py": "",
        "big.parquet": "",
        "small.parquet": "",
        "out/result.txt": "",
        "lib/out/kept.txt": "",
        "lib/cache/thing": "",
    }
    assert names(write(tmp_path, files)) == ["lib/out/kept.txt", "main.py", "small.parquet"]


def test_executable_bits_are_kept_and_no_others(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": "", "tool.sh": ""})
    (tmp_path / "tool.sh").chmod(0o4711)
    entries = {
        each.filename: each.external_attr >> 16 for each in zipfile.ZipFile(io.BytesIO(zipped(tmp_path))).infolist()
    }
    assert entries == {"main.py": 0o100644, "tool.sh": 0o100755}


def test_a_link_to_a_file_is_packed_as_the_file(tmp_path: Path) -> None:
    write(tmp_path, {"elsewhere.csv": "1,2", "folder/main.py": ""})
    (tmp_path / "folder" / "data.csv").symlink_to(tmp_path / "elsewhere.csv")
    archive = zipfile.ZipFile(io.BytesIO(zipped(tmp_path / "folder")))
    assert archive.read("data.csv") == b"1,2"


def test_everything_that_cannot_be_packed_is_named_at_once(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": "", "folder/file": ""})
    (tmp_path / "to_folder").symlink_to(tmp_path / "folder")
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    with socket.socket(socket.AF_UNIX) as special:
        special.bind(os.path.relpath(tmp_path / "special"))
        with pytest.raises(Invalid) as refused:
            zipped(tmp_path)
    assert [(each.code, each.where) for each in refused.value.problems] == [
        ("not_a_file", "broken"),
        ("not_a_file", "special"),
        ("link_to_folder", "to_folder"),
    ]
    assert "broken: is a broken link" in str(refused.value)


def test_a_name_that_is_not_utf_8_is_refused_before_it_is_packed(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": ""})
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt")).touch()
    with pytest.raises(Invalid, match="not UTF-8"):
        zipped(tmp_path)


def test_an_ignore_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / ".macropodignore").write_bytes(b"\xff\xfe")
    with pytest.raises(Invalid, match="macropodignore"):
        zipped(tmp_path)
