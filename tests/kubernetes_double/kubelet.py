"""The double's node: runs the runner of each pod as a process of this machine, and tells of it as a kubelet does."""

import base64
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import macropod_runner
from macropod_server.spawners.bare_environment import make_bare_environment
from macropod_server.spawners.fork_client import base_python
from macropod_server.spawners.leftovers import end_all
from macropod_server.spawners.sdk_path import link_sdk
from uv import find_uv_bin

from tests.kubernetes_double.controllers import NODE
from tests.kubernetes_double.store import Object, Refusal, Store, now

_BOOT = "import sys; sys.path.insert(0, sys.argv[1]); from macropod_runner import container; sys.exit(container.main())"
_LOOK_SECONDS = 0.02


class Image:
    """What the runner image has inside, made of what this machine has."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        sdk, uv, python = link_sdk(folder), Path(find_uv_bin()), base_python()
        bare = make_bare_environment(folder / "environments", python=python, sdk=sdk, uv=uv)
        self.command = [str(python), "-I", "-S", "-c", _BOOT, str(Path(macropod_runner.__file__).parents[1])]
        self.places = {"/opt/macropod/bare": bare, "/opt/macropod/sdk": sdk, "/opt/macropod/bin/uv": uv}


class Kubelet:
    """`last_words` is called with each pod before it goes."""

    def __init__(self, store: Store, folder: Path, image: Image, last_words: Callable[[Object], None]) -> None:
        self._store, self._folder, self._last_words = store, folder, last_words
        self._image = image
        self.image_trouble: tuple[str, str] | None = None
        self.is_lost = self._is_closed = False
        self.containers: dict[str, Container] = {}
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with self._store.changed:
            self._is_closed = True
            self._store.changed.notify_all()
        self._thread.join(5)
        for container in self.containers.values():
            container.close()

    def container(self, run_id: str) -> "Container":
        return next(each for each in self.containers.values() if each.run_id == run_id)

    def log(self, pod: str, limit: int) -> bytes:
        container = self.containers.get(self._store.read("pods", pod)["metadata"]["uid"])
        if container is None or not container.log.exists():
            raise Refusal(400, "BadRequest", f'container "run" in pod "{pod}" is waiting to start: ContainerCreating')
        lines = container.log.read_bytes().splitlines(keepends=True)
        return b"".join(lines[max(0, len(lines) - limit) :])

    def _work(self) -> None:
        while not self._is_closed:
            with self._store.changed:
                for pod in self._store.select("pods", lambda each: each["spec"].get("nodeName") == NODE):
                    self._take(pod)
                self._store.changed.wait(0.1)

    def _take(self, pod: Object) -> None:
        if (uid := pod["metadata"]["uid"]) not in self.containers:
            self.containers[uid] = Container(self, self._store, pod, self._folder / "pods" / uid)

    def remove(self, pod: Object) -> None:
        self._last_words(pod)
        try:
            self._store.delete("pods", pod["metadata"]["name"])
        except Refusal:
            return

    def start(self, pod: Object, folder: Path, token: str) -> "subprocess.Popen[bytes]":
        container = pod["spec"]["containers"][0]
        places = {**self._image.places, **_volumes(container, folder)}
        environ = {each["name"]: _place(each["value"], places) for each in container["env"] if "value" in each}
        environ |= {"MACROPOD_RUNNER_TOKEN": token, "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
        with (folder / "log").open("ab") as log:
            return subprocess.Popen(
                self._image.command,
                env=environ,
                cwd=_place(container["workingDir"], places),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


class Container:
    """The one container of a pod, from its making to its end, on a thread of its own."""

    def __init__(self, kubelet: Kubelet, store: Store, pod: Object, folder: Path) -> None:
        self._kubelet, self._store, self._folder = kubelet, store, folder
        self._name, self._uid = pod["metadata"]["name"], pod["metadata"]["uid"]
        self.run_id = pod["metadata"]["labels"]["macropod.run"]
        self.log = folder / "log"
        self.process: subprocess.Popen[bytes] | None = None
        self.end_reason: str | None = None
        self._is_closed = False
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._is_closed = True
        self._thread.join(10)
        self._kill()

    def _live(self) -> None:
        if self._await_beginning():
            self._supervise()
        self._kill()
        if (pod := self._pod()) is not None and not self._kubelet.is_lost:
            self._tell_end()
            if "deletionTimestamp" in pod["metadata"]:
                self._kubelet.remove(self._pod() or pod)

    def _pod(self) -> Object | None:
        try:
            pod = self._store.read("pods", self._name)
        except Refusal:
            return None
        return pod if pod["metadata"]["uid"] == self._uid else None

    def _await_beginning(self) -> bool:
        """False when the pod is to go before its program has begun."""
        self._folder.mkdir(parents=True)
        while not self._is_closed and (pod := self._pod()) is not None and "deletionTimestamp" not in pod["metadata"]:
            reason, message = self._kubelet.image_trouble or ("", "")
            token = None if reason else self._token(pod)
            if token is not None:
                self.process = self._kubelet.start(pod, self._folder, token)
                self._tell({"running": {"startedAt": now()}}, phase="Running")
                return True
            told = (reason, message) if reason else ("CreateContainerConfigError", f'secret "{self._name}" not found')
            self._tell({"waiting": {"reason": told[0], "message": told[1]}}, phase="Pending")
            time.sleep(_LOOK_SECONDS)
        return False

    def _token(self, pod: Object) -> str | None:
        variables = pod["spec"]["containers"][0]["env"]
        reference = next(each["valueFrom"]["secretKeyRef"] for each in variables if "valueFrom" in each)
        try:
            secret = self._store.read("secrets", reference["name"])
        except Refusal:
            return None
        data = {name: base64.b64decode(value).decode() for name, value in secret.get("data", {}).items()}
        return str({**data, **secret.get("stringData", {})}[reference["key"]])

    def _supervise(self) -> None:
        assert self.process is not None
        kill_at = None
        while self.process.poll() is None and not self._is_closed:
            pod = self._pod()
            if pod is None or (kill_at is not None and time.monotonic() >= kill_at):
                return
            if "deletionTimestamp" in pod["metadata"] and not self._kubelet.is_lost:
                if kill_at is None:
                    self.process.terminate()
                    asked_at = time.monotonic()
                kill_at = asked_at + pod["metadata"]["deletionGracePeriodSeconds"]
            time.sleep(_LOOK_SECONDS)

    def _kill(self) -> None:
        """The end of a container is that of all its processes."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            end_all((), run_id=self.run_id)

    def _tell_end(self) -> None:
        code = 137 if self.process is None else self.process.returncode
        code = 128 - code if code < 0 else code
        reason = self.end_reason or ("Completed" if code == 0 else "Error")
        self._tell(
            {"terminated": {"exitCode": code, "reason": reason, "finishedAt": now()}},
            phase="Failed" if code else "Succeeded",
        )

    def _tell(self, state: Object, *, phase: str) -> None:
        def tell(pod: Object) -> None:
            statuses = pod["status"].get("containerStatuses", [{}])
            if "startedAt" in state.get("running", {}) or statuses[0].get("state") != state:
                pod["status"]["containerStatuses"] = [{"name": "run", "restartCount": 0, "state": state}]
                pod["status"]["phase"] = phase

        self._store.update("pods", self._name, tell)

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        os.kill(self.process.pid, number)


def _volumes(container: Object, folder: Path) -> dict[str, Path]:
    volumes = {each["mountPath"]: folder / "volumes" / each["name"] for each in container["volumeMounts"]}
    for path in volumes.values():
        path.mkdir(parents=True, exist_ok=True)
    return volumes


def _place(value: str, places: dict[str, Path]) -> str:
    """Where that path of a container is on this machine."""
    for path, real in places.items():
        if value == path or value.startswith(f"{path}/"):
            return f"{real}{value.removeprefix(path)}"
    return value
