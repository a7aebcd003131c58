"""Whatever a provider names, only the hosts that the operator named are asked, and by https."""

import httpx2
import pytest
from macropod_server.oidc.base import ProviderAway
from macropod_server.oidc.guarded import GuardedTransport, check_address

HOSTS = {"login.example.org", "127.0.0.1"}
HOSTILE = [
    "http://login.example.org/keys",
    "ftp://login.example.org/keys",
    "file:///etc/passwd",
    "gopher://login.example.org/",
    "//login.example.org/keys",
    "login.example.org",
    "",
    "https://",
    "https://169.254.169.254/latest/meta-data",
    "https://10.0.0.1/",
    "https://[::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[fe80::1%25eth0]/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://localhost/",
    "https://localhost./",
    "https://login.example.org.evil.example/",
    "https://login.example.org@evil.example/",
    "https://evil.example#@login.example.org/",
    "https://evil.example\\@login.example.org/",
    "https://user:password@login.example.org/",
    "https://login.example.org\t.evil.example/",
    "https://login.example.org\n.evil.example/",
    "https://ｅｖｉｌ．example/",
    "https://login.example.org:x/",
    "javascript:alert(1)",
    "data:text/plain,x",
]


@pytest.mark.parametrize("address", HOSTILE)
def test_an_address_elsewhere_or_without_https_is_not_asked(address):
    with pytest.raises(ProviderAway):
        check_address(address, hosts=HOSTS)


@pytest.mark.parametrize(
    "address", ["https://login.example.org/keys", "HTTPS://Login.Example.ORG/keys", "http://127.0.0.1:1/keys"]
)
def test_its_own_hosts_are(address):
    check_address(address, hosts=HOSTS)


class Endless(httpx2.SyncByteStream):
    def __iter__(self):
        while True:
            yield b"x" * 100_000


def played(answer):
    inner = httpx2.MockTransport(lambda _request: answer)
    return httpx2.Client(transport=GuardedTransport(inner, hosts=HOSTS), follow_redirects=False)


def test_an_answer_without_end_is_cut_off():
    with played(httpx2.Response(200, stream=Endless())) as client, pytest.raises(ProviderAway, match="is over"):
        client.get("https://login.example.org/keys")


def test_nothing_but_the_kind_of_content_is_taken_from_the_head():
    answer = httpx2.Response(
        200, headers={"Set-Cookie": "a=b", "Content-Type": "application/json"}, stream=httpx2.ByteStream(b"{}")
    )
    with played(answer) as client:
        assert set(client.get("https://login.example.org/keys").headers) == {"content-type", "content-length"}
