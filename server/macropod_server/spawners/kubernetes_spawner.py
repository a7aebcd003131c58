"""Kubernetes spawner: each run is a Job of one namespace. What it looks like and what it tells is decided elsewhere."""

import math
import threading
import time
from collections.abc import Sequence
from datetime import timedelta

import structlog

from macropod_server.domain.resources import MOST_CPUS
from macropod_server.spawners.base import (
    Capacity,
    ContainerStuck,
    CouldNotStart,
    Flavor,
    Holding,
    NoRoom,
    Order,
    Sighting,
    Starting,
    Trial,
    Trouble,
)
from macropod_server.spawners.kubernetes import Connection
from macropod_server.spawners.kubernetes_api import (
    EVENTS,
    JOBS,
    PODS,
    SECRETS,
    KubernetesApi,
    Refused,
    api_errors,
    creation_errors,
)
from macropod_server.spawners.kubernetes_job import (
    INSTALLATION_LABEL,
    RUN_LABEL,
    Mould,
    Object,
    job_name,
    job_of,
    secret_of,
)
from macropod_server.spawners.kubernetes_removal import Removal
from macropod_server.spawners.kubernetes_sightings import (
    has_finished,
    interference,
    is_out_of_reach,
    misses_its_secret,
    newest,
    no_pod,
    sighting,
)
from macropod_server.spawners.kubernetes_trials import kubernetes_trials
from macropod_server.spawners.kubernetes_watch import Mirror
from macropod_server.spawners.runner_environ import told_url

log = structlog.get_logger()

Lines = list[str]

_MOST_BYTES = 2**63 - 1
_ASK_AGAIN_SECONDS = 10.0
_MOST_EQUIPPED = 10_000
_LOG_TRIES, _LOG_PAUSE_SECONDS = 3, 0.5


class KubernetesSpawner:
    """`Gone` is never answered from memory: what the watch has not told of is asked for."""

    name = "kubernetes"
    runner_watches_memory = False
    sees_files_of_server = False
    keeps_environments = False

    def __init__(self, connection: Connection, *, namespace: str, mould: Mould) -> None:
        self._connection = connection
        self._api = KubernetesApi(connection, namespace)
        self._mould = mould
        changed = self._changed = threading.Condition()
        self._jobs = Mirror(self._api, JOBS, labels=mould.selector, changed=changed)
        self._pods = Mirror(self._api, PODS, labels=mould.selector, changed=changed)
        self._equipped: set[str] = set()
        self._explained: dict[str, tuple[float, str | None]] = {}

    def close(self) -> None:
        """Let go of the watches. Jobs live on."""
        self._jobs.close()
        self._pods.close()
        self._connection.close()

    def capacity(self) -> Capacity:
        """What nodes there are only a right over the whole cluster would tell: its scheduler says what does not fit.
        The number of processes is bounded by the kubelet of a node for all pods alike, or not."""
        self._jobs.runs()
        return Capacity(cpus=MOST_CPUS, memory_bytes=_MOST_BYTES, pids=0, gpus=None)

    def image(self, flavor: Flavor = Flavor.PLAIN) -> str | None:
        self._jobs.runs()
        return self._mould.digest(flavor)

    def spawn(self, order: Order) -> None:
        """Job first, then the Secret it owns: whatever is cut short in between is completed by the next call, and
        goes as a whole whenever the Job goes. Its pod waits for the Secret meanwhile."""
        job = next(iter(self._jobs.known(order.run_id)), None) or self._make_job(order)
        uid = job["metadata"]["uid"]
        is_waiting = misses_its_secret(self._pods.known(order.run_id))
        if has_finished(job) or (uid in self._equipped and not is_waiting):
            return
        self._make_secret(order, job)
        if len(self._equipped) >= _MOST_EQUIPPED:
            self._equipped.clear()  # Not to know costs a call that finds the Secret there.
        self._equipped.add(uid)

    def inspect(self, run_id: str) -> Sighting:
        jobs: Sequence[Object] = self._jobs.of_run(run_id)
        pods: Sequence[Object] = self._pods.of_run(run_id)
        if not jobs and not pods:
            jobs, pods = self._asked(run_id)
        seen = sighting(jobs[0] if jobs else None, pods, self._pods.departed(run_id))
        if seen == Starting() and jobs and not pods:
            return Starting(no_pod(self._explanation(jobs[0])))
        return seen

    def why_stopped(self, run_id: str) -> Trouble | None:
        pods = self._asked(run_id)[1]
        departed = self._pods.departed(run_id)
        return interference(newest(pods)) if pods else interference(departed) if departed else None

    def output(self, run_id: str, *, limit: int) -> list[str]:
        """What a node does not hand out is left out: nobody's end waits for it."""
        pods = [pod for pod in self._pods.of_run(run_id) or self._asked(run_id)[1] if not is_out_of_reach(pod)]
        return self._log(newest(pods)["metadata"]["name"], limit) if pods else []

    def remove(self, run_id: str, *, grace: timedelta) -> None:
        removal = Removal(self._api, self._pods, selector=self._mould.selector, run_id=run_id)
        jobs = {job["metadata"]["uid"] for job in self._jobs.known(run_id)}
        self._pods.forget(run_id, removal.carry_out(grace=grace))
        self._jobs.forget(run_id, jobs)
        self._equipped -= jobs

    def remains(self) -> list[str]:
        """The files of a run are those of its pod."""
        return self.list()

    def environments(self) -> list[str]:
        self._jobs.runs()
        return []

    def holdings(self) -> list[Holding]:
        """How much they take the API does not tell."""
        runs = self.list()
        return [Holding(kind, run_id, None) for run_id in runs for kind in ("container", "files of a run")]

    def server_url(self) -> str:
        return told_url(self._mould.runner_url)

    def trials(self) -> list[Trial]:
        return kubernetes_trials(self._api)

    def list(self) -> list[str]:
        return sorted({*self._jobs.runs(), *self._pods.runs()})

    def discard(self, environment: str) -> None:
        """Here there are none: they travel through the storage."""
        self._jobs.runs()

    def _make_job(self, order: Order) -> Object:
        with creation_errors():
            made = self._api.create(JOBS, job_of(order, self._mould))
        if made is None:
            with api_errors(is_of_one=True):
                made = self._api.read(JOBS, job_name(order.run_id))
        if made is None:
            raise ContainerStuck(f"The Job of run {order.run_id} was there and is being removed.")
        if not self._is_ours(made):
            raise CouldNotStart(f"The Job {job_name(order.run_id)} belongs to another installation of Macropod.")
        self._jobs.note([made])
        return made

    def _make_secret(self, order: Order, job: Object) -> None:
        try:
            with creation_errors():
                self._api.create(SECRETS, secret_of(order, job, self._mould))
        except (CouldNotStart, NoRoom):
            self.remove(order.run_id, grace=timedelta(0))
            raise

    def _asked(self, run_id: str) -> tuple[Sequence[Object], Sequence[Object]]:
        """The API itself: what another server has made a moment ago the watch may not have told yet."""
        with api_errors(is_of_one=True):
            job = self._api.read(JOBS, job_name(run_id))
            pods = self._api.select(PODS, labels=f"{self._mould.selector},{RUN_LABEL}={run_id}").objects
        return [job] if job and self._is_ours(job) else [], pods

    def _is_ours(self, thing: Object) -> bool:
        labels = thing["metadata"].get("labels") or {}
        return bool(labels.get(INSTALLATION_LABEL) == self._mould.installation_id)

    def _explanation(self, job: Object) -> str | None:
        """Why a Job has no pod: its controller tells in an event. Not asked for again at once."""
        uid, now = job["metadata"]["uid"], time.monotonic()
        asked_at, told = self._explained.get(uid, (-math.inf, None))
        if now - asked_at < _ASK_AGAIN_SECONDS:
            return told
        try:
            events = self._api.select(EVENTS, fields=f"involvedObject.uid={uid},reason=FailedCreate").objects
        except Refused as refused:
            log.warning("events_not_read", reason=refused.message)
            events = []
        told = str(events[-1].get("message", "")) if events else None
        self._explained = {each: known for each, known in self._explained.items() if now - known[0] < 600}
        self._explained[uid] = now, told
        return told

    def _log(self, pod: str, limit: int) -> Lines:
        for tries_left in reversed(range(_LOG_TRIES)):
            try:
                return self._api.log(pod, limit=limit)
            except Refused as refused:
                if refused.status < 500 or not tries_left:
                    log.warning("output_not_read", pod=pod, reason=refused.message)
                    return []
            time.sleep(_LOG_PAUSE_SECONDS)
        return []
