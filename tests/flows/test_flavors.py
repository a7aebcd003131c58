"""What runs find besides their requirements: chosen at the upload, or by the workspace, and told to the spawner."""

import pytest
from macropod_server.domain.errors import Conflict, Invalid
from macropod_server.domain.flavor import Flavor, read_flavor
from macropod_server.domain.run import Reason
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.rerun import rerun
from macropod_server.flows.set_default_flavor import set_default_flavor
from macropod_server.flows.start_run import start_runs

from tests.builders import WORKSPACE, a_zip, make_task, reread, runs_of, upload


def started(deps, orchestration):
    task = make_task(deps, orchestration)
    start_runs(deps)
    (run,) = runs_of(deps, task)
    return run, deps.spawner.orders[-1]


def test_without_a_word_nothing_comes_besides(deps):
    orchestration = upload(deps)
    run, order = started(deps, orchestration)
    assert (orchestration.flavor, order.flavor) == (Flavor.PLAIN, Flavor.PLAIN)
    assert run.image == order.image == deps.spawner.made_from


def test_the_flavor_of_an_upload_is_that_of_its_runs_and_their_image(deps):
    orchestration = upload(deps, flavor=Flavor.DATA)
    run, order = started(deps, orchestration)
    assert (reread(deps, orchestration).flavor, order.flavor) == (Flavor.DATA, Flavor.DATA)
    assert run.image == order.image == deps.spawner.made_from_data


def test_packaging_is_done_where_its_runs_are_to_be(deps):
    requirements = a_zip({"main.py": "", "requirements.txt": "six==1.16.0\n"})
    upload(deps, requirements, flavor=Flavor.DATA)
    start_runs(deps)
    order = deps.spawner.orders[-1]
    assert (order.command, order.flavor, order.image) == ("package", Flavor.DATA, deps.spawner.made_from_data)


def test_the_workspace_decides_where_an_upload_does_not(deps):
    before = upload(deps)
    assert set_default_flavor(deps, Flavor.DATA, workspace_id=WORKSPACE).default_flavor is Flavor.DATA
    assert upload(deps).flavor is Flavor.DATA
    assert upload(deps, flavor=Flavor.PLAIN).flavor is Flavor.PLAIN
    assert reread(deps, before).flavor is Flavor.PLAIN


def test_the_same_key_with_another_flavor_is_another_upload(deps):
    upload(deps, idempotency_key="key")
    with pytest.raises(Conflict):
        upload(deps, idempotency_key="key", flavor=Flavor.DATA)


def test_a_rerun_compares_the_image_of_its_flavor(deps):
    run, _ = started(deps, upload(deps, flavor=Flavor.DATA))
    hand_spec(deps, run.id, now=deps.clock())
    finish_run(deps, run.id, Ending(Reason.COMPLETED), now=deps.clock())
    asked = {"workspace_id": WORKSPACE, "idempotency_key": None, "requested_by": None}
    assert rerun(deps, run.id, now=deps.clock(), **asked).differences == []
    deps.spawner.made_from_data = "sha256:" + "e" * 64
    (told,) = rerun(deps, run.id, now=deps.clock(), **asked).differences
    assert "sha256:eee" in told


def test_a_flavor_nobody_knows_is_named():
    with pytest.raises(Invalid, match="The flavor is 'gpu'; it takes plain, data"):
        read_flavor("gpu")
