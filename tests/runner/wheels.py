"""Small real wheels, and an index that serves them on loopback."""

import base64
import functools
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def make_wheel(
    folder: Path, name: str, *, version: str = "1.0", requires: tuple[str, ...] = (), ballast: bytes = b""
) -> Path:
    """A wheel with one module that knows its version."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files: dict[str, str | bytes] = {
        f"{name}.py": f"version = {version!r}\n",
        f"{name}-{version}.dist-info/METADATA": metadata + "".join(f"Requires-Dist: {each}\n" for each in requires),
        f"{name}-{version}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{name}-{version}.dist-info/RECORD": "",
    }
    if ballast:
        files[f"{name}_ballast"] = ballast
    with zipfile.ZipFile(path, "w") as archive:
        for entry, text in files.items():
            archive.writestr(zipfile.ZipInfo(entry), text)
    return path


def make_broken_source(folder: Path, name: str, *, build: str) -> Path:
    """A source distribution of the old kind whose build runs this code."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-1.0.zip"
    project = (
        f'[project]\nname = "{name}"\nversion = "1.0"\n'
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}-1.0/pyproject.toml", project)
        archive.writestr(f"{name}-1.0/backend.py", f"def build_wheel(*_, **__):\n    {build}\n")
        archive.writestr(f"{name}-1.0/PKG-INFO", f"Metadata-Version: 2.2\nName: {name}\nVersion: 1.0\n")
    return path


@contextmanager
def index(folder: Path, *, user: str = "") -> Iterator[str]:
    """The URL of an index of the wheels in `folder`; with `user` it wants that name and password."""
    for wheel in folder.glob("*.whl"):
        page = folder / "simple" / wheel.name.partition("-")[0] / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(f'<a href="../../{wheel.name}">{wheel.name}</a>')
    handler = functools.partial(_Index, base64.b64encode(user.encode()).decode(), directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://{user + '@' if user else ''}127.0.0.1:{server.server_address[1]}/simple"
    finally:
        server.shutdown()
        server.server_close()


class _Index(SimpleHTTPRequestHandler):
    def __init__(self, wanted: str, *arguments: object, **named: object) -> None:
        self._wanted = wanted
        super().__init__(*arguments, **named)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        if self._wanted and self.headers.get("Authorization") != f"Basic {self._wanted}":
            self.send_error(401)
        else:
            super().do_GET()

    def log_message(self, *arguments: object) -> None:
        pass
