"""Policies of tasks, lineage of runs, slots, events."""

import sqlalchemy as sa

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("orchestration_id", sa.String(length=36), nullable=False),
        sa.Column("task_id", sa.String(length=36), nullable=True),
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_events_workspace_id"), ["workspace_id"], unique=False)

    op.create_table(
        "pools",
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
        ),
        sa.PrimaryKeyConstraint("workspace_id", "name"),
    )
    op.create_table(
        "slots",
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=210), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["runs.id"],
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
        ),
        sa.PrimaryKeyConstraint("workspace_id", "name", "number"),
    )
    with op.batch_alter_table("slots", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_slots_run_id"), ["run_id"], unique=False)

    with op.batch_alter_table("installation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("key_digest", sa.String(length=64), nullable=True))

    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("cause", sa.String(length=40), nullable=False, server_default="ordered"))
        batch_op.add_column(sa.Column("requested_by", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("first_run_id", sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column("rerun_of", sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column("lease", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("environment", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("image", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("spawner", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("runner_version", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("stop_requested_by", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("stop_reason", sa.String(length=40), nullable=True))
        batch_op.create_index("ix_runs_first", ["first_run_id"], unique=False)
        batch_op.create_index(
            "ix_runs_present",
            ["task_id", "status"],
            unique=False,
            sqlite_where=sa.text("removed_at IS NULL"),
            postgresql_where=sa.text("removed_at IS NULL"),
        )

    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("health", sa.String(length=40), nullable=False, server_default="healthy"))
        batch_op.add_column(sa.Column("debug", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("every_seconds", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("excluded_dates", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("jitter_seconds", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("overlap", sa.String(length=40), nullable=False, server_default="allow"))
        batch_op.add_column(sa.Column("missed", sa.String(length=40), nullable=False, server_default="latest"))
        batch_op.add_column(sa.Column("missed_window_seconds", sa.Integer(), nullable=False, server_default="3600"))
        batch_op.add_column(sa.Column("missed_cap", sa.Integer(), nullable=False, server_default="100"))
        batch_op.add_column(sa.Column("pause_after_failures", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("retries", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("retry_on", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("retry_delay_seconds", sa.Integer(), nullable=False, server_default="10"))
        batch_op.add_column(sa.Column("start_timeout_seconds", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("queue_timeout_seconds", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("silence_timeout_seconds", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("grace_seconds", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("profile", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("cpus", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("memory_bytes", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("pids", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("gpus", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("locks", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("failures_in_a_row", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("paused_by", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("pause_reason", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("created_by", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("kill_asked_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("kill_asked_by", sa.String(), nullable=True))

    with op.batch_alter_table("ticks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reason", sa.Text(), nullable=True))
        batch_op.create_index("ix_ticks_created", ["created_at"], unique=False)
        batch_op.create_index("ix_ticks_run", ["run_id"], unique=False)

    with op.batch_alter_table("workspaces", schema=None) as batch_op:
        batch_op.add_column(sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("paused_by", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("pause_reason", sa.Text(), nullable=True))

    op.execute("UPDATE runs SET cause = 'packaging' WHERE kind = 'packaging'")
    op.execute("UPDATE runs SET cause = 'schedule' WHERE due_at IS NOT NULL")
    op.execute("UPDATE runs SET lease = 1 WHERE claimed_at IS NOT NULL")
