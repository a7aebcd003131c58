"""What runs of flavor `data` find besides: behind their requirements and the SDK, and only they."""

import io
import tarfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from macropod_server.spawners.base import CouldNotStart, Flavor, ImageNotFound
from macropod_server.spawners.process import ProcessSpawner

from tests.contracts.spawner_stages import AT_ONCE, IMAGE, DockerStage, ProcessStage, docker_stage, process_stage
from tests.contracts.spawner_workloads import Workload

LOOKS = Workload(
    """
import subprocess, sys
print("started")
look = (
    "import importlib.util, httpx2, macropod\\n"
    "print(importlib.util.find_spec('marsupials') is not None, hasattr(httpx2, 'Client'))"
)
print(subprocess.run([sys.executable, "-c", look], capture_output=True, text=True).stdout.strip())
exec(look)
"""
)
FILES = {"marsupials.py": "", "httpx2.py": "is_of_the_sdk = False"}


@pytest.fixture
def process(tmp_path: Path) -> Iterator[ProcessStage]:
    yield from process_stage(tmp_path)


@pytest.fixture
def docker() -> Iterator[DockerStage]:
    yield from docker_stage()


@pytest.mark.parametrize(("flavor", "finds"), [(Flavor.DATA, "True True"), (Flavor.PLAIN, "False True")])
def test_a_process_finds_them_last_and_only_where_it_is_to(process: ProcessStage, flavor: Flavor, finds: str) -> None:
    packages = process.folder / "data" / "data-packages"
    packages.mkdir()
    for name, text in FILES.items():
        (packages / name).write_text(text)
    run_id = process.run(LOOKS, flavor=flavor)
    process.await_end(run_id)
    assert process.protocol.run(run_id).lines[1:] == [finds, finds]


def test_a_process_without_them_does_not_start_and_is_told_how_to_have_them(process: ProcessStage) -> None:
    order = process.order(LOOKS, flavor=Flavor.DATA)
    with pytest.raises(CouldNotStart, match="Install them with `macropod-server install-data-packages`"):
        process.spawner.spawn(order)
    assert not process.run_folder(order.run_id).exists()


def test_packaging_needs_none_of_them(process: ProcessStage) -> None:
    order = process.order(LOOKS, flavor=Flavor.DATA, command="package", task_id=None)
    process.spawner.spawn(order)
    process.await_packaged(order.run_id)


def test_their_folder_may_be_elsewhere(process: ProcessStage, tmp_path: Path) -> None:
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages" / "marsupials.py").touch()
    url = process.protocol.url
    spawner = ProcessSpawner(process.folder / "data", runner_url=url, data_packages=tmp_path / "packages")
    spawner.prepare()
    order = process.order(LOOKS, flavor=Flavor.DATA)
    spawner.spawn(order)
    process.await_end(order.run_id)
    spawner.remove(order.run_id, grace=AT_ONCE)
    spawner.close()
    assert process.protocol.run(order.run_id).lines[1] == "True True"


@pytest.mark.docker
def test_a_container_is_made_from_the_image_of_its_flavor(docker: DockerStage) -> None:
    name = f"macropod-test-{uuid.uuid4().hex[:8]}:data"
    make_image(docker, name)
    try:
        spawner = docker.of_image(IMAGE, data_image=name)
        assert spawner.image(Flavor.DATA) != spawner.image()
        runs = [docker.order(LOOKS, flavor=flavor, image=spawner.image(flavor)) for flavor in Flavor]
        for order in runs:
            spawner.spawn(order)
            docker.await_end(order.run_id)
        assert [docker.protocol.run(order.run_id).lines[1] for order in runs] == ["False True", "True True"]
        for order in runs:
            spawner.remove(order.run_id, grace=AT_ONCE)
    finally:
        docker.api.remove_image(name)


@pytest.mark.docker
def test_a_missing_image_says_how_that_one_is_made(docker: DockerStage) -> None:
    spawner = docker.of_image(IMAGE, data_image="macropod-nowhere:data")
    with pytest.raises(ImageNotFound, match="macropod-nowhere:data; make it with `make runner-image-data`"):
        spawner.spawn(docker.order(LOOKS, flavor=Flavor.DATA))


def make_image(stage: DockerStage, name: str) -> None:
    """As the image of data packages is, with others in it."""
    context = io.BytesIO()
    files = FILES | {"Dockerfile": f"FROM {IMAGE}\nCOPY *.py /opt/macropod/data/\n"}
    with tarfile.open(fileobj=context, mode="w") as archive:
        for path, text in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    context.seek(0)
    for _ in stage.api.build(fileobj=context, custom_context=True, tag=name, rm=True, network_mode="none"):
        pass
