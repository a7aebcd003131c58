"""What settings may be, each by itself and together. Every refusal names the variable."""

import math
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from macropod_server.domain.accounts import SHORTEST_PASSWORD, checked_password, email_address
from macropod_server.domain.addresses import networks
from macropod_server.domain.errors import Invalid
from macropod_server.domain.oidc_settings import NoProvider, web_host
from macropod_server.domain.storage_url import ADDRESSINGS, NoStorageUrl, bucket_and_prefix, check_endpoint

if TYPE_CHECKING:
    from macropod_server.settings import Settings

MIB = 1024**2
PREFIX = "MACROPOD_"
_RANGES = {
    "port": (0, 65_535),
    "grace_seconds": (0, math.inf),
    "drain_seconds": (0, 3600),
    "run_cpus": (0.01, 100_000),
    "run_log_max_bytes": (MIB, math.inf),
    "kubernetes_ttl_seconds": (30, math.inf),
    "kubernetes_cpu_request_percent": (1, 100),
}
"""What numbers may be; all others are 1 or more."""

_ROLES = ("both", "api", "engine")
_PULL_POLICIES = ("IfNotPresent", "Always", "Never")
_CHOICES = {"role": _ROLES, "kubernetes_image_pull_policy": _PULL_POLICIES, "wallaroo": ("on", "off")}
_SHORTEST_KEY = 32


def check_settings(settings: "Settings") -> None:
    """Raises `Invalid`."""
    for each in fields(settings):
        _check_range(each.name, getattr(settings, each.name))
    _check_storage(settings)
    _check_admin(settings)
    _check_sign_in(settings)
    for name, takes in _CHOICES.items():
        if (value := getattr(settings, name)) not in takes:
            raise setting_refused(name, f"is {value!r}; it takes {', '.join(takes)}")
    _check_keys(settings)


def setting_refused(setting: str, what: str) -> Invalid:
    name = PREFIX + setting.upper()
    return Invalid.field(name, f"{name} {what}.")


def _check_keys(settings: "Settings") -> None:
    for name, keys in (("secret_key", [settings.secret_key]), ("master_key", settings.master_key.split())):
        for key in filter(None, keys):
            if len(key) < _SHORTEST_KEY:
                raise setting_refused(name, f"has {len(key)} characters; it takes {_SHORTEST_KEY} or more")
    if settings.master_key and settings.master_key_file:
        raise setting_refused("master_key_file", "is set, and MACROPOD_MASTER_KEY too; give one of them")


def _check_range(setting: str, value: Any) -> None:
    # What is kept 0 days is kept for ever.
    least, most = _RANGES.get(setting, (0 if setting.startswith("keep_") else 1, math.inf))
    if isinstance(value, int | float) and not least <= value <= most:
        takes = f"{least:g} or more" if most == math.inf else f"{least:g} to {most:g}"
        raise setting_refused(setting, f"is {value}; it takes {takes}")


def _check_admin(settings: "Settings") -> None:
    try:
        setting = "admin_email"
        email_address(settings.admin_email)
        setting = "admin_password"
        checked_password(settings.admin_password or "-" * SHORTEST_PASSWORD)
    except Invalid as error:
        raise setting_refused(setting, f"is refused: {error.message.removesuffix('.')}") from None


def _check_sign_in(settings: "Settings") -> None:
    try:
        setting = "oidc_issuer"
        provider = settings.oidc
        setting = "public_url"
        if settings.public_url:
            web_host(settings.public_url)
    except NoProvider as error:
        raise setting_refused(setting, f"is {getattr(settings, setting)!r}, which {error}") from None
    try:
        networks(settings.trusted_proxies)
    except ValueError as error:
        raise setting_refused("trusted_proxies", f"is refused: {error}") from None
    if provider and not provider.client_id:
        raise setting_refused("oidc_client_id", "is missing; MACROPOD_OIDC_ISSUER needs it")


def _check_storage(settings: "Settings") -> None:
    try:
        setting = "storage_url"
        bucket_and_prefix(settings.storage_url)
        for setting in ("storage_endpoint", "storage_direct_endpoint"):
            if url := getattr(settings, setting):
                check_endpoint(url)
    except NoStorageUrl as error:
        raise setting_refused(setting, str(error)) from None
    if settings.storage_addressing not in ADDRESSINGS:
        takes = ", ".join(ADDRESSINGS)
        raise setting_refused("storage_addressing", f"is {settings.storage_addressing!r}; it takes {takes}")
