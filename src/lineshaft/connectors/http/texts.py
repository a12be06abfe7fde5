"""Values as they stand in a header, a query, a form or a path. Pure."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any


def as_text(value: Any) -> str:
    """Return a value as it stands in a header, a query or a path; decimals plain, null empty."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)
