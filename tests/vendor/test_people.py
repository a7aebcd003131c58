"""Log-in by password and on a device; workspaces, users and connections."""

import re

import httpx2
import pytest

from tests.browser import Browser
from tests.builders import a_zip
from tests.vendor.conftest import PASSWORD, SCRIPTS, facts_of, rows_of

ADA = {"WALLAROO_USER": "ada@example.org", "WALLAROO_PASSWORD": PASSWORD}


@pytest.fixture(scope="module")
def facts(vendor):
    hello = vendor.keep("hello.zip", a_zip())
    return vendor.play("people", **ADA, HELLO_ZIP=str(hello), ADMIN_TOKEN=vendor.server.token)


def test_who_logs_in_by_password_is_in_their_workspace(facts):
    assert (facts["me"], facts["current"], facts["owner"]) == ("ada@example.org", "default", ["ada@example.org"])


def test_workspaces_are_made_listed_and_found(facts):
    houses = facts["houses"]
    assert (houses["name"], houses["archived"], houses["current"]) == ("houses", False, "houses")
    assert (houses["models"], houses["pipelines"]) == ([], [])
    assert facts["workspaces"] == ["default", "houses"]
    assert (facts["found"], facts["made"]) == (True, "gardens")


def test_users_are_invited_found_shut_out_and_let_in(facts):
    assert facts["users"] == ["ada@example.org", "zoe@example.org"]
    assert (facts["zoe"], facts["by_id"]) == ("zoe@example.org", "ada@example.org")
    assert (facts["shut_out"], facts["let_in"]) == (False, True)


def test_members_are_added_and_removed(facts):
    assert facts["members"] == ["ada@example.org", "zoe@example.org"]
    assert facts["left"] == ["ada@example.org"]


def test_who_has_no_workspace_of_their_own_gets_one(facts):
    assert facts["of_zoe"]["workspaces"] == [facts["of_zoe"]["workspace"]] == ["zoe@example.org - Default Workspace"]
    assert facts["made_again"] == {"name": "zoe@example.org - Default Workspace 2", "is_another": True}


def test_connections_are_made_added_read_and_deleted(facts):
    details = {"host": "db", "password": "hush"}
    assert facts["connection"] == {"name": "warehouse", "type": "postgres", "details": details}
    known = {"all": ["warehouse"], "of_workspace": ["warehouse"], "workspaces": ["houses"], "details": details}
    assert facts["connections"] == known
    assert facts["unlinked"] == facts["deleted"] == []


def test_every_object_and_list_is_shown_in_a_notebook(facts):
    html = facts["html"]
    assert [row[0] for row in rows_of(html["workspaces"])] == ["default", "houses", "gardens"]
    assert ["Linked Workspaces", "['houses']"] in rows_of(html["connection"])
    assert rows_of(html["connections"])[0][:3] == ["warehouse", "postgres", "*****"]


def test_what_belongs_to_others_is_out_of_reach(facts):
    assert facts["tasks_of_zoe"] == []
    assert "Failed to find Task ID" in facts["refused"]["foreign task"]
    for what in ("foreign tasks", "foreign orchestrations", "foreign connection"):
        assert "Failed to" in facts["refused"][what]


def test_what_cannot_be_done_is_refused_with_a_reason_where_the_client_shows_one(facts):
    refused = facts["refused"]
    assert "already exists" in refused["taken connection"]
    assert "Failed to create workspace" in refused["taken workspace"]
    assert "Failed to create workspace" in refused["bad name"]
    assert "Failed to get connection" in refused["unknown connection"]
    assert "nobody@example.org" in refused["unknown user"]
    assert "cannot be removed" in refused["last owner"]
    assert "E-mail address or password is wrong." in refused["wrong password"]
    assert refused["invitation"] is not None
    assert refused["shut out"] is not None


@pytest.mark.parametrize("kind", ["AuthType.NONE", "test_auth"])
def test_who_does_not_log_in_gets_nothing(facts, kind):
    assert "This token is not known here" in facts["refused"][f"{kind} list"]
    for what in ("workspace", "user", "task"):
        assert facts["refused"][f"{kind} {what}"] is not None


def test_a_device_is_let_in_by_its_user(vendor):
    client = vendor.start(SCRIPTS / "device.py")
    page = next(found for line in client.stdout if (found := re.search(r"http\S+/device\?code=\S+", line)))[0]
    with httpx2.Client(base_url=vendor.server.url) as http:
        browser = Browser(http)
        browser.sign_in("ada@example.org", PASSWORD)
        browser.open(page)
        assert "Device signed in" in browser.send("/device", answer="approve").text
    facts = facts_of(client)
    assert facts == {"me": "ada@example.org", "workspace": "default", "again": True}
