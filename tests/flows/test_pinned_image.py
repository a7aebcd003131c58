"""The image a run was first started from stays its image, whatever is called the same later."""

from macropod_server.flows.start_run import start_runs

from tests.builders import make_task, reread, runs_of

FIRST, SECOND = "sha256:" + "1" * 64, "sha256:" + "2" * 64


def test_a_run_is_made_from_the_image_that_is_there_and_notes_it(deps):
    deps.spawner.made_from = FIRST
    task = make_task(deps)
    start_runs(deps)
    assert deps.spawner.orders[0].image == FIRST
    assert runs_of(deps, task)[0].image == FIRST


def test_a_run_that_was_put_back_keeps_the_image_of_its_first_start(deps):
    deps.spawner.made_from = FIRST
    task = make_task(deps)
    (run,) = runs_of(deps, task)
    deps.spawner.stuck.add(run.id)
    start_runs(deps)
    assert reread(deps, run).status == "queued"
    deps.spawner.stuck.clear()
    deps.spawner.made_from = SECOND
    deps.clock.advance(seconds=6)
    start_runs(deps)
    assert deps.spawner.orders[0].image == FIRST


def test_where_runs_are_made_from_nothing_of_the_kind_there_is_no_image(deps):
    deps.spawner.made_from = None
    task = make_task(deps)
    start_runs(deps)
    assert (deps.spawner.orders[0].image, runs_of(deps, task)[0].image) == (None, None)


def test_a_spawner_that_is_away_puts_the_run_back(deps):
    task = make_task(deps)
    deps.spawner.become_unavailable()
    start_runs(deps)
    assert runs_of(deps, task)[0].status == "queued"
