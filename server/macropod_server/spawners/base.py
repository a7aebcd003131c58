"""Spawner: the one door to whatever starts containers. Its promises are tested by `tests/contracts`."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, Protocol

from macropod_server.domain.errors import Unavailable
from macropod_server.domain.flavor import Flavor as Flavor
from macropod_server.domain.placement import ANYWHERE, Placement
from macropod_server.domain.resources import Capacity as Capacity
from macropod_server.domain.resources import Limits as Limits
from macropod_server.domain.run import Reason


@dataclass(frozen=True)
class Order:
    """All a spawner needs to start one run.

    `command` is what the runner does: `run` the user's code or `package` its requirements.
    `environment` names the environment a run uses, read-only (none: the bare one); a packaging run builds the
    environment that has its own run id as name, and finds the package cache of `workspace_id`.
    `image` is what `image()` answered earlier: the container is made from that and from no later one.
    `grace_seconds` is how long `main.py` has between TERM and KILL. `deadline_seconds` is how long the container may
    be there, from its making, before a spawner that can ends it, as a last resort; None: for ever. `placement` is for
    spawners that choose among machines. `flavor` says what the run finds besides its environment.
    """

    run_id: str
    task_id: str | None
    workspace_id: int
    command: Literal["run", "package"]
    token: str
    limits: Limits
    environment: str | None = None
    image: str | None = None
    grace_seconds: int = 10
    deadline_seconds: int | None = None
    placement: Placement = ANYWHERE
    flavor: Flavor = Flavor.PLAIN


@dataclass(frozen=True)
class Trouble:
    """What is wrong with a container, as the spawner's system tells it: a reason a run may end for, and a sentence.

    `is_final`: waiting does not mend it.
    """

    reason: Reason
    message: str
    is_final: bool = False


@dataclass(frozen=True)
class Starting:
    """The container was made and its program does not run yet. `trouble`: what keeps it, where that is known."""

    trouble: Trouble | None = None


@dataclass(frozen=True)
class Running:
    """The container's program runs. `is_frozen`: somebody outside has stopped it in its tracks, runner and all."""

    is_frozen: bool = False


@dataclass(frozen=True)
class Exited:
    """The container's program is over. `exit_code` is negative for a signal, None where nobody saw it end.
    `trouble`: what ended it, where that was not the program itself and is known."""

    exit_code: int | None
    out_of_memory: bool = False
    trouble: Trouble | None = None


@dataclass(frozen=True)
class Gone:
    """There is no such container: never made, or removed. Never a success."""


Sighting = Starting | Running | Exited | Gone


HoldingKind = Literal["container", "files of a run", "environment", "package cache", "network", "shared"]


@dataclass(frozen=True)
class Holding:
    """Something of this installation and the bytes it takes on disk, None where nobody can tell.

    `name` is the run's id for what belongs to a run, and the environment's name for an environment.
    """

    kind: HoldingKind
    name: str
    bytes: int | None


@dataclass(frozen=True)
class Trial:
    """Something that starting, seeing and ending runs takes, and what is wrong with it, None where it can be had."""

    what: str
    trouble: str | None = None


class CouldNotStart(Exception):
    """This order can never be started as it stands."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ImageNotFound(CouldNotStart):
    """The image runs are made from is not there."""


class EnvironmentNotFound(CouldNotStart):
    """The environment the order names is not there."""

    def __init__(self, environment: str) -> None:
        super().__init__(
            f"The packages of this orchestration are not there any more (environment {environment}). "
            "Upload it again; that installs them anew."
        )
        self.environment = environment


class ContainerStuck(Exception):
    """The spawner's system answers but cannot do this with this container now. It says nothing about others."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NoRoom(ContainerStuck):
    """The system takes no more than somebody has allowed it, a quota. Others have to end first."""


class SpawnerUnavailable(Unavailable):
    """The spawner's system does not answer; nothing is known about any container. Trying again may help."""


class Spawner(Protocol):
    """Starts, sees and ends containers, each named by its run.

    Any method raises `SpawnerUnavailable` when the system behind it cannot be reached, those that name one run
    or environment also `ContainerStuck` when only that one resists, and nothing else unless said. Everything may
    be repeated, also by another process after a crash at any instruction.
    """

    name: str
    runner_watches_memory: bool
    """Whether nothing but the runner itself keeps a run within its limit of memory."""
    sees_files_of_server: bool
    """Whether what runs in a container sees the files of the machine the server runs on."""
    keeps_environments: bool
    """Whether what a packaging run builds stays here for later runs; where not, it travels through the storage:
    the runner sends it there and each run unpacks a copy of its own, and no order is refused for its environment."""

    def capacity(self) -> Capacity:
        """The most that one container can be promised here. Asked often; what was found out once may stand."""
        ...

    def image(self, flavor: Flavor = Flavor.PLAIN) -> str | None:
        """What containers of this flavor ordered now are made from, by its digest. None where they are made from
        nothing of the kind, or when it is not there."""
        ...

    def spawn(self, order: Order) -> None:
        """Start the container of this run. A second call for the same run starts nothing and is no error,
        even while the first is under way and even after the container's program has ended. Raises
        `CouldNotStart` (or `ImageNotFound`, `EnvironmentNotFound`) when it cannot ever work; nothing is left
        behind then."""
        ...

    def inspect(self, run_id: str) -> Sighting:
        """What is there now. A container nobody can find is `Gone`, one that cannot be asked about raises. What
        changed a moment ago by another's hand may not show yet, but what is there is never `Gone`."""
        ...

    def why_stopped(self, run_id: str) -> Trouble | None:
        """Why its system ends or has ended this container from outside, where it says so; nobody here had asked for it.
        Asked of the system itself, so that what it did before the container noticed is known."""
        ...

    def output(self, run_id: str, *, limit: int) -> list[str]:
        """The last `limit` lines the container itself wrote, oldest first; empty when it is gone."""
        ...

    def remove(self, run_id: str, *, grace: timedelta) -> None:
        """End the container and all its processes (TERM, `grace`, KILL), then remove it with its files. On
        return nothing of it is left, whatever it did. Harmless when it ended or is gone already.
        Environments stay."""
        ...

    def remains(self) -> list[str]:
        """Run ids of which files are there, with a container or without, and of nothing of other installations."""
        ...

    def environments(self) -> list[str]:
        """The name of every environment that a packaging run of this installation made or began."""
        ...

    def holdings(self) -> list[Holding]:
        """All that this installation has here, and what it takes. May take long; nothing is changed."""
        ...

    def server_url(self) -> str:
        """The address at which its containers call the server."""
        ...

    def trials(self) -> list[Trial]:
        """Ask for one thing after the other that it takes to start, see and end runs, and tell what each came to.
        No container is made. Raises nothing: a system that does not answer is a trial that failed."""
        ...

    def list(self) -> list[str]:
        """Run ids of every container of this installation, running or ended, and of nothing else."""
        ...

    def discard(self, environment: str) -> None:
        """Remove the environment of this name. Harmless when there is none."""
        ...

    def close(self) -> None:
        """Let go of connections and helpers. Containers live on and are found again by the next spawner."""
        ...
