"""Values that no client of the vendor sends are refused, and break nothing."""

import pytest

from tests.wallaroo_api.test_graph import ORCHESTRATION, REMOVE, WORKSPACE

ODD = [2**70, -1, 2**31, True, 1.5, "abc", "1", [], [1], {}, {"a": 1}]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("orchestration/list", "workspace_id"),
        ("workspaces/list_users", "workspace_id"),
        ("workspaces/remove_user", "workspace_id"),
        ("workspaces/add_user", "workspace_id"),
        ("connections/list", "workspace_id"),
        ("connections/add_to_workspace", "workspace_id"),
        ("task/list", "workspace_id"),
    ],
)
def test_what_is_no_id_of_a_workspace_is_refused(ada, path, field):
    body = {"id": "a", "user_id": "a", "connection_id": "a"}
    for value in ODD:
        assert ada.post(path, body | {field: value}).status_code in (400, 404), value


def test_nor_is_it_one_in_a_list_or_form(ada):
    for value in ODD:
        assert ada.post("orchestration/list_all", {"workspace_ids": [value]}).status_code == 400, value
    assert ada.upload(metadata='{"workspace_id": 1180591620717411303424}').status_code == 400


@pytest.mark.parametrize(
    ("query", "field"), [(WORKSPACE, "id"), (ORCHESTRATION, "id"), (REMOVE, "workspace_id"), (REMOVE, "user_id")]
)
def test_a_question_with_odd_values_is_answered(ada, query, field):
    for value in (*ODD, None, "a\0b"):
        answer = ada.ask(query, **{"user_id": "a", "workspace_id": 1} | {field: value})
        assert answer.status_code == 200, value


@pytest.mark.parametrize("literal", ["{a: 1}", str(2**70), "true", "[1]", '"abc"', "null"])
def test_a_question_with_odd_values_in_its_text_is_answered(ada, literal):
    for query in (
        f"{{ workspace_by_pk(id: {literal}) {{ id }} }}",
        f"{{ orchestration_by_pk(id: {literal}) {{ id }} }}",
        f"mutation {{ delete_workspace_users(where: {{workspace_id: {{_eq: {literal}}}}}) {{ affected_rows }} }}",
        "mutation { delete_workspace_users(where: {user_id: null, workspace_id: null}) { affected_rows } }",
    ):
        assert ada.ask(query).status_code == 200, query


@pytest.mark.parametrize("depth", [100, 300, 2000])
def test_a_deeply_nested_variable_is_answered_or_refused(ada, depth):
    where = '{"_and": [' * depth + "{}" + "]}" * depth
    query = "mutation M($where: workspace_users_bool_exp!) { delete_workspace_users(where: $where) { affected_rows } }"
    content = f'{{"query": "{query}", "variables": {{"where": {where}}}}}'
    answer = ada.send("POST", "/v1/graphql", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code < 500
