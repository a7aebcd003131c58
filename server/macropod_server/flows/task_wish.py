"""A task as it is asked for, before anything of it is stored. Its fields are named as in the table of tasks."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from macropod_server.domain.naming import sha256_hex
from macropod_server.domain.task import Missed, Overlap, TaskKind


@dataclass(frozen=True)
class TaskWish:
    """`timeout_seconds` counts from the start of main.py; None stands for no limit, or for what the settings say."""

    orchestration_id: str
    kind: TaskKind
    name: str
    json_args: dict[str, Any] = field(default_factory=dict)
    debug: bool = False

    schedule: str | Collection[str] | None = None
    timezone: str | None = None
    every_seconds: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    excluded_dates: Sequence[date] = ()
    jitter_seconds: int = 0
    overlap: Overlap = Overlap.ALLOW
    missed: Missed = Missed.LATEST
    missed_window_seconds: int = 3600
    missed_cap: int = 100
    pause_after_failures: int | None = None

    retries: int = 0
    retry_on: Sequence[str | int] = ()
    retry_delay_seconds: int = 10

    timeout_seconds: int | None = None
    start_timeout_seconds: int | None = None
    queue_timeout_seconds: int | None = None
    silence_timeout_seconds: int | None = None
    grace_seconds: int | None = None

    profile: str | None = None
    cpus: float | None = None
    memory_bytes: int | None = None
    pids: int | None = None
    gpus: int | None = None
    locks: Sequence[str] = ()
    secrets: Sequence[str] | Mapping[str, str] = ()
    secret_files: Sequence[str] | Mapping[str, str] = ()

    @property
    def fingerprint(self) -> str:
        """The same for the same wish, also from a client that does not know the newer fields."""
        said = {name: value for name, value in asdict(self).items() if value not in (None, [], (), 0, False)}
        return sha256_hex(json.dumps(said, sort_keys=True, default=_plain))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else list(value)
