"""A run as the create call of the Docker Engine wants it: the one place that says what a container may do."""

from dataclasses import dataclass
from typing import Any

from macropod_server.spawners.base import Flavor, Order
from macropod_server.spawners.runner_environ import RunnerPaths, RunnerUrl, runner_environ

USER = "10001:10001"
HOME = "/home/jovyan"
ENVIRONMENT = "/opt/macropod/environment"
BARE_ENVIRONMENT = "/opt/macropod/bare"
TEMPORARY = "/tmp"
CACHE = "/opt/macropod/cache"
DATA = "/opt/macropod/data"
INSTALLATION_LABEL = "macropod.installation"
RUN_LABEL = "macropod.run"
TASK_LABEL = "macropod.task"

MAKES_IMAGE = {Flavor.PLAIN: "make runner-image", Flavor.DATA: "make runner-image-data"}
"""What somebody is told to do where the image is missing."""

_OPEN_FILES = 16_384
_TMP_BYTES = 1024**3
_LOG_SIZE = "10m"

Config = dict[str, Any]


@dataclass(frozen=True)
class Names:
    """What the containers, volumes and the network of one installation are called."""

    installation_id: str

    @property
    def network(self) -> str:
        return f"macropod-{self.installation_id}"

    def container(self, run_id: str) -> str:
        return f"macropod-{run_id}"

    def home(self, run_id: str) -> str:
        return f"macropod-{self.installation_id}-home-{run_id}"

    def environment(self, name: str) -> str:
        return f"macropod-{self.installation_id}-env-{name}"

    def cache(self, workspace_id: int) -> str:
        return f"macropod-{self.installation_id}-cache-{workspace_id}"

    @property
    def labels(self) -> dict[str, str]:
        return {INSTALLATION_LABEL: self.installation_id}


def network_options() -> dict[str, str]:
    """Containers reach the server and the world, not each other."""
    return {"com.docker.network.bridge.enable_icc": "false"}


def container_config(order: Order, names: Names, *, image: str, url: RunnerUrl, cpus: float) -> Config:
    """The body of the create call. `cpus` is how many the engine has; it refuses to promise more."""
    environ = runner_environ(order, _paths(order), url=url)
    return {
        "Image": order.image or image,
        "User": USER,
        "WorkingDir": HOME,
        "Env": [f"{name}={value}" for name, value in environ.items()],
        "Labels": names.labels | {RUN_LABEL: order.run_id, TASK_LABEL: order.task_id or ""},
        "HostConfig": {
            **_confinement(),
            **_bounds(order, cpus),
            "NetworkMode": names.network,
            "Mounts": _mounts(order, names),
            "Tmpfs": {TEMPORARY: f"rw,exec,nosuid,nodev,mode=1777,size={_TMP_BYTES}"},
            "LogConfig": {"Type": "json-file", "Config": {"max-size": _LOG_SIZE, "max-file": "1"}},
            "RestartPolicy": {"Name": "no"},
        },
    }


def _confinement() -> Config:
    """The seccomp profile is the engine's own, which holds unless one is named."""
    return {
        "ReadonlyRootfs": True,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges:true"],
        "Privileged": False,
        "IpcMode": "private",
    }


def _bounds(order: Order, cpus: float) -> Config:
    limits = order.limits
    return {
        "Memory": limits.memory_bytes,
        "MemorySwap": limits.memory_bytes,
        "NanoCpus": int(min(limits.cpus, cpus) * 1e9),
        "PidsLimit": limits.pids,
        "DeviceRequests": [{"Driver": "nvidia", "Count": limits.gpus, "Capabilities": [["gpu"]]}]
        if limits.gpus
        else [],
        "Ulimits": [
            {"Name": "nofile", "Soft": _OPEN_FILES, "Hard": _OPEN_FILES},
            {"Name": "core", "Soft": 0, "Hard": 0},
        ],
    }


def _mounts(order: Order, names: Names) -> list[Config]:
    mounts = [_volume(names.home(order.run_id), "/home", names)]
    if order.command == "package":
        mounts.append(_volume(names.environment(order.run_id), ENVIRONMENT, names))
        mounts.append(_volume(names.cache(order.workspace_id), CACHE, names))
    elif order.environment is not None:
        source = names.environment(order.environment)
        mounts.append({"Type": "volume", "Source": source, "Target": ENVIRONMENT, "ReadOnly": True})
    return mounts


def _volume(source: str, target: str, names: Names) -> Config:
    """Made with the container unless it is there; filled from the image, which gives it the right owner."""
    options = {"Labels": names.labels}
    return {"Type": "volume", "Source": source, "Target": target, "VolumeOptions": options}


def _paths(order: Order) -> RunnerPaths:
    bare = order.command == "run" and order.environment is None
    return RunnerPaths(
        home=HOME,
        spool="/home/.macropod",
        temporary=TEMPORARY,
        environment=BARE_ENVIRONMENT if bare else ENVIRONMENT,
        sdk="/opt/macropod/sdk",
        uv="/opt/macropod/bin/uv",
        cache=CACHE,
        data=DATA if order.command == "run" and order.flavor is Flavor.DATA else "",
    )
