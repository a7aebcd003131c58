"""`python -m tests.travelling.server`: a server as any other, but that its spawner keeps no environments.

Each run finds an empty place for its own, at the same path as all others, as on nodes of a cluster that share nothing.
"""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from macropod_server.adapters import open_database
from macropod_server.app import build_deps, close_deps, container_host, create_app, utc_now
from macropod_server.flows.issue_token import leave_credentials
from macropod_server.installation import join_installation, run_key
from macropod_server.listening import listen
from macropod_server.serve import Server
from macropod_server.settings import Settings
from macropod_server.settings_reading import read_settings
from macropod_server.spawners.base import Order, Spawner
from macropod_server.spawners.docker import DockerSpawner
from macropod_server.spawners.docker_container import ENVIRONMENT, container_config
from macropod_server.spawners.process import ProcessSpawner
from macropod_server.spawners.process_folders import RunFolder, delete_tree
from macropod_server.spawners.runner_environ import RunnerPaths


class TravellingProcessSpawner(ProcessSpawner):
    """With one place for all, so it is for one run at a time."""

    keeps_environments = False

    def spawn(self, order: Order) -> None:
        if not self._folder(order.run_id).was_started():
            delete_tree(self._place)
        super().spawn(order)

    def _paths(self, order: Order, folder: RunFolder) -> RunnerPaths:
        paths = super()._paths(order, folder)
        return replace(paths, environment=str(self._place)) if order.command == "package" else paths

    def _environment(self, name: str | None) -> Path:
        return super()._environment(None) if name is None else self._place

    @property
    def _place(self) -> Path:
        return self._data_dir / "environment"


class TravellingDockerSpawner(DockerSpawner):
    """A nameless volume for each container, which goes with it."""

    keeps_environments = False

    def _create(self, order: Order) -> None:
        self._network()
        cpus = self.capacity().cpus
        config = container_config(order, self._names, image=self._images[order.flavor], url=self._runner_url, cpus=cpus)
        host: dict[str, Any] = config["HostConfig"]
        own = {"Type": "volume", "Target": ENVIRONMENT}
        host["Mounts"] = [own if mount["Target"] == ENVIRONMENT else mount for mount in host["Mounts"]]
        self._api.create_container_from_config(config, self._names.container(order.run_id))


def make_spawner(settings: Settings) -> Spawner:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if settings.spawner == "process":
        spawner = TravellingProcessSpawner(settings.data_dir, runner_url=settings.url)
        spawner.prepare()
        return spawner
    database = open_database(settings)
    installation_id = join_installation(settings, database, run_key(settings), now=utc_now())
    database.close()
    made = TravellingDockerSpawner(
        installation_id,
        image=settings.runner_image,
        runner_url=lambda: f"http://{made.gateway()}:{settings.port}",
        environ=os.environ,
    )
    return made


def main() -> None:
    settings = read_settings()
    deps = build_deps(settings, spawner=make_spawner(settings))
    hosts = [settings.host, *filter(None, [container_host(deps)])]
    file, installation_id = settings.credentials, deps.installation_id
    leave_credentials(deps.database, file, url=settings.url, installation_id=installation_id, now=deps.clock())
    sockets = [listen(host, settings.port) for host in hosts]
    try:
        Server(create_app(deps), deps.signals, settings).run(sockets=sockets)
    finally:
        close_deps(deps)


if __name__ == "__main__":
    main()
