"""Whose word about where a call came from is taken."""

import httpx2
import pytest

from tests.live_server import LiveServer


@pytest.mark.parametrize(
    ("trusted", "address"),
    [("", "127.0.0.1"), ("10.0.0.1, 127.0.0.0/8", "192.0.2.7"), ("10.0.0.1 10.1.0.0/16", "127.0.0.1")],
)
def test_a_proxy_is_believed_only_where_it_is_trusted(tmp_path, trusted, address):
    with LiveServer(tmp_path, trusted_proxies=trusted) as server:
        headers = {"Authorization": f"Bearer {server.token}", "X-Forwarded-For": "192.0.2.7"}
        httpx2.post(f"{server.url}/v1/workspace/pause", headers=headers).raise_for_status()
        (entry,) = server.client.audit_log()
        assert entry.address == address
