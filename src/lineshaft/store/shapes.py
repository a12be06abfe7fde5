"""The shapes of rows and writes: their keys, their columns, and what no database could hold.

The three makes must refuse the same values: PostgreSQL knows no NUL character in a text, SQLite would take
any type in any column, an index entry has a greatest size. So the values are checked here, a whole column at
a time because this is on the hot path, before any database sees them. No SQL here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from itertools import chain
from operator import attrgetter
from types import UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from lineshaft.base.errors import BadRow
from lineshaft.base.text import Text, text
from lineshaft.store import rows, writes

Kind = Literal["text", "int", "bool", "time", "bytes", "texts"]

INTEGER_MAX: Final = 2**63 - 1
NAME_BYTES_MAX: Final = 200
"""A tenant, a system, a kind, a release, a digest; in UTF-8."""
KEY_BYTES_MAX: Final = 800
"""A business key, a document number, an id: 200 characters of any script, in UTF-8."""
PARTY_BYTES_MAX: Final = 600
"""The name or the number of a firm, as its system writes it: 150 characters of any script, in UTF-8."""
DOCUMENT_ID_BYTES_MAX: Final = 1_000
"""``system/kind/local id``, in UTF-8."""

KEYS: Final[dict[type, tuple[str, ...]]] = {
    rows.Event: ("tenant", "source", "id"),
    rows.Instance: ("tenant", "id"),
    rows.InstanceScope: ("tenant", "instance_id", "scope"),
    rows.Variable: ("tenant", "instance_id", "scope", "name"),
    rows.History: ("tenant", "instance_id", "seq", "at"),
    rows.Effect: ("tenant", "id"),
    rows.Job: ("tenant", "id"),
    rows.Subscription: ("tenant", "instance_id", "number"),
    rows.Message: ("tenant", "id"),
    rows.Task: ("tenant", "instance_id", "token"),
    rows.Incident: ("tenant", "instance_id", "number"),
    rows.DeadLetter: ("tenant", "id"),
    rows.SystemState: ("tenant", "system"),
    rows.Document: ("tenant", "id"),
    rows.DocumentLine: ("tenant", "document_id", "line"),
    rows.DocumentLink: ("tenant", "from_id", "from_line", "to_id", "to_line"),
    rows.Binding: ("tenant", "object_type", "system", "local_id"),
    rows.BindingChange: ("tenant", "id"),
    rows.Parked: ("tenant", "id"),
    rows.Cursor: ("tenant", "source"),
    rows.Release: ("tenant", "id"),
    rows.Definition: ("tenant", "release", "kind", "name"),
    rows.Record: ("tenant", "kind", "id"),
    rows.AuditEntry: ("tenant", "seq"),
    rows.AuditHead: ("tenant",),
    rows.Fact: ("tenant", "id"),
    rows.FlowRecord: ("tenant", "flow", "side", "key"),
    rows.FlowItem: ("tenant", "flow", "id"),
}
"""The columns by which a row of each class is found. An object may have several local ids in one system."""
KEPT: Final = {
    "created_at": ("stored", "excluded"),
    "business_key": ("excluded", "stored"),
    "payload": ("excluded", "stored"),
    "party": ("excluded", "stored"),
    "party_code": ("excluded", "stored"),
}
"""Columns of a document that are written again only where there is something to write: which side counts
first, and which where that one says nothing. ``excluded`` is the new row, as SQL calls it."""


def _key_getter(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    if len(names) > 1:
        return attrgetter(*names)
    only = attrgetter(*names)
    return lambda row: (only(row),)


_KEY_GETTERS: Final = {cls: _key_getter(names) for cls, names in KEYS.items()}

_NAMES: Final = frozenset(
    {
        "tenant",
        "system",
        "object_type",
        "release",
        "program",
        "digest",
        "from_line",
        "to_line",
        "status",
        "state",
        "flow",
        "side",
    }
)
_LONG_KEYS: Final = frozenset(
    {
        "instance_id",
        "parent_id",
        "process_id",
        "business_key",
        "order_key",
        "idempotency_key",
        "source",
        "key",
        "number",
        "local_id",
        "object_id",
        "reference",
        "assignee",
        "cause",
        "operation",
        "department",
        "line",
        "party",
        "party_code",
        "bound_by",
        "other",
    }
)
_LONG_IN: Final = {
    rows.Variable: {"name"},
    rows.Subscription: {"name"},
    rows.Message: {"name"},
    rows.Definition: {"kind", "name"},
    rows.Event: {"type"},
    rows.Record: {"owner", "state"},
    rows.Fact: {"subject"},
    rows.BindingChange: {"by"},
    rows.Parked: {"owner", "subject"},
    rows.AuditEntry: {"action", "outcome", "actor", "subject_type", "subject", "address", "request_id"},
}
_SHORT_IN: Final = {
    rows.Job: {"kind"},
    rows.Subscription: {"kind"},
    rows.Document: {"kind"},
    rows.Record: {"kind"},
    rows.Fact: {"kind"},
    rows.Parked: {"kind"},
    rows.BindingChange: {"what"},
}


def bytes_max(cls: type, name: str) -> int | None:
    """Return the greatest size of a text column in UTF-8 bytes, or ``None`` where it is only payload."""
    if name in {"from_id", "to_id", "document_id"} or (name == "id" and cls is rows.Document):
        return DOCUMENT_ID_BYTES_MAX
    if name in {"party", "party_code"}:
        return PARTY_BYTES_MAX
    if name in _NAMES or name in _SHORT_IN.get(cls, ()) or (name == "id" and cls is rows.Release):
        return NAME_BYTES_MAX
    if name == "id" or name in _LONG_KEYS or name in _LONG_IN.get(cls, ()):
        return KEY_BYTES_MAX
    return None


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a row or a write."""

    name: str
    kind: Kind
    nullable: bool
    bytes_max: int | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns of a row class or of a write, in the order of its fields."""

    cls: type
    columns: tuple[Column, ...]
    values: Callable[[Any], tuple[Any, ...]]
    """Takes the values out of an object, in the order of ``columns``."""
    fault: Callable[[Sequence[tuple[Any, ...]]], Text | None] = lambda _: None
    """Says what is wrong with sound columns as a whole."""

    def columnar(self, objects: Iterable[Any]) -> list[tuple[Any, ...]]:
        """Return the values of objects, a tuple for each column.

        Raises:
            BadRow: one of them holds a value that no make can store.
        """
        table = list(zip(*map(self.values, objects), strict=True))
        if not table:
            return [()] * len(self.columns)
        for column, values in zip(self.columns, table, strict=True):
            if not _sound(column, values):
                raise BadRow(_fault(self.cls, column, values))
        fault = self.fault(table)
        if fault is not None:
            raise BadRow(fault)
        return table


def _sound(column: Column, values: Sequence[Any]) -> bool:
    if column.nullable:
        values = [value for value in values if value is not None]
        if not values:
            return True
    try:
        return _CHECKS[column.kind](column, values)
    except (TypeError, UnicodeError, ValueError, AttributeError):
        return False


def _text_sound(column: Column, values: Sequence[str]) -> bool:
    joined = "".join(values)
    if "\0" in joined:
        return False
    limit = column.bytes_max
    if joined.isascii():
        return limit is None or len(joined) <= limit or max(map(len, values)) <= limit
    size = len(joined.encode())
    return limit is None or size <= limit or max(len(value.encode()) for value in values) <= limit


def _int_sound(column: Column, values: Sequence[int]) -> bool:
    return set(map(type, values)) == {int} and max(values) <= INTEGER_MAX and min(values) >= -INTEGER_MAX - 1


def _time_sound(column: Column, values: Sequence[datetime]) -> bool:
    # The hub's own times carry this one zone; only others are asked for their offset, one by one.
    return {value.tzinfo for value in values} == {UTC} or all(
        value.utcoffset() is not None for value in values
    )


def _bool_sound(column: Column, values: Sequence[bool]) -> bool:
    return set(map(type, values)) == {bool}


def _bytes_sound(column: Column, values: Sequence[bytes]) -> bool:
    return set(map(type, values)) == {bytes}


def _texts_sound(column: Column, values: Sequence[tuple[str, ...]]) -> bool:
    return set(map(type, values)) == {tuple} and _text_sound(column, list(chain.from_iterable(values)))


_CHECKS: Final[dict[str, Callable[[Column, Sequence[Any]], bool]]] = {
    "text": _text_sound,
    "int": _int_sound,
    "time": _time_sound,
    "bool": _bool_sound,
    "bytes": _bytes_sound,
    "texts": _texts_sound,
}


def _fault(cls: type, column: Column, values: Sequence[Any]) -> Text:
    bad = next((value for value in values if not _sound(column, (value,))), None)
    shown = ascii(bad)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    size = "" if column.bytes_max is None else f" of at most {column.bytes_max} bytes"
    size_zh = "" if column.bytes_max is None else f"（最多 {column.bytes_max} 字节）"
    return text(
        "Expected {kind}{size} in {table}.{column}, without NUL or lone surrogates, but got {shown}.",
        "{table}.{column} 应为 {kind}{size_zh}，且不得含空字符或不完整字符，但实际为 {shown}。",
        kind=_WORDS[column.kind],
        size=size,
        size_zh=size_zh,
        table=cls.__name__,
        column=column.name,
        shown=shown,
    )


_WORDS: Final = {
    "text": "text",
    "int": "a 64-bit integer",
    "bool": "true or false",
    "time": "a time with its zone",
    "bytes": "bytes",
    "texts": "a list of texts",
}


def _column(cls: type, name: str, hint: Any) -> Column:
    nullable = False
    if get_origin(hint) in (Union, UnionType):
        rest = [part for part in get_args(hint) if part is not type(None)]
        nullable = len(rest) < len(get_args(hint))
        hint = rest[0]
    origin = get_origin(hint)
    kinds: dict[Any, Kind] = {str: "text", int: "int", bool: "bool", datetime: "time", bytes: "bytes"}
    kind: Kind = "text" if origin is Literal else "texts" if origin is tuple else kinds[hint]
    return Column(name, kind, nullable, bytes_max(cls, name) if kind == "text" else None)


def _shape(cls: type) -> Shape:
    hints = get_type_hints(cls)
    names = [field.name for field in fields(cls)]
    columns = tuple(_column(cls, name, hints[name]) for name in names)
    return Shape(cls, columns, attrgetter(*names))


def ids_of_instance(instance_id: str) -> tuple[str, str]:
    """Return the first id that an effect of an instance may have, and the one that ends their range."""
    return instance_id, f"{instance_id}0"  # "0" is the character after "/"


def _effect_fault(table: Sequence[tuple[Any, ...]]) -> Text | None:
    """Find an effect that no read would find by its instance."""
    for effect_id, instance_id in zip(table[_EFFECT_ID], table[_EFFECT_INSTANCE], strict=True):
        if instance_id is not None and not f"{effect_id}/".startswith(f"{instance_id}/"):
            return text(
                "Expected the id of an effect of instance {instance} to begin with it and '/', but got {id}.",
                "实例 {instance} 的写入台账编号应以该实例编号加“/”开头，但实际为 {id}。",
                instance=instance_id,
                id=effect_id,
            )
    return None


_EFFECT_NAMES: Final = [each.name for each in fields(rows.Effect)]
_EFFECT_ID: Final = _EFFECT_NAMES.index("id")
_EFFECT_INSTANCE: Final = _EFFECT_NAMES.index("instance_id")

ROW_SHAPES: Final[dict[type, Shape]] = {cls: _shape(cls) for cls in KEYS}
"""The shape of every row class."""
ROW_SHAPES[rows.Effect] = replace(ROW_SHAPES[rows.Effect], fault=_effect_fault)

_BARE_WRITES: Final = (
    writes.RouteEvent,
    writes.UpdateInstance,
    writes.DeleteScope,
    writes.DeleteVariable,
    writes.UpdateEffect,
    writes.DeleteJob,
    writes.TakeJob,
    writes.DeleteSubscription,
    writes.DeleteMessage,
    writes.EndTask,
    writes.CloseIncident,
    writes.CloseDeadLetter,
    writes.DeleteRecord,
    writes.EraseAudit,
    writes.DeleteFact,
    writes.DeleteFlowItem,
    writes.DeleteBinding,
    writes.DeleteParked,
)
WRITE_SHAPES: Final[dict[type, Shape]] = {cls: _shape(cls) for cls in _BARE_WRITES}
"""The shape of every write that carries no row."""


def row_key(row: Any) -> tuple[Any, ...]:
    """Return the key of a row."""
    return _KEY_GETTERS[type(row)](row)


def fault_of(unit: writes.Unit) -> BadRow | None:
    """Return why a unit cannot be stored by any make, or ``None``."""
    for write in unit.writes:
        shape = WRITE_SHAPES.get(type(write))
        try:
            if shape is not None:
                shape.columnar((write,))
            else:
                row: Any = write.row  # type: ignore[union-attr]
                ROW_SHAPES[type(row)].columnar((row,))
        except BadRow as bad:
            return bad
    return None
