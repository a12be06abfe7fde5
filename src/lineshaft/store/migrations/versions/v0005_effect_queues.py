"""A queue of effects for each system, so that what waits for one of them is in nobody's way.

What is stuck and what goes wrong have indexes of their own, which ordinary effects never enter.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    """Put other indexes in the place of two, and add three."""
    is_open = "status IN ('intended', 'attempted', 'unknown')"
    at_rest = "status NOT IN ('intended', 'attempted', 'unknown')"
    for name in ("effect_open", "effect_by_time"):
        op.drop_index(name, "effect")
    op.create_index(
        "effect_open", "effect", ["tenant", "priority", "created_at", "id", "business_key"], **_where(is_open)
    )
    op.create_index(
        "effect_queue",
        "effect",
        ["tenant", "system", "priority", "created_at", "id", "due_at", "lane", "status"],
        **_where(is_open),
    )
    op.create_index(
        "effect_stuck",
        "effect",
        ["tenant", "system", "status", "created_at"],
        **_where("status IN ('parked', 'dead')"),
    )
    op.create_index(
        "effect_failing",
        "effect",
        ["tenant", "system", "attempted_at", "id"],
        **_where(f"{is_open} AND error_text IS NOT NULL"),
    )
    op.create_index("effect_by_time", "effect", ["tenant", "created_at", "id", "system"], **_where(at_rest))
