"""A Docker daemon of the tests' own beside that of the machine, which may be killed without hurting anybody."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from docker import APIClient

_PATIENCE_SECONDS = 30.0
_NETWORKS = "10.211.0.0/16"
_BRIDGE, _BRIDGE_ADDRESS = "macropod-test", "10.212.0.1/24"
"""With `--bridge=none` a daemon deletes docker0, which is the machine's own daemon's."""


def why_not() -> str | None:
    """None when such a daemon can be had here."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("dockerd", "containerd", "ip"))):
        return "Only root can start a Docker daemon, and only where `dockerd`, `containerd` and `ip` are installed."
    return None


class DockerDaemon:
    """Keeps everything below `folder`: images, containers, its sockets. It leaves the firewall of the machine alone.

    As on most machines containerd is a process of its own, which outlives the daemon.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._containerd: subprocess.Popen[bytes] | None = None
        self._daemon: subprocess.Popen[bytes] | None = None
        self.host = f"unix://{folder / 'docker.sock'}"

    def __enter__(self) -> "DockerDaemon":
        _ip("link", "add", _BRIDGE, "type", "bridge")
        _ip("address", "add", _BRIDGE_ADDRESS, "dev", _BRIDGE)
        _ip("link", "set", _BRIDGE, "up")
        places = {"--root": "containerd", "--state": "containerd-state", "--address": "containerd.sock"}
        self._containerd = self._launch("containerd", places)
        self._await("containerd.sock", greeting=b"")
        return self

    def __exit__(self, *exc: object) -> None:
        if self._daemon is None:
            self.start(live_restore=False)
        api = self.connect()
        for each in api.containers(all=True):
            api.remove_container(each["Id"], force=True, v=True)
        for each in api.networks():
            if each["Driver"] == "bridge" and each["Name"] != "bridge":
                api.remove_network(each["Id"])
        api.close()
        self.terminate()
        if self._containerd is not None:
            self._containerd.terminate()
            self._containerd.wait(_PATIENCE_SECONDS)
        _ip("link", "delete", _BRIDGE)

    def start(self, *, live_restore: bool) -> None:
        (self._folder / "daemon.json").write_text(json.dumps({"live-restore": live_restore}))
        places = {
            "--config-file": "daemon.json",
            "--containerd": "containerd.sock",
            "--data-root": "data",
            "--exec-root": "exec",
            "--pidfile": "pid",
        }
        network = (f"--bridge={_BRIDGE}", "--iptables=false", "--ip6tables=false")
        pool = ("--default-address-pool", f"base={_NETWORKS},size=24")
        self._daemon = self._launch("dockerd", places, "-H", self.host, *network, *pool)
        self._await("docker.sock", greeting=b"GET /_ping HTTP/1.0\r\n\r\n")

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def terminate(self) -> None:
        """The polite end, as by an upgrade of Docker or a shutdown of the machine."""
        self._end(signal.SIGTERM)

    def connect(self) -> APIClient:
        return APIClient(base_url=self.host, version="auto")

    def load(self, image: str) -> None:
        """Copy an image of the machine's own daemon."""
        there, here = APIClient(version="auto"), self.connect()
        list(here.load_image(there.get_image(image)))
        there.close()
        here.close()

    def _launch(self, program: str, places: dict[str, str], *options: str) -> "subprocess.Popen[bytes]":
        told = [part for option, name in places.items() for part in (option, str(self._folder / name))]
        with self._log(program).open("ab") as log:
            return subprocess.Popen([program, *told, *options], stdout=log, stderr=log, start_new_session=True)

    def _await(self, name: str, *, greeting: bytes) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not self._answers(name, greeting):
            assert time.monotonic() < deadline, self._log("dockerd").read_text()[-2000:]
            time.sleep(0.05)

    def _answers(self, name: str, greeting: bytes) -> bool:
        with socket.socket(socket.AF_UNIX) as line, suppress(OSError):
            line.connect(str(self._folder / name))
            line.sendall(greeting)
            return not greeting or b" 200 " in line.recv(100)
        return False

    def _log(self, program: str) -> Path:
        return self._folder / f"{program}.log"

    def _end(self, number: int) -> None:
        assert self._daemon is not None
        self._daemon.send_signal(number)
        self._daemon.wait(_PATIENCE_SECONDS)
        self._daemon = None


def _ip(*what: str) -> None:
    subprocess.run(["ip", *what], check=True)
