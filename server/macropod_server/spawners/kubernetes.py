"""The way to the API of a cluster: credentials, TLS, HTTP. Only this module knows the library `kubernetes`."""

import contextlib
import os
import socket
from collections.abc import Iterator, Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any

from kubernetes import config
from kubernetes.client import ApiClient, ApiException, Configuration
from kubernetes.config import ConfigException
from urllib3 import Retry
from urllib3.exceptions import HTTPError

from macropod_server.spawners.base import SpawnerUnavailable
from macropod_server.spawners.kubernetes_api import Answer, Lines, Query

_CONNECT_SECONDS, _ANSWER_SECONDS = 5, 30
_CONNECTIONS = 32
_ONCE_MORE = Retry(total=1, status=0, redirect=0, allowed_methods=None, respect_retry_after_header=False)
"""For a connection that was closed while nobody used it. Every call may be repeated."""

_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class NoCluster(Exception):
    """There is no cluster to go to, or what leads there cannot be read. A sentence."""


class Connection:
    """To the cluster of the kubeconfig named, else that of `KUBECONFIG`, else the one this runs in, else that of the
    user's own kubeconfig. Raises `NoCluster`."""

    def __init__(self, kubeconfig: str, environ: Mapping[str, str]) -> None:
        settings = Configuration()
        try:
            self.namespace = _load(settings, kubeconfig, environ)
        except (OSError, ConfigException, ValueError, TypeError, KeyError, AttributeError) as error:
            raise NoCluster(f"There is no way to a Kubernetes cluster: {_told(error)}.") from error
        settings.connection_pool_maxsize = _CONNECTIONS
        settings.retries = _ONCE_MORE
        self.url: str = settings.host
        self._client = ApiClient(settings)

    def answer(self, method: str, path: str, *, query: Query = (), body: Any = None) -> Answer:
        """Whatever status it has. Raises `SpawnerUnavailable`."""
        with _connection_errors():
            found = self._ask(method, path, query, body, seconds=_ANSWER_SECONDS)
            return Answer(found.status, dict(found.headers), found.read())

    @contextlib.contextmanager
    def lines(self, path: str, *, query: Query, seconds: float) -> Iterator[Lines]:
        """An answer that goes on; `seconds` is for how long it may be silent. Raises `SpawnerUnavailable`."""
        with _connection_errors():
            response = self._ask("GET", path, query, None, seconds=seconds).response
            try:
                yield Lines(response.status, response, lambda: _cut(response))
            finally:
                response.close()

    def close(self) -> None:
        self._client.close()  # type: ignore[no-untyped-call]

    def _ask(self, method: str, path: str, query: Query, body: Any, *, seconds: float) -> Any:
        headers = {"Accept": "application/json", **({"Content-Type": "application/json"} if body is not None else {})}
        request = self._client.param_serialize(
            method, path, query_params=list(query), header_params=headers, body=body, auth_settings=["BearerToken"]
        )
        return self._client.call_api(*request, _request_timeout=(_CONNECT_SECONDS, seconds))


def _load(settings: Configuration, kubeconfig: str, environ: Mapping[str, str]) -> str:
    """Answers the namespace that goes with the credentials."""
    file = kubeconfig or environ.get("KUBECONFIG", "")
    if not file and "KUBERNETES_SERVICE_HOST" in environ:
        config.load_incluster_config(settings)  # type: ignore[no-untyped-call]
        return (_SERVICE_ACCOUNT / "namespace").read_text().strip() or "default"
    file = file or str(Path(environ.get("HOME") or Path.home(), ".kube", "config"))
    if not any(Path(each).expanduser().is_file() for each in file.split(os.pathsep)):
        raise NoCluster(f"There is no way to a Kubernetes cluster: there is no kubeconfig {file}.")
    config.load_kube_config(  # type: ignore[no-untyped-call]
        file, client_configuration=settings, persist_config=False
    )
    _, active = config.list_kube_config_contexts(file)  # type: ignore[no-untyped-call]
    return str((active.get("context") or {}).get("namespace") or "default")


def _cut(response: Any) -> None:
    """Let the thread that waits for the next line go on: closing alone would wait for it."""
    connection = getattr(response, "connection", None)
    if sock := getattr(connection, "sock", None):
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def _connection_errors() -> Iterator[None]:
    """`ValueError` and its like: the connection was cut while it was read."""
    try:
        yield
    except (ApiException, HTTPError, HTTPException, ConfigException, OSError, ValueError, AttributeError) as error:
        raise SpawnerUnavailable(f"Kubernetes does not answer as it should: {_told(error)}.") from error


def _told(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
