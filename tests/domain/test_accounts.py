import pytest
from macropod_server.domain.accounts import workspace_name
from macropod_server.domain.errors import Invalid


@pytest.mark.parametrize("name", ["a", "Z9", "house-prices", "a--b", "x" * 63])
def test_names_of_workspaces(name):
    assert workspace_name(name) == name


@pytest.mark.parametrize("name", ["", "9a", "-a", "a-", "a b", "a_b", "é", "a\n", "x" * 64, "a/b", "a@b"])
def test_what_is_no_name_of_a_workspace(name):
    with pytest.raises(Invalid, match="no name for a workspace"):
        workspace_name(name)
