"""The story on the real application: upload, run, read, schedule, kill."""

import threading
from datetime import UTC, timedelta
from pathlib import Path

import macropod
import pytest
from macropod_server.domain.lines import Stream
from macropod_server.flows.enqueue_due import enqueue_due

from tests.builders import a_zip
from tests.sdk_server import PlayedServer


def test_a_folder_is_uploaded_run_once_and_its_log_read(
    server: PlayedServer, client: macropod.Client, hello: Path
) -> None:
    orchestration = client.upload_orchestration(hello)
    assert (orchestration.status(), orchestration.entry_point) == ("ready", "main.py")
    task = orchestration.run_once("hello", {"dogs": 3.9}, timeout=timedelta(minutes=10))
    assert (task.type, task.active, task.last_run_status) == ("Temporary Run", True, "unknown")

    playing = server.start()
    assert playing.spec["arguments"] == {"dogs": 3.9}
    assert playing.spec["timeout_seconds"] == 600
    playing.prints("one", "two", "three")
    playing.prints("careful", stream=Stream.STDERR)
    [run] = task.last_runs()
    assert (run.status(), run.pod_id, run.line_count) == ("running", playing.id, 4)
    assert run.logs(limit=2) == ["2026-01-02 12:00:00.000 three", "2026-01-02 12:00:00.000 careful"]

    playing.ends()
    assert task.wait(timeout=5) == run
    assert (run.status(), run.exit_code) == ("success", 0)
    assert [each.text for each in run.logs()] == ["one", "two", "three", "careful"]
    assert [each.text for each in run.logs(stream="stderr")] == ["careful"]
    assert (task.status(), task.active, task.last_run_status) == ("started", False, "success")


def test_a_failed_run_says_why(server: PlayedServer, client: macropod.Client, hello: Path) -> None:
    task = client.upload_orchestration(hello).run_once("hello")
    server.start().ends("exit_code", exit_code=3, message="The program ended with exit code 3.")
    run = task.wait(timeout=5)
    assert (run.status(), run.reason, run.exit_code) == ("failure", "exit_code", 3)
    assert run.message == "The program ended with exit code 3."
    assert task.last_runs(status="failure") == [run]
    assert task.last_runs(status="success") == []


def test_lines_are_followed_while_they_are_printed(server: PlayedServer, client: macropod.Client, hello: Path) -> None:
    task = client.upload_orchestration(hello).run_once("hello")
    playing = server.start()
    playing.prints("one")
    lines = task.follow()
    assert next(lines).text == "one"
    printer = threading.Thread(target=lambda: (playing.prints("two", "three"), playing.ends()))
    printer.start()
    assert [(each.number, each.text) for each in lines] == [(2, "two"), (3, "three")]
    printer.join()


def test_a_schedule_makes_runs_until_it_is_killed(server: PlayedServer, client: macropod.Client, hello: Path) -> None:
    orchestration = client.upload_orchestration(hello)
    task = orchestration.run_scheduled("nightly", {"0 2 * * *"}, timezone="Europe/Berlin")
    assert (task.type, task.schedule, task.timezone) == ("Scheduled Run", "0 2 * * *", "Europe/Berlin")
    assert task.next_due_at is not None
    assert task.next_due_at.astimezone(UTC).hour == 1
    for _ in range(2):
        server.clock.now = task.refresh().next_due_at
        enqueue_due(server.deps)
        server.start().ends()
    newest, oldest = task.last_runs()
    assert newest.due_at > oldest.due_at
    assert task.last_runs(limit=1) == [newest]

    assert task.kill() in ("pending_kill", "killed")
    assert task.kill() in ("pending_kill", "killed")
    assert (task.active, task.next_due_at) == (False, None)


def test_tasks_are_found_again(server: PlayedServer, client: macropod.Client, hello: Path) -> None:
    orchestration = client.upload_orchestration(hello)
    server.clock.advance(seconds=1)
    other = client.upload_orchestration(hello, name="other")
    task = orchestration.run_once("hello")
    assert client.list_tasks() == orchestration.list_tasks() == [task]
    assert other.list_tasks() == client.list_tasks(killed=True) == []
    assert client.get_task_by_id(task.id) == task
    assert client.get_orchestration(other.id).name == "other"
    assert client.list_orchestrations() == [other, orchestration]
    assert client.list_orchestrations(limit=1) == [other]
    assert client.list_runs(kind="task", status="queued") == task.last_runs()
    [run] = client.list_runs(limit=1)
    assert client.get_run(run.id).task_name == "hello"


def test_a_bad_order_is_refused_by_the_server_with_the_field(client: macropod.Client, hello: Path) -> None:
    orchestration = client.upload_orchestration(hello)
    with pytest.raises(macropod.Invalid) as refused:
        orchestration.run_scheduled("nightly", "0 99 * * *")
    assert "99" in str(refused.value)
    with pytest.raises(macropod.Invalid, match="name"):
        orchestration.run_once("")


def test_what_is_not_there_is_not_found(client: macropod.Client) -> None:
    for get in (client.get_orchestration, client.get_task_by_id, client.get_run):
        with pytest.raises(macropod.NotFound):
            get("0b0f6d5e-7a53-4a6c-9d3c-2f6f5f0f8a11")


def test_an_unknown_token_is_unauthorized(server: PlayedServer) -> None:
    with pytest.raises(macropod.Unauthorized):
        server.connect(token="unknown").server()


def test_a_run_acts_with_its_own_token_while_it_lives(
    server: PlayedServer, client: macropod.Client, hello: Path
) -> None:
    task = client.upload_orchestration(hello).run_once("hello")
    playing = server.start()
    inside = server.connect(token=playing.token)
    assert inside.get_task_by_id(task.id).name == "hello"
    playing.ends()
    with pytest.raises(macropod.Unauthorized, match="ended with the run"):
        inside.list_tasks()


def test_the_server_tells_what_it_is(client: macropod.Client) -> None:
    about = client.server()
    assert (about.url, about.spawner, about.limits.max_entries) == ("http://testserver", "fake", 100_000)


def test_the_log_of_a_failed_packaging_is_in_the_error(
    server: PlayedServer, client: macropod.Client, hello: Path
) -> None:
    (hello / "requirements.txt").write_text("no-such-package==1\n")
    orchestration = client.upload_orchestration(hello)
    assert (orchestration.status(), orchestration.requirements) == ("pending_packaging", "requirements.txt")
    playing = server.start()
    playing.prints("No solution found")
    playing.ends("packaging_failed", message="The requirements cannot be resolved.", exit_code=1)
    with pytest.raises(macropod.PackagingFailed, match="No solution found") as failed:
        orchestration.wait(timeout=5)
    assert "The requirements cannot be resolved." in failed.value.message
    run = orchestration.packaging_run()
    assert run is not None
    assert (run.kind, run.id, run.task_id) == ("packaging", playing.id, None)


def test_a_tail_of_long_lines_comes_whole_although_one_answer_cannot_hold_it(
    client: macropod.Client, server: PlayedServer
) -> None:
    task = client.upload_orchestration(bytes_buffer=a_zip(), name="x").run_once("long lines")
    played = server.start()
    texts = [f"{number} ".ljust(60_000, "x") for number in range(200)]
    for start in range(0, 200, 50):
        played.prints(*texts[start : start + 50])
    tail = task.last_runs()[0].logs(limit=150)
    assert [line.text for line in tail] == texts[50:]
    assert tail.last_number == 200
