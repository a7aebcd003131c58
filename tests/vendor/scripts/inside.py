"""What a run's own program asks: it logs in as that run, whatever it says, and again once its login is old."""

import json
import os
from pathlib import Path

import wallaroo
from telling import refusal, tell

client = wallaroo.Client(auth_type="sso")
tell(in_task=client.in_task(), arguments=client.task_args(), me=client.auth.user_email())
workspace = client.get_current_workspace()
tell(
    workspace=workspace.name(),
    workspaces=[each.name() for each in client.list_workspaces()],
    task=client.get_task_by_id(os.environ["WALLAROO_TASK_ID"]).name(),
    orchestrations=[each.name() for each in client.list_orchestrations()],
    details=client.get_connection("warehouse").details(),
)

login = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "wallaroo_sdk", "auth", "keycloak.json")
login.write_text(json.dumps(json.loads(login.read_text()) | {"expiry": 1}))
tell(refreshed=[len(client.list_tasks()) for _ in range(2)], kept=json.loads(login.read_text())["expiry"])

again = client.list_orchestrations()[0].run_once(name="from inside", json_args={})
tell(again=again.name(), refused=refusal(client.create_workspace, "elsewhere"))
