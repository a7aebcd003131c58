"""End a run of a cluster for good: its Job, its Secret, and its pods, until the API shows none of them."""

import math
import time
from collections.abc import Sequence
from datetime import timedelta

from macropod_server.spawners.base import ContainerStuck
from macropod_server.spawners.kubernetes_api import JOBS, PODS, SECRETS, KubernetesApi, api_errors
from macropod_server.spawners.kubernetes_job import RUN_LABEL, Object, job_name
from macropod_server.spawners.kubernetes_watch import Mirror

_KUBELET_SECONDS = 3.0
"""How much longer than its grace a pod may take to be gone before it is removed without asking its node."""

_GIVE_UP_SECONDS = 30.0
_LOOK_AGAIN_SECONDS, _LOOK_AT_JOB_SECONDS = 5.0, 0.5


class Removal:
    """Of one run. The Job goes first: nothing makes another pod then, also if this is cut short."""

    def __init__(self, api: KubernetesApi, pods: Mirror, *, selector: str, run_id: str) -> None:
        self._api, self._pods, self._run_id = api, pods, run_id
        self._labels = f"{selector},{RUN_LABEL}={run_id}"

    def carry_out(self, *, grace: timedelta) -> set[str]:
        """Answers the uids of its pods. Raises `ContainerStuck` and `SpawnerUnavailable`."""
        lasts = max(1, math.ceil(grace.total_seconds()))
        began, seen = time.monotonic(), set[str]()
        with api_errors(is_of_one=True):
            lingers = self._api.delete(JOBS, job_name(self._run_id))
            self._api.delete(SECRETS, job_name(self._run_id))
            for seconds, patience in ((lasts, lasts + _KUBELET_SECONDS), (0, lasts + _GIVE_UP_SECONDS)):
                are_gone = self._end_pods(seen, grace_seconds=seconds, until=began + patience)
                if are_gone and not (lingers and self._job_stays(until=began + patience)):
                    return seen
        raise ContainerStuck(f"Kubernetes does not remove the Job of run {self._run_id} with its pod, forced or not.")

    def _end_pods(self, seen: set[str], *, grace_seconds: int, until: float) -> bool:
        """Whether they are gone in time. 1 s is the shortest grace with which a node says when it is done; with
        0 the object goes at once, whatever still runs."""
        asked: set[str] = set()
        while pods := self._left():
            uids = {pod["metadata"]["uid"] for pod in pods}
            for pod in pods:
                if pod["metadata"]["uid"] not in asked:
                    self._api.delete(PODS, pod["metadata"]["name"], grace_seconds=grace_seconds)
            asked |= uids
            seen |= uids
            if (left := until - time.monotonic()) <= 0:
                return False
            self._pods.await_gone(self._run_id, pods, seconds=min(left, _LOOK_AGAIN_SECONDS))
        return True

    def _job_stays(self, *, until: float) -> bool:
        """Somebody has asked for it to go after all that belongs to it, or holds it by a finalizer."""
        while is_there := self._api.read(JOBS, job_name(self._run_id)) is not None:
            if time.monotonic() >= until:
                break
            time.sleep(_LOOK_AT_JOB_SECONDS)
        return is_there

    def _left(self) -> Sequence[Object]:
        return self._api.select(PODS, labels=self._labels).objects
