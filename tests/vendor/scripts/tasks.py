"""Upload, run in the three ways, look at all of it, and end it."""

import os
import uuid
from pathlib import Path

import wallaroo
from telling import refusal, tell, until

HELLO = Path(os.environ["HELLO_ZIP"])

client = wallaroo.Client()
workspace = client.get_current_workspace()
tell(workspace={"id": workspace.id(), "name": workspace.name()})

orchestration = client.upload_orchestration(name="hello", path=str(HELLO))
tell(upload={"status": orchestration.status(), "file": orchestration.file_name(), "sha": orchestration.sha()})

unnamed = client.upload_orchestration(bytes_buffer=HELLO.read_bytes(), name="bytes")
tell(unnamed={"file": unnamed.file_name(), "is_another": unnamed.id() != orchestration.id()})
tell(orchestrations=[each.name() for each in client.list_orchestrations()])

minutely = orchestration.run_scheduled(name="minutely", schedule="* * * * *", json_args={})
broken = client.upload_orchestration(name="broken", path=os.environ["BROKEN_ZIP"])
looping = broken.run_continuously(name="broken", json_args={})

once = orchestration.run_once(name="once", json_args={"dogs": [1, None, {"a": "ü"}]}, timeout=600, debug=True)
until(lambda: once.status() == "started")
until(lambda: once.last_runs(status="success"))
run = once.last_runs()[0]
tell(
    once={
        "status": once.status(),
        "logs": list(run.logs()),
        "last_log": list(run.logs(limit=1)),
        "failures": len(once.last_runs(status="failure")),
        "limited": len(once.last_runs(limit=1)),
    }
)

scheduled = orchestration.run_scheduled(name="nightly", schedule="0 2 * * *", json_args={}, timeout=60)
tell(scheduled={"status": scheduled.status(), "runs": len(scheduled.last_runs())})
tell(found_again=client.get_task_by_id(scheduled.id()).name())

continuous = orchestration.run_continuously(name="on and on", json_args={})
until(lambda: len(continuous.last_runs()) >= 2)
tell(continuous=continuous.status())
for task in (scheduled, continuous):
    task._pause()
tell(paused=[scheduled.status(), continuous.status()])
for task in (scheduled, continuous):
    task._resume()
tell(resumed=[scheduled.status(), continuous.status()])

found = client.list_tasks()
tell(listed=[task.name() for task in found], changed=[task.updated_at() for task in found])
tell(of_one=[task.name() for task in orchestration.list_tasks()])
tell(of_workspace=[task.name() for task in client.list_tasks(workspace_name=workspace.name())])
tell(
    html={
        "orchestration": orchestration._repr_html_(),
        "orchestrations": client.list_orchestrations()._repr_html_(),
        "task": once._repr_html_(),
        "tasks": client.list_tasks()._repr_html_(),
        "run": run._repr_html_(),
        "runs": once.last_runs()._repr_html_(),
        "logs": run.logs()._repr_html_(),
        "no runs": scheduled.last_runs()._repr_html_(),
    }
)

until(lambda: looping.status() == "crash_loop")
tell(looping={"runs": len(looping.last_runs(status="failure")), "html": looping._repr_html_()})
until(lambda: minutely.last_runs(status="success"))
tell(minutely={"html": minutely._repr_html_(), "logs": list(minutely.last_runs()[0].logs(limit=1))})
for task in (minutely, looping):
    task.kill()
until(lambda: {minutely.status(), looping.status()} == {"killed"})

tell(kill=[scheduled.kill(), continuous.kill()])
until(lambda: {scheduled.status(), continuous.status()} == {"killed"})
tell(killed=sorted(task.name() for task in client.list_tasks(killed=True)))
tell(all=sorted(task.name() for task in client.list_tasks(killed=False)))

unknown = str(uuid.uuid4())
tell(
    refused={
        "task": refusal(client.get_task_by_id, unknown),
        "macro": refusal(orchestration.run_scheduled, name="x", schedule="@daily", json_args={}),
        "cron": refusal(orchestration.run_scheduled, name="x", schedule="61 * * * *", json_args={}),
        "zip": refusal(client.upload_orchestration, path=os.environ["BAD_ZIP"], name="bad"),
        "timeout": refusal(orchestration.run_once, name="x", json_args={}, timeout=0),
        "pause": refusal(scheduled._pause),
        "broken": refusal(client.upload_orchestration, bytes_buffer=b"no zip", name="bad"),
        "orchestrations": refusal(client.list_orchestrations, workspace_id=987),
        "workspace": refusal(client.list_tasks, workspace_id=987),
    }
)
