"""create the tags"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "tags_1"
down_revision = None
branch_labels = ("tags",)
depends_on = ("notes_1",)


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "tags_tag",
        sa.Column("note_id", sa.Integer, sa.ForeignKey("note.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("name", sa.String(40), primary_key=True),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("tags_tag")
