"""Which spawner built an environment; indexes for many runs."""

import sqlalchemy as sa

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


_OF_RUNS = {
    "ix_runs_listed": ["workspace_id", "created_at", "id"],
    "ix_runs_by_bundle": ["orchestration_id", "created_at", "id"],
    "ix_runs_by_kind": ["workspace_id", "kind", "created_at", "id"],
}
_PARTIAL = {
    "ix_runs_present_by_bundle": ("runs", "orchestration_id", "removed_at IS NULL"),
    "ix_tasks_to_settle": ("tasks", "id", "status = 'pending_kill'"),
    "ix_tasks_crash_loop": ("tasks", "id", "health = 'crash_loop'"),
}


def upgrade() -> None:
    with op.batch_alter_table("environments", schema=None) as batch_op:
        batch_op.add_column(sa.Column("spawner", sa.String(), nullable=True))
    for name, columns in _OF_RUNS.items():
        op.create_index(name, "runs", columns)
    for name, (table, column, where) in _PARTIAL.items():
        is_few = sa.text(where)
        op.create_index(name, table, [column], sqlite_where=is_few, postgresql_where=is_few)
    op.execute("UPDATE environments SET spawner = (SELECT spawner FROM runs WHERE runs.id = environments.name)")
