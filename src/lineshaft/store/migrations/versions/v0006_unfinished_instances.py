"""Instances of a process that have not completed are found among each other, not among all."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the index."""
    where = sa.text("status <> 'completed'")
    op.create_index(
        "instance_unfinished",
        "instance",
        ["process_id", "status", "tenant", "started_at", "id"],
        sqlite_where=where,
        postgresql_where=where,
    )
