"""What a connector answers. What it raises stands in ``lineshaft.base.errors`` (``ConnectorError``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, TypedDict

from lineshaft.base.errors import ConnectorError, ExpressionError
from lineshaft.base.text import Text


@dataclass(frozen=True, slots=True)
class LineFact:
    """A line of a document as the target has it, and from which line it follows."""

    line: str
    item: str
    quantity: Decimal
    unit: str
    status: str = ""
    amount: Decimal | None = None
    currency: str | None = None
    from_line: str = ""
    """The line it follows from, in the document that ``DocumentFact.follows`` names."""


@dataclass(frozen=True, slots=True)
class DocumentFact:
    """A document that stands in a system now: the evidence of a write, or what an event told.

    ``follows`` names the document it follows from as ``system/kind/local id``; with it the chain of
    documents grows line to line.
    """

    kind: str
    number: str
    local_id: str
    status: str = ""
    source_version: int = 0
    lines: tuple[LineFact, ...] = ()
    follows: str | None = None
    cause: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A call went through. ``answer`` is what a process gets as variables.

    ``repeated`` tells that the target had done it before (it knew our key): nothing happened twice.
    """

    answer: Mapping[str, Any] = field(default_factory=dict)
    number: str | None = None
    documents: tuple[DocumentFact, ...] = ()
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """The result of one item of a batch write: an outcome, or the error that decides what follows."""

    outcome: Outcome | None = None
    error: ConnectorError | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One record that was made or changed in a system."""

    id: str
    """Stable for this very change: the hub takes it in once per (source, id)."""
    type: str
    """Event type, e.g. ``crm.sales_order.confirmed``."""
    subject: str
    """The record's own id or number."""
    data: Mapping[str, Any]
    occurred_at: datetime | None = None
    documents: tuple[DocumentFact, ...] = ()
    """The documents that this change tells about, for the chain of documents."""
    problem: Text | None = None
    """The record could not be read: why. ``data`` then says where it stands and what stood there."""
    doubt: Text | None = None
    """What it tells about documents could not be read: why. The record itself could, and is carried."""
    is_record: bool = True
    """Not so: it tells of the reading itself, such as the end of a file; no flow carries it."""


class Told(TypedDict):
    """What a change tells about documents; two of the fields of ``Change``."""

    documents: tuple[DocumentFact, ...]
    doubt: Text | None


def told_by(read: Callable[[], tuple[DocumentFact, ...]]) -> Told:
    """Return what ``read`` finds, or why it finds nothing.

    A changed record is an event all the same: one that a rule did not think of stops neither itself nor those
    behind it.
    """
    try:
        return {"documents": read(), "doubt": None}
    except ExpressionError as error:
        return {"documents": (), "doubt": error.message}


@dataclass(frozen=True, slots=True)
class ChangePage:
    """What changed since a cursor. ``more`` asks to read on at once."""

    changes: tuple[Change, ...]
    cursor: bytes
    more: bool = False


@dataclass(frozen=True, slots=True)
class CheckStep:
    """One step of a connection test (name, TLS, login, read, write right, clock)."""

    name: Text
    ok: bool
    detail: Text


@dataclass(frozen=True, slots=True)
class ProductFact:
    """Which product stands behind a connection, and whether its connector was made for that version."""

    name: str
    version: str
    versions: tuple[str, ...]
    """Those that it was made for; ``15`` means 15 and every 15.x."""
    supported: bool
