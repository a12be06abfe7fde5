"""What a manifest of kind ``sql`` says, read and checked. Values only; nothing here touches a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lineshaft.connectors.sql.expressions import Expression
from lineshaft.sdk.spec import ConnectorSpec, FieldSpec

Dialect = Literal["sqlite", "postgresql", "mariadb", "sqlserver", "oracle"]
DIALECTS: tuple[Dialect, ...] = ("sqlite", "postgresql", "mariadb", "sqlserver", "oracle")

Action = Literal["insert", "upsert", "update", "select"]
ACTIONS: tuple[Action, ...] = ("insert", "upsert", "update", "select")

ColumnType = Literal["string", "number", "boolean", "date", "time", "date and time"]
COLUMN_TYPES: tuple[ColumnType, ...] = ("string", "number", "boolean", "date", "time", "date and time")


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """One column: its name for us, its name in the database, its FEEL type."""

    name: str
    column: str
    type: ColumnType


@dataclass(frozen=True, slots=True)
class TableRule:
    """One listed table. Nothing else of the database is ever touched."""

    name: str
    table: str
    """Its name in the database, with its schema before a dot where it is not the default one."""
    columns: Mapping[str, ColumnRule]
    key: tuple[str, ...]
    """The columns that tell its rows apart; a unique index must hold exactly these to write by them."""
    more_columns: bool = False
    """Columns that are not listed are no reason to stop (as long as they may be empty)."""
    writable: bool = False
    """Without it the table is only read."""


@dataclass(frozen=True, slots=True)
class LinesRule:
    """Rows of a second table, written with a row of the first one in the same transaction."""

    table: TableRule
    each: Expression
    values: Mapping[str, Expression]


@dataclass(frozen=True, slots=True)
class LinkedRows:
    """Rows of a second table, read with a row of the first one: ``by`` is its column → the first's."""

    table: TableRule
    by: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LineFactRule:
    """How the lines of a document are taken out."""

    each: Expression
    line: Expression
    item: Expression
    quantity: Expression
    unit: Expression
    status: Expression | None = None
    amount: Expression | None = None
    currency: Expression | None = None
    from_line: Expression | None = None


@dataclass(frozen=True, slots=True)
class DocumentRule:
    """How a document is taken out of a row."""

    kind: str
    number: Expression
    local_id: Expression
    when: Expression | None = None
    """Only where true."""
    status: Expression | None = None
    version: Expression | None = None
    follows: Expression | None = None
    cause: Expression | None = None
    fields: Mapping[str, Expression] = field(default_factory=dict)
    lines: LineFactRule | None = None


@dataclass(frozen=True, slots=True)
class OperationRule:
    """One operation on one listed table."""

    name: str
    table: TableRule
    action: Action
    timeout_s: float
    values: Mapping[str, Expression] = field(default_factory=dict)
    where: Mapping[str, Expression] = field(default_factory=dict)
    """For ``update`` and ``select``: columns that must equal these values."""
    only_while: Mapping[str, Expression] = field(default_factory=dict)
    """A row that is there already is only changed while these columns have these values."""
    key: tuple[str, ...] = ()
    """The columns by which a repeat is recognised."""
    key_column: str | None = None
    """The column that holds the hub's idempotency key."""
    compare: tuple[str, ...] = ()
    """Columns that must be the same where the row is there already (natural key)."""
    rows: Expression | None = None
    """A list: one row of the table for each, all of them under the same key, in one transaction."""
    locks_key: bool = False
    """No unique index holds the key: it is looked for under a lock of the key before anything is inserted."""
    lines: LinesRule | None = None
    linked: LinkedRows | None = None
    references: Mapping[str, Expression] = field(default_factory=dict)
    """Name of a foreign key → what is missing where it is broken."""
    number: Expression | None = None
    documents: tuple[DocumentRule, ...] = ()


@dataclass(frozen=True, slots=True)
class CaptureRule:
    """Where a database's log tells of a table."""

    slot: str = ""
    """PostgreSQL: a slot of our own."""
    publication: str = ""
    """PostgreSQL: what lists the table."""
    server_id: int = 0
    """MariaDB: the number of a replica, our own."""
    snapshot: bool = False
    """The rows that stand are told first."""


@dataclass(frozen=True, slots=True)
class ChangesRule:
    """How a listed table is polled."""

    cursor: str | None
    """A column that only grows (sequence number, time of change); ``None``: by status alone."""
    overlap: int
    """Numbers read again, for a numeric cursor."""
    overlap_s: float
    """Seconds read again, for a time cursor."""
    where: Mapping[str, tuple[Any, ...]]
    """Columns and the values they may have."""
    page: int
    from_now: bool
    id: Expression | None
    """``None``: a captured change is known by its place in the log."""
    type: Expression
    subject: Expression
    occurred_at: Expression | None
    documents: tuple[DocumentRule, ...]
    capture: CaptureRule | None = None
    """Read from the database's log instead of the table."""


@dataclass(frozen=True, slots=True)
class ResourceRule:
    """A listed table as a kind of record."""

    name: str
    table: TableRule
    id: str
    """The column that ``read`` looks in."""
    linked: LinkedRows | None = None
    changes: ChangesRule | None = None


@dataclass(frozen=True, slots=True)
class SqlManifest:
    """A whole manifest."""

    spec: ConnectorSpec
    settings: tuple[FieldSpec, ...]
    secrets: frozenset[str]
    dialect: Dialect
    user_secret: str | None
    password_secret: str | None
    tables: Mapping[str, TableRule]
    operations: Mapping[str, OperationRule]
    resources: Mapping[str, ResourceRule]
    time_zone: str
    connect_timeout_s: float
    snapshot_s: float
    """How long a look at the columns of a table holds."""
