"""What people sign in with is in no log of a server, whatever they do with it."""

import httpx2

from tests.live_server import LiveServer

EMAIL, PASSWORD, WRONG = "ada@example.org", "correct horse battery", "hunter2-hunter2"


def test_neither_passwords_nor_tokens_are_in_the_log_of_a_server(tmp_path):
    with LiveServer(tmp_path, admin_email=EMAIL, admin_password=PASSWORD) as server:
        with httpx2.Client(base_url=server.client.url) as http:
            told, begun = sign_in_and_out(http)
        secrets = [PASSWORD, WRONG, told["access_token"], told["refresh_token"], begun["device_code"]]
        secrets += [told["access_token"].split(".")[1], http.cookies["macropod"], "not-a-token"]
        log = (tmp_path / "server.log").read_text()
    assert "server_started" in log
    assert [each for each in secrets if each in log] == []


def sign_in_and_out(http):
    """Well, badly, and in ways nobody foresaw."""
    told = http.post("/v1/session", json={"email": EMAIL, "password": PASSWORD}).json()
    bodies = [{"email": EMAIL, "password": WRONG}, {"email": EMAIL, "password": [WRONG]}, {"password": WRONG}, [WRONG]]
    for body in bodies:
        answer = http.post("/v1/session", json=body)
        assert (answer.status_code in (401, 422), WRONG in answer.text) == (True, False)
    assert WRONG not in http.post("/v1/session", content=b'{"password": "' + WRONG.encode()).text
    for token in (told["refresh_token"], "not-a-token"):
        http.post("/v1/session/refresh", json={"refresh_token": token})
    for path in ("/v1/info", "/v1/sessions"):
        for token in (told["access_token"], told["refresh_token"], "not-a-token"):
            http.get(path, headers={"Authorization": f"Bearer {token}"})
    page = http.get("/sign-in").text
    word = page.partition('name="word" value="')[2].partition('"')[0]
    for password in (WRONG, PASSWORD):
        http.post("/sign-in", data={"email": EMAIL, "password": password, "word": word})
    begun = http.post("/v1/session/device").json()
    http.post("/v1/session/device/token", json={"device_code": begun["device_code"]})
    http.get("/v1/info", headers={"Authorization": f"Bearer {told['access_token']}x"})
    http.delete("/v1/session", headers={"Authorization": f"Bearer {told['access_token']}"})
    return told, begun
