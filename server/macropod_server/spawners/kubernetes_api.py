"""The verbs of the Kubernetes API that are used, on plain objects, and what its refusals mean."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from macropod_server.spawners.base import ContainerStuck, CouldNotStart, NoRoom, SpawnerUnavailable
from macropod_server.spawners.kubernetes_job import CONTAINER, Object
from macropod_server.spawners.kubernetes_sightings import is_over_quota

Query = Sequence[tuple[str, str]]

_OK, _NOT_FOUND, _CONFLICT, _GONE, _TOO_MANY = 200, 404, 409, 410, 429
_OF_ALL = (401, 403, 404, 429, 502, 503, 504)
"""No credentials, no rights, no namespace, or nobody there: it would be the same for any other run."""

_TRIES = 4
_LONGEST_PAUSE = 5.0
_CONFLICT_PAUSE = 0.2
_PAGE = "500"

_REVIEW = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


@dataclass(frozen=True)
class Kind:
    """What the API keeps under one path."""

    group: str
    name: str

    @property
    def api_group(self) -> str:
        """As rules of rights call it: the oldest one has no name."""
        kind, _, rest = self.group.partition("/")
        return rest.partition("/")[0] if kind == "apis" else ""


JOBS, PODS, SECRETS, EVENTS = Kind("apis/batch/v1", "jobs"), *(Kind("api/v1", n) for n in ("pods", "secrets", "events"))


@dataclass(frozen=True)
class Right:
    kind: Kind
    verb: str
    part: str = ""

    def __str__(self) -> str:
        return f"{self.verb} {self.kind.name}{self.part and '/'}{self.part}"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Lines:
    """An answer line by line. `cut` may be called by another thread and ends it."""

    status: int
    each: Iterable[bytes]
    cut: Callable[[], None]


class Way(Protocol):
    """To the API. Both raise `SpawnerUnavailable`."""

    def answer(self, method: str, path: str, *, query: Query = (), body: Any = None) -> Answer: ...
    def lines(self, path: str, *, query: Query, seconds: float) -> AbstractContextManager[Lines]: ...


class Refused(Exception):
    """The API answers and does not do it."""

    def __init__(self, told: Object) -> None:
        self.status = int(told.get("code") or 0)
        self.reason = str(told.get("reason") or "")
        self.message = str(told.get("message") or f"status {self.status}").strip().rstrip(".")
        self.names_object = bool((told.get("details") or {}).get("name"))
        super().__init__(self.message)


class Expired(Exception):
    """What is asked for is too long ago to be told."""


@dataclass(frozen=True)
class Listing:
    objects: Sequence[Object]
    resource_version: str


class KubernetesApi:
    """Of one namespace. Raises `Refused` and `SpawnerUnavailable`."""

    def __init__(self, way: Way, namespace: str) -> None:
        self._way = way
        self.namespace = namespace

    def create(self, kind: Kind, body: Object) -> Object | None:
        """None where there is one of that name already."""
        try:
            return _object(self._ask("POST", self._path(kind), body=body))
        except Refused as refused:
            if (refused.status, refused.reason) == (_CONFLICT, "AlreadyExists"):
                return None
            raise

    def read(self, kind: Kind, name: str) -> Object | None:
        with _missing_is_none():
            return _object(self._ask("GET", self._path(kind, name)))
        return None

    def delete(self, kind: Kind, name: str, *, grace_seconds: int | None = None) -> bool:
        """Whether it is there still, on its way out. What belongs to it goes soon after."""
        options: Object = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        if grace_seconds is not None:
            options["gracePeriodSeconds"] = grace_seconds
        with _missing_is_none():
            return _object(self._ask("DELETE", self._path(kind, name), body=options)).get("kind") != "Status"
        return False

    def select(self, kind: Kind, *, labels: str = "", fields: str = "") -> Listing:
        selectors = [(name, value) for name, value in (("labelSelector", labels), ("fieldSelector", fields)) if value]
        objects: list[Object] = []
        page: list[tuple[str, str]] = []
        while True:
            told = _object(self._ask("GET", self._path(kind), query=[*selectors, ("limit", _PAGE), *page]))
            objects += told.get("items") or []
            metadata = told.get("metadata") or {}
            if not metadata.get("continue"):
                return Listing(objects, str(metadata.get("resourceVersion", "")))
            page = [("continue", metadata["continue"])]

    @contextmanager
    def watch(self, kind: Kind, *, labels: str, since: str, seconds: int, silence: float) -> Iterator[Lines]:
        """Changes as JSON lines, for so many seconds at most. Raises `Expired` too."""
        query = [
            ("watch", "true"),
            ("allowWatchBookmarks", "true"),
            ("labelSelector", labels),
            ("resourceVersion", since),
            ("timeoutSeconds", str(seconds)),
        ]
        with self._way.lines(self._path(kind), query=query, seconds=silence) as lines:
            if lines.status == _GONE:
                raise Expired
            if lines.status != _OK:
                raise SpawnerUnavailable(f"Kubernetes refuses to tell of changes (status {lines.status}).")
            yield lines

    def log(self, pod: str, *, limit: int) -> list[str]:
        query = [("container", CONTAINER), ("tailLines", str(limit))]
        answer = self._ask("GET", f"{self._path(PODS, pod)}/log", query=query)
        text = answer.body.decode(errors="replace")
        return text.removesuffix("\n").split("\n")[-limit:] if text and limit else []

    def may(self, right: Right) -> bool:
        """What the cluster says of this server's rights, without using them. Everybody may ask for his own."""
        wanted = {
            "namespace": self.namespace,
            "verb": right.verb,
            "group": right.kind.api_group,
            "resource": right.kind.name,
            "subresource": right.part,
        }
        body = {**_REVIEW, "spec": {"resourceAttributes": wanted}}
        told = _object(self._ask("POST", _REVIEWS, body=body))
        return bool((told.get("status") or {}).get("allowed"))

    def _path(self, kind: Kind, name: str | None = None) -> str:
        path = f"/{kind.group}/namespaces/{self.namespace}/{kind.name}"
        return path if name is None else f"{path}/{name}"

    def _ask(self, method: str, path: str, *, query: Query = (), body: Object | None = None) -> Answer:
        """Asks again when told to come later. Raises `Refused`."""
        for tries_left in reversed(range(_TRIES)):
            answer = self._way.answer(method, path, query=query, body=body)
            if answer.status < 300:
                return answer
            refused = Refused({"code": answer.status, **_told(answer.body)})
            pause = _pause(refused, answer.headers)
            if pause is None or not tries_left:
                raise refused
            time.sleep(pause)
        raise AssertionError("the last try answers or raises")


def _pause(refused: Refused, headers: Mapping[str, str]) -> float | None:
    """Seconds after which the same call may be answered in another way; None where it will not."""
    if refused.status == _TOO_MANY:
        told = {name.lower(): value for name, value in headers.items()}.get("retry-after", "1")
        return min(float(told), _LONGEST_PAUSE) if told.isdigit() else 1.0
    # Not of the object, which has nobody else, but of the quota that it is counted in.
    return _CONFLICT_PAUSE if (refused.status, refused.reason) == (_CONFLICT, "Conflict") else None


@contextmanager
def api_errors(*, is_of_one: bool) -> Iterator[None]:
    """What the API refuses concerns either one container, or all there is."""
    try:
        yield
    except Refused as refused:
        told = f"Kubernetes answers: {refused.message}."
        if not is_of_one or refused.status in _OF_ALL:
            raise SpawnerUnavailable(told) from refused
        raise ContainerStuck(told) from refused


@contextmanager
def creation_errors() -> Iterator[None]:
    """What is refused for what it is will not be taken later either."""
    with api_errors(is_of_one=True):
        try:
            yield
        except Refused as refused:
            if is_over_quota(refused.message):
                raise NoRoom(f"Kubernetes has no room for this run: {refused.message}.") from refused
            # Those who check rights know of no object that is yet to be made; those who check objects name it, or are
            # webhooks, of whom there are but the words.
            is_of_object = refused.names_object or "denied the request" in refused.message
            if refused.status in (400, 422) or (refused.status == 403 and is_of_object):
                raise CouldNotStart(f"Kubernetes refuses this run: {refused.message}.") from refused
            raise


@contextmanager
def _missing_is_none() -> Iterator[None]:
    try:
        yield
    except Refused as refused:
        if refused.status != _NOT_FOUND:
            raise


def _object(answer: Answer) -> Object:
    """A page of some gate in between must not pass for an empty list."""
    told = _told(answer.body)
    if not told.get("kind"):
        raise SpawnerUnavailable("Something answers that is not Kubernetes; look at what stands before its API.")
    return told


def _told(body: bytes) -> Object:
    """Gates before the API answer in words of their own."""
    try:
        told = json.loads(body)
    except ValueError:
        return {"message": body.decode(errors="replace")[:500]}
    return told if isinstance(told, dict) else {}
