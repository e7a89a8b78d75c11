"""create the notes and the users"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "notes_1"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "note",
        sa.Column("id", sa.Integer, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("title", "body", "created", "updated")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "user",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("password", sa.Text, nullable=False),
        sa.Column("token", sa.Text, unique=True),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("user")
    op.drop_table("note")
