"""What every spawner tells the runner about its run, as environment variables."""

from collections.abc import Callable
from dataclasses import dataclass

from macropod_server.spawners.base import Order

RunnerUrl = str | Callable[[], str]


def told_url(url: RunnerUrl) -> str:
    return url if isinstance(url, str) else url()


@dataclass(frozen=True)
class RunnerPaths:
    """Where the runner finds its things, as it sees them itself."""

    home: str
    spool: str
    temporary: str
    environment: str
    sdk: str
    uv: str
    cache: str
    data: str = ""
    """Packages besides those of the environment, for runs whose flavor has them."""


def runner_environ(order: Order, paths: RunnerPaths, *, url: RunnerUrl) -> dict[str, str]:
    return {
        "MACROPOD_RUNNER_URL": told_url(url),
        "MACROPOD_RUNNER_TOKEN": order.token,
        "MACROPOD_RUN_ID": order.run_id,
        "MACROPOD_RUNNER_COMMAND": order.command,
        **path_variables(paths),
    }


def path_variables(paths: RunnerPaths) -> dict[str, str]:
    return {
        "MACROPOD_RUNNER_HOME": paths.home,
        "MACROPOD_RUNNER_SPOOL": paths.spool,
        "TMPDIR": paths.temporary,
        "MACROPOD_RUNNER_ENVIRONMENT": paths.environment,
        "MACROPOD_RUNNER_SDK": paths.sdk,
        "MACROPOD_RUNNER_UV": paths.uv,
        "MACROPOD_RUNNER_CACHE": paths.cache,
        **({"MACROPOD_RUNNER_DATA": paths.data} if paths.data else {}),
    }
