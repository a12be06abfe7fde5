"""What every business object carries: its origin, five custom fields, and open extension fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any

import msgspec

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time with its zone; one without is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended:
    """Fields that a firm adds go from end to end without a change of code."""

    custom_1: str | None = None
    custom_2: str | None = None
    custom_3: str | None = None
    custom_4: str | None = None
    custom_5: str | None = None
    extensions: Mapping[str, Any] = field(default_factory=dict)
    """Fields by any name, of any plain value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sourced(Extended):
    """A record that some system keeps."""

    source_system: str = ""
    source_id: str = ""
    source_version: int = 0
    """The source's own version or sequence: the order of updates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted(Sourced):
    """A document with its days and where it belongs."""

    business_date: date
    posting_date: date | None = None
    organisation: str = ""
    """组织: the legal or selling unit."""
    ledger: str = ""
    """账套: the set of books it is posted to."""
    department: str | None = None
    remark: str = ""
