"""What was packaged once is installed again from its lock, whatever the index would answer today."""

from pathlib import Path
from typing import Any

import pytest

from tests.runner.test_package import found_in, package, packaging, said_by
from tests.runner.wheels import make_wheel


@pytest.fixture
def links(tmp_path: Path) -> Path:
    make_wheel(tmp_path / "links", "bilby", version="2.1")
    return tmp_path / "links"


@pytest.fixture
def told(tmp_path: Path, links: Path) -> dict[str, Any]:
    """What the runner told of its first installation; since then there is a newer version."""
    folder = tmp_path / "first"
    folder.mkdir()
    with packaging("bilby\n", settings=found_in(links)) as server:
        package(server, folder)
    make_wheel(links, "bilby", version="3.0")
    first: dict[str, Any] = server.locks[0]
    return first


def lock_of(told: dict[str, Any], **changes: str) -> dict[str, str]:
    return {"text": told["lock"], "python": told["python"], "platform": told["platform"]} | changes


def test_the_very_versions_and_hashes_are_installed_again(tmp_path: Path, links: Path, told: dict[str, Any]) -> None:
    with packaging("bilby\n", settings=found_in(links), lock=lock_of(told)) as server:
        runner = package(server, tmp_path, MACROPOD_RUNNER_SDK=str(tmp_path / "first" / "sdk"))
    assert server.end["reason"] == "completed"
    assert (server.locks[0]["lock"], server.locks[0]["digest"]) == (told["lock"], told["digest"])
    assert said_by(runner, "import bilby; print(bilby.version)") == "2.1"
    assert any("installed again, just as they were" in text for text in server.texts)


def test_what_the_index_does_not_have_any_more_is_no_reason_to_take_something_else(
    tmp_path: Path, links: Path, told: dict[str, Any]
) -> None:
    (links / "bilby-2.1-py3-none-any.whl").unlink()
    with packaging("bilby\n", settings=found_in(links), lock=lock_of(told)) as server:
        package(server, tmp_path)
    assert server.end["reason"] == "packaging_failed"
    assert "2.1" in server.end["message"]


@pytest.mark.parametrize("change", [{"python": "cpython 2.7.18"}, {"platform": "linux-m68k"}])
def test_a_lock_made_for_another_python_or_platform_is_not_used(
    tmp_path: Path, links: Path, told: dict[str, Any], change: dict[str, str]
) -> None:
    with packaging("bilby\n", settings=found_in(links), lock=lock_of(told, **change)) as server:
        runner = package(server, tmp_path)
    assert said_by(runner, "import bilby; print(bilby.version)") == "3.0"
    assert any(next(iter(change.values())) in text for text in server.texts)
