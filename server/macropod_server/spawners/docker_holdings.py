"""What one installation has on a Docker Engine besides running containers, known by its label and by its names."""

from collections.abc import Iterable
from typing import Any

from macropod_server.spawners.base import Holding, HoldingKind
from macropod_server.spawners.docker_container import INSTALLATION_LABEL, RUN_LABEL, Names


def label_filter(names: Names) -> dict[str, str]:
    return {"label": f"{INSTALLATION_LABEL}={names.installation_id}"}


def volume_names(api: Any, names: Names) -> list[str]:
    return [each["Name"] for each in api.volumes(filters=label_filter(names))["Volumes"] or []]


def named_after(prefix: str, volumes: Iterable[str]) -> list[str]:
    """What follows the prefix in those names that have it."""
    return [name.removeprefix(prefix) for name in volumes if name.startswith(prefix)]


def holdings(api: Any, names: Names) -> list[Holding]:
    """The engine reckons sizes only when it is asked for all of its things at once."""
    used = api.df()
    containers = [
        Holding("container", each["Labels"][RUN_LABEL], _size(each.get("SizeRw")))
        for each in used["Containers"] or []
        if _is_ours(each, names)
    ]
    volumes = [_volume(each, names) for each in used["Volumes"] or [] if _is_ours(each, names)]
    networks = [Holding("network", each["Name"], 0) for each in api.networks(filters=label_filter(names))]
    return containers + volumes + networks


def _volume(facts: dict[str, Any], names: Names) -> Holding:
    kinds: dict[HoldingKind, str] = {
        "files of a run": names.home(""),
        "environment": names.environment(""),
    }
    name, size = facts["Name"], _size((facts.get("UsageData") or {}).get("Size"))
    for kind, prefix in kinds.items():
        if name.startswith(prefix):
            return Holding(kind, name.removeprefix(prefix), size)
    return Holding("package cache", name, size)


def _is_ours(facts: dict[str, Any], names: Names) -> bool:
    return bool((facts.get("Labels") or {}).get(INSTALLATION_LABEL) == names.installation_id)


def _size(size: int | None) -> int | None:
    """The engine says -1 where it does not know."""
    return None if size is None or size < 0 else size
