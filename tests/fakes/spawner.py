"""A spawner without containers: tests say what becomes of each run."""

from dataclasses import dataclass, field
from datetime import timedelta

from macropod_server.spawners.base import (
    Capacity,
    ContainerStuck,
    CouldNotStart,
    EnvironmentNotFound,
    Exited,
    Flavor,
    Gone,
    Holding,
    NoRoom,
    Order,
    Running,
    Sighting,
    SpawnerUnavailable,
    Starting,
    Trial,
    Trouble,
)
from macropod_server.spawners.trials import tried


@dataclass
class FakeContainers:
    """What is there, whoever asks. It outlives a `FakeSpawner` as containers outlive the server."""

    sightings: dict[str, Sighting] = field(default_factory=dict)
    outputs: dict[str, list[str]] = field(default_factory=dict)
    interference: dict[str, Trouble] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    environments: set[str] = field(default_factory=set)
    orders: list[Order] = field(default_factory=list)


class FakeSpawner:
    """`orders` are those that started something, `graces` what was given to the removed. Spawners made on the same
    containers see the same.
    """

    name = "fake"
    runner_watches_memory = False
    sees_files_of_server = True
    keeps_environments = True

    def __init__(self, containers: FakeContainers | None = None) -> None:
        self.containers = containers or FakeContainers()
        self.refusal: CouldNotStart | NoRoom | None = None
        self.gives = Capacity(cpus=64.0, memory_bytes=2**40, pids=2**22, gpus=8)
        self.made_from: str | None = "sha256:" + "f" * 64
        self.made_from_data: str | None = "sha256:" + "d" * 64
        self.stuck: set[str] = set()
        self.graces: dict[str, timedelta] = {}
        self._is_available = True

    @property
    def orders(self) -> list[Order]:
        return self.containers.orders

    def begin(self, run_id: str) -> None:
        self.containers.sightings[run_id] = Running()

    def freeze(self, run_id: str) -> None:
        self.containers.sightings[run_id] = Running(is_frozen=True)

    def hinder(self, run_id: str, trouble: Trouble) -> None:
        self.containers.sightings[run_id] = Starting(trouble)

    def finish(
        self,
        run_id: str,
        exit_code: int | None = 0,
        *,
        out_of_memory: bool = False,
        trouble: Trouble | None = None,
    ) -> None:
        self.containers.sightings[run_id] = Exited(exit_code, out_of_memory=out_of_memory, trouble=trouble)

    def interfere(self, run_id: str, trouble: Trouble) -> None:
        """Its system ends the container, and says why to whoever asks."""
        self.containers.interference[run_id] = trouble

    def write(self, run_id: str, *lines: str) -> None:
        self.containers.outputs.setdefault(run_id, []).extend(lines)

    def vanish(self, run_id: str) -> None:
        self.containers.sightings.pop(run_id, None)
        self.containers.outputs.pop(run_id, None)

    def provide(self, environment: str) -> None:
        self.containers.environments.add(environment)

    def refuse(self, refusal: CouldNotStart | NoRoom | None) -> None:
        """Every new order is refused like this, until told None."""
        self.refusal = refusal

    def become_unavailable(self) -> None:
        self._is_available = False

    def become_available(self) -> None:
        self._is_available = True

    def capacity(self) -> Capacity:
        self._reach()
        return self.gives

    def image(self, flavor: Flavor = Flavor.PLAIN) -> str | None:
        self._reach()
        return self.made_from_data if flavor is Flavor.DATA else self.made_from

    def spawn(self, order: Order) -> None:
        self._reach(order.run_id)
        if order.run_id in self.containers.sightings:
            return
        self._check(order)
        if order.command == "package" and self.keeps_environments:
            self.provide(order.run_id)
        self.containers.files.add(order.run_id)
        self.containers.sightings[order.run_id] = Starting()
        self.containers.orders.append(order)

    def inspect(self, run_id: str) -> Sighting:
        self._reach(run_id)
        return self.containers.sightings.get(run_id, Gone())

    def why_stopped(self, run_id: str) -> Trouble | None:
        self._reach(run_id)
        return self.containers.interference.get(run_id)

    def output(self, run_id: str, *, limit: int) -> list[str]:
        self._reach(run_id)
        lines = self.containers.outputs.get(run_id, [])
        return lines[max(0, len(lines) - limit) :]

    def remove(self, run_id: str, *, grace: timedelta) -> None:
        self._reach(run_id)
        self.graces[run_id] = grace
        self.vanish(run_id)
        self.containers.files.discard(run_id)

    def remains(self) -> list[str]:
        self._reach()
        return sorted(self.containers.files)

    def environments(self) -> list[str]:
        self._reach()
        return sorted(self.containers.environments)

    def holdings(self) -> list[Holding]:
        self._reach()
        runs = [Holding("files of a run", run_id, 10) for run_id in sorted(self.containers.files)]
        return runs + [Holding("environment", name, 1000) for name in sorted(self.containers.environments)]

    def server_url(self) -> str:
        self._reach()
        return "http://server.fake:8085"

    def trials(self) -> list[Trial]:
        return [tried("the fake spawner answers", self._reach)]

    def list(self) -> list[str]:
        self._reach()
        return [*self.containers.sightings]

    def discard(self, environment: str) -> None:
        self._reach(environment)
        self.containers.environments.discard(environment)

    def close(self) -> None:
        self._is_available = False

    def _reach(self, name: str | None = None) -> None:
        if not self._is_available:
            raise SpawnerUnavailable("The fake spawner was told to be away.")
        if name in self.stuck:
            raise ContainerStuck(f"The container of run {name} was told to be stuck.")

    def _check(self, order: Order) -> None:
        if self.refusal is not None:
            raise self.refusal
        is_kept_here = order.environment is not None and self.keeps_environments
        if is_kept_here and order.environment not in self.containers.environments:
            raise EnvironmentNotFound(order.environment)
