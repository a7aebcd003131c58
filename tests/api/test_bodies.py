"""Requests that are too long, or not what they should be: refused early, and never with 500."""

import asyncio
import json
import tracemalloc

import pytest
from macropod_server.db.tables import Run
from macropod_server.domain.naming import run_token
from macropod_server.flows.start_run import start_runs

from tests.builders import a_zip, all_rows, make_task, runs_of, upload

MIB = 1024**2
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def runner(deps):
    """What a runner sends with its calls."""
    task = make_task(deps)
    start_runs(deps)
    return {"Authorization": f"Bearer {run_token(runs_of(deps, task)[0].id, key=deps.run_key)}"}


def part(name, content, *, more=""):
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + content + b"\r\n"


def send_form(client, content):
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    return client.post("/v1/orchestrations", content=content, headers=headers)


async def call(app, path, *, headers=()):
    """The status, and how many bytes of a flood were received before it was told."""
    taken, told = 0, []

    async def receive():
        nonlocal taken
        taken += MIB
        return {"type": "http.request", "body": b" " * MIB, "more_body": taken < 200 * MIB}

    async def send(message):
        told.append(message)

    head = [(b"transfer-encoding", b"chunked"), (b"content-type", b"application/json"), *headers]
    scope = {"type": "http", "method": "POST", "path": path, "headers": head, "query_string": b"", "app": app}
    scope |= {"http_version": "1.1", "scheme": "http", "server": ("testserver", 80), "root_path": ""}
    await app(scope, receive, send)
    return told[0]["status"], taken


@pytest.mark.parametrize("path", ["/v1/tasks", "/v1/orchestrations", "/v1/runner/lines", "/v1/runner/lock"])
def test_nothing_is_read_of_a_body_without_a_token(app, path):
    assert asyncio.run(call(app, path)) == (401, 0)


@pytest.mark.parametrize(
    ("path", "most"), [("/v1/tasks", 5 * MIB), ("/v1/runner/lines?first=1", 5 * MIB), ("/v1/runner/end", 2 * MIB)]
)
def test_a_flood_is_refused_once_it_is_over_the_limit(app, token, path, most):
    tracemalloc.start()
    status, taken = asyncio.run(call(app, path, headers=[(b"authorization", f"Bearer {token}".encode())]))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert status == 413
    assert taken <= most
    assert peak < 4 * most


def test_a_body_over_the_limit_is_refused_with_the_limit(client, runner):
    answer = client.post("/v1/runner/end", content=b" " * (MIB + 1), headers=runner | JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert "over the 1,048,576 bytes" in answer.json()["message"]


def test_arguments_up_to_their_limit_fit_also_when_they_are_escaped(client, deps):
    text = "ä" * (deps.settings.arguments_max_bytes // 2 - 10)
    wish = {"orchestration_id": upload(deps).id, "kind": "run_once", "name": "x", "json_args": {"a": text}}
    assert client.post("/v1/tasks", content=json.dumps(wish), headers=JSON).status_code == 201


def test_a_lock_of_many_lines_fits(client, runner):
    wish = {"digest": "0" * 64, "lock": "x==1\n" * 600_000, "python": "3.11", "platform": "linux"}
    assert client.post("/v1/runner/lock", json=wish, headers=runner).status_code != 413


def test_only_the_file_and_the_name_of_a_form_are_kept(client, deps):
    others = b"".join(part(f"other{number}", b"x" * 60_000) for number in range(10))
    form = part("file", a_zip(), more='; filename="a.zip"') + others + part("name", b"mine") + b"--x--\r\n"
    assert send_form(client, form).json()["name"] == "mine"


def test_a_form_of_many_parts_is_refused(client):
    answer = send_form(client, part("name", b"a") * 17 + b"--x--\r\n")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert "16 parts" in answer.json()["message"]


@pytest.mark.parametrize("start", [part("other", b"")[:-2], part("name", b"")[:-2], part("file", b"") + b"--x--\r\n"])
def test_a_form_with_an_endless_part_is_refused(client, deps, start):
    object.__setattr__(deps.settings, "upload_max_bytes", MIB)
    assert send_form(client, start + b" " * (3 * MIB)).status_code == 413


@pytest.mark.parametrize("name", ["a\nb", "x" * 201])
def test_a_name_of_an_upload_that_cannot_be_shown_is_refused(client, name):
    answer = client.post("/v1/orchestrations", files={"file": ("a.zip", a_zip())}, data={"name": name})
    assert (answer.status_code, answer.json()["details"][0]["where"]) == (422, "name")


def test_a_file_name_with_control_characters_is_refused(client):
    answer = send_form(client, part("file", a_zip(), more='; filename="a\x01b.zip"') + b"--x--\r\n")
    assert (answer.status_code, answer.json()["details"][0]["where"]) == (422, "file_name")


ODD_BODIES = [
    b"",
    b"{",
    b"\xff\xfe",
    b"[]",
    b"[" * 100_000,
    b'{"json_args": ' + b'{"a":' * 300 + b"1" + b"}" * 301,
    b'{"json_args": {"a": NaN}}',
    b'{"name": "\\ud800"}',
    b'{"\\ud800": 1}',
    b'{"kind": "\\ud800"}',
    b'{"json_args": {"a": ' + b"1" * 5000 + b"}}",
    b"{" + b",".join(b'"x%d": 1' % number for number in range(10_000)) + b"}",
]


@pytest.mark.parametrize("odd", ODD_BODIES, ids=range(len(ODD_BODIES)))
@pytest.mark.parametrize("path", ["/v1/tasks", "/v1/runner/end", "/v1/runner/lock"])
def test_an_odd_body_is_invalid_and_told_of_in_few_words(client, runner, path, odd):
    headers = JSON | (runner if "runner" in path else {})
    answer = client.post(path, content=odd, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert len(answer.content) < 50_000


@pytest.mark.parametrize("value", ['{"a":' * 300 + "1" + "}" * 300, '{"a": NaN}', '{"a": 1e999}', '{"\\ud800": 1}'])
def test_arguments_that_are_no_json_make_no_task(client, deps, value):
    body = f'{{"orchestration_id": "{upload(deps).id}", "kind": "run_once", "name": "x", "json_args": {value}}}'
    answer = client.post("/v1/tasks", content=body, headers=JSON)
    assert (answer.status_code, answer.json()["details"][0]["where"]) == (422, "json_args")
    assert client.get("/v1/tasks").json()["items"] == []


@pytest.mark.parametrize(
    "spoil",
    [
        {"exit_code": 2**31},
        {"exit_code": -(2**31) - 1},
        {"signal": "x" * 41},
        {"peak_memory_bytes": 2**63},
        {"cpu_seconds": -1},
        {"lines": -1},
        {"reason": "boredom"},
    ],
)
def test_an_end_with_values_out_of_range_is_refused(client, runner, spoil):
    assert client.post("/v1/runner/end", json={"reason": "completed"} | spoil, headers=runner).status_code == 422


def test_an_end_is_recorded_whatever_its_message_holds(client, deps, runner):
    message = json.dumps("a\0b\ud800" + "x" * 20_000)
    body = f'{{"reason": "exit_code", "exit_code": 1, "message": {message}}}'
    assert client.post("/v1/runner/end", content=body, headers=runner | JSON).status_code == 204
    (run,) = all_rows(deps, Run)
    assert run.message.startswith("a�b�xxx")
    assert len(run.message) == 10_000


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        ({"name": ""}, "The name is empty; give 1 to 200 characters."),
        ({"name": "x" * 201}, "The name has 201 characters; give 1 to 200."),
        ({"name": 5}, "The field name is 5; it takes a text."),
        (
            {"kind": "run_never"},
            "The field kind is 'run_never'; it takes 'run_once', 'run_scheduled' or 'run_continuously'.",
        ),
        ({"timeout_seconds": 0}, "The field timeout_seconds is 0; the least is 1."),
        ({"timeout_seconds": "10"}, "The field timeout_seconds is '10'; it takes a whole number."),
        ({"json_args": [1]}, "The field json_args is a collection; it takes an object."),
        ({"colour": "red"}, "There is no field colour; check its spelling."),
        ({"orchestration_id": None}, "The field orchestration_id is None; it takes a text."),
    ],
)
def test_a_wrong_field_is_told_in_a_sentence(client, spoil, told):
    wish = {"orchestration_id": "x", "kind": "run_once", "name": "x"} | spoil
    answer = client.post("/v1/tasks", json=wish).json()
    assert answer["message"] == told
    assert answer["details"][0]["message"] == told


def test_missing_fields_are_all_named(client):
    told = client.post("/v1/tasks", json={}).json()["message"]
    assert told == " ".join(f"The field {name} is missing." for name in ("orchestration_id", "kind", "name"))
