"""The vendor's real package, in an environment of its own, against a real server with the process spawner."""

import json
import os
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.live_server import LiveServer

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(__file__).with_name("scripts")
PYTHON = ROOT / ".vendor-venv" / "bin" / "python"
PASSWORD = "a password to test with"
_SECONDS = 280


@pytest.fixture(scope="session")
def vendor_python():
    if not (PYTHON.parents[1] / ".installed-with").exists():
        message = "The vendor's package is not installed; `make vendor-env` does it."
        if os.environ.get("MACROPOD_TEST_REQUIRE_VENDOR") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return PYTHON


@dataclass
class Vendor:
    """A server, and programs that know it as the vendor's. `environ` is for all of them."""

    server: LiveServer
    python: Path
    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def login(self, name: str, **account: str) -> dict[str, str]:
        """The variables of somebody with a token file."""
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps(account))
        return {"WALLAROO_SDK_AUTH_TYPE": "token", "WALLAROO_SDK_CREDENTIALS": str(path)}

    def admin(self) -> dict[str, str]:
        me = {"email": "ada@example.org", "id": "x"}
        return self.login("admin", token=self.server.token, user_email=me["email"], user_id=me["id"])

    def keep(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path

    def start(self, script: Path, **environ: str) -> "subprocess.Popen[str]":
        """Each has its own cache, for it is where logins are kept."""
        said = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "XDG_CACHE_HOME": str(self.folder / f"cache-{script.stem}"),
            "PYTHONUNBUFFERED": "1",
            "WALLAROO_URL": self.server.url,
            **self.environ,
            **environ,
        }
        command = [str(self.python), "-W", "ignore", str(script)]
        return subprocess.Popen(
            command, env=said, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def play(self, script: str, **environ: str) -> dict[str, Any]:
        """The facts a script has printed."""
        return facts_of(self.start(SCRIPTS / f"{script}.py", **environ))


def facts_of(process: "subprocess.Popen[str]") -> dict[str, Any]:
    out, err = process.communicate(timeout=_SECONDS)
    assert process.returncode == 0, f"{err[-4000:]}\n{out[-2000:]}"
    return facts_in(out.splitlines())


def facts_in(lines: Iterable[str]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for line in lines:
        if line.startswith('{"'):
            facts |= json.loads(line)
    return facts


def rows_of(html: str) -> list[list[str]]:
    """The cells of each row of a table, without the head."""
    rows = re.findall(r"<tr\s*>(.*?)</tr>", html, re.DOTALL)
    cells = [re.findall(r"<td>(.*?)</td>", row, re.DOTALL) for row in rows]
    return [[cell.strip() for cell in row] for row in cells if row]


@pytest.fixture(scope="module")
def vendor(vendor_python, tmp_path_factory):
    folder = tmp_path_factory.mktemp("vendor")
    with LiveServer(folder, admin_email="ada@example.org", admin_password=PASSWORD) as server:
        yield Vendor(server, vendor_python, folder)
