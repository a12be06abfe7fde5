"""The trace that a call belongs to, for connectors whose protocol can carry it (W3C trace context)."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

TRACEPARENT: Final[ContextVar[str]] = ContextVar("traceparent", default="")
"""The header of the call under way in this task; ``""``: none."""
