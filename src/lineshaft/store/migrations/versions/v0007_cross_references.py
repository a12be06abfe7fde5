"""Cross-references with state, author, department and history; records that wait for a reference."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"

CHARACTERS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.Integer().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, CHARACTERS, nullable=False) for name in names]


def upgrade() -> None:
    """Add columns and tables."""
    # An older program writes rows without these columns while both work on the database.
    op.add_column("binding", sa.Column("state", CHARACTERS, nullable=False, server_default="several"))
    op.add_column("binding", sa.Column("bound_by", CHARACTERS, nullable=False, server_default=""))
    op.add_column("binding", sa.Column("department", CHARACTERS, nullable=True))
    op.create_index("binding_by_time", "binding", ["tenant", "bound_at", "local_id"])
    op.create_index(
        "binding_only",
        "binding",
        ["tenant", "object_type", "object_id", "system"],
        unique=True,
        **_where("state = 'only'"),
    )
    op.create_table(
        "binding_change",
        *_texts("tenant", "id", "object_type", "object_id"),
        sa.Column("at", MOMENT, nullable=False),
        *_texts("what", "by", "system", "local_id", "other", "why"),
        sa.Column("department", CHARACTERS, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("binding_change_by_time", "binding_change", ["tenant", "at", "id"])
    op.create_index(
        "binding_change_by_object", "binding_change", ["object_id", "object_type", "tenant", "at", "id"]
    )
    op.create_index(
        "binding_change_by_other",
        "binding_change",
        ["other", "object_type", "tenant", "at", "id"],
        **_where("what = 'merged'"),
    )
    op.create_table(
        "parked",
        *_texts("tenant", "id", "reference"),
        sa.Column("lane", WHOLE, nullable=False),
        *_texts("kind"),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("parked_at", MOMENT, nullable=False),
        *_texts("owner", "subject"),
        sa.Column("business_key", CHARACTERS, nullable=True),
        sa.Column("department", CHARACTERS, nullable=True),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("priority", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("parked_by_reference", "parked", ["reference", "tenant", "created_at", "id"])
