"""What of an engine's answers is told: nothing of others' things on that machine. No I/O."""

from typing import Any

from macropod_server.docker_gate.refusal import Refused
from macropod_server.docker_gate.rules import INSTALLATION_LABEL, RUN_LABEL, Call, is_of

_FACTS = ("NCPU", "MemTotal", "CpuCfsQuota", "PidsLimit")


def check_thing(call: Call, facts: Any, *, installation: str = "") -> None:
    """`facts` is what the engine says of the container, volume or network the call is about. Raises `Refused`."""
    facts = facts if isinstance(facts, dict) else {}
    labels = facts.get("Config", {}).get("Labels") if call.shape.kind == "container" else facts.get("Labels")
    if not is_of(labels, installation) or not _fits(call, labels):
        raise Refused(f"The {call.shape.kind} {call.name} is none of Macropod's.")


def _fits(call: Call, labels: dict[str, str]) -> bool:
    """Whether the name is one that things of this installation have."""
    match call.shape.kind:
        case "container":
            return call.name == f"macropod-{labels.get(RUN_LABEL)}"
        case "volume":
            return call.name.startswith(f"macropod-{labels[INSTALLATION_LABEL]}-")
        case _:
            return call.name == f"macropod-{labels[INSTALLATION_LABEL]}"


def told(call: Call, answer: Any, *, installation: str = "") -> Any:
    """What is passed on of an answer that is about the machine as a whole."""
    match call.path:
        case "/info":
            gpus: dict[str, Any] = {"nvidia": {}} if "nvidia" in (answer.get("Runtimes") or {}) else {}
            return {name: answer[name] for name in _FACTS if name in answer} | {"Runtimes": gpus}
        case "/system/df":
            return {kind: _ours(answer.get(kind), installation) for kind in ("Containers", "Volumes")}
        case _:
            return answer


def _ours(things: Any, installation: str) -> list[Any]:
    return [each for each in things or [] if is_of(each.get("Labels"), installation)]
