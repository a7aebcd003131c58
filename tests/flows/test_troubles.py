"""What is told of a container becomes the reason its run ends for, and what a cluster needs to know is ordered."""

from dataclasses import replace

import pytest
from macropod_server.domain.placement import Placement
from macropod_server.domain.profiles import Profile
from macropod_server.domain.run import Reason
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.watch_run import watch_silent
from macropod_server.spawners.base import NoRoom, Trouble

from tests.builders import make_task, reread, runs_of, upload_with_requirements

NO_NODE = Trouble(Reason.UNSCHEDULABLE, "Kubernetes finds no node for it: 0/3 nodes are available.")


def started(deps, **wish):
    task = make_task(deps, **wish)
    start_runs(deps)
    return runs_of(deps, task)[0]


def ended(deps, run):
    found = reread(deps, run)
    return found.status, found.reason, found.message


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        (Reason.EVICTED, "failure"),
        (Reason.PREEMPTED, "failure"),
        (Reason.OUT_OF_MEMORY, "failure"),
        (Reason.NODE_LOST, "lost"),
        (Reason.VANISHED, "lost"),
        (Reason.TIME_LIMIT, "timed_out"),
    ],
)
def test_a_run_ends_for_the_reason_its_container_ended_for(deps, reason, status):
    run = started(deps)
    hand_spec(deps, run.id, now=deps.clock())
    deps.spawner.finish(run.id, None, trouble=Trouble(reason, "This is why."))
    deps.clock.advance(minutes=1)
    watch_silent(deps)
    assert ended(deps, run) == (status, reason, "This is why.")


def test_a_start_that_takes_too_long_says_what_kept_it(deps):
    run = started(deps)
    deps.spawner.hinder(run.id, NO_NODE)
    deps.clock.advance(seconds=60)
    watch_silent(deps)
    assert reread(deps, run).status == "starting"
    deps.clock.advance(seconds=deps.settings.start_timeout_seconds)
    watch_silent(deps)
    assert ended(deps, run) == (
        "failure",
        "unschedulable",
        "The container did not report for 300 s after it was started, so it was given up. "
        "Kubernetes finds no node for it: 0/3 nodes are available.",
    )


def test_what_waiting_does_not_mend_is_not_waited_for(deps):
    run = started(deps)
    deps.spawner.hinder(run.id, Trouble(Reason.IMAGE_NOT_FOUND, "There is no such image.", is_final=True))
    deps.clock.advance(seconds=10)
    watch_silent(deps)
    assert ended(deps, run) == ("failure", "image_not_found", "There is no such image.")


def test_a_run_there_is_no_room_for_waits_and_says_so_and_ends_for_that(deps):
    deps.spawner.refuse(NoRoom("Kubernetes has no room for this run: exceeded quota: few."))
    run = started(deps)
    assert (reread(deps, run).status, reread(deps, run).reason) == ("queued", None)
    assert reread(deps, run).message == "Waiting: Kubernetes has no room for this run: exceeded quota: few."
    deps.clock.advance(seconds=deps.settings.start_timeout_seconds + 10)
    start_runs(deps)
    assert ended(deps, run)[:2] == ("failure", "quota_exceeded")


def test_a_run_without_a_limit_has_no_deadline_and_one_with_a_limit_has_a_later_one(deps):
    started(deps)
    started(deps, timeout_seconds=600, grace_seconds=20, start_timeout_seconds=30)
    orders = deps.spawner.orders
    assert (orders[0].deadline_seconds, orders[0].grace_seconds) == (None, 10)
    assert (orders[1].deadline_seconds, orders[1].grace_seconds) == (30 + 600 + 20 + 900, 20)


def test_packaging_has_a_deadline_too(deps):
    upload_with_requirements(deps)
    start_runs(deps)
    (order,) = deps.spawner.orders
    assert order.deadline_seconds == 300 + 1800 + 10 + 900


def test_a_run_is_placed_as_its_profile_says_and_all_others_as_holds_for_all(deps):
    spot = Profile(kubernetes=Placement({"pool": "spot"}))
    general = Placement(image_pull_secrets=("registry",))
    told = replace(deps.settings, profiles={"spot": spot}, kubernetes_placement=general)
    deps = replace(deps, settings=told)
    started(deps)
    started(deps, profile="spot")
    placements = [order.placement for order in deps.spawner.orders]
    assert placements == [general, Placement({"pool": "spot"}, image_pull_secrets=("registry",))]
