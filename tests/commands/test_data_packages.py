"""The data packages of the process spawner: how they are installed, from wheels made here, and what is kept of them."""

import hashlib
import re
import sys
from pathlib import Path

import pytest
from macropod_server.domain.errors import Unavailable
from macropod_server.domain.package_index import PackageIndex, in_words_of_uv
from macropod_server.spawners.data_packages import LOCKED, install, installed

from tests.runner.wheels import make_wheel

PYTHON = Path(sys.executable)


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return make_wheel(tmp_path / "links", "quoll")


@pytest.fixture
def variables(wheel: Path) -> dict[str, str]:
    return in_words_of_uv(PackageIndex({"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheel.parent)}))


def lock(folder: Path, wheel: Path, *, more: str = "") -> Path:
    path = folder / "locked.txt"
    path.write_text(f"quoll==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}{more}\n")
    return path


def test_they_are_installed_once_under_one_name(tmp_path: Path, wheel: Path, variables: dict[str, str]) -> None:
    folder, locked = tmp_path / "data" / "data-packages", lock(tmp_path, wheel)
    assert install(folder, python=PYTHON, variables=variables, locked=locked)
    assert (folder / "quoll.py").is_file()
    assert not install(folder, python=PYTHON, variables={}, locked=locked)
    assert installed(folder) == str(folder.resolve()) != str(folder)


def test_others_that_come_later_take_the_name_and_leave_the_first_where_they_are(
    tmp_path: Path, wheel: Path, variables: dict[str, str]
) -> None:
    folder, locked = tmp_path / "data-packages", lock(tmp_path, wheel)
    install(folder, python=PYTHON, variables=variables, locked=locked)
    before = Path(installed(folder))
    assert install(folder, python=PYTHON, variables=variables, locked=lock(tmp_path, wheel, more="\n# another"))
    assert Path(installed(folder)) != before
    assert (before / "quoll.py").is_file()


def test_another_file_than_the_one_that_was_locked_is_not_installed(
    tmp_path: Path, wheel: Path, variables: dict[str, str]
) -> None:
    locked = lock(tmp_path, wheel)
    make_wheel(wheel.parent, "quoll", ballast=b"changed")
    with pytest.raises(Unavailable, match=r"(?s)could not be installed: .*[Hh]ash"):
        install(tmp_path / "data-packages", python=PYTHON, variables=variables, locked=locked)
    assert not list(tmp_path.glob("*data-packages*"))


def test_every_package_of_the_lock_has_one_version_for_a_python_and_hashes() -> None:
    text = LOCKED.read_text()
    names = set(re.findall(r"^([\w-]+)==", text, re.M))
    assert names >= {"numpy", "pandas", "pyarrow", "requests"}
    assert all("--hash=sha256:" in each for each in re.split(r"^(?=[\w-]+==)", text, flags=re.M)[1:])


def test_settings_of_pip_are_told_in_the_words_of_uv() -> None:
    told = in_words_of_uv(PackageIndex({"PIP_INDEX_URL": "https://index", "UV_INDEX": "https://own"}))
    assert (told["UV_DEFAULT_INDEX"], told["UV_INDEX"]) == ("https://index", "https://own")
