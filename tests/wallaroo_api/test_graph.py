"""GraphQL: the operations of the vendor's client, and what else may be asked."""

import pytest
from graphql import build_client_schema, get_introspection_query, parse, validate

from tests.wallaroo_api.conftest import is_refused

ORCHESTRATION = (
    "query GetOrchestration($id: uuid!) { orchestration_by_pk(id: $id) { id sha status file_size created_at } }"
)
WORKSPACE = """query WorkspaceById($id: bigint!) { workspace_by_pk(id: $id) { archived created_at created_by id name
  users { user_id } models(order_by: {updated_at: desc}) { id models { id } } pipelines { id } } }"""
DEFAULT = """query UserDefaultWorkspace($user_id: String = "") {
  user_default_workspace(where: {user_id: {_eq: $user_id}}) { workspace { id name users { user_id } } } }"""
MAKE = """mutation CreateDefaultUserWorkspace($user_id: String!, $workspace_name: String!, $user_type: String,
    $user_email: String) {
  insert_workspace_one(object: {name: $workspace_name, owner_id: $user_id, created_by: $user_id,
      users: {data: {user_id: $user_id, user_type: $user_type}}, archived: false,
      user_default_workspaces: {data: {user_id: $user_id}}},
    on_conflict: {constraint: workspace_name_key, update_columns: []}) { id } }"""
REMOVE = """mutation DeleteWorkspaceUser($user_id: String!, $workspace_id: bigint!) {
  delete_workspace_users(where: {user_id: {_eq: $user_id}, _and: {workspace_id: {_eq: $workspace_id}}}) {
    affected_rows } }"""


def test_what_is_introspected_fits_the_operations_of_the_client(ada):
    schema = build_client_schema(ada.ask(get_introspection_query()).json()["data"])
    for operation in (ORCHESTRATION, WORKSPACE, DEFAULT, MAKE, REMOVE):
        problems = [each.message for each in validate(schema, parse(operation))]
        assert [each for each in problems if "is never used" not in each] == []


def test_an_orchestration_is_told(ada, orchestration_id):
    told = ada.ask(ORCHESTRATION, id=orchestration_id).json()["data"]["orchestration_by_pk"]
    assert (told["id"], told["status"], len(told["sha"])) == (orchestration_id, "ready", 64)
    assert isinstance(told["file_size"], int)


def test_what_there_is_not_is_null(ada):
    assert ada.ask(ORCHESTRATION, id="none").json() == {"data": {"orchestration_by_pk": None}}
    assert ada.ask(WORKSPACE, id=987).json() == {"data": {"workspace_by_pk": None}}


def test_a_workspace_is_told_with_its_members(ada):
    told = ada.ask(WORKSPACE, id=1).json()["data"]["workspace_by_pk"]
    assert (told["id"], told["name"], told["archived"]) == (1, "default", False)
    assert (len(told["users"]), told["models"], told["pipelines"]) == (1, [], [])
    assert told["created_by"] == told["users"][0]["user_id"]


def test_the_default_workspace_is_that_of_the_caller_whoever_is_asked_for(ada, caller):
    for user_id in ("", "somebody else"):
        (found,) = ada.ask(DEFAULT, user_id=user_id).json()["data"]["user_default_workspace"]
        assert found["workspace"]["id"] == 1
    (home,) = caller().ask(DEFAULT).json()["data"]["user_default_workspace"]
    assert home["workspace"]["name"].startswith("home of ")


def test_a_query_that_does_not_fit_is_answered_with_errors(ada):
    for query in ("{", "{ passwords }", "query($id: uuid!) { orchestration_by_pk(id: $id) { id } }", "{ a:: b }"):
        answer = ada.ask(query)
        assert answer.status_code == 200
        assert answer.json()["errors"]


@pytest.mark.parametrize("query", ["{ a" * 17 + "}" * 17, "{" + " a" * 1000 + "}"])
def test_a_query_is_bounded_before_it_is_looked_at(ada, query):
    assert "nested 16 deep at most" in is_refused(ada.ask(query), 400)


def test_introspection_in_circles_is_refused(ada):
    circle = "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }"
    assert ada.ask(circle).json()["errors"]


def test_a_long_body_is_refused(ada):
    is_refused(ada.ask("{ a }", padding="x" * 70_000), 413)


def test_what_the_server_cannot_do_now_is_no_answer(ada, played, orchestration_id, monkeypatch):
    from macropod_server.db import orchestrations
    from macropod_server.domain.errors import Unavailable

    def away(*_args, **_more):
        raise Unavailable("The database is away.")

    monkeypatch.setattr(orchestrations, "get", away)
    assert is_refused(ada.ask(ORCHESTRATION, id=orchestration_id), 503) == "The database is away."
