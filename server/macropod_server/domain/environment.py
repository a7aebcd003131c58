"""An environment as it travels through the storage."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EnvironmentArchive:
    sha256: str
    size_bytes: int
