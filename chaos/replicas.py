"""Two servers on one PostgreSQL and one bucket: mixed runs by the hundred, while every ten seconds one is killed."""

import time
from contextlib import ExitStack
from dataclasses import replace

from chaos.faults import kill_and_restart
from chaos.ground import new_folder
from chaos.installation import Configuration
from chaos.killer import Killer
from chaos.load import Shape
from chaos.object_store import CREDENTIALS, ObjectStore
from chaos.outcome import Goal, Outcome
from chaos.scene import scene

CONFIGURATION = Configuration("replicas", database="postgresql", servers=2, variables=CREDENTIALS)
_SHAPE = Shape(schedules=4, every_seconds=(2, 3, 4, 5))
_BUCKET = "blobs"
_SECONDS = 300.0
_KILL_SECONDS = 10.0
_RUNS, _KILLS = 500, 20


def replicas(*, seed: str) -> Outcome:
    """The bucket is the folder in which the checker looks for blobs, served by a store of the harness's own."""
    with ExitStack() as end:
        data = end.enter_context(new_folder("replicas-data")) / "data"
        (data / _BUCKET).mkdir(parents=True)
        store = ObjectStore(data)
        end.callback(store.stop)
        store.start()
        settings = {"storage_url": f"s3://{_BUCKET}", "storage_endpoint": store.endpoint}
        place = end.enter_context(scene(replace(CONFIGURATION, settings=settings), seed=seed, data_dir=data))
        load = place.load(_SHAPE, seconds=_SECONDS)
        pause = (_KILL_SECONDS, _KILL_SECONDS)
        killer = Killer(place.installation, [kill_and_restart], seed=seed, pause=pause)
        killer.start()
        time.sleep(_SECONDS)
        killer.stop()
        load.stop()
        evidence, faults = place.evidence(load, promises=killer.violations()), killer.counts()
        runs, kills = len(evidence.rows.runs), faults["kill -9"]
        goals = [
            Goal("runs", f"{runs:,}", f"{_RUNS:,} or more", runs >= _RUNS),
            Goal("kill -9", str(kills), f"{_KILLS} or more", kills >= _KILLS, "one every ten seconds"),
        ]
        outcome = place.outcome("Two servers, PostgreSQL and a bucket", evidence, faults=faults, goals=goals)
        return replace(outcome, configuration=f"{outcome.configuration}, bundles in a bucket")
