"""Which secrets a task may name, and how its runs get them."""

import pytest
from macropod_server.domain.errors import Invalid
from macropod_server.domain.secret_wish import check_value, wanted_files, wanted_variables


@pytest.mark.parametrize(
    ("wish", "variables"),
    [
        ((), {}),
        (["TOKEN"], {"TOKEN": "TOKEN"}),
        (["db-password", "2fa"], {"db_password": "db-password", "_2fa": "2fa"}),
        ({"PGPASSWORD": "db-password"}, {"PGPASSWORD": "db-password"}),
        ({"A": "token", "B": "token"}, {"A": "token", "B": "token"}),
        (["token", "token"], {"token": "token"}),
    ],
)
def test_a_list_names_variables_after_their_secrets_and_an_object_names_both(wish, variables):
    assert wanted_variables(wish) == variables


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ({"PATH": "a"}, "PATH is not for secrets"),
        ({"LD_PRELOAD": "a"}, "LD_PRELOAD is not for secrets"),
        ({"MACROPOD_TOKEN": "a"}, "MACROPOD_TOKEN is not for secrets"),
        ({"pythonpath": "a"}, "pythonpath is not for secrets"),
        ({"A=B": "a"}, "'A=B' is no name of an environment variable"),
        ({"": "a"}, "'' is no name"),
        ({"A": "../b"}, "'../b' is no name of a secret"),
        (["a-b", "a.b"], "'a_b' would be of two secrets"),
        ([f"a{number}" for number in range(51)], "51 secrets; at most 50"),
    ],
)
def test_what_a_run_could_not_have_is_refused(wish, told):
    with pytest.raises(Invalid, match=told.replace(".", r"\.")):
        wanted_variables(wish)


@pytest.mark.parametrize("file", ["../x", "a/b", ".hidden", "", "a\0"])
def test_files_lie_in_their_folder(file):
    with pytest.raises(Invalid):
        wanted_files({file: "secret"})


@pytest.mark.parametrize("value", ["", "a\0b", "half \ud800", "x" * 65_537])
def test_a_value_that_cannot_be_handed_out_is_refused_without_telling_it(value):
    with pytest.raises(Invalid) as refusal:
        check_value(value)
    assert value[:3] not in refusal.value.message or not value
    assert check_value("x" * 65_536) == "x" * 65_536
