"""What the cluster has of one kind, kept up to date by one list and one watch, so that nobody asks for each run."""

import json
import math
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable

import structlog

from macropod_server.spawners.base import SpawnerUnavailable
from macropod_server.spawners.kubernetes_api import Expired, Kind, KubernetesApi, Lines, Refused, api_errors
from macropod_server.spawners.kubernetes_job import RUN_LABEL, Object

log = structlog.get_logger()

_WATCH_SECONDS = 300
_SILENCE_SECONDS = 150.0
"""The API sends a bookmark about once a minute: a watch that is silent for longer has lost its other end."""

_LIST_AGAIN_SECONDS = 900.0
_FRESH_SECONDS = 1.0
_FIRST_REST, _LONGEST_REST = 0.2, 10.0
_BLIND_SECONDS = 0.5
_WORTH_A_WORD = 3
"""Failures in a row: one now and then is nothing."""
_MOST_DEPARTED = 1000
_ANSWER_SECONDS = 40.0
"""Longer than one call may take."""
_KEPT_METADATA = ("name", "uid", "labels", "creationTimestamp", "deletionTimestamp", "resourceVersion")
_KEPT_SPEC = ("nodeName", "containers")


class Mirror:
    """The objects of a kind that a label selects. Its thread starts when it is first asked.

    While a watch is open it knows all but the last moment. While none can be had whoever asks waits for a new list,
    one for all who ask at the same time. `changed` is notified of whatever changes; several mirrors may share one.
    """

    def __init__(self, api: KubernetesApi, kind: Kind, *, labels: str, changed: threading.Condition) -> None:
        self._api, self._kind, self._labels = api, kind, labels
        self._changed = changed
        self._objects: dict[str, dict[str, Object]] = defaultdict(dict)
        self._departed: dict[str, Object] = {}
        self._removed: dict[str, float] = {}
        self._version = ""
        self._failed_lists = 0
        self._listed_at = -math.inf
        self._trouble: SpawnerUnavailable | None = None
        self._is_watching = self._is_wanted = self._is_closed = False
        self._cut: Callable[[], None] | None = None
        self._thread: threading.Thread | None = None

    def close(self) -> None:
        with self._changed:
            self._is_closed, cut = True, self._cut
            self._changed.notify_all()
        if cut:
            cut()
        if self._thread:
            self._thread.join(5)

    def runs(self) -> list[str]:
        """That have an object here. Raises `SpawnerUnavailable`."""
        with self._changed:
            self._await_touch()
            return [run_id for run_id, objects in self._objects.items() if objects]

    def of_run(self, run_id: str) -> list[Object]:
        """Raises `SpawnerUnavailable`."""
        with self._changed:
            self._await_touch()
            return self.known(run_id)

    def known(self, run_id: str) -> list[Object]:
        """What was last heard of it, without waiting."""
        with self._changed:
            return list(self._objects.get(run_id, {}).values())

    def departed(self, run_id: str) -> Object | None:
        """The last object of the run that was seen to go, as it was then."""
        with self._changed:
            return self._departed.get(run_id)

    def note(self, objects: Iterable[Object]) -> None:
        """Take in what was learnt by other ways; what the watch has told since is not undone."""
        with self._changed:
            for each in objects:
                if (uid := each["metadata"]["uid"]) not in self._removed:
                    self._objects[_run(each)].setdefault(uid, _slim(each))
            self._changed.notify_all()

    def forget(self, run_id: str, uids: Iterable[str]) -> None:
        """These are seen to be gone; what the watch still tells of them comes too late."""
        with self._changed:
            self._departed.pop(run_id, None)
            for uid in {*uids, *self._objects.pop(run_id, {})}:
                self._removed[uid] = time.monotonic()
            self._changed.notify_all()

    def await_gone(self, run_id: str, objects: Iterable[Object], *, seconds: float) -> None:
        """Until the watch tells that all of these are gone; without one only for a short while."""
        self.note(objects)
        uids = {each["metadata"]["uid"] for each in objects}

        def are_gone() -> bool:
            return not uids & set(self._objects.get(run_id, {}))

        with self._changed:
            self._start()
            self._changed.wait_for(are_gone, seconds if self._is_watching else min(seconds, _BLIND_SECONDS))

    def _await_touch(self) -> None:
        """Holds the condition."""
        self._start()
        if self._is_up_to_date():
            return
        failures = self._failed_lists
        self._is_wanted = True
        self._changed.notify_all()

        def is_told() -> bool:
            return self._is_up_to_date() or self._is_closed or self._failed_lists != failures

        self._changed.wait_for(is_told, _ANSWER_SECONDS)
        if not self._is_up_to_date():
            raise self._trouble or SpawnerUnavailable(f"Kubernetes does not list {self._kind.name}.")

    def _is_up_to_date(self) -> bool:
        return not self._is_closed and (self._is_watching or time.monotonic() < self._listed_at + _FRESH_SECONDS)

    def _start(self) -> None:
        if self._thread is None and not self._is_closed:
            self._thread = threading.Thread(target=self._keep_up, name=f"watch-{self._kind.name}", daemon=True)
            self._thread.start()

    def _keep_up(self) -> None:
        failures = 0
        while not self._is_closed:
            began = time.monotonic()
            try:
                if self._is_wanted or began >= self._listed_at + _LIST_AGAIN_SECONDS:
                    self._list()
                self._watch()
            except Expired:
                self._listed_at = -math.inf
            except Exception as error:
                # Whatever it is, a thread that ends would leave everybody with what was.
                if failures == _WORTH_A_WORD:
                    log.warning("watch_lost", kind=self._kind.name, reason=str(error))
            # Also after a watch that had its time: one that is over at once, again and again, is none.
            failures = failures + 1 if time.monotonic() < began + _LONGEST_REST else 1
            self._rest(failures)

    def _list(self) -> None:
        try:
            with api_errors(is_of_one=False):
                listing = self._api.select(self._kind, labels=self._labels)
        except SpawnerUnavailable as error:
            self._note_failed_list(error)
            raise
        with self._changed:
            now = time.monotonic()
            long_ago = now - _LIST_AGAIN_SECONDS
            self._removed = {uid: at for uid, at in self._removed.items() if at > long_ago}
            self._objects.clear()
            self.note(listing.objects)
            self._version = listing.resource_version
            self._is_wanted, self._listed_at = False, now
            self._changed.notify_all()

    def _watch(self) -> None:
        """Until the watch is over, which is no failure: it has its time."""
        seconds = round(_WATCH_SECONDS * random.uniform(0.8, 1.2))
        watch = self._api.watch(
            self._kind, labels=self._labels, since=self._version, seconds=seconds, silence=_SILENCE_SECONDS
        )
        with watch as lines:
            self._follow(lines)

    def _follow(self, lines: Lines) -> None:
        with self._changed:
            if self._is_closed:
                return
            self._cut, self._is_watching, self._is_wanted = lines.cut, True, False
            self._changed.notify_all()
        for line in lines.each:
            if line.strip():
                self._take(json.loads(line))

    def _take(self, event: Object) -> None:
        kind, told = event["type"], event["object"]
        if kind == "ERROR":
            raise _of_error(Refused(told))
        uid = told["metadata"].get("uid", "")
        with self._changed:
            self._version = told["metadata"]["resourceVersion"]
            if kind == "DELETED":
                self._drop(_run(told), uid)
                self._remember(told)
            elif kind != "BOOKMARK" and uid not in self._removed:
                self._objects[_run(told)][uid] = _slim(told)
            self._changed.notify_all()

    def _drop(self, run_id: str, uid: str) -> None:
        self._removed[uid] = time.monotonic()  # Whoever has just read it elsewhere does not bring it back.
        objects = self._objects.get(run_id, {})
        objects.pop(uid, None)
        if not objects:
            self._objects.pop(run_id, None)

    def _remember(self, departed: Object) -> None:
        self._departed[_run(departed)] = _slim(departed)
        if len(self._departed) > _MOST_DEPARTED:
            self._departed.pop(next(iter(self._departed)))

    def _note_failed_list(self, error: SpawnerUnavailable) -> None:
        """For those who wait for it; whoever asks later has it tried again."""
        with self._changed:
            self._trouble, self._is_wanted, self._listed_at = error, False, -math.inf
            self._failed_lists += 1
            self._changed.notify_all()

    def _rest(self, failures: int) -> None:
        """The first time not at all: watches are dropped for all kinds of reasons. Whoever asks ends it."""
        longest = 0.0 if failures == 1 else min(_LONGEST_REST, _FIRST_REST * 2 ** min(failures, 20))
        seconds = longest * random.uniform(0.5, 1)
        with self._changed:
            self._is_watching, self._cut = False, None
            self._changed.wait_for(lambda: self._is_closed or self._is_wanted, seconds)


def _of_error(refused: Refused) -> Exception:
    if refused.status == 410:
        return Expired()
    return SpawnerUnavailable(f"Kubernetes ends its report of changes: {refused.message}.")


def _run(thing: Object) -> str:
    return str((thing["metadata"].get("labels") or {}).get(RUN_LABEL, ""))


def _slim(thing: Object) -> Object:
    """What is looked at: there may be thousands."""
    metadata, spec = thing.get("metadata") or {}, thing.get("spec") or {}
    return {
        "metadata": {name: metadata[name] for name in _KEPT_METADATA if name in metadata},
        "spec": {name: spec[name] for name in _KEPT_SPEC if name in spec},
        "status": thing.get("status") or {},
    }
