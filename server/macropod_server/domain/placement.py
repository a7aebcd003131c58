"""Where a cluster is to place the container of a run, and what its objects carry; others ignore it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

OWN_PREFIX = "macropod."
"""Labels that begin so are the server's."""

_TOLERATION = {"key": str, "operator": str, "value": str, "effect": str, "tolerationSeconds": int}
_OPERATORS = ("Exists", "Equal")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


@dataclass(frozen=True)
class Placement:
    """The words are those of Kubernetes. Nothing said: as the cluster does without being asked."""

    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Mapping[str, Any], ...] = ()
    priority_class_name: str | None = None
    runtime_class_name: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    image_pull_secrets: tuple[str, ...] = ()

    def over(self, general: "Placement") -> "Placement":
        """This one, with what it does not say taken from the general one."""
        merged: dict[str, Any] = {}
        for name in (each.name for each in fields(self)):
            own, theirs = getattr(self, name), getattr(general, name)
            is_mapping = isinstance(own, Mapping)
            merged[name] = {**theirs, **own} if is_mapping else own or theirs
        return Placement(**merged)


ANYWHERE = Placement()


class NoPlacement(Exception):
    """What was written down is none. The message goes on after the name of where it stands."""


def read_placement(told: Any, where: str) -> Placement:
    """`where` ends the sentence of a refusal, such as “profile 'gpu'”. Raises `NoPlacement`."""
    if not isinstance(told, dict):
        raise NoPlacement(f"has {told!r} as placement of {where}; it takes a JSON object")
    if unknown := sorted(set(told) - set(_READERS)):
        raise NoPlacement(f"has {unknown[0]!r} in the placement of {where}; it takes {', '.join(_READERS)}")
    read: dict[str, Any] = {}
    for key, value in told.items():
        name, reader = _READERS[key]
        read[name] = reader(value, f"{key} of {where}")
    return Placement(**read)


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise NoPlacement(f"has {value!r} as {where}; it takes a text")
    return value


def _texts(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
        raise NoPlacement(f"has {value!r} as {where}; it takes a list of texts")
    return tuple(value)


def _pairs(value: Any, where: str) -> Mapping[str, str]:
    if not isinstance(value, dict) or not all(key and isinstance(each, str) for key, each in value.items()):
        raise NoPlacement(f"has {value!r} as {where}; it takes an object of texts")
    return value


def _labels(value: Any, where: str) -> Mapping[str, str]:
    if own := [key for key in _pairs(value, where) if key.startswith(OWN_PREFIX)]:
        raise NoPlacement(f"has {own[0]!r} in {where}; labels that begin with {OWN_PREFIX!r} are the server's own")
    return _pairs(value, where)


def _tolerations(value: Any, where: str) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(value, list) or not all(_is_toleration(each) for each in value):
        takes = f"a list of objects of {', '.join(_TOLERATION)}; operator: {' or '.join(_OPERATORS)}"
        raise NoPlacement(f"has {value!r} as {where}; it takes {takes}; effect: {', '.join(_EFFECTS)}")
    return tuple(value)


def _is_toleration(told: Any) -> bool:
    if not isinstance(told, dict) or not set(told) <= set(_TOLERATION):
        return False
    have_types = all(type(value) is _TOLERATION[key] for key, value in told.items())
    return have_types and told.get("operator", "Equal") in _OPERATORS and told.get("effect", "NoExecute") in _EFFECTS


_READERS: dict[str, tuple[str, Callable[[Any, str], Any]]] = {
    "nodeSelector": ("node_selector", _pairs),
    "tolerations": ("tolerations", _tolerations),
    "priorityClassName": ("priority_class_name", _text),
    "runtimeClassName": ("runtime_class_name", _text),
    "labels": ("labels", _labels),
    "annotations": ("annotations", _pairs),
    "imagePullSecrets": ("image_pull_secrets", _texts),
}
