"""The first schema."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

CHARACTERS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TEXTS = sa.Text()
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.Integer().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
FLAG = sa.Boolean(create_constraint=False)
BYTES = sa.LargeBinary()

CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}


def _hot(fill: int) -> dict[str, Any]:
    return {
        "postgresql_with": {
            "fillfactor": fill,
            "autovacuum_vacuum_scale_factor": 0.02,
            "autovacuum_vacuum_cost_delay": 0,
        }
    }


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _must(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, autoincrement=False)


def _may(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=True)


def upgrade() -> None:
    """Create everything."""
    _create_intake()
    _create_instances()
    _create_ledger()
    _create_people()
    _create_documents()
    _create_releases()
    _create_leases()


def _create_intake() -> None:
    op.create_table(
        "event_key",
        _must("tenant", CHARACTERS),
        _must("source", CHARACTERS),
        _must("id", CHARACTERS),
        _must("received_at", MOMENT),
        sa.PrimaryKeyConstraint("tenant", "source", "id"),
        **CLUSTERED,
    )
    op.create_table(
        "event",
        _must("tenant", CHARACTERS),
        _must("source", CHARACTERS),
        _must("id", CHARACTERS),
        _must("type", CHARACTERS),
        _must("key", CHARACTERS),
        _must("lane", WHOLE),
        _must("received_at", MOMENT),
        _may("subject", CHARACTERS),
        _may("occurred_at", MOMENT),
        _may("department", CHARACTERS),
        _must("payload", BYTES),
        _must("priority", WHOLE),
        _may("routed_at", MOMENT),
        _may("note", CHARACTERS),
        sa.PrimaryKeyConstraint("tenant", "source", "id", "received_at"),
        postgresql_partition_by="RANGE (received_at)",
    )
    op.create_index("event_by_key", "event", ["tenant", "key", "received_at", "source", "id"])
    op.create_index("event_by_time", "event", ["tenant", "received_at", "source", "id"])
    _create_rest("event")
    op.create_index(
        "event_open",
        "event",
        ["tenant", "priority", "received_at", "source", "id", "lane"],
        **_where("routed_at IS NULL"),
    )


def _create_instances() -> None:
    op.create_table(
        "instance",
        _must("tenant", CHARACTERS),
        _must("id", CHARACTERS),
        _must("lane", WHOLE),
        _must("process_id", CHARACTERS),
        _must("release", CHARACTERS),
        _must("program", CHARACTERS),
        _must("status", CHARACTERS),
        _must("version", WHOLE),
        _must("root", BYTES),
        _must("scope0", BYTES),
        _must("started_at", MOMENT),
        _may("business_key", CHARACTERS),
        _may("department", CHARACTERS),
        _may("ended_at", MOMENT),
        _may("parent_id", CHARACTERS),
        _may("parent_token", WHOLE),
        _must("incidents", WHOLE),
        sa.PrimaryKeyConstraint("tenant", "id"),
        **_hot(50),
    )
    op.create_index(
        "instance_by_business_key",
        "instance",
        ["tenant", "business_key", "started_at", "id"],
        **_where("business_key IS NOT NULL"),
    )
    op.create_index(
        "instance_by_parent",
        "instance",
        ["tenant", "parent_id", "started_at", "id"],
        **_where("parent_id IS NOT NULL"),
    )
    op.create_index("instance_by_process", "instance", ["tenant", "process_id", "started_at", "id"])
    op.create_index("instance_by_status", "instance", ["tenant", "status", "started_at", "id"])
    op.create_index("instance_by_time", "instance", ["tenant", "started_at", "id"])
    op.create_index(
        "instance_with_incidents", "instance", ["tenant", "started_at", "id"], **_where("incidents > 0")
    )
    op.create_table(
        "instance_scope",
        _must("tenant", CHARACTERS),
        _must("instance_id", CHARACTERS),
        _must("scope", WHOLE),
        _must("state", BYTES),
        sa.PrimaryKeyConstraint("tenant", "instance_id", "scope"),
        **CLUSTERED,
        **_hot(70),
    )
    op.create_table(
        "variable",
        _must("tenant", CHARACTERS),
        _must("instance_id", CHARACTERS),
        _must("scope", WHOLE),
        _must("name", CHARACTERS),
        _must("value", BYTES),
        sa.PrimaryKeyConstraint("tenant", "instance_id", "scope", "name"),
        **CLUSTERED,
        **_hot(80),
    )
    op.create_table(
        "history",
        _must("tenant", CHARACTERS),
        _must("instance_id", CHARACTERS),
        _must("seq", WHOLE),
        _must("at", MOMENT),
        _must("events", BYTES),
        _may("department", CHARACTERS),
        sa.PrimaryKeyConstraint("tenant", "instance_id", "seq", "at"),
        **CLUSTERED,
        postgresql_partition_by="RANGE (at)",
    )
    _create_rest("history")
    op.create_table(
        "subscription",
        _must("tenant", CHARACTERS),
        _must("instance_id", CHARACTERS),
        _must("number", WHOLE),
        _must("lane", WHOLE),
        _must("kind", CHARACTERS),
        _must("name", CHARACTERS),
        _may("key", CHARACTERS),
        _must("created_at", MOMENT),
        _must("once", FLAG),
        sa.PrimaryKeyConstraint("tenant", "instance_id", "number"),
        **_hot(90),
    )
    op.create_index("subscription_waiting", "subscription", ["tenant", "kind", "name", "key", "created_at"])
    op.create_table(
        "message",
        _must("tenant", CHARACTERS),
        _must("id", CHARACTERS),
        _must("name", CHARACTERS),
        _must("key", CHARACTERS),
        _must("payload", BYTES),
        _must("created_at", MOMENT),
        _must("expires_at", MOMENT),
        sa.PrimaryKeyConstraint("tenant", "id"),
        **_hot(90),
    )
    op.create_index("message_kept", "message", ["tenant", "name", "key"])


def _create_ledger() -> None:
    op.create_table(
        "effect",
        _must("tenant", CHARACTERS),
        _must("id", CHARACTERS),
        _must("lane", WHOLE),
        _must("system", CHARACTERS),
        _must("operation", CHARACTERS),
        _must("safety", CHARACTERS),
        _must("idempotency_key", CHARACTERS),
        _must("status", CHARACTERS),
        _must("created_at", MOMENT),
        _must("due_at", MOMENT),
        _must("request", BYTES),
        _may("instance_id", CHARACTERS),
        _may("token", WHOLE),
        _may("element", CHARACTERS),
        _may("business_key", CHARACTERS),
        _may("order_key", CHARACTERS),
        _must("on_stuck", CHARACTERS),
        _must("priority", WHOLE),
        _must("attempts", WHOLE),
        _may("attempted_at", MOMENT),
        _may("settled_at", MOMENT),
        _may("evidence", BYTES),
        _may("error_class", CHARACTERS),
        _may("error_text", CHARACTERS),
        _may("reference", CHARACTERS),
        _may("department", CHARACTERS),
        _must("release", CHARACTERS),
        sa.PrimaryKeyConstraint("tenant", "id"),
        **_hot(60),
    )
    op.create_index(
        "effect_by_business_key",
        "effect",
        ["tenant", "business_key", "created_at", "id"],
        **_where("business_key IS NOT NULL"),
    )
    op.create_index(
        "effect_by_instance",
        "effect",
        ["tenant", "instance_id", "created_at", "id"],
        **_where("instance_id IS NOT NULL"),
    )
    op.create_index(
        "effect_by_order_key",
        "effect",
        ["tenant", "order_key", "created_at", "id"],
        **_where(
            "order_key IS NOT NULL AND status IN ('intended', 'attempted', 'unknown', 'parked', 'dead')"
        ),
    )
    op.create_index("effect_by_time", "effect", ["tenant", "created_at", "id"])
    op.create_index(
        "effect_open",
        "effect",
        ["tenant", "priority", "created_at", "id", "due_at", "lane", "system"],
        **_where("status IN ('intended', 'attempted', 'unknown')"),
    )
    op.create_index(
        "effect_parked", "effect", ["tenant", "reference", "created_at", "id"], **_where("status = 'parked'")
    )
    op.create_table(
        "job",
        _must("tenant", CHARACTERS),
        _must("id", CHARACTERS),
        _must("lane", WHOLE),
        _must("kind", CHARACTERS),
        _must("due_at", MOMENT),
        _must("created_at", MOMENT),
        _may("instance_id", CHARACTERS),
        _may("token", WHOLE),
        _must("payload", BYTES),
        _must("priority", WHOLE),
        _must("attempts", WHOLE),
        sa.PrimaryKeyConstraint("tenant", "id"),
        **_hot(80),
    )
    op.create_index("job_due", "job", ["tenant", "priority", "due_at", "id", "lane"])
    op.create_table(
        "system_state",
        _must("tenant", CHARACTERS),
        _must("system", CHARACTERS),
        _must("version", WHOLE),
        _must("circuit", CHARACTERS),
        _must("paused", FLAG),
        _may("reason", CHARACTERS),
        _may("since", MOMENT),
        _must("checks", WHOLE),
        _may("changed_by", CHARACTERS),
        sa.PrimaryKeyConstraint("tenant", "system"),
    )
    op.create_table(
        "cursor",
        _must("tenant", CHARACTERS),
        _must("source", CHARACTERS),
        _must("position", BYTES),
        _must("version", WHOLE),
        _must("updated_at", MOMENT),
        sa.PrimaryKeyConstraint("tenant", "source"),
        **_hot(50),
    )


def _create_people() -> None:
    op.create_table(
        "task",
        _must("tenant", CHARACTERS),
        _must("instance_id", CHARACTERS),
        _must("token", WHOLE),
        _must("element", CHARACTERS),
        _must("name", CHARACTERS),
        _must("status", CHARACTERS),
        _must("created_at", MOMENT),
        _may("assignee", CHARACTERS),
        _must("candidate_groups", TEXTS),
        _must("candidate_users", TEXTS),
        _may("due_at", MOMENT),
        _may("follow_up_at", MOMENT),
        _must("priority", WHOLE),
        _may("form", CHARACTERS),
        _must("process_id", CHARACTERS),
        _may("business_key", CHARACTERS),
        _may("department", CHARACTERS),
        _must("payload", BYTES),
        _may("ended_at", MOMENT),
        _may("ended_by", CHARACTERS),
        sa.PrimaryKeyConstraint("tenant", "instance_id", "token"),
    )
    op.create_index("task_by_status", "task", ["tenant", "status", "created_at", "instance_id", "token"])
    op.create_table(
        "incident",
        _must("tenant", CHARACTERS),
        _must("instance_id", CHARACTERS),
        _must("number", WHOLE),
        _must("token", WHOLE),
        _must("element", CHARACTERS),
        _must("code", CHARACTERS),
        _must("message", CHARACTERS),
        _must("opened_at", MOMENT),
        _must("process_id", CHARACTERS),
        _may("business_key", CHARACTERS),
        _may("department", CHARACTERS),
        _may("closed_at", MOMENT),
        sa.PrimaryKeyConstraint("tenant", "instance_id", "number"),
    )
    op.create_index("incident_by_time", "incident", ["tenant", "opened_at", "instance_id", "number"])
    op.create_index(
        "incident_open",
        "incident",
        ["tenant", "opened_at", "instance_id", "number"],
        **_where("closed_at IS NULL"),
    )
    op.create_table(
        "dead_letter",
        _must("tenant", CHARACTERS),
        _must("id", CHARACTERS),
        _must("subject", CHARACTERS),
        _must("subject_id", CHARACTERS),
        _must("lane", WHOLE),
        _must("status", CHARACTERS),
        _must("error_class", CHARACTERS),
        _must("cause", CHARACTERS),
        _must("error_text", CHARACTERS),
        _must("created_at", MOMENT),
        _may("system", CHARACTERS),
        _may("operation", CHARACTERS),
        _may("instance_id", CHARACTERS),
        _may("business_key", CHARACTERS),
        _may("department", CHARACTERS),
        _must("payload", BYTES),
        _must("attempts", WHOLE),
        _may("closed_at", MOMENT),
        _may("closed_by", CHARACTERS),
        _must("outage", FLAG),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_index("dead_letter_by_status", "dead_letter", ["tenant", "status", "created_at", "id"])


def _create_documents() -> None:
    op.create_table(
        "document",
        _must("tenant", CHARACTERS),
        _must("id", CHARACTERS),
        _must("system", CHARACTERS),
        _must("kind", CHARACTERS),
        _must("number", CHARACTERS),
        _must("local_id", CHARACTERS),
        _must("status", CHARACTERS),
        _must("updated_at", MOMENT),
        _must("source_version", WHOLE),
        _may("created_at", MOMENT),
        _may("business_key", CHARACTERS),
        _may("department", CHARACTERS),
        _must("payload", BYTES),
        sa.PrimaryKeyConstraint("tenant", "id"),
        **_hot(80),
    )
    op.create_index(
        "document_by_business_key",
        "document",
        ["tenant", "business_key"],
        **_where("business_key IS NOT NULL"),
    )
    op.create_index("document_by_local_id", "document", ["tenant", "local_id"])
    op.create_index("document_by_number", "document", ["tenant", "number"])
    op.create_table(
        "document_line",
        _must("tenant", CHARACTERS),
        _must("document_id", CHARACTERS),
        _must("line", CHARACTERS),
        _must("item", CHARACTERS),
        _must("quantity", CHARACTERS),
        _must("unit", CHARACTERS),
        _must("status", CHARACTERS),
        _may("amount", CHARACTERS),
        _may("currency", CHARACTERS),
        sa.PrimaryKeyConstraint("tenant", "document_id", "line"),
        **CLUSTERED,
    )
    op.create_table(
        "document_link",
        _must("tenant", CHARACTERS),
        _must("from_id", CHARACTERS),
        _must("from_line", CHARACTERS),
        _must("to_id", CHARACTERS),
        _must("to_line", CHARACTERS),
        _may("quantity", CHARACTERS),
        _may("unit", CHARACTERS),
        _must("cause", CHARACTERS),
        sa.PrimaryKeyConstraint("tenant", "from_id", "from_line", "to_id", "to_line"),
        **CLUSTERED,
    )
    op.create_index("document_link_by_target", "document_link", ["tenant", "to_id"])
    op.create_table(
        "binding",
        _must("tenant", CHARACTERS),
        _must("object_type", CHARACTERS),
        _must("object_id", CHARACTERS),
        _must("system", CHARACTERS),
        _must("local_id", CHARACTERS),
        _must("bound_at", MOMENT),
        _must("label", CHARACTERS),
        sa.PrimaryKeyConstraint("tenant", "object_type", "system", "local_id"),
        **CLUSTERED,
    )
    op.create_index("binding_by_local_id", "binding", ["tenant", "local_id"])
    op.create_index("binding_by_object", "binding", ["tenant", "object_type", "object_id"])


def _create_releases() -> None:
    op.create_table(
        "release",
        _must("tenant", CHARACTERS),
        _must("id", CHARACTERS),
        _must("created_at", MOMENT),
        _must("created_by", CHARACTERS),
        _must("note", CHARACTERS),
        _must("active", FLAG),
        sa.PrimaryKeyConstraint("tenant", "id"),
    )
    op.create_table(
        "definition",
        _must("tenant", CHARACTERS),
        _must("release", CHARACTERS),
        _must("kind", CHARACTERS),
        _must("name", CHARACTERS),
        _must("digest", CHARACTERS),
        sa.PrimaryKeyConstraint("tenant", "release", "kind", "name"),
    )
    op.create_table(
        "content",
        _must("tenant", CHARACTERS),
        _must("digest", CHARACTERS),
        _must("content", BYTES),
        sa.PrimaryKeyConstraint("tenant", "digest"),
    )


def _create_leases() -> None:
    op.create_table(
        "worker",
        _must("name", CHARACTERS),
        _must("until", MOMENT),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "lane_lease",
        _must("lane", WHOLE),
        _must("worker", CHARACTERS),
        _must("token", WHOLE),
        _may("until", MOMENT),
        sa.PrimaryKeyConstraint("lane"),
        **_hot(20),
    )
    op.create_table(
        "source_lease",
        _must("source", CHARACTERS),
        _must("worker", CHARACTERS),
        _must("token", WHOLE),
        _may("until", MOMENT),
        sa.PrimaryKeyConstraint("source"),
        **_hot(50),
    )


def _create_rest(name: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"CREATE TABLE {name}_rest PARTITION OF {name} DEFAULT")
