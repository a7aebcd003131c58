"""The module `wallaroo` on the real application: orchestrations, tasks, runs and logs, by the names programs know."""

import subprocess
import sys
from pathlib import Path

import macropod
import pytest
from macropod.wallaroo import Client, NotOffered
from macropod_server.flows.stop_run import settle_kills

from tests.builders import a_zip
from tests.sdk_server import PlayedServer


@pytest.fixture
def wl(client: macropod.Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(macropod, "Client", lambda: client)
    return Client()


def test_an_upload_is_had_by_its_calls(wl: Client, tmp_path: Path) -> None:
    (tmp_path / "houses.zip").write_bytes(a_zip())
    made = wl.upload_orchestration(path=str(tmp_path / "houses.zip"), name="houses")
    assert (made.name(), made.file_name(), made.status()) == ("houses", "houses.zip", "ready")
    assert len(made.sha()) == 64
    assert made.workspace_id() == 1
    assert [each.id() for each in wl.list_orchestrations()] == [made.id()]
    assert made.created_at() <= made.updated_at()


def test_bytes_need_no_name(wl: Client) -> None:
    assert wl.upload_orchestration(bytes_buffer=a_zip()).name() == "orchestration"
    assert wl.upload_orchestration(bytes_buffer=a_zip(), file_name="a.zip").file_name() == "a.zip"


def test_nothing_to_upload_is_refused(wl: Client) -> None:
    with pytest.raises(macropod.Invalid):
        wl.upload_orchestration()


def test_tasks_of_each_kind_are_made(wl: Client) -> None:
    orchestration = wl.upload_orchestration(bytes_buffer=a_zip(), name="houses")
    once = orchestration.run_once(name="once", json_args={"dogs": 3}, timeout=60, debug=True)
    scheduled = orchestration.run_scheduled("nightly", "0 2 * * *", timeout=60)
    continuous = orchestration.run_continuously(name="always")
    assert [each.task_type() for each in (once, scheduled, continuous)] == ["Oneshot", "CronJob", "NetworkService"]
    assert (once.name(), once.input_data(), once.status()) == ("once", {"dogs": 3}, "pending")
    assert {each.id() for each in wl.list_tasks()} == {each.id() for each in (once, scheduled, continuous)}
    assert {each.id() for each in orchestration.list_tasks()} == {each.id() for each in wl.list_tasks()}
    assert wl.get_task_by_id(once.id()).name() == "once"
    assert once.workspace_id() == orchestration.workspace_id()
    assert once.created_at() <= once.updated_at()


def test_a_task_needs_no_name(wl: Client) -> None:
    assert wl.upload_orchestration(bytes_buffer=a_zip()).run_once(None).name() == "task"


def test_killed_tasks_are_listed_when_asked_for(wl: Client, server: PlayedServer) -> None:
    orchestration = wl.upload_orchestration(bytes_buffer=a_zip())
    task, other = orchestration.run_scheduled("a", "0 2 * * *"), orchestration.run_scheduled("b", "0 2 * * *")
    assert task.kill() in ("killed", "pending_kill")
    settle_kills(server.deps)
    assert task.status() == "killed"
    assert [each.id() for each in wl.list_tasks()] == [other.id()]
    assert {each.id() for each in wl.list_tasks(killed=True)} == {task.id(), other.id()}


def test_runs_and_their_logs_are_told_as_these_programs_read_them(wl: Client, server: PlayedServer) -> None:
    task = wl.upload_orchestration(bytes_buffer=a_zip()).run_once("once")
    run = server.start()
    run.prints("hello", "world")
    run.ends()
    (seen,) = task.last_runs(limit=1, status="success")
    assert task.last_runs(status="failure") == []
    (line,) = seen.logs(limit=1)
    time, stream, whole, text = line.split(" ", 3)
    assert (stream, whole, text) == ("stdout", "F", "world")
    assert time.endswith("+00:00")


def test_the_workspace_of_the_run_may_be_named_and_no_other(wl: Client) -> None:
    own = wl.get_current_workspace()
    assert wl.list_tasks(workspace_id=own.id(), workspace_name=own.name()) == []
    assert wl.list_orchestrations(workspace_id=own.id()) == []
    with pytest.raises(ValueError, match="This run sees the workspace 'default' and not 'sales'"):
        wl.list_orchestrations(workspace_name="sales")


@pytest.mark.parametrize("call", ["get_pipeline", "build_pipeline", "upload_model", "list_models", "list_deployments"])
def test_what_is_not_here_is_named_in_one_sentence_with_what_to_do(wl: Client, call: str) -> None:
    with pytest.raises(NotOffered) as refused:
        getattr(wl, call)("houses")
    told = str(refused.value)
    assert told.startswith(f"There is no wallaroo.Client.{call} here: ")
    assert "put wallaroo into requirements.txt" in told
    assert (told.count(". "), told[-1]) == (0, ".")


def test_objects_name_what_they_lack_too(wl: Client) -> None:
    orchestration = wl.upload_orchestration(bytes_buffer=a_zip())
    with pytest.raises(NotOffered, match=r"There is no wallaroo\.Orchestration\.task here"):
        orchestration.task()  # type: ignore[operator]
    with pytest.raises(NotOffered, match=r"There is no wallaroo\.Workspace\.users here"):
        wl.get_current_workspace().users()  # type: ignore[operator]
    assert not hasattr(orchestration, "_repr_html_")


def test_programs_may_ask_whether_there_is_a_call(wl: Client) -> None:
    assert hasattr(wl, "list_tasks")
    assert not hasattr(wl, "get_pipeline")


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("from wallaroo.framework import Framework", "wallaroo.framework"),
        ("import wallaroo.pipeline", "wallaroo.pipeline"),
        ("from wallaroo import DeploymentConfigBuilder", "wallaroo.DeploymentConfigBuilder"),
    ],
)
def test_an_import_of_what_is_not_here_says_what_to_do(tmp_path: Path, statement: str, named: str) -> None:
    (tmp_path / "wallaroo").symlink_to(Path(macropod.__file__).parent / "wallaroo")
    code = f"import sys; sys.path.append({str(tmp_path)!r})\n{statement}"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stderr
    assert f"ModuleNotFoundError: There is no {named} here: " in told


def test_what_programs_import_by_name_is_one_and_the_same(tmp_path: Path) -> None:
    (tmp_path / "wallaroo").symlink_to(Path(macropod.__file__).parent / "wallaroo")
    code = (
        f"import sys; sys.path.append({str(tmp_path)!r})\n"
        "import wallaroo, wallaroo.client, wallaroo.workspaces\n"
        "from wallaroo.object import EntityNotFoundError\n"
        "print(wallaroo.Client is wallaroo.client.Client, wallaroo.Client.__module__,\n"
        "      wallaroo.workspaces.EntityNotFoundError is EntityNotFoundError)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == "True wallaroo.client True\n"
