"""What turns Jobs into pods, finds nodes for them, says how they ended, and removes what belongs to nobody."""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.kubernetes_double.store import Object, Refusal, Store, now

NODE = "node-1"
_TICK_SECONDS = 0.1


@dataclass
class Shortage:
    """What the namespace or the nodes lack, in the words of who says so; None: nothing."""

    pod_refusal: str | None = None
    unschedulable: str | None = None


class Controllers:
    def __init__(self, store: Store) -> None:
        self.shortage = Shortage()
        self._store = store
        self._is_closed = False
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with self._store.changed:
            self._is_closed = True
            self._store.changed.notify_all()
        self._thread.join(5)

    def note_end(self, pod: Object) -> None:
        """Before the pod goes: that is what the finalizer of the real Job controller is for."""
        for job in self._store.select("jobs", lambda each: _owns(each, pod)):
            if not _is_finished(job):
                self._finish(job, pod)

    def _work(self) -> None:
        while not self._is_closed:
            with self._store.changed:
                version = self._store.version
                self._round()
                if self._store.version == version:
                    self._store.changed.wait(_TICK_SECONDS)

    def _round(self) -> None:
        for kind, thing in self._store.orphans():
            if kind == "pods" and not _is_over(thing) and "nodeName" in thing["spec"]:
                mark_deleted(self._store, thing, None)
            else:
                self._store.delete(kind, thing["metadata"]["name"])
        for job in self._store.select("jobs", lambda each: not _is_finished(each)):
            self._advance(job)
        for pod in self._store.select("pods", lambda each: "nodeName" not in each["spec"]):
            self._schedule(pod)

    def _advance(self, job: Object) -> None:
        pods = self._store.select("pods", lambda each: _owns(job, each))
        started = job.get("status", {}).get("startTime")
        if not pods and not started and "deletionTimestamp" not in job["metadata"]:
            self._make_pod(job)
        elif not pods and started:
            self._fail(job, "BackoffLimitExceeded", "Job has reached the specified backoff limit")
        elif pods and _is_over(pods[0]):
            self._finish(job, pods[0])
        elif pods and _is_past(started, job["spec"].get("activeDeadlineSeconds")):
            self._fail(job, "DeadlineExceeded", "Job was active longer than specified deadline")
            self._store.delete("pods", pods[0]["metadata"]["name"])

    def _make_pod(self, job: Object) -> None:
        if self.shortage.pod_refusal is not None:
            self._tell_of_refusal(job, self.shortage.pod_refusal)
            return
        template, metadata = job["spec"]["template"], job["metadata"]
        owner = {"apiVersion": "batch/v1", "kind": "Job", "name": metadata["name"], "uid": metadata["uid"]}
        pod = {
            "metadata": {
                **template["metadata"],
                "generateName": f"{metadata['name']}-",
                "ownerReferences": [{**owner, "controller": True, "blockOwnerDeletion": True}],
            },
            "spec": template["spec"],
            "status": {"phase": "Pending"},
        }
        self._store.create("pods", pod)
        self._store.update("jobs", metadata["name"], lambda each: each.update(status={"active": 1, "startTime": now()}))

    def _tell_of_refusal(self, job: Object, message: str) -> None:
        uid = job["metadata"]["uid"]
        event = {
            "metadata": {"name": f"{job['metadata']['name']}.{uid[:8]}"},
            "involvedObject": {"kind": "Job", "name": job["metadata"]["name"], "uid": uid},
            "reason": "FailedCreate",
            "type": "Warning",
            "message": f"Error creating: {message}",
        }
        try:
            self._store.create("events", event)
        except Refusal:
            return

    def _schedule(self, pod: Object) -> None:
        told = self.shortage.unschedulable
        condition = {"type": "PodScheduled", "status": "True"}
        if told is not None:
            condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": told}

        def bind(each: Object) -> None:
            each["status"]["conditions"] = [condition]
            if told is None:
                each["spec"]["nodeName"] = NODE

        self._store.update("pods", pod["metadata"]["name"], bind)

    def _finish(self, job: Object, pod: Object) -> None:
        kinds = {each["type"] for each in pod["status"].get("conditions", [])}
        if pod["status"].get("phase") == "Succeeded":
            self._end(job, {"succeeded": 1}, {"type": "Complete", "status": "True", "reason": "CompletionsReached"})
        elif "DisruptionTarget" in kinds:
            self._fail(job, "PodFailurePolicy", "Pod has condition DisruptionTarget matching FailJob rule at index 0")
        else:
            self._fail(job, "BackoffLimitExceeded", "Job has reached the specified backoff limit")

    def _fail(self, job: Object, reason: str, message: str) -> None:
        self._end(job, {"failed": 1}, {"type": "Failed", "status": "True", "reason": reason, "message": message})

    def _end(self, job: Object, counts: Object, condition: Object) -> None:
        def end(each: Object) -> None:
            each["status"] = {"startTime": now(), **each.get("status", {}), **counts, "active": 0}
            each["status"]["conditions"] = [condition]

        self._store.update("jobs", job["metadata"]["name"], end)


def mark_deleted(store: Store, pod: Object, grace_seconds: int | None) -> None:
    """Its node is to end it within the grace: that of the pod, or a shorter one."""
    own = pod["spec"].get("terminationGracePeriodSeconds", 30)
    wanted = own if grace_seconds is None else grace_seconds

    def mark(each: Object) -> None:
        metadata = each["metadata"]
        metadata["deletionGracePeriodSeconds"] = min(wanted, metadata.get("deletionGracePeriodSeconds", wanted))
        metadata.setdefault("deletionTimestamp", now())

    store.update("pods", pod["metadata"]["name"], mark)


def _owns(job: Object, pod: Object) -> bool:
    return any(owner["uid"] == job["metadata"]["uid"] for owner in pod["metadata"].get("ownerReferences", []))


def _is_finished(job: Object) -> bool:
    return bool(job.get("status", {}).get("conditions"))


def _is_over(pod: Object) -> bool:
    return pod["status"].get("phase") in ("Succeeded", "Failed")


def _is_past(started: str | None, seconds: int | None) -> bool:
    if started is None or seconds is None:
        return False
    return (datetime.now(UTC) - datetime.fromisoformat(started)).total_seconds() > seconds
