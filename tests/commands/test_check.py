"""The command `macropod-server check`, beside real servers, databases, runners and containers."""

import json
import stat
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.commands.test_server_command import run
from tests.contracts.spawner_stages import docker_stage
from tests.live_server import LiveServer, free_port


@pytest.fixture
def engine():
    yield from docker_stage()


def check(folder, **variables):
    """What is to be done, by what it is about; and the exit code."""
    told = {f"MACROPOD_{name.upper()}": value for name, value in variables.items() if name != "DOCKER_HOST"}
    told |= {name: value for name, value in variables.items() if name == "DOCKER_HOST"}
    done = run(folder, "check", "--json", **{"MACROPOD_SPAWNER": "process", "MACROPOD_PORT": free_port(), **told})
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    assert done.returncode == (0 if all(each["ok"] for each in found) else 1)
    return found


def to_do(found):
    return {each["check"]: each["message"] for each in found if not each["ok"]}


def port_of(server):
    return server.url.rpartition(":")[2]


def left_in(data_dir):
    return [str(path) for folder in ("blobs", "runs") for path in (data_dir / folder).rglob("*") if path.is_file()]


def test_all_is_well_beside_a_server_and_nothing_is_left(tmp_path, database_url):
    with LiveServer(tmp_path, database_url=database_url) as server:
        found = check(tmp_path, database_url=database_url, port=port_of(server))
    assert to_do(found) == {}
    about = {each["check"] for each in found}
    assert about >= {"database", "installation", "storage", "spawner", "address"}
    assert ("clock" in about) is database_url.startswith("postgresql")
    assert left_in(server.data_dir) == []


def test_for_people_each_line_is_ok_or_says_what_to_do(tmp_path):
    done = run(tmp_path, "check", MACROPOD_SPAWNER="process")
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert lines[0].startswith("TO DO  database      There is no database")
    assert lines[1].startswith("ok     storage       A blob of 1,024 bytes")
    assert lines[-1].startswith("TO DO  address       Not tried")
    assert not (tmp_path / "data" / "macropod.db").exists()
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_without_a_server_it_says_to_start_one(tmp_path):
    with LiveServer(tmp_path):
        pass
    found = to_do(check(tmp_path))
    assert list(found) == ["address"]
    assert found["address"].startswith("No server answers at")
    assert "Start it and check again." in found["address"]


def test_a_database_that_is_away_or_not_migrated_is_told_and_the_rest_is_tried(tmp_path, postgres):
    found = check(tmp_path, database_url="postgresql+psycopg://127.0.0.1:1/x")
    assert to_do(found)["database"].startswith("The database does not answer")
    assert {each["check"] for each in found if each["ok"]} == {"storage", "spawner"}
    assert "Run `macropod-server migrate`." in to_do(check(tmp_path, database_url=postgres.empty_url()))["database"]


def test_a_database_no_server_has_started_on_says_so(tmp_path, postgres):
    found = to_do(check(tmp_path, database_url=postgres.fresh_url()))
    assert list(found) == ["installation", "address"]
    assert "No server has started on this database yet." in found["installation"]


def test_another_key_is_told_and_none_is_made(tmp_path, postgres):
    url, elsewhere = postgres.fresh_url(), tmp_path / "elsewhere"
    with LiveServer(tmp_path, database_url=url):
        pass
    elsewhere.mkdir()
    assert "This is not the key of installation" in to_do(check(elsewhere, database_url=url))["installation"]
    assert not (elsewhere / "data" / "secret.key").exists()


def test_a_store_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    found = to_do(check(tmp_path, storage_url=f"file://{tmp_path}/file"))
    assert "The store cannot be read or written now" in found["storage"]


def test_an_address_at_which_somebody_else_answers_is_told(tmp_path):
    with LiveServer(tmp_path):
        pass
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as stranger:
        threading.Thread(target=stranger.serve_forever, args=(0.05,), daemon=True).start()
        found = to_do(check(tmp_path, runner_url=f"http://127.0.0.1:{stranger.server_port}"))
        stranger.shutdown()
    assert "is no server of Macropod, or something before one: status 501" in found["address"]


@pytest.mark.docker
def test_a_container_reaches_a_server_with_the_docker_spawner(tmp_path, engine):
    with LiveServer(tmp_path, spawner="docker") as server:
        found = check(tmp_path, spawner="docker", port=port_of(server))
        installation = server.rest.get("/v1/info").json()["installation_id"]
    assert to_do(found) == {}
    network = f"macropod-{installation}"
    assert engine.api.containers(all=True, filters={"label": f"macropod.installation={installation}"}) == []
    assert engine.api.volumes(filters={"name": network})["Volumes"] in (None, [])
    engine.api.remove_network(network)


@pytest.mark.docker
def test_an_address_that_only_this_machine_reaches_is_told_from_one_where_nobody_answers(tmp_path, engine):
    with LiveServer(tmp_path) as server:
        found = to_do(check(tmp_path, spawner="docker", runner_url=server.url))
        installation = server.rest.get("/v1/info").json()["installation_id"]
    engine.api.remove_network(f"macropod-{installation}")
    assert list(found) == ["address"]
    assert found["address"].startswith(f"A container gets no answer from {server.url}, and this machine does")


def test_an_engine_that_is_away_is_told(tmp_path):
    found = to_do(check(tmp_path, spawner="docker", DOCKER_HOST="tcp://127.0.0.1:1"))
    assert found["spawner"].startswith("docker: the Docker Engine answers? The Docker Engine does not answer")
