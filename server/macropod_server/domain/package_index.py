"""The settings of pip and uv that packaging is given: where packages come from and whom to trust."""

from collections.abc import Mapping
from dataclasses import dataclass

VARIABLES = (
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_TRUSTED_HOST", "PIP_CERT"),
    *("UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_NO_INDEX"),
    *("UV_INSECURE_HOST", "UV_INDEX_STRATEGY", "UV_OFFLINE", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
)
CERTIFICATES = ("PIP_CERT", "SSL_CERT_FILE")

_NAMES_OF_UV = {
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_EXTRA_INDEX_URL": "UV_INDEX",
    "PIP_TRUSTED_HOST": "UV_INSECURE_HOST",
    "PIP_CERT": "SSL_CERT_FILE",
}
_YES = frozenset({"1", "true", "yes", "on", "y", "t"})
_FILES = frozenset({*CERTIFICATES, "SSL_CERT_DIR"})
_PLACES = frozenset(name for name in VARIABLES if "INDEX" in name or "FIND_LINKS" in name) - {
    "PIP_NO_INDEX",
    "UV_NO_INDEX",
    "UV_INDEX_STRATEGY",
}


@dataclass(frozen=True)
class PackageIndex:
    """Variables as the server was given them, and the certificates (PEM) they name."""

    variables: Mapping[str, str]
    certificates: str = ""


@dataclass(frozen=True)
class Handed:
    """What one packaging run is handed. `notes` are sentences for its log."""

    variables: dict[str, str]
    certificates: str | None = None
    notes: tuple[str, ...] = ()


def handed(index: PackageIndex, *, sees_files: bool) -> Handed:
    """A container does not see the server's files: certificates are handed as text, local places are left out."""
    if sees_files:
        return Handed(dict(index.variables))
    kept, notes = {}, []
    for name, value in index.variables.items():
        remote = _remote_part(name, value)
        if remote:
            kept[name] = remote
        if remote != value and name not in _FILES:
            notes.append(
                f"{name} of the server names a place on its own machine, which containers do not see: left out."
            )
    return Handed(kept, index.certificates or None, tuple(notes))


def in_words_of_uv(index: PackageIndex) -> dict[str, str]:
    """The variables with those of pip added under uv's names; what is given under uv's own names wins."""
    given = index.variables
    told = {name: given[pip] for pip, name in _NAMES_OF_UV.items() if given.get(pip)}
    if given.get("PIP_FIND_LINKS"):
        told["UV_FIND_LINKS"] = ",".join(given["PIP_FIND_LINKS"].split())
    if given.get("PIP_NO_INDEX", "").lower() in _YES:
        told["UV_NO_INDEX"] = "1"
    return {**told, **given}


def _remote_part(name: str, value: str) -> str:
    if name in _FILES:
        return ""
    if name not in _PLACES:
        return value
    separator = "," if name == "UV_FIND_LINKS" else " "
    return separator.join(place for place in value.replace(",", separator).split(separator) if _is_remote(place))


def _is_remote(place: str) -> bool:
    scheme, found, _ = place.partition("://")
    return bool(found) and scheme.rpartition("=")[2].lower() != "file"
