"""What a Docker Engine is asked for by `macropod-server check`. That containers may be made only a run shows."""

from collections.abc import Callable

from macropod_server.spawners.base import ImageNotFound, Spawner, Trial
from macropod_server.spawners.trials import tried


def docker_trials(spawner: Spawner, image: str, *, network: Callable[[], object]) -> list[Trial]:
    def need_image() -> None:
        if spawner.image() is None:
            raise ImageNotFound(f"There is no image {image}; make it with `make runner-image`.")

    answers = tried("the Docker Engine answers", spawner.capacity)
    if answers.trouble:
        return [answers]
    return [
        answers,
        tried(f"the image {image} is there", need_image),
        tried("the network of runs is there, or can be made", network),
        tried("containers can be listed", spawner.list),
        tried("volumes can be listed", spawner.remains),
    ]
