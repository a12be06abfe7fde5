"""Records of the hub's own house (people, tokens, answers …), facts to be told, and the audit log."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

CHARACTERS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.Integer().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, CHARACTERS, nullable=False) for name in names]


def _hot(fill: int) -> dict[str, Any]:
    return {
        "postgresql_with": {
            "fillfactor": fill,
            "autovacuum_vacuum_scale_factor": 0.02,
            "autovacuum_vacuum_cost_delay": 0,
        }
    }


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "record",
        *_texts("tenant", "kind", "id"),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        *_texts("owner", "state"),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "kind", "id"),
        **_hot(70),
    )
    op.create_index("record_by_time", "record", ["tenant", "kind", "at", "id"])
    op.create_index("record_by_owner", "record", ["tenant", "kind", "owner", "at", "id"])
    op.create_index(
        "record_due", "record", ["tenant", "kind", "owner", "due_at", "id"], **_where("due_at IS NOT NULL")
    )
    op.create_table(
        "fact",
        *_texts("tenant", "id", "kind", "subject"),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("department", CHARACTERS, nullable=True),
        sa.Column("seq", WHOLE, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id"),
        **_hot(60),
    )
    op.create_index("fact_new", "fact", ["tenant", "at", "id"], **_where("seq IS NULL"))
    op.create_index("fact_by_seq", "fact", ["tenant", "seq"], unique=True, **_where("seq IS NOT NULL"))
    op.create_table(
        "audit",
        *_texts("tenant"),
        sa.Column("seq", WHOLE, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        *_texts("action", "outcome", "actor", "subject_type", "subject", "address", "request_id"),
        sa.Column("detail", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        *_texts("digest", "chain"),
        sa.Column("erased_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "seq"),
    )
    op.create_index("audit_by_actor", "audit", ["actor", "tenant", "seq"])
    op.create_index("audit_by_subject", "audit", ["subject", "tenant", "seq"])
    op.create_table(
        "audit_head",
        *_texts("tenant"),
        sa.Column("seq", WHOLE, nullable=False),
        *_texts("chain"),
        sa.PrimaryKeyConstraint("tenant"),
        **_hot(50),
    )
