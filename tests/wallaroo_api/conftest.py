"""The vendor's calls as they go over the wire, against the application in process."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.api.test_roles import add_person
from tests.builders import a_zip
from tests.sdk_server import PlayedServer


@dataclass
class Caller:
    """Posts as somebody."""

    played: PlayedServer
    token: str

    def post(self, path: str, body: Any = None, **more: Any) -> Any:
        return self.send("POST", f"/v1/api/{path}", json={} if body is None else body, **more)

    def get(self, path: str, **more: Any) -> Any:
        return self.send("GET", path, **more)

    def put(self, path: str, body: Any) -> Any:
        return self.send("PUT", path, json=body)

    def upload(self, content: bytes | None = None, *, metadata: Any = '{"workspace_id": 1, "name": "hello"}') -> Any:
        parts = {"file": ("hello.zip", a_zip() if content is None else content), "metadata": metadata}
        return self.send("POST", "/v1/api/orchestration/upload", files=parts)

    def made(self, path: str, **body: Any) -> str:
        answer = self.post(path, body)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def ask(self, query: str, **variables: Any) -> Any:
        return self.send("POST", "/v1/graphql", json={"query": query, "variables": variables})

    def send(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> Any:
        shown = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self.played.http.request(method, path, headers=shown | (headers or {}), **more)


@pytest.fixture
def played(tmp_path):
    with PlayedServer(tmp_path) as played:
        yield played


@pytest.fixture
def ada(played):
    """The admin, in the default workspace."""
    return Caller(played, played.token)


@pytest.fixture
def caller(played):
    def caller(role=None, **facts):
        return Caller(played, add_person(played.deps, role, **facts))

    return caller


@pytest.fixture
def nobody(played):
    return Caller(played, "")


@pytest.fixture
def orchestration_id(ada):
    return ada.upload().json()["id"]


@pytest.fixture
def task_id(ada, orchestration_id):
    return ada.made("task/run_once", orch_id=orchestration_id, workspace_id=1, name="once", json={"a": None})


def is_refused(answer, status):
    assert (answer.status_code, answer.json()["code"]) == (status, status), answer.text
    assert set(answer.json()) == {"msg", "code"}
    return answer.json()["msg"]
