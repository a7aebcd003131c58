"""`make compose-env`: strong secrets, read by their owner only, never lost by a second call."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.install.composed import ROOT, SECRETS


def compose_env(file: Path, *options: str, socket: str = "/dev/null") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, ROOT / "scripts" / "compose_env.py", "--file", file, "--socket", socket, *options]
    return subprocess.run(command, capture_output=True, text=True)


def values(file: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in file.read_text().splitlines())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def test_every_secret_is_random_and_long(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    assert compose_env(file).returncode == compose_env(other).returncode == 0
    made, again = values(file), values(other)
    assert all(len(made[name]) >= 20 and made[name] != again[name] for name in SECRETS)
    assert len(made["MACROPOD_SECRET_KEY"]) >= 32


def test_only_its_owner_reads_it(file: Path) -> None:
    compose_env(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in file.parent.iterdir()] == [".env"]


def test_a_file_that_is_there_is_left_and_the_reason_told(file: Path) -> None:
    file.write_text("mine")
    done = compose_env(file)
    assert done.returncode == 1
    assert "was not touched" in done.stderr
    assert file.read_text() == "mine"


def test_it_is_written_over_when_that_is_asked_for(file: Path) -> None:
    file.write_text("mine")
    assert compose_env(file, "--force").returncode == 0
    assert "POSTGRES_PASSWORD" in values(file)


def test_nothing_secret_is_printed(file: Path) -> None:
    done = compose_env(file)
    assert not any(values(file)[name] in done.stdout + done.stderr for name in SECRETS)


def test_without_an_engine_it_says_how_to_name_one(file: Path) -> None:
    done = compose_env(file, socket="/nowhere/docker.sock")
    assert done.returncode == 1
    assert "make compose-env SOCKET=" in done.stderr
    assert not file.exists()
