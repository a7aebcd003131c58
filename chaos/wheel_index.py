"""An index of small wheels, made for one run of the harness: packaging needs no network, nor a place containers see."""

import functools
import json
import threading
import zipfile
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class WheelIndex:
    """Serves `folder` until closed, on an address of this machine that runs reach and others do not."""

    def __init__(self, folder: Path, *, host: str) -> None:
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._turn = threading.Lock()
        handler = functools.partial(_Quiet, directory=str(folder))
        self._server = ThreadingHTTPServer((host, 0), handler)
        self.url = f"http://{host}:{self._server.server_address[1]}/simple"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def add(self, name: str, *, version: str) -> None:
        file = _make_wheel(self._folder, name, version=version)
        page = self._folder / "simple" / name / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        with self._turn, page.open("a") as links:
            links.write(f'<a href="../../{file.name}">{file.name}</a>\n')

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


def _make_wheel(folder: Path, name: str, *, version: str) -> Path:
    module = name.replace("-", "_")
    facts = f"{module}-{version}.dist-info"
    files = {
        f"{module}.py": f"version = {json.dumps(version)}\n",
        f"{facts}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{facts}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{facts}/RECORD": "",
    }
    path = folder / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for entry, text in files.items():
            archive.writestr(zipfile.ZipInfo(entry), text)
    return path
