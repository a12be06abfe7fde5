"""Records of departments, and events of a type.

A record may be about a document of one department: an alert is seen by those who see the document. Events of
a rare type are found among each other, not among all, and so are the rows of a small department; firms
without departments have nothing in those indexes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add column and index; what was recorded before stays with whoever sees all departments."""
    characters = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.add_column("record", sa.Column("department", characters, nullable=True))
    op.create_index("event_by_type", "event", ["type", "tenant", "received_at", "source", "id"])
    where = sa.text("department IS NOT NULL")
    for table, *columns in (
        ("event", "received_at", "source", "id"),
        ("instance", "started_at", "id"),
        ("effect", "created_at", "id"),
        ("document", "created_at", "id"),
    ):
        op.create_index(
            f"{table}_by_department",
            table,
            ["department", "tenant", *columns],
            sqlite_where=where,
            postgresql_where=where,
        )
