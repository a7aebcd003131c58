"""What is stored of the log of each ended run: what retention and the sums of a workspace are reckoned from."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, ForeignKey, Index, text
from sqlmodel import Field, SQLModel

from macropod_server.db.tables.fields import Id, instant

_UNMEASURED = text("bytes IS NULL")
_LEAVING = text("leaving_at IS NOT NULL")
_UNMOVED = text("moved_at IS NULL")


class RunLog(SQLModel, table=True):
    """One row per ended run with lines that are still there. How much there is gets measured after it was merged."""

    __tablename__ = "run_logs"
    __table_args__ = (
        Index("ix_run_logs_oldest", "workspace_id", "ended_at", "bytes"),
        Index("ix_run_logs_sums", "workspace_id", "task_id", "bytes", "text_bytes", "line_count", "bucket_bytes"),
        Index("ix_run_logs_unmeasured", "run_id", sqlite_where=_UNMEASURED, postgresql_where=_UNMEASURED),
        Index("ix_run_logs_leaving", "leaving_at", sqlite_where=_LEAVING, postgresql_where=_LEAVING),
        Index("ix_run_logs_unmoved", "ended_at", sqlite_where=_UNMOVED, postgresql_where=_UNMOVED),
    )

    run_id: str = Field(sa_column=Column(Id, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True))
    workspace_id: int
    task_id: str | None = Field(default=None, sa_type=Id)
    ended_at: datetime = instant()
    bytes: int | None = Field(default=None, sa_type=BigInteger, description="as it is stored, compressed")
    text_bytes: int | None = Field(default=None, sa_type=BigInteger)
    line_count: int | None = Field(default=None, sa_type=BigInteger)
    bucket_bytes: int = Field(default=0, sa_type=BigInteger, description="those of `bytes` that lie in the bucket")
    moved_at: datetime | None = instant(default=None)
    leaving_at: datetime | None = instant(default=None)
