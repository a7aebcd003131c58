"""A small Kubernetes for tests: an API server, the controllers and one node, and all that may befall a run there."""

import json
import signal
import time
from pathlib import Path
from typing import Any

from tests.kubernetes_double.api_server import TOKEN, ApiServer
from tests.kubernetes_double.controllers import Controllers, mark_deleted
from tests.kubernetes_double.kubelet import Image, Kubelet
from tests.kubernetes_double.store import Object, Refusal, Store, now

_PATIENCE_SECONDS = 20.0


class KubernetesDouble:
    """`image_folder` is where what the runner image has inside is made, once; several doubles may share it."""

    def __init__(self, folder: Path, image_folder: Path) -> None:
        image = Image(image_folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.store = Store()
        self.controllers = Controllers(self.store)
        self.kubelet = Kubelet(self.store, folder, image, self.controllers.note_end)
        self.api = ApiServer(self.store, delete_pod=self._delete_pod, log=self.kubelet.log)
        self.kubeconfig = write_kubeconfig(folder / "kubeconfig", self.api.url)

    def close(self) -> None:
        self.api.close()
        self.controllers.close()
        self.kubelet.close()

    def pod(self, run_id: str) -> Object:
        def is_of_run(pod: Object) -> bool:
            return bool(pod["metadata"]["labels"]["macropod.run"] == run_id)

        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not (pods := self.store.select("pods", is_of_run)):
            assert time.monotonic() < deadline, f"run {run_id} gets no pod"
            time.sleep(0.01)
        return pods[0]

    def kill(self, run_id: str) -> None:
        self.kubelet.container(run_id).signal(signal.SIGKILL)

    def run_out_of_memory(self, run_id: str) -> None:
        self.kubelet.container(run_id).end_reason = "OOMKilled"
        self.kill(run_id)

    def evict(self, run_id: str, message: str) -> None:
        """As a node does that is short of something: the pod stays, as failed."""

        def evicted(pod: Object) -> None:
            pod["status"] |= {"reason": "Evicted", "message": message}
            _disrupt(pod, "TerminationByKubelet", message)

        self.store.update("pods", self.pod(run_id)["metadata"]["name"], evicted)
        self.kill(run_id)

    def take_away(self, run_id: str, reason: str, message: str) -> None:
        """As a scheduler or an operator who drains a node does: the pod is deleted and says why."""
        pod = self.pod(run_id)
        self.store.update("pods", pod["metadata"]["name"], lambda each: _disrupt(each, reason, message))
        mark_deleted(self.store, pod, None)

    def delete_pod(self, run_id: str) -> None:
        """By hand, and with its grace: its program is told to stop."""
        mark_deleted(self.store, self.pod(run_id), None)

    def delete_pod_by_hand(self, run_id: str) -> None:
        self.kubelet.container(run_id).signal(signal.SIGKILL)
        self._delete_pod(self.pod(run_id)["metadata"]["name"], 0)

    def lose_node(self, run_id: str) -> None:
        self.kubelet.is_lost = True
        self.take_away(run_id, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint")

    def lose(self, run_id: str) -> None:
        """The Job is deleted by somebody, and its pod without waiting for the node."""
        self.store.delete("jobs", f"macropod-{run_id}")
        self._delete_pod(self.pod(run_id)["metadata"]["name"], 0)

    def _delete_pod(self, name: str, grace_seconds: int | None) -> Object:
        pod = self.store.read("pods", name)
        is_over = pod["status"].get("phase") in ("Succeeded", "Failed")
        if grace_seconds == 0 or is_over or "nodeName" not in pod["spec"]:
            self.controllers.note_end(pod)
            return self.store.delete("pods", name)
        mark_deleted(self.store, pod, grace_seconds)
        try:
            return self.store.read("pods", name)
        except Refusal:
            return pod


def write_kubeconfig(path: Path, url: str, *, token: str = TOKEN) -> Path:
    told: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "double",
        "contexts": [{"name": "double", "context": {"cluster": "double", "user": "double", "namespace": "runs"}}],
        "clusters": [{"name": "double", "cluster": {"server": url}}],
        "users": [{"name": "double", "user": {"token": token}}],
    }
    path.write_text(json.dumps(told))
    return path


def _disrupt(pod: Object, reason: str, message: str) -> None:
    condition = {"type": "DisruptionTarget", "status": "True", "reason": reason, "message": message}
    pod["status"]["conditions"] = [*pod["status"].get("conditions", []), {**condition, "lastTransitionTime": now()}]
