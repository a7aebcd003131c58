"""What was uploaded, and what was installed for it."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, String, Text
from sqlmodel import Field, SQLModel

from macropod_server.db.columns import Word
from macropod_server.db.tables.fields import Id, instant
from macropod_server.domain.flavor import Flavor
from macropod_server.domain.task import (
    EnvironmentStatus,
    OrchestrationStatus,
)


class Environment(SQLModel, table=True):
    """Installed requirements, one row per digest of lock, Python and platform."""

    __tablename__ = "environments"

    digest: str = Field(sa_type=String(64), primary_key=True)
    name: str = Field(sa_type=Id, unique=True, description="id of the packaging run that builds or built it")
    status: EnvironmentStatus = Field(sa_type=Word(EnvironmentStatus))
    lock: str = Field(sa_type=Text)
    python: str
    platform: str
    spawner: str | None = Field(default=None, description="which kind of spawner built it")
    created_at: datetime = instant()
    archive_sha256: str | None = Field(
        default=None, sa_type=String(64), description="its bytes in the storage, where the spawner does not keep it"
    )
    archive_bytes: int | None = Field(default=None, sa_type=BigInteger)


class Orchestration(SQLModel, table=True):
    __tablename__ = "orchestrations"

    id: str = Field(sa_type=Id, primary_key=True)
    workspace_id: int = Field(foreign_key="workspaces.id", index=True)
    owner_id: str | None = Field(default=None, sa_type=Id, description="id of the user who uploaded it")
    name: str | None
    file_name: str | None
    sha256: str = Field(sa_type=String(64), index=True)
    size_bytes: int = Field(sa_type=BigInteger)
    entry_point: str = Field(sa_type=Text)
    requirements: str | None = Field(sa_type=Text)
    warnings: list[str] = Field(default_factory=list, sa_type=JSON)
    status: OrchestrationStatus = Field(sa_type=Word(OrchestrationStatus))
    message: str | None = Field(default=None, sa_type=Text)
    flavor: Flavor = Field(default=Flavor.PLAIN, sa_type=Word(Flavor), description="of its runs")
    packaging_run_id: str | None = Field(default=None, sa_type=Id)
    environment: str | None = Field(default=None, foreign_key="environments.digest")
    created_at: datetime = instant()
    updated_at: datetime = instant()
    deleted_at: datetime | None = instant(default=None)
