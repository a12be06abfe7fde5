"""The schema of both SQL makes, in SQLAlchemy Core: one description, read from the row classes.

Each row class of ``rows`` is a table whose columns are its fields, in order. Here stand the names, the keys,
the indexes (most of them partial: the open queues stay small however old the hub grows) and what each
database needs beside: times are microseconds in UTC on SQLite and ``timestamptz`` on PostgreSQL, texts sort
by code point on both, history and events are partitioned by month on PostgreSQL.

Migrations never import this module; a test proves that they lead to it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from lineshaft.store import rows
from lineshaft.store.cursors import micros_of, time_of
from lineshaft.store.shapes import KEYS, ROW_SHAPES

metadata = sa.MetaData()


class Moment(sa.types.TypeDecorator[datetime]):
    """A time: ``timestamptz`` on PostgreSQL, microseconds since 1970 in UTC on SQLite."""

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """Choose the database's own type."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        return dialect.type_descriptor(sa.Integer())

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        """Turn a time into what the database keeps."""
        return value if value is None or dialect.name == "postgresql" else micros_of(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """Turn what the database keeps into a time."""
        return value if value is None or dialect.name == "postgresql" else time_of(value)


class Words(sa.types.TypeDecorator[tuple[str, ...]]):
    """A short list of texts, kept as a JSON array."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: sa.Dialect) -> str:
        """Turn a list into JSON."""
        return msgspec.json.encode(value or ()).decode()

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> tuple[str, ...]:
        """Turn JSON into a list."""
        return msgspec.json.decode(value, type=tuple[str, ...])


Characters: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Whole: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_TYPES: Final[dict[str, Any]] = {
    "text": Characters,
    "int": Whole,
    "bool": sa.Boolean(create_constraint=False),
    "time": Moment(),
    "bytes": sa.LargeBinary(),
    "texts": Words(),
}


_DEFAULTS: Final = {("binding", "state"): "several", ("binding", "bound_by"): ""}
"""What a row has in a column that came later, where an older program still writes it without."""


def _table(
    name: str, cls: type, *also: sa.schema.SchemaItem, without: tuple[str, ...] = (), **options: Any
) -> sa.Table:
    keys = KEYS[cls]
    columns = [
        sa.Column(
            column.name,
            _TYPES[column.kind],
            nullable=column.nullable,
            server_default=_DEFAULTS.get((name, column.name)),
        )
        for column in ROW_SHAPES[cls].columns
        if column.name not in without
    ]
    key = also[0] if also and isinstance(also[0], sa.PrimaryKeyConstraint) else sa.PrimaryKeyConstraint(*keys)
    rest = [item for item in also if item is not key]
    return sa.Table(name, metadata, *columns, key, *rest, **options)


def _hot(fill: int) -> dict[str, Any]:
    """Room in each page for the next version of a row, and a vacuum that comes soon and does not rest."""
    return {
        "postgresql_with": {
            "fillfactor": fill,
            "autovacuum_vacuum_scale_factor": 0.02,
            "autovacuum_vacuum_cost_delay": 0,
        }
    }


_CLUSTERED: Final[dict[str, Any]] = {"sqlite_with_rowid": False}
"""Small rows that are read by their key: kept in the key's own tree on SQLite."""


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


_THEIRS: Final = _where("department IS NOT NULL")
"""Rows of a department, for whoever is limited to some; a firm without departments pays nothing for it."""

OPEN_EFFECT: Final = "status IN ('intended', 'attempted', 'unknown')"
"""The engine still has to call or settle it. Written the same in indexes and queries, so that they match."""
RESTING_EFFECT: Final = "status NOT IN ('intended', 'attempted', 'unknown')"
"""Nothing is due for it: its status is final, or it waits for a person or a reference.

An effect stands either in the indexes of what is open (``effect_open`` over all systems, ``effect_queue`` one
system after another, so that a million that wait for one system are in nobody's way) or in those by time and
by key, never in both: each index entry is written once, although the row is written twice (attempted, done).
"""
STUCK_EFFECT: Final = "status IN ('parked', 'dead')"
"""It waits for a reference or for a person."""
FAILING_EFFECT: Final = f"{OPEN_EFFECT} AND error_text IS NOT NULL"
"""Its last call went wrong, and the engine has not given it up."""
UNSETTLED_EFFECT: Final = (
    "order_key IS NOT NULL AND status IN ('intended', 'attempted', 'unknown', 'parked', 'dead')"
)

ONLY_BINDING: Final = "state = 'only'"
"""A local id beside which its object has no other in the same system."""

event_key = sa.Table(
    "event_key",
    metadata,
    sa.Column("tenant", Characters, nullable=False),
    sa.Column("source", Characters, nullable=False),
    sa.Column("id", Characters, nullable=False),
    sa.Column("received_at", Moment(), nullable=False),
    sa.PrimaryKeyConstraint("tenant", "source", "id"),
    **_CLUSTERED,
)
"""Every event that was ever taken in; outlives the events, which are partitioned and dropped by time."""

event = _table(
    "event",
    rows.Event,
    sa.PrimaryKeyConstraint("tenant", "source", "id", "received_at"),
    sa.Index(
        "event_open",
        "tenant",
        "priority",
        "received_at",
        "source",
        "id",
        "lane",
        **_where("routed_at IS NULL"),
    ),
    sa.Index("event_by_time", "tenant", "received_at", "source", "id"),
    sa.Index("event_by_key", "key", "tenant", "received_at", "source", "id"),
    sa.Index("event_by_type", "type", "tenant", "received_at", "source", "id"),
    sa.Index("event_by_department", "department", "tenant", "received_at", "source", "id", **_THEIRS),
    postgresql_partition_by="RANGE (received_at)",
)

UNFINISHED_INSTANCE: Final = "status <> 'completed'"
"""An instance that runs, is held or was ended by hand: few beside those that went through."""

instance = _table(
    "instance",
    rows.Instance,
    sa.Index("instance_by_time", "tenant", "started_at", "id"),
    sa.Index("instance_by_status", "status", "tenant", "started_at", "id"),
    sa.Index("instance_by_process", "process_id", "tenant", "started_at", "id"),
    sa.Index(
        "instance_unfinished",
        "process_id",
        "status",
        "tenant",
        "started_at",
        "id",
        **_where(UNFINISHED_INSTANCE),
    ),
    sa.Index(
        "instance_by_business_key",
        "business_key",
        "tenant",
        "started_at",
        "id",
        **_where("business_key IS NOT NULL"),
    ),
    sa.Index(
        "instance_by_parent", "parent_id", "tenant", "started_at", "id", **_where("parent_id IS NOT NULL")
    ),
    sa.Index("instance_by_department", "department", "tenant", "started_at", "id", **_THEIRS),
    sa.Index("instance_with_incidents", "tenant", "started_at", "id", **_where("incidents > 0")),
    **_hot(50),
)

instance_scope = _table("instance_scope", rows.InstanceScope, **_CLUSTERED, **_hot(70))
variable = _table("variable", rows.Variable, **_CLUSTERED, **_hot(80))

history = _table("history", rows.History, postgresql_partition_by="RANGE (at)", **_CLUSTERED)

effect = _table(
    "effect",
    rows.Effect,
    sa.Index(
        "effect_open",
        "tenant",
        "priority",
        "created_at",
        "id",
        "business_key",
        **_where(OPEN_EFFECT),
    ),
    sa.Index(
        "effect_queue",
        "tenant",
        "system",
        "priority",
        "created_at",
        "id",
        "due_at",
        "lane",
        "status",
        **_where(OPEN_EFFECT),
    ),
    sa.Index("effect_stuck", "tenant", "system", "status", "created_at", **_where(STUCK_EFFECT)),
    sa.Index("effect_failing", "tenant", "system", "attempted_at", "id", **_where(FAILING_EFFECT)),
    sa.Index("effect_by_order_key", "tenant", "order_key", "created_at", "id", **_where(UNSETTLED_EFFECT)),
    sa.Index("effect_parked", "reference", "tenant", "created_at", "id", **_where("status = 'parked'")),
    sa.Index(
        "effect_by_business_key",
        "business_key",
        "tenant",
        "created_at",
        "id",
        **_where(f"business_key IS NOT NULL AND {RESTING_EFFECT}"),
    ),
    sa.Index("effect_by_department", "department", "tenant", "created_at", "id", **_THEIRS),
    sa.Index("effect_by_time", "tenant", "created_at", "id", "system", **_where(RESTING_EFFECT)),
    **_hot(60),
)
"""The effects of an instance are found by the primary key: their ids begin with the instance's."""

job = _table("job", rows.Job, sa.Index("job_due", "priority", "tenant", "due_at", "id", "lane"), **_hot(80))

subscription = _table(
    "subscription",
    rows.Subscription,
    sa.Index("subscription_waiting", "name", "key", "kind", "tenant", "created_at"),
    **_hot(90),
)
message = _table("message", rows.Message, sa.Index("message_kept", "name", "key", "tenant"), **_hot(90))

task = _table(
    "task", rows.Task, sa.Index("task_by_status", "status", "tenant", "created_at", "instance_id", "token")
)
incident = _table(
    "incident",
    rows.Incident,
    sa.Index("incident_open", "tenant", "opened_at", "instance_id", "number", **_where("closed_at IS NULL")),
    sa.Index("incident_by_time", "tenant", "opened_at", "instance_id", "number"),
)
dead_letter = _table(
    "dead_letter",
    rows.DeadLetter,
    sa.Index("dead_letter_by_status", "status", "tenant", "created_at", "id"),
)
system_state = _table("system_state", rows.SystemState)
document = _table(
    "document",
    rows.Document,
    sa.Index("document_by_number", "number", "tenant"),
    sa.Index("document_by_local_id", "local_id", "tenant"),
    sa.Index("document_by_business_key", "business_key", "tenant", **_where("business_key IS NOT NULL")),
    sa.Index("document_by_time", "tenant", "created_at", "id"),
    sa.Index("document_by_department", "department", "tenant", "created_at", "id", **_THEIRS),
    sa.Index(
        "document_by_party",
        "tenant",
        "party",
        "party_code",
        "created_at",
        "id",
        **_where("party IS NOT NULL"),
    ),
    **_hot(80),
)
document_line = _table("document_line", rows.DocumentLine, **_CLUSTERED)
document_link = _table(
    "document_link", rows.DocumentLink, sa.Index("document_link_by_target", "to_id", "tenant"), **_CLUSTERED
)
binding = _table(
    "binding",
    rows.Binding,
    sa.Index("binding_by_object", "object_id", "object_type", "system", "tenant"),
    sa.Index("binding_by_local_id", "local_id", "tenant"),
    sa.Index("binding_by_time", "tenant", "bound_at", "local_id"),
    sa.Index(
        "binding_only",
        "tenant",
        "object_type",
        "object_id",
        "system",
        unique=True,
        **_where(ONLY_BINDING),
    ),
    **_CLUSTERED,
)
binding_change = _table(
    "binding_change",
    rows.BindingChange,
    sa.Index("binding_change_by_time", "tenant", "at", "id"),
    sa.Index("binding_change_by_object", "object_id", "object_type", "tenant", "at", "id"),
    sa.Index(
        "binding_change_by_other", "other", "object_type", "tenant", "at", "id", **_where("what = 'merged'")
    ),
)
parked = _table(
    "parked",
    rows.Parked,
    sa.Index("parked_by_reference", "reference", "tenant", "created_at", "id"),
)
"""Records that wait for a reference; effects wait in their own table."""
cursor = _table("cursor", rows.Cursor, **_hot(50))
release = _table("release", rows.Release)
record = _table(
    "record",
    rows.Record,
    sa.Index("record_by_time", "tenant", "kind", "at", "id"),
    sa.Index("record_by_owner", "tenant", "kind", "owner", "at", "id"),
    sa.Index("record_due", "tenant", "kind", "owner", "due_at", "id", **_where("due_at IS NOT NULL")),
    **_hot(70),
)
fact = _table(
    "fact",
    rows.Fact,
    sa.Index("fact_new", "tenant", "at", "id", **_where("seq IS NULL")),
    sa.Index("fact_by_seq", "tenant", "seq", unique=True, **_where("seq IS NOT NULL")),
    **_hot(60),
)
flow_record = _table(
    "flow_record",
    rows.FlowRecord,
    sa.Index(
        "flow_record_open", "tenant", "flow", "status", "at", "key", "side", **_where("status <> 'agreed'")
    ),
    **_hot(70),
)
flow_item = _table(
    "flow_item",
    rows.FlowItem,
    sa.Index("flow_item_due", "tenant", "flow", "at", "id", **_where("status = 'due'")),
    sa.Index("flow_item_waiting", "tenant", "flow", "status", "key", **_where("status <> 'due'")),
    **_hot(50),
)
definition = _table("definition", rows.Definition, without=("content",))
content = sa.Table(
    "content",
    metadata,
    sa.Column("tenant", Characters, nullable=False),
    sa.Column("digest", Characters, nullable=False),
    sa.Column("content", sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint("tenant", "digest"),
)
"""The bytes of definitions, once per digest."""

audit = _table(
    "audit",
    rows.AuditEntry,
    sa.Index("audit_by_actor", "actor", "tenant", "seq"),
    sa.Index("audit_by_subject", "subject", "tenant", "seq"),
)
audit_head = _table("audit_head", rows.AuditHead, **_hot(50))

worker = sa.Table(
    "worker",
    metadata,
    sa.Column("name", Characters, nullable=False),
    sa.Column("until", Moment(), nullable=False),
    sa.PrimaryKeyConstraint("name"),
)
lane_lease = sa.Table(
    "lane_lease",
    metadata,
    sa.Column("lane", Whole, nullable=False, autoincrement=False),
    sa.Column("worker", Characters, nullable=False),
    sa.Column("token", Whole, nullable=False),
    sa.Column("until", Moment(), nullable=True),
    sa.PrimaryKeyConstraint("lane"),
    **_hot(20),
)
"""Who owns a lane, until when. ``token`` grows with every new owner; ``until`` is null when given back."""
source_lease = sa.Table(
    "source_lease",
    metadata,
    sa.Column("source", Characters, nullable=False),
    sa.Column("worker", Characters, nullable=False),
    sa.Column("token", Whole, nullable=False),
    sa.Column("until", Moment(), nullable=True),
    sa.PrimaryKeyConstraint("source"),
    **_hot(50),
)

TABLES: Final[dict[type, sa.Table]] = {
    rows.Event: event,
    rows.Instance: instance,
    rows.InstanceScope: instance_scope,
    rows.Variable: variable,
    rows.History: history,
    rows.Effect: effect,
    rows.Job: job,
    rows.Subscription: subscription,
    rows.Message: message,
    rows.Task: task,
    rows.Incident: incident,
    rows.DeadLetter: dead_letter,
    rows.SystemState: system_state,
    rows.Document: document,
    rows.DocumentLine: document_line,
    rows.DocumentLink: document_link,
    rows.Binding: binding,
    rows.BindingChange: binding_change,
    rows.Parked: parked,
    rows.Cursor: cursor,
    rows.Release: release,
    rows.Definition: definition,
    rows.Record: record,
    rows.AuditEntry: audit,
    rows.AuditHead: audit_head,
    rows.Fact: fact,
    rows.FlowRecord: flow_record,
    rows.FlowItem: flow_item,
}
"""The table of every row class."""

PARTITIONED: Final = {"event": "received_at", "history": "at"}
"""On PostgreSQL: tables in monthly parts, by this column; ``<name>_rest`` holds what no month holds."""


@sa.event.listens_for(metadata, "after_create")
def _create_rest_partitions(target: Any, connection: sa.Connection, **_: Any) -> None:
    if connection.dialect.name == "postgresql":
        for name in PARTITIONED:
            connection.exec_driver_sql(f"CREATE TABLE {name}_rest PARTITION OF {name} DEFAULT")
