"""Log-in by password and on a device; workspaces, users and connections."""

import re

import httpx2
import pytest

from tests.builders import a_zip
from tests.vendor.conftest import PASSWORD, SCRIPTS, facts_of

ADA = {"WALLAROO_USER": "ada@example.org", "WALLAROO_PASSWORD": PASSWORD}


@pytest.fixture(scope="module")
def facts(vendor):
    hello = vendor.keep("hello.zip", a_zip())
    return vendor.play("people", **ADA, HELLO_ZIP=str(hello))


def test_it(facts):
    import pprint

    pprint.pprint(facts)
    raise AssertionError


def test_a_device_is_let_in_by_its_user(vendor):
    client = vendor.start(SCRIPTS / "device.py")
    page = next(found for line in client.stdout if (found := re.search(r"http\S+user_code=\S+", line)))[0]
    code = page.partition("user_code=")[2]
    form = {"user_code": code, "email": "ada@example.org", "password": PASSWORD, "is_me": "yes"}
    assert httpx2.get(page).is_success
    assert httpx2.post(page.partition("?")[0], data=form).is_success
    facts = facts_of(client)
    assert facts == {"me": "ada@example.org", "workspace": "default", "again": True}
