"""What has to be known of a provider of OpenID Connect, and who may come in through it."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from macropod_server.domain.addresses import is_loopback


class NoProvider(ValueError):
    """What was set cannot be used; the text says why, to go on after the name of the setting."""


@dataclass(frozen=True)
class OidcSettings:
    """`hosts` are those that the server asks; `domains` those of e-mail addresses that come in, empty for any."""

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    scopes: str = "openid email profile"
    name: str = ""
    hosts: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()

    def lets_in(self, email: str) -> bool:
        return not self.domains or email.rpartition("@")[2] in self.domains


def words(text: str) -> frozenset[str]:
    """Those between commas and spaces, in lower case."""
    return frozenset(text.lower().replace(",", " ").split())


def issuer_host(issuer: str) -> str:
    """Raises `NoProvider` for an address that is not https, but on the machine itself."""
    host = web_host(issuer)
    if not issuer.lower().startswith("https:") and not is_loopback(host):
        raise NoProvider("does not begin with https://; plain http is taken on the machine itself only")
    return host


def web_host(address: str) -> str:
    """Raises `NoProvider` for what is no address of a web server, or more than one."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    if not host or parts.scheme not in ("http", "https") or parts.query or parts.fragment or "@" in parts.netloc:
        raise NoProvider("is no address; it looks like https://macropod.example.org")
    return host
