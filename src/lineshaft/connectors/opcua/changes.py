"""Values of nodes as changes, and the cursor over them. Pure.

A cursor holds, for each node, when its last value came about and what it was. A value that came about at
another time, or is another, is a change; its id follows from both, so polling and listening name it alike.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import msgspec
from asyncua import ua

from lineshaft.base.errors import Invalid
from lineshaft.base.text import text
from lineshaft.connectors.opcua.manifest import ResourceRule
from lineshaft.sdk.outcomes import Change

_DATA_VALUE: Final = 0x400
_OVERFLOW: Final = 0x80

Marks = dict[str, str]
"""Name of a node → mark of its last value."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one node."""

    node: str
    value: Any
    at: datetime | None
    status: str
    good: bool
    overflow: bool
    """The server threw values away before this one."""

    @property
    def mark(self) -> str:
        """What tells this value from others: when it came about, and what it is."""
        digest = hashlib.sha256(repr((self.value, self.status)).encode()).hexdigest()[:12]
        return f"{self.at.isoformat() if self.at is not None else '-'}/{digest}"


def reading_of(node: str, data: ua.DataValue) -> Reading:
    """Return what a data value says; its time is the source's, otherwise the server's."""
    status = data.StatusCode if data.StatusCode is not None else ua.StatusCode(ua.UInt32(0))
    bits = int(status.value)
    at = data.SourceTimestamp or data.ServerTimestamp
    if at is not None and at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    value = plain(data.Value.Value) if data.Value is not None else None
    overflow = bits & _DATA_VALUE != 0 and bits & _OVERFLOW != 0
    return Reading(node, value, at, str(status.name), status.is_good(), overflow)


def plain(value: Any) -> Any:
    """Return a value as FEEL has it: numbers as exact decimals, lists as lists, the rest as text."""
    if value is None or isinstance(value, bool | str | datetime):
        return value
    if isinstance(value, int):
        return Decimal(int(value))
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return str(value)


def change_of(rule: ResourceRule, reading: Reading, *, gap: bool) -> Change:
    """Return the event of one value; ``gap``: values before it were lost."""
    node = next(one for one in rule.nodes if one.name == reading.node)
    return Change(
        f"{rule.name}/{reading.node}/{reading.mark}" + ("/gap" if gap else ""),
        rule.types.get(str(reading.value), rule.type),
        node.of or reading.node,
        {
            "node": reading.node,
            "of": node.of or reading.node,
            "what": node.what or reading.node,
            "value": reading.value,
            "status": reading.status,
            "good": reading.good,
            "at": reading.at,
            "gap": gap,
        },
        reading.at,
    )


def news(readings: Iterable[Reading], marks: Mapping[str, str]) -> list[Reading]:
    """Return the readings that are not the last known ones."""
    return [reading for reading in readings if marks.get(reading.node) != reading.mark]


def encode_cursor(marks: Mapping[str, str]) -> bytes:
    """Return the cursor's bytes: versioned JSON."""
    return msgspec.json.encode({"v": 1, "marks": dict(sorted(marks.items()))})


def decode_cursor(cursor: bytes) -> Marks:
    """Return what a cursor says.

    Raises:
        Invalid: It is not a cursor of this connector.
    """
    try:
        raw = msgspec.json.decode(cursor)
        if raw["v"] != 1:
            raise KeyError("v")
        return {str(name): str(mark) for name, mark in raw["marks"].items()}
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError) as error:
        raise Invalid(
            text("Expected a cursor of the OPC UA connector", "游标不是 OPC UA 连接器的格式"),
            code="cursor_unreadable",
        ) from error
