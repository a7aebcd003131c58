"""What is secret in the details of a connection."""

import pytest
from macropod_server.domain.connection_details import check_details, hidden_values, references, resolved
from macropod_server.domain.errors import Invalid

DETAILS = {
    "host": "db.example",
    "port": 5432,
    "password": "hunter22",
    "auth": {"token": "t0ken", "user": "ada", "codes": ["c0de-1", "c0de-2"]},
    "key": {"secret": "vault-key"},
    "url": "postgresql://ada:p%40ss-in-url@db.example/x",
    "use_token": True,
}


def test_a_reference_stands_for_the_value_of_its_secret():
    assert references(DETAILS) == {"vault-key"}
    assert resolved(DETAILS, {"vault-key": "v"}) == DETAILS | {"key": "v"}
    assert references({"a": [{"secret": "x"}, {"secret": 1}, {"secret": "y", "more": 1}]}) == {"x"}


def test_where_nobody_names_them_names_and_addresses_tell_what_is_secret():
    assert hidden_values(DETAILS, None) == ["hunter22", "p%40ss-in-url", "p@ss-in-url", "t0ken"]


@pytest.mark.parametrize(
    ("fields", "hidden"),
    [
        ([], []),
        (["port"], ["5432"]),
        (["auth"], ["ada", "c0de-1", "c0de-2", "t0ken"]),
        (["auth.codes"], ["c0de-1", "c0de-2"]),
        (["auth.codes.1", "host"], ["c0de-2", "db.example"]),
    ],
)
def test_where_fields_are_named_those_count_and_no_others(fields, hidden):
    assert hidden_values(DETAILS, fields) == hidden


@pytest.mark.parametrize(
    ("details", "fields", "where"),
    [
        ({"a": float("nan")}, None, "details"),
        ({"a": "\ud800hunter22"}, None, "details"),
        ({"a": "x" * 300_000}, None, "details"),
        ({"a": {"secret": "../x"}}, None, "details"),
        ({"password": "hunter22"}, ["pasword"], "secret_fields"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_no_value_told(details, fields, where):
    with pytest.raises(Invalid) as refusal:
        check_details(details, fields)
    assert refusal.value.problems[0].where == where
    assert "hunter22" not in refusal.value.message
