"""Twenty planted values are given to runs that print them in every form, and are found nowhere."""

import json
import time
from contextlib import suppress
from itertools import product

import httpx2
import pytest
import zstandard
from macropod_server.db.engine import Database
from macropod_server.flows.backup_file import Backup
from sqlmodel import text

from tests.builders import a_zip
from tests.commands.test_server_command import run as command
from tests.live_server import LiveServer
from tests.secrets.planted import PRINTING, files_with_values, found_in, planted

VALUES = planted(20)
SECRETS = {f"secret-{number}": value for number, value in enumerate(VALUES[:14])}
CONNECTIONS = {
    f"connection-{number}": {"password": {"secret": f"reference-{number}"}, "nested": {"token": hidden}}
    for number, hidden in enumerate(VALUES[14:17])
}
REFERENCES = {f"reference-{number}": value for number, value in enumerate(VALUES[17:])}

MAIN = (
    PRINTING
    + """
import time
while not os.path.exists("go-on"):
    time.sleep(0.05)
for value in values:
    print("again", value, flush=True)
raise ValueError(values[0])
"""
)


def plant(client):
    for name, value in (SECRETS | REFERENCES).items():
        client.set_secret(name, value)
    for name, details in CONNECTIONS.items():
        client.create_connection(name, "planted", details)


def order(client, main=MAIN):
    names = [*SECRETS]
    return client.upload_orchestration(bytes_buffer=a_zip({"main.py": main}), name="planted").run_once(
        "planted",
        {"connections": [*CONNECTIONS]},
        secrets={f"PLANTED_{name[7:]}": name for name in names[:9]},
        secret_files=names[9:],
    )


def await_line(run, line, *, seconds=60):
    until = time.monotonic() + seconds
    while line not in [each.text for each in run.logs()]:
        assert time.monotonic() < until, [str(each) for each in run.logs(limit=5)]
        time.sleep(0.1)


def answers(server, ids):
    """Of every GET there is, of everything there is."""
    paths = server.get("/openapi.json").json()["paths"]
    for path in (path for path, methods in paths.items() if "get" in methods):
        wanted = [[*ids.get(part[1:-1], ["1"])] for part in path.split("/") if part.startswith("{")]
        for values in product(*wanted):
            place = iter(values)
            address = "/".join(next(place) if part.startswith("{") else part for part in path.split("/"))
            yield address, heard(server, address, {"text": "again"} if "search" in path else {})


def heard(server, address, query, *, seconds=2):
    """Some answers have no end: what comes before it is silent for a while."""
    content = b""
    with suppress(httpx2.ReadTimeout), server.stream("GET", address, params=query, timeout=seconds) as answer:
        for piece in answer.iter_bytes():
            content += piece
            if b": keep" in piece:
                break
    return content


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request, tmp_path):
    url = {} if request.param == "sqlite" else {"database_url": request.getfixturevalue("postgres").fresh_url()}
    with LiveServer(tmp_path, grace_seconds=1, **url) as running:
        yield running, {f"MACROPOD_{name.upper()}": value for name, value in url.items()}


def dumped(url):
    """Every row of every table, as it is stored."""
    database = Database(url)
    with database.read() as session:
        names = session.exec(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
        rows = [session.exec(text(f"SELECT * FROM {name}")).all() for (name,) in names]
    database.close()
    return repr([[tuple(row) for row in each] for each in rows])


def test_no_planted_value_is_found_in_anything_that_is_stored_told_or_backed_up(server, tmp_path):
    server, variables = server
    plant(server.client)
    task = order(server.client)
    (run,) = task.last_runs()
    await_line(run, "printed", seconds=120)
    assert f"values {len(VALUES)}" in [each.text for each in run.logs()]
    home = server.data_dir / "runs" / run.id / "home"
    assert files_with_values(server.data_dir, VALUES) == {}

    done = command(tmp_path, "rotate-key", **variables)
    assert done.returncode == 0, done.stderr
    (home / "go-on").touch()
    assert run.wait(60).status() == "failure"
    assert (run.reason, run.error.exception) == ("exit_code", "ValueError")
    again = [each.text for each in run.logs() if each.text.startswith("again")]
    assert len(again) == len(VALUES)
    assert all("***" in each for each in again)

    texts = "\n".join(each.text for each in run.logs()).encode()
    assert found_in(texts, VALUES) == []
    ids = {"run_id": [run.id], "task_id": [task.id], "orchestration_id": [task.orchestration_id]}
    ids["name"] = [*SECRETS, *CONNECTIONS]
    seen = dict(answers(server.rest, ids))
    assert len(seen) > 30
    assert {path: here for path, content in seen.items() if (here := found_in(content, VALUES))} == {}

    assert command(tmp_path, "backup", str(tmp_path / "a.backup"), "--with-key", **variables).returncode == 0
    backup = Backup(tmp_path / "a.backup")
    for name in backup.manifest.members:
        content = backup.read(name)
        assert found_in(zstandard.decompress(content) if name.endswith(".zst") else content, VALUES) == [], name
    assert "master.key" not in backup.manifest.members

    assert files_with_values(tmp_path, VALUES) == {}
    if url := variables.get("MACROPOD_DATABASE_URL"):
        assert found_in(dumped(url).encode(), VALUES) == []
    assert json.loads(json.dumps(run.lineage().to_dict()))["connections"] == [*CONNECTIONS]
