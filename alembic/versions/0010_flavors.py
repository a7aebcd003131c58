"""Which packages runs find besides their requirements."""

import sqlalchemy as sa

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table, column in (("orchestrations", "flavor"), ("workspaces", "default_flavor")):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column(column, sa.String(length=40), nullable=False, server_default="plain"))
