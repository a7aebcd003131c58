"""Reads the settings once, from the environment and flags, and refuses what they cannot be."""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from macropod_server.domain.accounts import SHORTEST_PASSWORD, checked_password, email_address
from macropod_server.domain.addresses import networks
from macropod_server.domain.errors import Invalid
from macropod_server.domain.oidc_settings import NoProvider, web_host
from macropod_server.domain.package_index import CERTIFICATES, VARIABLES, PackageIndex
from macropod_server.domain.placement import NoPlacement, Placement, read_placement
from macropod_server.domain.profiles import NoProfiles, Profile, read_profiles
from macropod_server.domain.storage_url import ADDRESSINGS, NoStorageUrl, bucket_and_prefix, check_endpoint
from macropod_server.settings import MIB, Settings, credentials_file, data_dir

_PREFIX = "MACROPOD_"
_TAKES = {int: "a whole number", float: "a number"}
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
_READ_APART = ("package_index", "profiles", "kubernetes_placement")
_SHORTEST_KEY = 32


def read_settings(environ: Mapping[str, str] = os.environ, **flags: Any) -> Settings:
    """Settings from the environment; a flag that is not None wins. Raises `Invalid` naming the variable."""
    values: dict[str, Any] = {
        "data_dir": data_dir(environ),
        "credentials": credentials_file(environ),
        "package_index": _package_index(environ),
        "profiles": _profiles(environ),
        "kubernetes_placement": _placement(environ),
    }
    for each in fields(Settings):
        name = _PREFIX + each.name.upper()
        if flags.get(each.name) is not None:
            values[each.name] = flags[each.name]
        elif environ.get(name) and each.name not in _READ_APART:
            values[each.name] = _parse(name, environ[name].strip(), each.type)
    values["otel_endpoint"] = values.get("otel_endpoint") or _otel_endpoint(environ)
    settings = Settings(**values)
    for each in fields(Settings):
        _check_range(each.name, getattr(settings, each.name))
    _check_storage(settings)
    _check_admin(settings)
    _check_sign_in(settings)
    for name, takes in _CHOICES.items():
        if (value := getattr(settings, name)) not in takes:
            raise _refusal(name, f"is {value!r}; it takes {', '.join(takes)}")
    _check_keys(settings)
    return settings


def _check_keys(settings: Settings) -> None:
    for name, keys in (("secret_key", [settings.secret_key]), ("master_key", settings.master_key.split())):
        for key in filter(None, keys):
            if len(key) < _SHORTEST_KEY:
                raise _refusal(name, f"has {len(key)} characters; it takes {_SHORTEST_KEY} or more")
    if settings.master_key and settings.master_key_file:
        raise _refusal("master_key_file", "is set, and MACROPOD_MASTER_KEY too; give one of them")


def _check_range(setting: str, value: Any) -> None:
    # What is kept 0 days is kept for ever.
    least, most = _RANGES.get(setting, (0 if setting.startswith("keep_") else 1, math.inf))
    if isinstance(value, int | float) and not least <= value <= most:
        takes = f"{least:g} or more" if most == math.inf else f"{least:g} to {most:g}"
        raise _refusal(setting, f"is {value}; it takes {takes}")


def _check_admin(settings: Settings) -> None:
    try:
        setting = "admin_email"
        email_address(settings.admin_email)
        setting = "admin_password"
        checked_password(settings.admin_password or "-" * SHORTEST_PASSWORD)
    except Invalid as error:
        raise _refusal(setting, f"is refused: {error.message.removesuffix('.')}") from None


def _check_sign_in(settings: Settings) -> None:
    try:
        setting = "oidc_issuer"
        provider = settings.oidc
        setting = "public_url"
        if settings.public_url:
            web_host(settings.public_url)
    except NoProvider as error:
        raise _refusal(setting, f"is {getattr(settings, setting)!r}, which {error}") from None
    try:
        networks(settings.trusted_proxies)
    except ValueError as error:
        raise _refusal("trusted_proxies", f"is refused: {error}") from None
    if provider and not provider.client_id:
        raise _refusal("oidc_client_id", "is missing; MACROPOD_OIDC_ISSUER needs it")


def _check_storage(settings: Settings) -> None:
    try:
        setting = "storage_url"
        bucket_and_prefix(settings.storage_url)
        for setting in ("storage_endpoint", "storage_direct_endpoint"):
            if url := getattr(settings, setting):
                check_endpoint(url)
    except NoStorageUrl as error:
        raise _refusal(setting, str(error)) from None
    if settings.storage_addressing not in ADDRESSINGS:
        takes = ", ".join(ADDRESSINGS)
        raise _refusal("storage_addressing", f"is {settings.storage_addressing!r}; it takes {takes}")


def _refusal(setting: str, what: str) -> Invalid:
    name = _PREFIX + setting.upper()
    return Invalid.field(name, f"{name} {what}.")


def _otel_endpoint(environ: Mapping[str, str]) -> str:
    """Where the standard variables of OpenTelemetry send traces; whatever else they say its library reads itself."""
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return ""
    base = environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").rstrip("/")
    return environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or (f"{base}/v1/traces" if base else "")


def _profiles(environ: Mapping[str, str]) -> Mapping[str, Profile]:
    try:
        return read_profiles(environ.get("MACROPOD_PROFILES") or "{}")
    except NoProfiles as error:
        raise _refusal("profiles", str(error)) from None


def _placement(environ: Mapping[str, str]) -> Placement:
    try:
        return read_placement(json.loads(environ.get("MACROPOD_KUBERNETES_PLACEMENT") or "{}"), "all runs")
    except (NoPlacement, ValueError) as error:
        told = f"is no JSON: {error}" if isinstance(error, ValueError) else str(error)
        raise _refusal("kubernetes_placement", told) from None


def _package_index(environ: Mapping[str, str]) -> PackageIndex:
    variables = {name: environ[name] for name in VARIABLES if environ.get(name)}
    file = next((variables[name] for name in CERTIFICATES if name in variables), None)
    try:
        return PackageIndex(variables, Path(file).read_text() if file else "")
    except (OSError, UnicodeError) as error:
        raise Invalid.field("SSL_CERT_FILE", f"The certificates in {file} cannot be read: {error}.") from None


def _parse(name: str, text: str, kind: Any) -> Any:
    try:
        return kind(text)
    except ValueError:
        raise Invalid.field(name, f"{name} is {text!r}; it takes {_TAKES[kind]}.") from None
