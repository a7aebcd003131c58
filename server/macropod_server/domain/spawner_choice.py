"""Which kind of spawner a server takes by itself, and what of an installation another kind of it holds."""

from collections.abc import Sequence
from dataclasses import dataclass

from macropod_server.domain.errors import Unavailable


@dataclass(frozen=True)
class Tied:
    """What of an installation only a spawner of this kind can see, use or end."""

    spawner: str
    runs: int
    environments: int

    def __str__(self) -> str:
        counts = ((self.runs, "run"), (self.environments, "environment"))
        named = [f"{count} {word}{'s' if count > 1 else ''}" for count, word in counts if count]
        return f"{' and '.join(named)} of the spawner {self.spawner}"


@dataclass(frozen=True)
class Choice:
    spawner: str
    why: str


def choose(tied: Sequence[Tied], *, docker_lacks: str | None) -> Choice:
    """`docker_lacks`: why runs cannot be started with Docker now. An installation keeps the kind it has.

    Raises `Unavailable` where that one cannot be had now.
    """
    held = {each.spawner: each for each in tied}
    if docker := held.get("docker"):
        if docker_lacks is not None:
            raise Unavailable(
                f"This installation has {docker}, and they cannot be reached now: {docker_lacks} Start the Docker "
                "Engine, then this server once more. With MACROPOD_SPAWNER=process it starts without them; they are "
                "left as they are then until a server with the spawner docker is back."
            )
        return Choice("docker", f"this installation has {docker}")
    if process := held.get("process"):
        return Choice("process", f"this installation has {process}; MACROPOD_SPAWNER=docker changes to Docker")
    if tied:
        raise Unavailable(f"This installation has {tied[0]}. Set MACROPOD_SPAWNER to the one this server is to have.")
    if docker_lacks is None:
        return Choice("docker", "a Docker Engine answers and has the runner image")
    return Choice("process", docker_lacks)


def left_alone(tied: Sequence[Tied], *, spawner: str) -> str | None:
    """A sentence about what belongs to spawners of other kinds than this server's."""
    others = [str(each) for each in tied if each.spawner != spawner]
    if not others:
        return None
    return (
        f"This server has the spawner {spawner}. {', and '.join(others)} are left as they are until a server with that "
        "spawner is there."
    )
