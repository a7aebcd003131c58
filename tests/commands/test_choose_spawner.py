"""Which spawner a server has, and what it is told when it cannot have the one it is to have."""

import subprocess
import sys

import pytest
from macropod_server.adapters import choose_spawner
from macropod_server.domain.errors import Invalid
from macropod_server.settings import Settings
from macropod_server.spawners import process
from structlog.testing import capture_logs

from tests.kubernetes_double.cluster import write_kubeconfig


def settings(folder, **changes):
    told = {"spawner": "kubernetes", "runner_url": "http://server:8085"}
    return Settings(data_dir=folder, kubernetes_kubeconfig=str(folder / "config"), **told | changes)


def test_kubernetes_is_had_when_asked_for(tmp_path):
    write_kubeconfig(tmp_path / "config", "http://127.0.0.1:1")
    spawner = choose_spawner(settings(tmp_path), "installation")
    assert (spawner.name, spawner.keeps_environments) == ("kubernetes", False)
    spawner.close()


@pytest.mark.parametrize(
    ("host", "runner_url", "is_warned"),
    [
        ("127.0.0.1", "http://10.0.0.5:8085", True),
        ("::1", "http://server:8085", True),
        ("0.0.0.0", "http://10.0.0.5:8085", False),
        ("127.0.0.1", "http://localhost:8085", False),
    ],
)
def test_who_listens_where_no_pod_comes_is_told_so(tmp_path, host, runner_url, is_warned):
    write_kubeconfig(tmp_path / "config", "http://127.0.0.1:1")
    with capture_logs() as logs:
        choose_spawner(settings(tmp_path, host=host, runner_url=runner_url), "installation").close()
    assert ("runs_may_not_reach_this_server" in [each["event"] for each in logs]) is is_warned


def test_kubernetes_without_an_address_for_pods_is_refused(tmp_path):
    with pytest.raises(Invalid, match="MACROPOD_RUNNER_URL is not set; with MACROPOD_SPAWNER=kubernetes it takes"):
        choose_spawner(settings(tmp_path, runner_url=""), "installation")


def test_kubernetes_without_a_cluster_is_refused(tmp_path):
    with pytest.raises(Invalid, match="There is no way to a Kubernetes cluster"):
        choose_spawner(settings(tmp_path), "installation")


def test_a_spawner_nobody_knows_is_refused(tmp_path):
    with pytest.raises(Invalid, match="it takes auto, docker, kubernetes or process"):
        choose_spawner(settings(tmp_path, spawner="podman"), "installation")


def test_the_library_is_loaded_only_where_it_is_wanted():
    code = "import sys, macropod_server.app, macropod_server.serve; sys.exit('kubernetes' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("wallaroo", ["on", "off"])
def test_who_cannot_give_runs_a_home_in_common_is_told_once(tmp_path, monkeypatch, wallaroo):
    told = Settings(data_dir=tmp_path, spawner="process", wallaroo=wallaroo)
    monkeypatch.setattr(process, "HOME", f"{tmp_path}/nowhere/jovyan")
    with capture_logs() as logs:
        choose_spawner(told, "installation").close()
    warned = [each["reason"] for each in logs if each["event"] == "home_in_the_folder_of_the_run"]
    assert len(warned) == (wallaroo == "on")
    assert all(each.startswith("The system does not let a run have ") for each in warned)
