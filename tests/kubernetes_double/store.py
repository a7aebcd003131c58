"""What a namespace of the double holds: objects with versions, the history that watches are told, and who owns whom."""

import copy
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Object = dict[str, Any]

KINDS = {"jobs": ("batch/v1", "Job"), "pods": ("v1", "Pod"), "secrets": ("v1", "Secret"), "events": ("v1", "Event")}


class Refusal(Exception):
    """An answer that is a Status, as the API server words it."""

    def __init__(self, code: int, reason: str, message: str, *, name: str = "", retry_after: int | None = None) -> None:
        self.code, self.retry_after = code, retry_after
        self.body: Object = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
            "details": {"name": name} if name else {},
            "code": code,
        }
        super().__init__(message)


@dataclass(frozen=True)
class Change:
    version: int
    kind: str
    type: str
    object: Object


class Store:
    """Whoever waits for `changed` is told of every change. All answers are copies."""

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.history: list[Change] = []
        self.version = 1000
        self.oldest_version = 0
        self._objects: dict[tuple[str, str], Object] = {}

    def create(self, kind: str, body: Object) -> Object:
        with self.changed:
            metadata = body["metadata"]
            name = metadata.get("name") or f"{metadata['generateName']}{uuid.uuid4().hex[:5]}"
            if (kind, name) in self._objects:
                raise Refusal(409, "AlreadyExists", f'{kind} "{name}" already exists', name=name)
            made = copy.deepcopy(body)
            made["apiVersion"], made["kind"] = KINDS[kind]
            made["metadata"] |= {"name": name, "uid": str(uuid.uuid4()), "creationTimestamp": now()}
            self._objects[kind, name] = made
            return self._tell(kind, "ADDED", made)

    def read(self, kind: str, name: str) -> Object:
        with self.changed:
            if (kind, name) not in self._objects:
                raise Refusal(404, "NotFound", f'{kind} "{name}" not found', name=name)
            return copy.deepcopy(self._objects[kind, name])

    def select(self, kind: str, matches: Callable[[Object], bool] = lambda _: True) -> list[Object]:
        with self.changed:
            found = [each for (of_kind, _), each in self._objects.items() if of_kind == kind and matches(each)]
            return copy.deepcopy(found)

    def update(self, kind: str, name: str, change: Callable[[Object], object]) -> None:
        """Nothing where it is gone, or stays as it was."""
        with self.changed:
            if (found := self._objects.get((kind, name))) is None:
                return
            before = copy.deepcopy(found)
            change(found)
            if found != before:
                self._tell(kind, "MODIFIED", found)

    def delete(self, kind: str, name: str) -> Object:
        """An object somebody holds by a finalizer only says that it is to go."""
        with self.changed:
            found = self.read(kind, name)
            if found["metadata"].get("finalizers"):
                self.update(kind, name, lambda each: each["metadata"].setdefault("deletionTimestamp", now()))
                return self.read(kind, name)
            del self._objects[kind, name]
            self._tell(kind, "DELETED", found)
            return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}

    def compact(self) -> None:
        """Forget what happened, as the API server does after some minutes: who asks for it is told 410."""
        with self.changed:
            self.history.clear()
            self.version += 1
            self.oldest_version = self.version

    def orphans(self) -> Iterator[tuple[str, Object]]:
        with self.changed:
            uids = {each["metadata"]["uid"] for each in self._objects.values()}
            held = list(self._objects.items())
        for (kind, _), each in held:
            owners = each["metadata"].get("ownerReferences", [])
            if owners and not any(owner["uid"] in uids for owner in owners):
                yield kind, each

    def _tell(self, kind: str, what: str, thing: Object) -> Object:
        self.version += 1
        thing["metadata"]["resourceVersion"] = str(self.version)
        told = copy.deepcopy(thing)
        self.history.append(Change(self.version, kind, what, told))
        self.changed.notify_all()
        return copy.deepcopy(told)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
