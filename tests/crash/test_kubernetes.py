"""`kill -9` of a server whose runs are Jobs, at each call it makes: each run starts once, and nothing is left."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.crash.programs import MARKS, WAITS_FOR_A_FILE, Marks, how_it_ended, upload, wait_for
from tests.kubernetes_double.api_server import Asked
from tests.kubernetes_double.cluster import KubernetesDouble
from tests.kubernetes_double.store import Refusal
from tests.live_server import LiveServer

AWAY = Refusal(503, "ServiceUnavailable", "nobody waits for this answer any more")
CALLS = [("create", "jobs"), ("create", "secrets"), ("delete", "jobs"), ("delete", "secrets"), ("list", "pods")]


@pytest.fixture
def double(tmp_path: Path) -> Iterator[KubernetesDouble]:
    made = KubernetesDouble(tmp_path / "double", tmp_path.parent / "runner-image")
    yield made
    made.close()


@pytest.fixture
def server(tmp_path: Path, double: KubernetesDouble) -> Iterator[LiveServer]:
    settings = {"spawner": "kubernetes", "kubernetes_kubeconfig": double.kubeconfig, "grace_seconds": 1}
    with LiveServer(tmp_path / "server", **settings) as running:
        yield running


def is_empty(double: KubernetesDouble) -> bool:
    return not any(double.store.select(kind) for kind in ("jobs", "secrets", "pods"))


@pytest.mark.parametrize(("verb", "kind"), CALLS)
def test_a_server_killed_at_a_call_goes_on_where_it_was(
    server: LiveServer, double: KubernetesDouble, marks: Marks, verb: str, kind: str
) -> None:
    def dies(asked: Asked) -> bool:
        """The call has come, and nobody hears what becomes of it."""
        if (asked.verb, asked.kind) != (verb, kind) or (verb == "list" and not double.store.select("pods")):
            return False
        server.kill()
        return True

    orchestration = upload(server.client, MARKS)
    double.api.bad_day.refusals.append((dies, AWAY))
    task = marks.run(orchestration)
    wait_for(lambda: not server.is_running)
    server.start()
    assert how_it_ended(task) == ("success", "completed", 0)
    assert marks.counts() == [1]
    wait_for(lambda: is_empty(double))


def test_runs_go_on_while_their_server_is_away_and_are_found_again(
    server: LiveServer, double: KubernetesDouble, tmp_path: Path
) -> None:
    file = tmp_path / "go-on"
    task = upload(server.client, WAITS_FOR_A_FILE).run_once("waits", json_args={"file": str(file)})
    [run] = wait_for(task.last_runs)
    wait_for(lambda: run.status() == "running")
    server.kill()
    file.touch()
    double.api.drop_watches()
    server.start()
    assert how_it_ended(task) == ("failure", "exit_code", 7)
    assert [line.text for line in run.logs()][-1] == "last words"
    wait_for(lambda: is_empty(double))


def test_a_killed_run_leaves_nothing_in_the_cluster(server: LiveServer, double: KubernetesDouble) -> None:
    task = upload(server.client, WAITS_FOR_A_FILE).run_once("waits", json_args={"file": "/nowhere"})
    [run] = wait_for(task.last_runs)
    wait_for(lambda: run.status() == "running")
    task.kill()
    assert run.wait(20).reason == "kill_requested"
    wait_for(lambda: is_empty(double))


DISRUPTIONS = {
    "deleted by hand": (KubernetesDouble.delete_pod, ("lost", "vanished", None)),
    "pre-empted": (
        lambda double, run_id: double.take_away(run_id, "PreemptionByScheduler", "making room"),
        ("failure", "preempted", None),
    ),
}


@pytest.mark.parametrize(("disrupt", "end"), DISRUPTIONS.values(), ids=DISRUPTIONS)
def test_what_the_cluster_ends_has_the_reason_of_the_cluster_though_its_runner_reports(
    server: LiveServer,
    double: KubernetesDouble,
    disrupt: Callable[[KubernetesDouble, str], None],
    end: tuple[str, str, int],
) -> None:
    task = upload(server.client, WAITS_FOR_A_FILE).run_once("waits", json_args={"file": "/nowhere"})
    [run] = wait_for(task.last_runs)
    wait_for(lambda: run.status() == "running")
    disrupt(double, run.id)
    assert how_it_ended(task) == end
