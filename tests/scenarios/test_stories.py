"""Every story in `stories/` is played on a real server with the process spawner, told and seen through the SDK."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import macropod
import psutil
import pytest

from tests.live_server import LiveServer, processes_of
from tests.runner.wheels import make_broken_source, make_wheel
from tests.scenarios.story import Expectation, Story, read_story

MIB = 1024**2
PATIENCE_SECONDS = 30
STORIES = sorted((Path(__file__).parent / "stories").glob("*.yaml"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("stories")
    wheels = folder / "wheels"
    make_wheel(wheels, "tiny_greeting")
    make_wheel(wheels, "wallaroo", version="2026.1.3")
    make_wheel(wheels, "tiny_farewell", requires=("tiny-greeting==1.0",))
    make_broken_source(wheels, "tiny_trouble", build="raise SystemExit('There is no compiler for marsupials.')")
    variables = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    with LiveServer(folder, variables=variables, grace_seconds=1, run_memory_bytes=256 * MIB) as running:
        yield running


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_story(server: LiveServer, path: Path) -> None:
    story = read_story(path)
    if story.uploaded_before:
        server.client.upload_orchestration(**story.upload()).wait(PATIENCE_SECONDS)
    orchestration = server.client.upload_orchestration(**story.upload())
    task, *others = [make_task(orchestration, story) for _ in range(story.together)]
    if story.kill is not None:
        kill(task, story.kill)
    run = None if story.expect.run is None else task.wait(PATIENCE_SECONDS)
    if story.rerun and run is not None:
        run = rerun(run)
    eventually(lambda: facts(task.refresh(), story.expect.task), dict(story.expect.task))
    check_orchestration(server, orchestration.refresh(), story.expect)
    check_all_runs([task, *others], story.expect)
    if run is None:
        assert task.last_runs() == []
    else:
        check_run(run, story.expect)
        check_log(run, story.expect)
        eventually(lambda: processes_of(server.data_dir / "runs" / run.id), [])


def test_the_stories_are_found() -> None:
    assert len(STORIES) > 20


def make_task(orchestration: macropod.Orchestration, story: Story) -> macropod.Task:
    if story.continuously:
        return orchestration.run_continuously(story.story, **story.task)
    make = orchestration.run_scheduled if "schedule" in story.task else orchestration.run_once
    return make(story.story, **story.task)


def rerun(run: macropod.Run) -> macropod.Run:
    again = run.rerun()
    assert (again.rerun_of, again.cause, again.differences) == (run.id, "rerun", ())
    return again.wait(PATIENCE_SECONDS)


def kill(task: macropod.Task, when: str) -> None:
    if when.endswith(" runs"):
        count = int(when.split()[1])
        eventually(lambda: sum(run.has_ended for run in task.last_runs()) >= count, True)
    elif when != "at once":
        wanted = when.removeprefix("after ")
        next(line for line in task.follow() if line.text == wanted)
    assert task.kill() in ("pending_kill", "killed")


def check_all_runs(tasks: list[macropod.Task], expected: Expectation) -> None:
    if len(tasks) > 1:
        for task in tasks:
            task.wait(PATIENCE_SECONDS)
    runs = [run for task in tasks for run in task.last_runs()[::-1]]
    statuses = [run.status() for run in runs]
    if expected.runs:
        assert (statuses if len(tasks) == 1 else sorted(statuses))[: len(expected.runs)] == expected.runs
    if expected.one_at_a_time:
        spans = sorted((run.started_at, run.ended_at) for run in runs if run.started_at and run.ended_at)
        assert all(before[1] <= after[0] for before, after in pairwise(spans))


def check_orchestration(server: LiveServer, orchestration: macropod.Orchestration, expected: Expectation) -> None:
    assert facts(orchestration, expected.orchestration) == dict(expected.orchestration)
    if expected.packaging_log:
        run = orchestration.packaging_run()
        assert run is not None
        check_parts(expected.packaging_log, [line.text for line in run.logs(escapes="keep")])
    if expected.lock:
        answer = server.rest.get(f"/v1/orchestrations/{orchestration.id}/lock").raise_for_status()
        check_parts(expected.lock, answer.text.splitlines())


def check_run(run: macropod.Run, expected: Expectation) -> None:
    assert expected.run is not None
    assert facts(run, expected.run) == dict(expected.run), run.message
    assert expected.message in (run.message or "")


def check_log(run: macropod.Run, expected: Expectation) -> None:
    lines = run.logs(escapes="keep")
    assert [line.number for line in lines] == list(range(1, run.line_count + 1))
    stdout = [line.text for line in lines if line.stream == "stdout"]
    if expected.stdout is not None:
        assert stdout == expected.stdout
    if expected.numbered_lines is not None:
        assert stdout == [f"line {number}" for number in range(1, expected.numbered_lines + 1)]
    if expected.stderr is not None:
        assert [line.text for line in lines if line.stream == "stderr"] == expected.stderr
    check_parts(expected.log, [line.text for line in lines])
    check_ended(stdout, run, count=expected.ended_processes)


def check_parts(parts: Iterable[str], texts: list[str]) -> None:
    left = iter(texts)
    for part in parts:
        assert any(part in text for text in left), f"{part!r} is not in its place in the log:\n" + "\n".join(texts)


def check_ended(stdout: list[str], run: macropod.Run, *, count: int) -> None:
    told = [int(text.removeprefix("process ")) for text in stdout if text.startswith("process ")]
    assert len(told) == count
    assert [pid for pid in told if is_older_than_the_end(pid, run)] == []


def is_older_than_the_end(pid: int, run: macropod.Run) -> bool:
    """A process that began later has only taken over the number."""
    assert run.ended_at is not None
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and process.create_time() < run.ended_at.timestamp()
    except psutil.NoSuchProcess:
        return False


def facts(thing: Any, names: Mapping[str, Any]) -> dict[str, Any]:
    """These attributes; what the SDK has as a method is asked for."""
    values = {name: getattr(thing, name) for name in names}
    return {name: value() if callable(value) else value for name, value in values.items()}


def eventually(seen: Callable[[], Any], expected: Any) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := seen()) != expected:
        assert time.monotonic() < deadline, f"{found} is not {expected}"
        time.sleep(0.02)
