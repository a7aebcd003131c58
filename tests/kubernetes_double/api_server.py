"""The double's HTTP side: list, watch, create, get and delete in the shapes of the real API, and its bad days."""

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from tests.fakes.quiet_handler import QuietHandler
from tests.kubernetes_double.store import KINDS, Object, Refusal, Store

_PATH = re.compile(r"/(?:api/v1|apis/batch/v1)/namespaces/[^/]+/(\w+)(?:/([^/]+))?(/log)?")
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
TOKEN = "a-token"
_BOOKMARK_SECONDS = 1.0
_MOST_LABEL = 63


@dataclass
class Asked:
    """One call: verb as RBAC has it, kind, name."""

    verb: str
    kind: str
    name: str = ""


@dataclass
class BadDay:
    """What goes wrong. `refusals` are used up one by one by the calls they match."""

    refusals: list[tuple[Callable[[Asked], bool], Refusal]] = field(default_factory=list)
    forbidden: set[tuple[str, str]] = field(default_factory=set)
    is_away: bool = False
    refuses_watches: bool = False


class Stream(Protocol):
    def begin(self) -> None: ...
    def send(self, event: Object) -> None: ...


class ApiServer:
    """Listens on loopback and any port until closed. `delete_pod` and `log` are the nodes' to answer."""

    def __init__(
        self, store: Store, *, delete_pod: Callable[[str, int | None], Object], log: Callable[[str, int], bytes]
    ) -> None:
        self.store, self.bad_day, self.asked = store, BadDay(), list[Asked]()
        self._delete_pod, self._log = delete_pod, log
        self._watches = 0
        self._is_closed = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads, self._server.block_on_close = True, False
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._is_closed = True
        self.drop_watches()
        self._server.shutdown()
        self._server.server_close()

    def heal(self) -> None:
        self.bad_day = BadDay()

    def drop_watches(self) -> None:
        """Cut every watch in mid-air."""
        with self.store.changed:
            self._watches += 1
            self.store.changed.notify_all()

    def answer(self, method: str, path: str, query: dict[str, str], body: bytes) -> Object | bytes:
        told = json.loads(body) if body else {}
        if path == _REVIEWS:
            return self._review(told)
        kind, name, is_log = _parsed(path)
        asked = Asked(_verb(method, name, is_log), f"{kind}/log" if is_log else kind, name)
        self._admit(asked)
        match asked.verb:
            case "create":
                return self.store.create(kind, _checked(kind, told))
            case "delete" if kind == "pods":
                return self._delete_pod(name, told.get("gracePeriodSeconds"))
            case "delete":
                return self.store.delete(kind, name)
            case "list":
                return self._listing(kind, query)
        return self._log(name, int(query.get("tailLines", "10"))) if is_log else self.store.read(kind, name)

    def watch(self, path: str, query: dict[str, str], tell: "Stream") -> None:
        """Returns when the time is over; raises `ConnectionAbortedError` when cut."""
        kind, _, _ = _parsed(path)
        self._admit(Asked("watch", kind))
        since, ends_at = int(query["resourceVersion"]), time.monotonic() + int(query["timeoutSeconds"])
        matches, watches = _matcher(query), self._watches
        tell.begin()
        if since < self.store.oldest_version:
            told = Refusal(410, "Expired", f"too old resource version: {since} ({self.store.oldest_version})").body
            tell.send({"type": "ERROR", "object": told})
            return
        while (left := ends_at - time.monotonic()) > 0:
            with self.store.changed:
                if not self._is_news(since, watches):
                    self.store.changed.wait(min(left, _BOOKMARK_SECONDS))
                news, version = [each for each in self.store.history if each.version > since], self.store.version
            if self._watches != watches or self.bad_day.is_away:
                raise ConnectionAbortedError
            for each in news:
                if each.kind == kind and matches(each.object):
                    tell.send({"type": each.type, "object": each.object})
            since = version
            api_version, name = KINDS[kind]
            bookmark = {"apiVersion": api_version, "kind": name, "metadata": {"resourceVersion": str(version)}}
            tell.send({"type": "BOOKMARK", "object": bookmark})

    def _is_news(self, since: int, watches: int) -> bool:
        return self.store.version > since or self._watches != watches or self.bad_day.is_away

    def _admit(self, asked: Asked) -> None:
        self.asked.append(asked)
        if asked.verb == "watch" and self.bad_day.refuses_watches:
            raise Refusal(500, "InternalError", "watches are broken today")
        if (asked.verb, asked.kind) in self.bad_day.forbidden:
            message = f'{asked.kind} is forbidden: User "macropod" cannot {asked.verb} resource "{asked.kind}"'
            raise Refusal(403, "Forbidden", message, name=asked.name)
        for fault in self.bad_day.refusals:
            if fault[0](asked):
                self.bad_day.refusals.remove(fault)
                raise fault[1]

    def _review(self, asked: Object) -> Object:
        wanted = asked["spec"]["resourceAttributes"]
        kind = "/".join(filter(None, (wanted["resource"], wanted["subresource"])))
        is_known = wanted["group"] == ("batch" if kind == "jobs" else "")
        return asked | {"status": {"allowed": is_known and (wanted["verb"], kind) not in self.bad_day.forbidden}}

    def _listing(self, kind: str, query: dict[str, str]) -> Object:
        with self.store.changed:
            items, version = self.store.select(kind, _matcher(query)), self.store.version
        first, most = int(query.get("continue", "0")), int(query.get("limit", "500"))
        metadata = {"resourceVersion": str(version)}
        if len(items) > first + most:
            metadata["continue"] = str(first + most)
        api_version, name = KINDS[kind]
        items = items[first : first + most]
        return {"apiVersion": api_version, "kind": f"{name}List", "metadata": metadata, "items": items}


def _parsed(path: str) -> tuple[str, str, bool]:
    found = _PATH.fullmatch(path)
    if found is None or found[1] not in KINDS:
        raise Refusal(404, "NotFound", "the server could not find the requested resource")
    return found[1], found[2] or "", bool(found[3])


def _verb(method: str, name: str, is_log: bool) -> str:
    verbs = {"POST": "create", "DELETE": "delete", "GET": "get" if name or is_log else "list"}
    return verbs[method]


def _matcher(query: dict[str, str]) -> Callable[[Object], bool]:
    labels = [each.split("=") for each in query.get("labelSelector", "").split(",") if each]
    fields = [each.split("=") for each in query.get("fieldSelector", "").split(",") if each]

    def matches(thing: Object) -> bool:
        has = thing["metadata"].get("labels", {})
        return all(has.get(key) == value for key, value in labels) and all(
            _field(thing, path) == value for path, value in fields
        )

    return matches


def _field(thing: Any, path: str) -> Any:
    for part in path.split("."):
        thing = thing.get(part, {})
    return thing


def _checked(kind: str, body: Object) -> Object:
    """Of all that the real one checks, what a run can get wrong."""
    name, labels = body["metadata"].get("name", ""), body["metadata"].get("labels", {})
    told = f'{kind} "{name}" is invalid: '
    for value in labels.values():
        if len(value) > _MOST_LABEL or not _LABEL_VALUE.fullmatch(value):
            raise Refusal(422, "Invalid", f'{told}metadata.labels: Invalid value: "{value}"', name=name)
    if kind == "jobs":
        memory = body["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"]
        if memory.startswith("-"):
            told += f'resources.limits[memory]: Invalid value: "{memory}": must be greater than or equal to 0'
            raise Refusal(422, "Invalid", told, name=name)
    return body


def _handler(api: ApiServer) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"api": api})


class _Handler(QuietHandler):
    api: ApiServer

    def do_GET(self) -> None:  # noqa: N802
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.api.bad_day.is_away:
            self.close_connection = True
            return
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._send(401, Refusal(401, "Unauthorized", "Unauthorized").body)
            return
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        try:
            if query.get("watch") == "true":
                self.api.watch(parts.path, query, self)
                self.wfile.write(b"0\r\n\r\n")
            else:
                self._send(200, self.api.answer(self.command, parts.path, query, body))
        except Refusal as refusal:
            self._send(refusal.code, refusal.body, retry_after=refusal.retry_after)
        except ConnectionError:
            self.close_connection = True

    do_POST = do_DELETE = do_GET  # noqa: N815

    def _send(self, status: int, told: Object | bytes, *, retry_after: int | None = None) -> None:
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if isinstance(told, bytes) else "application/json")
        self.send_header("Content-Length", str(len(body)))
        if retry_after is not None:
            self.send_header("Retry-After", str(retry_after))
        self.end_headers()
        self.wfile.write(body)

    def begin(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def send(self, event: Object) -> None:
        line = json.dumps(event).encode() + b"\n"
        self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
