"""Traces: which calls belong together, told to the targets and to a collector.

Everything of one business key is one trace: its id is the digest of tenant and key, so that nothing has to be
stored, a restart continues the same trace, and all workers agree. A call's span has the id of its effect and
attempt; the target is given it as ``traceparent`` (W3C trace context) and continues from it. A trace that
came with an event is linked to the span of its intake.

A span says what was done, where, how long and how it ended; never what was in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, Literal, Protocol

SpanKind = Literal["intake", "call"]
_PARENT: Final = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class Span:
    """One piece of work that is over. Times are nanoseconds since 1970, UTC."""

    trace_id: str
    span_id: str
    name: str
    kind: SpanKind
    began_ns: int
    ended_ns: int
    error: str = ""
    """Class of the failure; ``""``: it went well."""
    attributes: Mapping[str, str | int] = field(default_factory=dict)
    link: str = ""
    """``traceparent`` of whoever caused it."""


class Spans(Protocol):
    """Takes spans; never waits and never raises."""

    def add(self, span: Span) -> None:
        """Take a span."""
        ...


def trace_id(tenant: str, key: str) -> str:
    """Return the trace of a business key (of an instance where it has none)."""
    return blake2b(f"{tenant}\0{key}".encode(), digest_size=16, person=b"lineshaft-trace").hexdigest()


def span_id(name: str, attempt: int = 0) -> str:
    """Return the id of a piece of work."""
    return blake2b(f"{name}\0{attempt}".encode(), digest_size=8, person=b"lineshaft-span").hexdigest()


def traceparent(trace: str, span: str) -> str:
    """Return the header by which a target continues a trace."""
    return f"00-{trace}-{span}-01"


def parts(given: str) -> tuple[str, str] | None:
    """Return trace and span of a ``traceparent``; ``None`` where it is none."""
    found = _PARENT.fullmatch(given.strip().lower())
    if found is None or not found[1].strip("0") or not found[2].strip("0"):
        return None
    return found[1], found[2]
