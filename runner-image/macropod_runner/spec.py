"""What the server asks of this run."""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple


class Spec(NamedTuple):
    run_id: str
    task_id: str | None
    orchestration_id: str
    entry_point: str
    requirements: str | None
    arguments: Mapping[str, object]
    timeout_seconds: int | None
    grace_seconds: float
    due_at: str | None
    attempt: int
    url: str
    next_line: int
    spool_max_bytes: int
    memory_bytes: int | None
    environment_variables: Mapping[str, str]
    certificates: str | None = None
    notes: Sequence[str] = ()
    bundle: str | None = None
    lock: Mapping[str, str] | None = None
    silence_timeout_seconds: float | None = None
    debug: bool = False
    traceparent: str | None = None
    environment: Mapping[str, Any] | None = None
    sends_environment: bool = False
    bundle_sha256: str | None = None
    bundle_url: str | None = None
    masked: Sequence[str] = ()
    secrets_given: int = 0
    secrets: Mapping[str, str] = MappingProxyType({})
    secret_files: Mapping[str, str] = MappingProxyType({})
    wallaroo: Mapping[str, str] | None = None


def read_spec(answer: bytes) -> Spec:
    """Fields of a newer server are passed over; what an older one does not know has a default."""
    told = json.loads(answer)
    return Spec(**{name: told[name] for name in Spec._fields if name in told or name not in Spec._field_defaults})
