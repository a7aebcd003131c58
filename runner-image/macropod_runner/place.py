"""Where this runner stands: what the spawner told it through environment variables."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class Place(NamedTuple):
    """Folders are absolute. `home` is where the zip is unpacked, `spool` is for the runner's own files."""

    url: str
    token: str
    command: str
    home: Path
    spool: Path
    environment: Path
    sdk: Path
    uv: Path
    cache: Path
    temporary: Path
    path: str
    data: str = ""

    @property
    def python(self) -> Path:
        return self.environment / "bin" / "python"

    def basic_variables(self) -> dict[str, str]:
        """What every program gets; nothing else is inherited."""
        return {
            "PATH": self.path,
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "LANG": "C.UTF-8",
        }


class NotAPlace(Exception):
    """The environment variables do not tell the runner what it needs."""


def read_place(environ: Mapping[str, str]) -> Place:
    def told(name: str) -> str:
        if not environ.get(f"MACROPOD_{name}"):
            raise NotAPlace(f"MACROPOD_{name} is not set. The spawner that starts the runner has to set it.")
        return environ[f"MACROPOD_{name}"]

    def folder(name: str) -> Path:
        return Path(told(f"RUNNER_{name}")).absolute()

    command = told("RUNNER_COMMAND")
    if command not in ("run", "package"):
        raise NotAPlace(f"MACROPOD_RUNNER_COMMAND is {command!r}; the runner knows 'run' and 'package'.")
    packages = command == "package"
    return Place(
        url=told("RUNNER_URL"),
        token=told("RUNNER_TOKEN"),
        command=command,
        home=folder("HOME"),
        spool=folder("SPOOL"),
        environment=folder("ENVIRONMENT"),
        sdk=folder("SDK"),
        uv=folder("UV") if packages else Path(),
        cache=folder("CACHE") if packages else Path(),
        temporary=Path(environ.get("TMPDIR") or "/tmp"),
        path=environ.get("PATH") or "/usr/local/bin:/usr/bin:/bin",
        data=environ.get("MACROPOD_RUNNER_DATA") or "",
    )
