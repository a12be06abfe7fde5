"""Fewer index entries for each effect.

An effect stands in the index of what is open or in those by time and by key, not in both; the effects of an
instance are found by their ids, which have always begun with the instance's.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    """Put other indexes in the place of four."""
    for name in ("effect_open", "effect_by_instance", "effect_by_business_key", "effect_by_time"):
        op.drop_index(name, "effect")
    at_rest = "status NOT IN ('intended', 'attempted', 'unknown')"
    op.create_index(
        "effect_by_business_key",
        "effect",
        ["business_key", "tenant", "created_at", "id"],
        **_where(f"business_key IS NOT NULL AND {at_rest}"),
    )
    op.create_index("effect_by_time", "effect", ["tenant", "created_at", "id"], **_where(at_rest))
    op.create_index(
        "effect_open",
        "effect",
        ["tenant", "priority", "created_at", "id", "due_at", "lane", "system", "business_key"],
        **_where("status IN ('intended', 'attempted', 'unknown')"),
    )
