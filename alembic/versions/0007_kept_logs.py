"""Pinned runs, and what is stored of the log of each ended run.

Sizes of logs that are there already are measured by the servers, little by little.
"""

import sqlalchemy as sa

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ENDED = """
INSERT INTO run_logs (run_id, workspace_id, task_id, ended_at, bucket_bytes)
SELECT id, workspace_id, task_id, ended_at, 0 FROM runs WHERE ended_at IS NOT NULL
"""


def _index(name: str, columns: list[str], condition: str | None = None) -> None:
    where = sa.text(condition) if condition else None
    op.create_index(name, "run_logs", columns, sqlite_where=where, postgresql_where=where)


def upgrade() -> None:
    op.add_column("runs", sa.Column("pinned_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("runs", sa.Column("pinned_by", sa.String(), nullable=True))
    op.add_column("runs", sa.Column("log_removed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("runs", sa.Column("log_removed_for", sa.String(length=40), nullable=True))
    is_pinned = sa.text("pinned_at IS NOT NULL")
    op.create_index("ix_runs_pinned", "runs", ["workspace_id"], sqlite_where=is_pinned, postgresql_where=is_pinned)
    op.create_table(
        "run_logs",
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.String(length=36), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("text_bytes", sa.BigInteger(), nullable=True),
        sa.Column("line_count", sa.BigInteger(), nullable=True),
        sa.Column("bucket_bytes", sa.BigInteger(), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leaving_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id"),
    )
    op.execute(_ENDED)
    _index("ix_run_logs_oldest", ["workspace_id", "ended_at", "bytes"])
    _index("ix_run_logs_sums", ["workspace_id", "task_id", "bytes", "text_bytes", "line_count", "bucket_bytes"])
    _index("ix_run_logs_unmeasured", ["run_id"], "bytes IS NULL")
    _index("ix_run_logs_leaving", ["leaving_at"], "leaving_at IS NOT NULL")
    _index("ix_run_logs_unmoved", ["ended_at"], "moved_at IS NULL")
