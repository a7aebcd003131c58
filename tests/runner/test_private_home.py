"""A home at a path that all runs have in common, each its own: real processes, as root and as somebody else."""

import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from macropod_runner.fork_home import trouble_with_home
from macropod_runner.private_home import NoPrivateHome, show

NOBODY = 65_534
PR_SET_DUMPABLE = 4
AT = "/home/jovyan"


def environ_of(folder: Path) -> dict[str, str]:
    names = ("HOME", "SPOOL", "SDK")
    told = {f"MACROPOD_RUNNER_{name}": str(folder / name.lower()) for name in names}
    for each in told.values():
        Path(each).mkdir(parents=True, exist_ok=True)
    return {**told, "MACROPOD_RUNNER_ENVIRONMENT": sys.prefix, "TMPDIR": "/tmp"}


def can_have_homes() -> bool:
    if not Path("/home").is_dir():
        return False
    folder = Path("/tmp")
    told = {f"MACROPOD_RUNNER_{name}": str(folder) for name in ("HOME", "SPOOL", "SDK", "ENVIRONMENT")}
    return trouble_with_home({**told, "TMPDIR": "/tmp"}, AT) is None


def needs_homes(test: Callable[..., None]) -> Callable[..., None]:
    marked: Callable[..., None] = pytest.mark.skipif(
        not can_have_homes(), reason="this system lets no process have mounts of its own"
    )(test)
    return marked


def in_a_child(action: Callable[[], object], *, user: int = 0) -> object:
    """What the action answered, as JSON, in a process that ends with it."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if user and os.geteuid() == 0:
                become(user)
            os.write(writer, json.dumps(action()).encode())
        except BaseException as error:
            os.write(writer, json.dumps(f"{type(error).__name__}: {error}").encode())
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader) as file:
        told = json.loads(file.read())
    os.waitpid(child, 0)
    return told


def become(user: int) -> None:
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)  # As after the start of a program.


def home_of(folder: Path, name: str) -> Path:
    home = folder / name
    home.mkdir()
    home.chmod(0o777)
    (home / "whose").write_text(name)
    return home


@needs_homes
@pytest.mark.parametrize("user", [0, NOBODY])
def test_a_home_is_shown_beside_its_neighbours_and_nobody_else_sees_it(tmp_path: Path, user: int) -> None:
    home, outside = home_of(tmp_path, "mine"), sorted(os.listdir("/home"))
    mounts = Path("/proc/self/mountinfo").read_text()
    open_up(tmp_path)

    def look() -> object:
        show(str(home), AT)
        Path(AT, "left").write_text("by the run")
        return [sorted(os.listdir("/home")), Path(AT, "whose").read_text(), os.geteuid()]

    inside = in_a_child(look, user=user)
    assert inside == [sorted({*outside, "jovyan"}), "mine", user or os.geteuid()]
    assert (home / "left").read_text() == "by the run"
    assert sorted(os.listdir("/home")) == outside
    assert Path("/proc/self/mountinfo").read_text() == mounts


def open_up(folder: Path) -> None:
    """Somebody else comes as far as this folder."""
    for each in (folder, *folder.parents):
        if each.owner() == Path.home().owner() and each != Path("/"):
            each.chmod(each.stat().st_mode | 0o711)


@needs_homes
def test_an_empty_folder_that_is_there_shows_the_home(tmp_path: Path) -> None:
    home, at = home_of(tmp_path, "mine"), tmp_path / "at"
    at.mkdir()

    def look() -> object:
        show(str(home), str(at))
        return os.listdir(at)

    assert in_a_child(look) == ["whose"]
    assert os.listdir(at) == []


@pytest.mark.parametrize("below", ["", "spool"])
def test_a_folder_the_run_needs_is_not_hidden(tmp_path: Path, below: str) -> None:
    home, at = home_of(tmp_path, "mine"), tmp_path / "at"
    (at / "spool").mkdir(parents=True)
    with pytest.raises(NoPrivateHome, match=f"needs {at}.*, which is in that folder"):
        show(str(home), str(at), needed=[str(at / below)])


def test_what_a_link_leads_to_is_not_hidden_either(tmp_path: Path) -> None:
    home, at = home_of(tmp_path, "mine"), tmp_path / "at"
    at.mkdir()
    (tmp_path / "link").symlink_to(at)
    with pytest.raises(NoPrivateHome, match="which is in that folder"):
        show(str(home), str(at), needed=[str(tmp_path / "link" / "python")])


def test_a_file_in_its_place_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "at").touch()
    with pytest.raises(NoPrivateHome, match="is no folder"):
        show(str(home_of(tmp_path, "mine")), str(tmp_path / "at"))


def test_where_there_is_no_parent_it_is_told(tmp_path: Path) -> None:
    trouble = trouble_with_home(environ_of(tmp_path), str(tmp_path / "nowhere" / "jovyan"))
    assert trouble is not None
    assert trouble.startswith(f"The system does not let a run have {tmp_path}/nowhere/jovyan to itself: ")


@needs_homes
def test_what_is_made_in_the_parent_is_refused_rather_than_lost(tmp_path: Path) -> None:
    home = home_of(tmp_path, "mine")

    def make_one() -> object:
        show(str(home), AT)
        Path("/home/another").mkdir()
        return "made"

    assert str(in_a_child(make_one)).startswith("OSError: [Errno 30]")


@needs_homes
def test_files_and_links_of_the_parent_stay(tmp_path: Path) -> None:
    parent, home = tmp_path / "homes", home_of(tmp_path, "mine")
    parent.mkdir()
    (parent / "file").write_text("a file")
    (parent / "link").symlink_to("file")
    (parent / "ann").mkdir()

    def look() -> object:
        show(str(home), str(parent / "jovyan"))
        (parent / "ann" / "new").touch()
        return [sorted(os.listdir(parent)), (parent / "link").read_text(), os.readlink(parent / "link")]

    assert in_a_child(look) == [["ann", "file", "jovyan", "link"], "a file", "file"]
    assert (parent / "ann" / "new").exists()


@needs_homes
def test_programs_started_there_have_it_too(tmp_path: Path) -> None:
    home = home_of(tmp_path, "mine")

    def start() -> object:
        show(str(home), AT)
        return subprocess.run(["cat", f"{AT}/whose"], capture_output=True, text=True, check=True).stdout

    assert in_a_child(start) == "mine"
