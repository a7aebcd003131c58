"""The pages in a real browser, on a phone and without scripts: one device let in, from its code to the end."""

import os
import shutil

import httpx2
import pytest
from playwright.sync_api import sync_playwright

from tests.live_server import LiveServer

EMAIL, PASSWORD = "ada@example.org", "correct horse battery"


@pytest.fixture
def phone():
    """A page of it. Nothing that it loads may breach the policy of the pages."""
    chromium = shutil.which("chromium")
    if chromium is None:
        message = "Chromium is not installed; Debian's package `chromium` has it."
        (pytest.fail if os.environ.get("MACROPOD_TEST_REQUIRE_CHROMIUM") == "1" else pytest.skip)(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 360, "height": 640}, java_script_enabled=False)
        complaints = []
        page.on("console", lambda message: complaints.append(message.text))
        yield page
        browser.close()
    assert [each for each in complaints if "401" not in each] == []


def sign_in(page, password):
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_a_device_is_let_in_by_its_user_on_a_phone(tmp_path, phone):
    with LiveServer(tmp_path, admin_email=EMAIL, admin_password=PASSWORD) as server:
        http = httpx2.Client(base_url=server.client.url)
        begun = http.post("/v1/session/device").json()
        phone.goto(begun["verification_uri_complete"])
        sign_in(phone, "wrong wrong wrong")
        assert phone.get_by_role("alert").inner_text() == "E-mail address or password is wrong."
        sign_in(phone, PASSWORD)
        assert phone.get_by_label("Code").inner_text() == begun["user_code"]
        width = "document.documentElement.scrollWidth"
        assert phone.evaluate(width) <= 360
        phone.get_by_role("button", name="Yes, sign it in").click()
        assert phone.get_by_role("heading").inner_text() == "Device signed in"
        answer = http.post("/v1/session/device/token", json={"device_code": begun["device_code"]})
        assert answer.status_code == 200
        phone.goto(f"{server.client.url}/account")
        phone.get_by_role("button", name="Sign out").click()
        assert phone.get_by_role("heading").inner_text() == "Signed out"
        http.close()
