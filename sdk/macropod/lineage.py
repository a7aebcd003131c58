"""What made a run what it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from macropod.answers import Answer, fields, reading
from macropod.tables import NOTHING, moment
from macropod.values import ShownValue, Value


@dataclass(frozen=True)
class Attempt(Value):
    """One run among the attempts at the same thing: why it was made and how it ended."""

    run_id: str
    attempt: int
    cause: str
    status: str
    reason: str | None
    message: str | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True)
class GivenSecret(Value):
    """Which version of a secret a run was given."""

    name: str
    version: int


@dataclass(frozen=True)
class Lineage(ShownValue):
    """What made a run what it is.

    run_id, orchestration_id, task_id, task_name   which run it is; no task for packaging
    bundle_sha256    SHA-256 of the zip, `lock_digest` of its requirements with versions and hashes (None without)
    image, spawner, runner_version   where it ran; None before it was started, and for what has none
    arguments        the JSON arguments
    secrets, connections   what it was given: secrets by name and version, connections by name
    cause, requested_by   why it was made, and who asked for it
    due_at           when it was due, an aware datetime; None for a run without a schedule
    first_run_id, rerun_of   of a retry the first attempt, of a rerun the run it repeats
    attempts         this run, those before it and those after, in their order
    """

    run_id: str
    bundle_sha256: str
    lock_digest: str | None
    image: str | None
    spawner: str | None
    runner_version: str | None
    arguments: Mapping[str, Any]
    secrets: tuple[GivenSecret, ...]
    connections: tuple[str, ...]
    orchestration_id: str
    task_id: str | None
    task_name: str | None
    cause: str
    requested_by: str | None
    due_at: datetime | None
    first_run_id: str | None
    rerun_of: str | None
    attempts: tuple[Attempt, ...]

    @classmethod
    def _of(cls, answer: Answer) -> Self:
        with reading("lineage"):
            lists = {
                "attempts": tuple(Attempt._of(each) for each in answer["attempts"]),
                "secrets": tuple(GivenSecret._of(each) for each in answer["secrets"]),
                "connections": tuple(answer["connections"]),
            }
            return cls(**fields(cls, answer) | lists)

    def to_dict(self) -> dict[str, Any]:
        """As the REST API says it: times as ISO 8601 texts."""
        lists = {"attempts": self.attempts, "secrets": self.secrets}
        told = {name: [each.to_dict() for each in values] for name, values in lists.items()}
        return super().to_dict() | told | {"connections": list(self.connections)}

    def _facts(self) -> list[tuple[str, str]]:
        return [
            ("run id", self.run_id),
            ("cause", self.cause),
            ("asked for by", self.requested_by or NOTHING),
            ("due at", moment(self.due_at)),
            ("orchestration id", self.orchestration_id),
            ("sha of the zip", self.bundle_sha256),
            ("digest of the lock", self.lock_digest or NOTHING),
            ("task id", self.task_id or NOTHING),
            ("task name", self.task_name or NOTHING),
            ("json args", json.dumps(self.arguments, ensure_ascii=False)),
            *((f"secret {each.name}", f"version {each.version}") for each in self.secrets),
            *((("connections", ", ".join(self.connections)),) if self.connections else ()),
            ("spawner", self.spawner or NOTHING),
            ("image", self.image or NOTHING),
            ("runner", self.runner_version or NOTHING),
            ("rerun of", self.rerun_of or NOTHING),
            *((f"attempt {each.attempt}", f"{each.run_id} {_end(each)}") for each in self.attempts),
        ]


def _end(attempt: Attempt) -> str:
    return f"{attempt.status}, {attempt.reason}" if attempt.reason else attempt.status
