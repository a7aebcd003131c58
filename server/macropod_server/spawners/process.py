"""Process spawner: each run is a process of this machine, in a folder of its own. It isolates nothing."""

import contextlib
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psutil
from uv import find_uv_bin

from macropod_server.spawners.bare_environment import make_bare_environment
from macropod_server.spawners.base import (
    Capacity,
    ContainerStuck,
    EnvironmentNotFound,
    Flavor,
    Holding,
    Order,
    Sighting,
    SpawnerUnavailable,
    Trial,
)
from macropod_server.spawners.data_packages import installed
from macropod_server.spawners.fork_client import ForkClient, base_python
from macropod_server.spawners.leftovers import descendants, end_all
from macropod_server.spawners.process_folders import RunFolder, delete_tree
from macropod_server.spawners.process_holdings import environment_names, holdings
from macropod_server.spawners.runner_environ import RunnerPaths, RunnerUrl, path_variables, runner_environ, told_url
from macropod_server.spawners.sdk_path import link_sdk
from macropod_server.spawners.trials import tried

HOME = "/home/jovyan"
"""Where containers have it too, and where programs made for Wallaroo look for it."""

_RUNNER_EXTRA_SECONDS = 5.0
"""How much longer than the grace of `main.py` the runner gets to end it and to report."""


class ProcessSpawner:
    """Limits of CPU and processes cannot be kept here; memory is watched by the runner."""

    name = "process"
    runner_watches_memory = True
    sees_files_of_server = True
    keeps_environments = True

    def __init__(
        self,
        data_dir: Path,
        *,
        runner_url: RunnerUrl,
        python: Path | None = None,
        home_at: str | None = HOME,
        data_packages: Path | None = None,
    ) -> None:
        """`home_at` is where each run sees its own home, and no other's; None: in its folder. `data_packages` is what
        runs of flavor `data` have besides; None: `data-packages` in the data folder."""
        self._data_dir = data_dir.absolute()
        self._home_at = home_at
        self._data_packages = data_packages or self._data_dir / "data-packages"
        self._runner_url = runner_url
        self._python = python or base_python()
        self._uv = Path(find_uv_bin())
        self._forks = ForkClient(self._python, log=self._data_dir / "forkserver.log")

    def prepare(self) -> None:
        """Make what all runs share and start the fork server. Has to come before anything else."""
        with _disk_errors():
            self._runs.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._forks.start()  # It gets ready while the rest is made.
            link_sdk(self._data_dir)
            self._environment(None)

    def trouble_with_home(self) -> str | None:
        """Why runs have their home in their own folder all the same, in a sentence."""
        if self._home_at is None:
            return None
        folder = str(self._data_dir)
        paths = RunnerPaths(
            home=folder,
            spool=folder,
            temporary=folder,
            environment=str(self._environment(None)),
            sdk=str(self._data_dir / "sdk"),
            uv=str(self._uv),
            cache=folder,
        )
        return self._forks.trouble_with_home(path_variables(paths), self._home_at)

    def close(self) -> None:
        """Let go of the fork server. Runs live on and are found again by the next spawner on this folder."""
        self._forks.close()

    def capacity(self) -> Capacity:
        """A process gets what the machine has, and no bound that holds but that of memory."""
        self._find_data_folder()
        return Capacity(cpus=0, memory_bytes=psutil.virtual_memory().total, pids=0, gpus=0)

    def image(self, flavor: Flavor = Flavor.PLAIN) -> None:
        self._find_data_folder()

    def spawn(self, order: Order) -> None:
        with self._data_folder():
            folder = self._folder(order.run_id)
            if folder.was_started():
                return
            paths = self._paths(order, folder)
            folder.make()
            environ = runner_environ(order, paths, url=self._runner_url)
            self._forks.order(folder.path, environ, home_at=self._home_at if order.command == "run" else None)

    def inspect(self, run_id: str) -> Sighting:
        with self._data_folder():
            return self._folder(run_id).sighting()

    def why_stopped(self, run_id: str) -> None:
        """Whoever sends a signal leaves no word."""

    def output(self, run_id: str, *, limit: int) -> list[str]:
        with self._data_folder():
            return self._folder(run_id).tail(limit)

    def remove(self, run_id: str, *, grace: timedelta) -> None:
        with self._data_folder():
            folder = self._folder(run_id)
            end_all(_ask_to_end(folder, grace), run_id=run_id)
            folder.delete()

    def remains(self) -> list[str]:
        return self.list()

    def environments(self) -> list[str]:
        self._find_data_folder()
        with _disk_errors():
            return environment_names(self._environments)

    def holdings(self) -> list[Holding]:
        self._find_data_folder()
        with _disk_errors():
            return holdings(self._data_dir)

    def server_url(self) -> str:
        return told_url(self._runner_url)

    def trials(self) -> list[Trial]:
        return [
            tried("the data folder can be written", self._try_data_folder),
            tried("the environment of runs without requirements is there", self._try_environment),
        ]

    def list(self) -> list[str]:
        with _disk_errors():
            return [each.name for each in self._runs.iterdir()]

    def discard(self, environment: str) -> None:
        with self._data_folder():
            delete_tree(self._environments / environment)

    def _try_data_folder(self) -> None:
        with _disk_errors(), tempfile.TemporaryFile(dir=self._data_dir) as file:
            self._runs.stat()
            file.write(b"x")

    def _try_environment(self) -> None:
        with _disk_errors():
            self._environment(None)

    @contextlib.contextmanager
    def _data_folder(self) -> Iterator[None]:
        """Without the folder nothing is known about any run: it may be a disk that is not there now."""
        self._find_data_folder()
        try:
            yield
        except OSError as error:
            self._find_data_folder()
            raise ContainerStuck(f"The process spawner cannot use what belongs to this run: {error}.") from error

    def _find_data_folder(self) -> None:
        with _disk_errors():
            self._runs.stat()

    @property
    def _runs(self) -> Path:
        return self._data_dir / "runs"

    @property
    def _environments(self) -> Path:
        return self._data_dir / "environments"

    def _folder(self, run_id: str) -> RunFolder:
        return RunFolder(self._runs / run_id)

    def _paths(self, order: Order, folder: RunFolder) -> RunnerPaths:
        packages = order.command == "package"
        return RunnerPaths(
            home=str(folder.home),
            spool=str(folder.spool),
            temporary=str(folder.temporary),
            environment=str(self._environments / order.run_id if packages else self._environment(order.environment)),
            sdk=str(self._data_dir / "sdk"),
            uv=str(self._uv),
            cache=str(self._data_dir / "cache" / str(order.workspace_id)),
            data="" if packages or order.flavor is Flavor.PLAIN else installed(self._data_packages),
        )

    def _environment(self, name: str | None) -> Path:
        if name is None:
            sdk = self._data_dir / "sdk"
            return make_bare_environment(self._environments, python=self._python, sdk=sdk, uv=self._uv)
        environment = self._environments / name
        if not environment.is_dir():
            raise EnvironmentNotFound(name)
        return environment


def _ask_to_end(folder: RunFolder, grace: timedelta) -> set[psutil.Process]:
    """TERM the runner, which ends `main.py` with its own grace. Answers what must not outlive it."""
    runner = folder.runner()
    if runner is None:
        return set()
    family = {runner, *descendants(runner)}
    with contextlib.suppress(psutil.Error):
        runner.terminate()
    patience = time.monotonic() + grace.total_seconds() + _RUNNER_EXTRA_SECONDS
    while folder.is_locked() and time.monotonic() < patience:
        time.sleep(0.01)
    return family | set(descendants(runner))


@contextlib.contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SpawnerUnavailable(f"The data folder of the process spawner cannot be used: {error}.") from error
