"""Where address and token come from, and that a token never goes to a server it was not kept for."""

import json
from pathlib import Path

import pytest
from macropod import Invalid, NoCredentials
from macropod.credentials import (
    Credentials,
    credentials_path,
    find_credentials,
    keep_workspace,
    save_credentials,
)

HERE, THERE = "http://here:8085", "https://there"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"MACROPOD_CREDENTIALS": str(tmp_path / "kept" / "credentials.json")}


def keep(environ: dict[str, str], url: str, token: str) -> None:
    save_credentials(Credentials(url, token), credentials_path(environ))


def test_arguments_win_over_the_environment_and_that_over_the_file(environ: dict[str, str]) -> None:
    keep(environ, HERE, "from file")
    assert find_credentials(None, None, environ=environ) == Credentials(HERE, "from file")
    environ |= {"MACROPOD_URL": f"{THERE}/", "MACROPOD_TOKEN": "from environment"}
    assert find_credentials(None, None, environ=environ) == Credentials(THERE, "from environment")
    assert find_credentials(HERE, "given", environ=environ) == Credentials(HERE, "given")


def test_a_token_is_only_used_with_the_server_it_was_kept_for(environ: dict[str, str]) -> None:
    keep(environ, HERE, "from file")
    assert find_credentials(f"{HERE}/", None, environ=environ).token == "from file"
    with pytest.raises(NoCredentials, match=f"No token is known for {THERE}"):
        find_credentials(THERE, None, environ=environ)
    environ |= {"MACROPOD_URL": HERE, "MACROPOD_TOKEN": "of this run"}
    with pytest.raises(NoCredentials):
        find_credentials(THERE, None, environ=environ)


def test_where_the_token_came_from_is_remembered(environ: dict[str, str]) -> None:
    keep(environ, HERE, "from file")
    assert environ["MACROPOD_CREDENTIALS"] in find_credentials(HERE, None, environ=environ).origin
    assert "given" in find_credentials(HERE, "given", environ=environ).origin
    environ |= {"MACROPOD_TOKEN": "from environment"}
    assert "MACROPOD_TOKEN" in find_credentials(HERE, None, environ=environ).origin


def test_an_address_in_the_environment_finds_its_token_in_the_file(environ: dict[str, str]) -> None:
    keep(environ, HERE, "from file")
    assert find_credentials(None, None, environ=environ | {"MACROPOD_URL": HERE}).token == "from file"


def test_without_anything_the_error_says_what_to_do(environ: dict[str, str]) -> None:
    with pytest.raises(NoCredentials) as refused:
        find_credentials(None, None, environ=environ)
    assert "macropod login" in refused.value.message
    assert "macropod-server token --save" in refused.value.message
    assert environ["MACROPOD_CREDENTIALS"] in refused.value.message


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"url": 3, "token": "x"}', "\x00"])
def test_a_damaged_file_is_named_but_only_when_it_is_needed(environ: dict[str, str], text: str) -> None:
    path = credentials_path(environ)
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(NoCredentials, match="cannot be read"):
        find_credentials(None, None, environ=environ)
    assert find_credentials(HERE, "given", environ=environ).token == "given"


def test_only_the_user_may_read_what_is_kept(environ: dict[str, str]) -> None:
    keep(environ, HERE, "old")
    keep(environ, HERE, "new")
    path = credentials_path(environ)
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text()) == {"url": HERE, "token": "new"}
    assert [each.name for each in path.parent.iterdir()] == ["credentials.json"]


def test_the_file_is_among_the_users_settings_unless_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert credentials_path({}) == tmp_path / ".config/macropod/credentials.json"
    assert credentials_path({"XDG_CONFIG_HOME": "/settings"}) == Path("/settings/macropod/credentials.json")


def test_an_address_without_its_scheme_is_refused(environ: dict[str, str]) -> None:
    with pytest.raises(Invalid, match="must begin with http"):
        find_credentials("localhost:8085", "token", environ=environ)


def test_a_token_is_not_shown_by_accident() -> None:
    assert "secret" not in repr(Credentials(HERE, "secret"))


def test_a_kept_workspace_goes_with_the_kept_token(environ: dict[str, str]) -> None:
    path = credentials_path(environ)
    keep(environ, HERE, "from file")
    keep_workspace("7", path, url=HERE)
    assert find_credentials(None, None, environ=environ).workspace == "7"
    assert find_credentials(HERE, "given", environ=environ).workspace == ""
    assert find_credentials(None, None, environ=environ, workspace="given").workspace == "given"
    environ |= {"MACROPOD_WORKSPACE": "of environment"}
    assert find_credentials(None, None, environ=environ).workspace == "of environment"
    with pytest.raises(Invalid, match="keeps no token"):
        keep_workspace("7", path, url=THERE)
