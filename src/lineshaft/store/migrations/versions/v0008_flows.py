"""What flows know of records (the agreed state, open decisions), and what waits to be carried by them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"

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
        "flow_record",
        *_texts("tenant", "flow", "side", "key", "status"),
        sa.Column("at", MOMENT, nullable=False),
        *_texts("digest"),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "flow", "side", "key"),
        **_hot(70),
    )
    op.create_index(
        "flow_record_open",
        "flow_record",
        ["tenant", "flow", "status", "at", "key", "side"],
        **_where("status <> 'agreed'"),
    )
    op.create_table(
        "flow_item",
        *_texts("tenant", "flow", "id", "key", "status"),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        *_texts("side"),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "flow", "id"),
        **_hot(50),
    )
    op.create_index("flow_item_due", "flow_item", ["tenant", "flow", "at", "id"], **_where("status = 'due'"))
    op.create_index(
        "flow_item_waiting", "flow_item", ["tenant", "flow", "status", "key"], **_where("status <> 'due'")
    )
