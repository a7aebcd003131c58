"""The mixed chaos: every part of the load at once, under a killer that knows all faults of the configuration."""

import time

from chaos.faults import usual_faults
from chaos.installation import Configuration
from chaos.killer import Killer
from chaos.load import Shape
from chaos.outcome import Outcome
from chaos.scene import scene

SQLITE = Configuration("sqlite-process")
POSTGRESQL = Configuration("postgresql-process", database="postgresql", servers=3)
DOCKER = Configuration("sqlite-docker", spawner="docker")

_SLOWER = Shape(schedules=4, every_seconds=(3, 5), once_pause=4, upload_pause=8)
_PAUSE = (2.0, 6.0)


def mixed(configuration: Configuration, *, seed: str, seconds: float) -> Outcome:
    with scene(configuration, seed=seed) as stage:
        load = stage.load(_SLOWER if configuration.spawner == "docker" else Shape(), seconds=seconds)
        killer = Killer(stage.installation, usual_faults(stage.installation), seed=seed, pause=_PAUSE)
        killer.start()
        time.sleep(seconds)
        killer.stop()
        load.stop()
        evidence = stage.evidence(load, promises=killer.violations())
        return stage.outcome("mixed chaos", evidence, faults=killer.counts(), goals=[])
