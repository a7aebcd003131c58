"""Docker spawner: each run is a container of a Docker Engine. Only this module knows the library `docker`."""

import contextlib
import math
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import docker
from docker.errors import APIError, DockerException, NotFound
from docker.utils import kwargs_from_env

from macropod_server.spawners.base import (
    Capacity,
    ContainerStuck,
    CouldNotStart,
    EnvironmentNotFound,
    Exited,
    Flavor,
    Gone,
    Holding,
    ImageNotFound,
    Order,
    Running,
    Sighting,
    SpawnerUnavailable,
    Starting,
    Trial,
)
from macropod_server.spawners.docker_capacity import capacity_of
from macropod_server.spawners.docker_container import (
    INSTALLATION_LABEL,
    MAKES_IMAGE,
    RUN_LABEL,
    Names,
    container_config,
    network_options,
)
from macropod_server.spawners.docker_holdings import holdings, named_after, volume_names
from macropod_server.spawners.docker_trials import docker_trials
from macropod_server.spawners.exit_codes import exit_code
from macropod_server.spawners.runner_environ import RunnerUrl, told_url

_BAD_REQUEST, _FORBIDDEN, _CONFLICT, _AWAY = 400, 403, 409, (502, 503, 504)
_ANSWER_SECONDS = 60
_FIRST_ANSWER_SECONDS = 5
_REMOVAL_SECONDS = 30.0


class DockerSpawner:
    """`environ` is where `DOCKER_HOST` and its kin are looked for; without one, where the library looks itself."""

    name = "docker"
    runner_watches_memory = False
    sees_files_of_server = False
    keeps_environments = True

    def __init__(
        self,
        installation_id: str,
        *,
        image: str,
        data_image: str = "",
        runner_url: RunnerUrl,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._names = Names(installation_id)
        self._images = {Flavor.PLAIN: image, Flavor.DATA: data_image}
        self._runner_url = runner_url
        self._environ = environ
        self._client: Any = None
        self._capacity: Capacity | None = None
        self._connecting = threading.Lock()
        self._making_network = threading.Lock()

    def close(self) -> None:
        """Let go of the connection. Containers live on."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def gateway(self) -> str:
        """The address of this machine on the network of the containers, which is made if need be."""
        with _engine_errors():
            config: list[dict[str, str]] = self._network()["IPAM"]["Config"]
            return config[0]["Gateway"]

    def capacity(self) -> Capacity:
        if self._capacity is None:
            with _engine_errors():
                self._capacity = capacity_of(self._api.info())
        return self._capacity

    def image(self, flavor: Flavor = Flavor.PLAIN) -> str | None:
        with _engine_errors(), contextlib.suppress(NotFound):
            found: str = self._api.inspect_image(self._images[flavor])["Id"]
            return found
        return None

    def spawn(self, order: Order) -> None:
        with _container_errors():
            if self._state(order.run_id) is None:
                self._create(order)
            # Only a container that never ran: starting one that ended would run it again.
            if self.inspect(order.run_id) == Starting():
                self._start(order)

    def inspect(self, run_id: str) -> Sighting:
        with _container_errors():
            state = self._state(run_id)
        return Gone() if state is None else _sighting(state)

    def why_stopped(self, run_id: str) -> None:
        """Whoever sends a signal leaves no word."""

    def output(self, run_id: str, *, limit: int) -> list[str]:
        with _container_errors(), contextlib.suppress(NotFound):
            text = self._api.logs(self._names.container(run_id), tail=limit).decode(errors="replace")
            return text.removesuffix("\n").split("\n")[-limit:] if text and limit else []
        return []

    def remove(self, run_id: str, *, grace: timedelta) -> None:
        container = self._names.container(run_id)
        with _container_errors():
            with contextlib.suppress(NotFound):
                self._api.stop(container, timeout=math.ceil(grace.total_seconds()))
            self._remove_container(container)
            self._remove_volume(self._names.home(run_id))

    def remains(self) -> list[str]:
        with _engine_errors():
            return named_after(self._names.home(""), volume_names(self._api, self._names))

    def environments(self) -> list[str]:
        with _engine_errors():
            return named_after(self._names.environment(""), volume_names(self._api, self._names))

    def holdings(self) -> list[Holding]:
        with _engine_errors():
            return holdings(self._api, self._names)

    def server_url(self) -> str:
        return told_url(self._runner_url)

    def trials(self) -> list[Trial]:
        return docker_trials(self, self._images[Flavor.PLAIN], network=self.gateway)

    def list(self) -> list[str]:
        label = f"{INSTALLATION_LABEL}={self._names.installation_id}"
        with _engine_errors():
            found = self._api.containers(all=True, filters={"label": label})
        return [each["Labels"][RUN_LABEL] for each in found]

    def discard(self, environment: str) -> None:
        with _container_errors():
            self._remove_volume(self._names.environment(environment))

    @property
    def _api(self) -> Any:
        with self._connecting:
            if self._client is None:
                self._client = _connect(self._environ, timeout=_ANSWER_SECONDS)
            return self._client

    def _state(self, run_id: str) -> dict[str, Any] | None:
        with contextlib.suppress(NotFound):
            state: dict[str, Any] = self._api.inspect_container(self._names.container(run_id))["State"]
            return state
        return None

    def _create(self, order: Order) -> None:
        self._check_environment(order)
        self._network()
        cpus = self.capacity().cpus
        image = order.image or self._images[order.flavor]
        config = container_config(order, self._names, image=image, url=self._runner_url, cpus=cpus)
        try:
            self._api.create_container_from_config(config, self._names.container(order.run_id))
        except NotFound:
            self._check_image(image, order.flavor)
            raise
        except APIError as error:
            if error.status_code in (_BAD_REQUEST, _FORBIDDEN):  # The latter by the gate before the engine.
                told = str(error.explanation).removesuffix(".")
                raise CouldNotStart(f"The Docker Engine refuses this run: {told}.") from error
            if error.status_code != _CONFLICT:  # Of names: somebody was first.
                raise

    def _start(self, order: Order) -> None:
        try:
            self._api.start(self._names.container(order.run_id))
        except APIError as error:
            if error.status_code != _BAD_REQUEST:
                raise
            self.remove(order.run_id, grace=timedelta(0))
            self.discard(order.run_id)
            raise CouldNotStart(f"The container does not start: {error.explanation}.") from error

    def _check_environment(self, order: Order) -> None:
        if order.command == "run" and order.environment is not None:
            try:
                self._api.inspect_volume(self._names.environment(order.environment))
            except NotFound:
                raise EnvironmentNotFound(order.environment) from None

    def _check_image(self, image: str, flavor: Flavor) -> None:
        try:
            self._api.inspect_image(image)
        except NotFound:
            raise ImageNotFound(f"There is no image {image}; make it with `{MAKES_IMAGE[flavor]}`.") from None

    def _network(self) -> dict[str, Any]:
        name = self._names.network
        with self._making_network:  # Asked for several at once the engine makes several of one name.
            with contextlib.suppress(NotFound):
                network: dict[str, Any] = self._api.inspect_network(name)
                return network
            with _harmless(_CONFLICT):
                facts = {"options": network_options(), "labels": self._names.labels}
                self._api.create_network(name, driver="bridge", check_duplicate=True, **facts)
            made: dict[str, Any] = self._api.inspect_network(name)
            return made

    def _remove_container(self, container: str) -> None:
        patience = time.monotonic() + _REMOVAL_SECONDS
        with contextlib.suppress(NotFound):
            while time.monotonic() < patience:
                with _harmless(_CONFLICT):  # Another is removing it too.
                    self._api.remove_container(container, v=True, force=True)
                self._api.inspect_container(container)
                time.sleep(0.05)
            raise ContainerStuck(f"The Docker Engine does not remove the container {container}.")

    def _remove_volume(self, volume: str) -> None:
        with contextlib.suppress(NotFound):
            self._api.remove_volume(volume)


def docker_answers(image: str, *, environ: Mapping[str, str] | None = None) -> str | None:
    """None when runs can be started from this image, else the reason why not, in a sentence."""
    try:
        with contextlib.closing(_connect(environ, timeout=_FIRST_ANSWER_SECONDS)) as client:
            client.inspect_image(image)
    except NotFound:
        return f"Docker answers but has no image {image}; make it with `make runner-image`."
    except (OSError, DockerException):
        return "No Docker Engine answers."
    return None


def _connect(environ: Mapping[str, str] | None, *, timeout: int) -> Any:
    settings = kwargs_from_env(environment=environ)
    return docker.APIClient(version="auto", timeout=timeout, **settings)


def _sighting(state: dict[str, Any]) -> Sighting:
    match state["Status"]:
        case "created":
            return Starting()
        case "running" | "restarting":
            return Running()
        case "paused":
            return Running(is_frozen=True)
        case _:
            return Exited(exit_code(state["ExitCode"]), out_of_memory=state["OOMKilled"])


@contextlib.contextmanager
def _harmless(status: int) -> Iterator[None]:
    try:
        yield
    except APIError as error:
        if error.status_code != status:
            raise


@contextlib.contextmanager
def _container_errors() -> Iterator[None]:
    """An engine that answers, and with an error nobody understood, has trouble with this container only."""
    with _engine_errors():
        try:
            yield
        except APIError as error:
            if error.status_code in _AWAY:
                raise
            raise ContainerStuck(f"The Docker Engine cannot do this: {error.explanation or error}.") from error


@contextlib.contextmanager
def _engine_errors() -> Iterator[None]:
    """Whatever the library raises here and nobody understood means: ask again later."""
    try:
        yield
    except (OSError, DockerException) as error:
        raise SpawnerUnavailable(f"The Docker Engine does not answer as it should: {error}.") from error
