"""Which spawner built an environment."""

import sqlalchemy as sa

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("environments", schema=None) as batch_op:
        batch_op.add_column(sa.Column("spawner", sa.String(), nullable=True))
    op.execute("UPDATE environments SET spawner = (SELECT spawner FROM runs WHERE runs.id = environments.name)")
