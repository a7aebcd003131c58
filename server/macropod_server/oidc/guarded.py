"""Requests to a provider go to its hosts alone, follow nothing, and take neither long nor much."""

import time
from collections.abc import Collection

import httpx2

from macropod_server.domain.addresses import is_loopback
from macropod_server.oidc.base import ProviderAway

CONNECT_SECONDS, ANSWER_SECONDS = 5, 15
_MOST_BYTES = 1024**2


class GuardedTransport(httpx2.BaseTransport):
    """`hosts` are those that may be asked; plain http is for the machine itself."""

    def __init__(self, inner: httpx2.BaseTransport, *, hosts: Collection[str]) -> None:
        self._inner = inner
        self._hosts = frozenset(hosts)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        check_address(str(request.url), hosts=self._hosts)
        request.headers["Accept-Encoding"] = "identity"
        try:
            answer = self._inner.handle_request(request)
        except httpx2.TransportError as error:
            raise ProviderAway(f"The provider at {request.url.host} does not answer: {type(error).__name__}.") from None
        try:
            return httpx2.Response(answer.status_code, headers=_kept(answer.headers), content=_whole(answer))
        finally:
            answer.close()

    def close(self) -> None:
        self._inner.close()


def check_address(text: str, *, hosts: Collection[str] | None = None) -> None:
    """Raises `ProviderAway` for one that is not https, or names another host."""
    try:
        url = httpx2.URL(text)
    except (httpx2.InvalidURL, TypeError):
        raise ProviderAway("The provider names an address that is none.") from None
    is_safe = url.scheme == "https" or (url.scheme == "http" and is_loopback(url.host))
    if not is_safe or url.userinfo:
        raise ProviderAway(f"The provider names an address at {url.host!r} that is not https.")
    if hosts is not None and url.host not in hosts:
        raise ProviderAway(
            f"The provider names an address at {url.host}, which is not its own host. If it should be asked, "
            "add that host to MACROPOD_OIDC_HOSTS."
        )


def _whole(answer: httpx2.Response) -> bytes:
    over_at, read = time.monotonic() + ANSWER_SECONDS, bytearray()
    try:
        for chunk in answer.iter_raw():
            read += chunk
            if len(read) > _MOST_BYTES:
                raise ProviderAway(f"The provider's answer is over {_MOST_BYTES:,} bytes.")
            if time.monotonic() > over_at:
                raise ProviderAway(f"The provider's answer took over {ANSWER_SECONDS} s.")
    except httpx2.TransportError as error:
        raise ProviderAway(f"The provider's answer broke off: {type(error).__name__}.") from None
    return bytes(read)


def _kept(headers: httpx2.Headers) -> dict[str, str]:
    return {"Content-Type": headers.get("content-type", "")}
