"""Documents know the firm they are for, and are found by it and by their time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

CHARACTERS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the columns and their indexes."""
    op.add_column("document", sa.Column("party", CHARACTERS, nullable=True))
    op.add_column("document", sa.Column("party_code", CHARACTERS, nullable=True))
    op.create_index("document_by_time", "document", ["tenant", "created_at", "id"])
    where = sa.text("party IS NOT NULL")
    op.create_index(
        "document_by_party",
        "document",
        ["tenant", "party", "party_code", "created_at", "id"],
        sqlite_where=where,
        postgresql_where=where,
    )
