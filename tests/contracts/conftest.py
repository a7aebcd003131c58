"""The grounds on which every spawner keeps the same promises."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.kubernetes_stages import KUBERNETES, cluster_stage, kubernetes_stage, leave_without_a_cluster
from tests.contracts.spawner_stages import KEEPERS, FakeStage, Stage, docker_stage, process_stage


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The one that was named is there, and a run starts in it."""
    leave_without_a_cluster(tmp_path_factory.mktemp("cluster"))


@pytest.fixture(params=[*KEEPERS, *KUBERNETES])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    match request.param:
        case "fake":
            yield FakeStage()
        case "process":
            yield from process_stage(tmp_path)
        case "docker":
            yield from docker_stage()
        case "kubernetes":
            yield from kubernetes_stage(tmp_path)
        case "cluster":
            request.getfixturevalue("cluster")
            yield from cluster_stage(tmp_path)
