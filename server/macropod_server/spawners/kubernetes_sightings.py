"""What a Job and its pods say about a run. Decides only; what they are is asked elsewhere."""

import signal
from collections.abc import Iterator, Sequence
from typing import Any

from macropod_server.domain.resources import size_in_words
from macropod_server.domain.run import Reason
from macropod_server.spawners.base import Exited, Gone, Running, Sighting, Starting, Trouble
from macropod_server.spawners.exit_codes import exit_code
from macropod_server.spawners.kubernetes_job import CONTAINER, Object

_ON_ITS_WAY = ("ContainerCreating", "PodInitializing")
_NO_IMAGE = (
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
)
_FOR_GOOD = ("InvalidImageName", "ErrImageNeverPull")
_NEVER_BEGAN = ("StartError", "ContainerCannotRun")
_BY_TAINT, _BY_COLLECTOR = "DeletionByTaintManager", "DeletionByPodGC"
_UNSEEN = "ContainerStatusUnknown"
"""The kubelet did not find the container any more; the exit code that goes with it is made up."""

_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_UNCONFIGURED = "CreateContainerConfigError"


def sighting(job: Object | None, pods: Sequence[Object], departed: Object | None = None) -> Sighting:
    """Of a Job, or None where there is none, and the pods of its run, of which the newest counts. `departed` is a pod
    as it was last seen, where that is known."""
    if pods:
        return _of_pod(newest(pods), job)
    return Gone() if job is None else _without_pod(job, departed)


def newest(pods: Sequence[Object]) -> Object:
    return max(pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")))


def misses_its_secret(pods: Sequence[Object]) -> bool:
    """Whether a pod may wait for the Secret, which a server that ended in between has not made."""
    return any(_waiting(pod).get("reason") == _UNCONFIGURED for pod in pods)


def has_finished(job: Object) -> bool:
    return any(_has_condition(job, kind) for kind in ("Complete", "Failed", "FailureTarget", "SuccessCriteriaMet"))


def is_out_of_reach(pod: Object) -> bool:
    """Whether its node is not there to tell anything about it."""
    reason = _disruption(pod).get("reason")
    # A taint drives pods from nodes that live, too; those of a node that is silent are told not to be ready.
    is_silent = reason == _BY_TAINT and _condition(pod, "Ready").get("status") != "True"
    return is_silent or reason == _BY_COLLECTOR or pod.get("status", {}).get("reason") == "NodeLost"


def interference(pod: Object) -> Trouble | None:
    """Who ends a pod, or has ended it, from outside."""
    return Trouble(Reason.NODE_LOST, _lost_sentence(pod)) if is_out_of_reach(pod) else _taken(pod, None)


def no_pod(message: str | None) -> Trouble:
    """The trouble of a Job that has no pod; `message`: what its controller says about it, if it does."""
    if message is None:
        return Trouble(Reason.COULD_NOT_START, "Kubernetes has not made its pod yet and does not say why.")
    is_quota = is_over_quota(message)
    reason = Reason.QUOTA_EXCEEDED if is_quota else Reason.COULD_NOT_START
    return Trouble(reason, f"Kubernetes does not make its pod: {_sentence(message)}")


def is_over_quota(message: str) -> bool:
    """The words of the quota admission plug-in are the only thing that tells its refusals from others."""
    return "exceeded quota" in message


def _of_pod(pod: Object, job: Object | None = None) -> Sighting:
    status = pod.get("status", {})
    ended = _terminated(pod)
    if ended is not None:
        return _of_ended(pod, ended, job)
    if is_out_of_reach(pod):
        return Exited(None, trouble=Trouble(Reason.NODE_LOST, _lost_sentence(pod)))
    if status.get("phase") in ("Failed", "Succeeded"):
        return Exited(None, trouble=_disrupted(pod) or _refused(status))
    if "running" in _state(pod):
        return Running()
    return Starting(_hindrance(pod))


def _of_ended(pod: Object, ended: Object, job: Object | None) -> Exited:
    code, reason = exit_code(int(ended.get("exitCode", 0))), ended.get("reason")
    if reason == _UNSEEN:
        return Exited(None, trouble=_taken(pod, job))
    if reason == "OOMKilled" and code == -signal.SIGKILL:
        return Exited(code, out_of_memory=True, trouble=_out_of_memory(pod))
    if reason in _NEVER_BEGAN:
        message = f"The container does not start: {_sentence(ended.get('message') or str(reason))}"
        return Exited(code, trouble=Trouble(Reason.COULD_NOT_START, message))
    return Exited(code, trouble=_taken(pod, job) if code < 0 else _disrupted(pod))


def _taken(pod: Object, job: Object | None) -> Trouble | None:
    """Who ended a container that did not end by itself, where pod or Job say so."""
    told = (job and _overstayed(job)) or _disrupted(pod) or (job and _driven_out(job))
    return told or (_removed() if pod["metadata"].get("deletionTimestamp") else None)


def _out_of_memory(pod: Object) -> Trouble:
    limits = (_container(pod).get("resources") or {}).get("limits") or {}
    limit = _bytes(str(limits.get("memory", "")))
    told = f"its limit of {size_in_words(limit)}" if limit else "there was"
    return Trouble(Reason.OUT_OF_MEMORY, f"The container needed more memory than {told} and was ended by the system.")


def _disrupted(pod: Object) -> Trouble | None:
    """Who ended a pod that did not end by itself."""
    status, disruption = pod.get("status", {}), _disruption(pod)
    told = _sentence(disruption.get("message") or status.get("message") or "it does not say why")
    if disruption.get("reason") == "PreemptionByScheduler":
        return Trouble(Reason.PREEMPTED, f"Kubernetes ended the run to make room for one that goes first: {told}")
    if disruption or status.get("reason") == "Evicted":
        return Trouble(Reason.EVICTED, f"Kubernetes evicted the run from its node: {told}")
    return None


def _refused(status: Object) -> Trouble:
    told = _sentence(status.get("message") or status.get("reason") or "it does not say why")
    return Trouble(Reason.COULD_NOT_START, f"The node did not take the pod: {told}")


def _lost_sentence(pod: Object) -> str:
    node = pod.get("spec", {}).get("nodeName") or "its node"
    return f"The node the run was on ({node}) is lost; nobody knows how the run ended."


def _hindrance(pod: Object) -> Trouble | None:
    waiting = _waiting(pod)
    reason, told = waiting.get("reason"), _sentence(waiting.get("message") or str(waiting.get("reason")))
    if reason in _NO_IMAGE:
        message = f"The image of the run cannot be had ({reason}): {told}"
        return Trouble(Reason.IMAGE_NOT_FOUND, message, is_final=reason in _FOR_GOOD)
    if reason and reason not in _ON_ITS_WAY:
        return Trouble(Reason.COULD_NOT_START, f"Its container cannot be made ({reason}): {told}")
    return _unscheduled(pod)


def _unscheduled(pod: Object) -> Trouble | None:
    scheduled = _condition(pod, "PodScheduled")
    if scheduled.get("status") != "False":
        return None
    told = _sentence(scheduled.get("message") or str(scheduled.get("reason")))
    return Trouble(Reason.UNSCHEDULABLE, f"Kubernetes finds no node for it: {told}")


def _without_pod(job: Object, departed: Object | None) -> Sighting:
    if departed is not None and isinstance(seen := _of_pod(departed, job), Exited) and seen.trouble is not None:
        return seen
    if trouble := _overstayed(job):
        return Exited(None, trouble=trouble)
    if _has_condition(job, "Complete"):
        return Exited(0)
    if has_finished(job):
        return _taken_away(job, departed)
    if _has_condition(job, "Suspended"):
        return Starting(Trouble(Reason.COULD_NOT_START, "Its Job was suspended from outside."))
    return Starting()


def _taken_away(job: Object, departed: Object | None) -> Exited:
    seen = _of_pod(departed) if departed else None
    code = seen.exit_code if isinstance(seen, Exited) else None
    return Exited(code, trouble=_driven_out(job) or _removed())


def _driven_out(job: Object) -> Trouble | None:
    if "PodFailurePolicy" not in _reasons_of_failure(job):
        return None
    message = "Kubernetes took the pod of the run away: evicted, or to make room, or with its node."
    return Trouble(Reason.EVICTED, message)


def _removed() -> Trouble:
    return Trouble(Reason.VANISHED, "The pod of the run was removed from outside, before the run had ended by itself.")


def _overstayed(job: Object) -> Trouble | None:
    if "DeadlineExceeded" not in _reasons_of_failure(job):
        return None
    message = "The container was there for longer than its limits allow, and Kubernetes ended it."
    return Trouble(Reason.TIME_LIMIT, message)


def _reasons_of_failure(job: Object) -> list[str]:
    return [str(_condition(job, kind).get("reason")) for kind in ("Failed", "FailureTarget")]


def _container(pod: Object) -> Object:
    return _own(pod.get("spec", {}).get("containers"))


def _own(containers: Sequence[Object] | None) -> Object:
    """Others may have been put beside it by the cluster."""
    return next((each for each in containers or [] if each.get("name") == CONTAINER), {})


def _state(pod: Object) -> Object:
    return _own(pod.get("status", {}).get("containerStatuses")).get("state") or {}


def _terminated(pod: Object) -> Object | None:
    return _state(pod).get("terminated")


def _waiting(pod: Object) -> Object:
    return _state(pod).get("waiting") or {}


def _disruption(pod: Object) -> Object:
    found = _condition(pod, "DisruptionTarget")
    return found if found.get("status") == "True" else {}


def _conditions(thing: Object, kind: str) -> Iterator[Any]:
    return (each for each in thing.get("status", {}).get("conditions") or [] if each.get("type") == kind)


def _condition(thing: Object, kind: str) -> Object:
    found: Object = next(_conditions(thing, kind), {})
    return found


def _has_condition(thing: Object, kind: str) -> bool:
    return _condition(thing, kind).get("status") == "True"


def _bytes(quantity: str) -> int:
    """Kubernetes writes what it was told in its own way, such as 512M; 0 where that is not known."""
    number, unit = quantity.rstrip("kMGTi"), quantity.lstrip("0123456789")
    return int(number) * _UNITS[unit] if number.isdigit() and unit in _UNITS else 0


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if text.endswith((".", "!", "…")) else f"{text}."
