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
    _create_event_key()
    _create_event()
    _create_rest("event")
    _index_event()
    _create_instance()
    _index_instance()
    _create_instance_scope()
    _create_variable()
    _create_history()
    _create_rest("history")
    _create_subscription()
    _index_subscription()
    _create_message()
    _index_message()
    _create_effect()
    _index_effect()
    _create_job()
    _index_job()
    _create_system_state()
    _create_cursor()
    _create_task()
    _index_task()
    _create_incident()
    _index_incident()
    _create_dead_letter()
    _index_dead_letter()
    _create_document()
    _index_document()
    _create_document_line()
    _create_document_link()
    _index_document_link()
    _create_binding()
    _index_binding()
    _create_release()
    _create_definition()
    _create_content()
    _create_worker()
    _create_lane_lease()
    _create_source_lease()


def _create_event_key() -> None:
    op.create_table(
        "event_key",
        _must("tenant", CHARACTERS),
        _must("source", CHARACTERS),
        _must("id", CHARACTERS),
        _must("received_at", MOMENT),
        sa.PrimaryKeyConstraint("tenant", "source", "id"),
        **CLUSTERED,
    )


def _create_event() -> None:
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


def _index_event() -> None:
    op.create_index("event_by_key", "event", ["key", "tenant", "received_at", "source", "id"])
    op.create_index("event_by_time", "event", ["tenant", "received_at", "source", "id"])
    op.create_index(
        "event_open",
        "event",
        ["tenant", "priority", "received_at", "source", "id", "lane"],
        **_where("routed_at IS NULL"),
    )


def _create_instance() -> None:
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


def _index_instance() -> None:
    op.create_index(
        "instance_by_business_key",
        "instance",
        ["business_key", "tenant", "started_at", "id"],
        **_where("business_key IS NOT NULL"),
    )
    op.create_index(
        "instance_by_parent",
        "instance",
        ["parent_id", "tenant", "started_at", "id"],
        **_where("parent_id IS NOT NULL"),
    )
    op.create_index("instance_by_process", "instance", ["process_id", "tenant", "started_at", "id"])
    op.create_index("instance_by_status", "instance", ["status", "tenant", "started_at", "id"])
    op.create_index("instance_by_time", "instance", ["tenant", "started_at", "id"])
    op.create_index(
        "instance_with_incidents", "instance", ["tenant", "started_at", "id"], **_where("incidents > 0")
    )


def _create_instance_scope() -> None:
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


def _create_variable() -> None:
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


def _create_history() -> None:
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


def _create_subscription() -> None:
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


def _index_subscription() -> None:
    op.create_index("subscription_waiting", "subscription", ["name", "key", "kind", "tenant", "created_at"])


def _create_message() -> None:
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


def _index_message() -> None:
    op.create_index("message_kept", "message", ["name", "key", "tenant"])


def _create_effect() -> None:
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


def _index_effect() -> None:
    op.create_index(
        "effect_by_business_key",
        "effect",
        ["business_key", "tenant", "created_at", "id"],
        **_where("business_key IS NOT NULL"),
    )
    op.create_index(
        "effect_by_instance",
        "effect",
        ["instance_id", "tenant", "created_at", "id"],
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
        "effect_parked", "effect", ["reference", "tenant", "created_at", "id"], **_where("status = 'parked'")
    )


def _create_job() -> None:
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


def _index_job() -> None:
    op.create_index("job_due", "job", ["priority", "tenant", "due_at", "id", "lane"])


def _create_system_state() -> None:
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


def _create_cursor() -> None:
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


def _create_task() -> None:
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


def _index_task() -> None:
    op.create_index("task_by_status", "task", ["status", "tenant", "created_at", "instance_id", "token"])


def _create_incident() -> None:
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


def _index_incident() -> None:
    op.create_index("incident_by_time", "incident", ["tenant", "opened_at", "instance_id", "number"])
    op.create_index(
        "incident_open",
        "incident",
        ["tenant", "opened_at", "instance_id", "number"],
        **_where("closed_at IS NULL"),
    )


def _create_dead_letter() -> None:
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


def _index_dead_letter() -> None:
    op.create_index("dead_letter_by_status", "dead_letter", ["status", "tenant", "created_at", "id"])


def _create_document() -> None:
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


def _index_document() -> None:
    op.create_index(
        "document_by_business_key",
        "document",
        ["business_key", "tenant"],
        **_where("business_key IS NOT NULL"),
    )
    op.create_index("document_by_local_id", "document", ["local_id", "tenant"])
    op.create_index("document_by_number", "document", ["number", "tenant"])


def _create_document_line() -> None:
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


def _create_document_link() -> None:
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


def _index_document_link() -> None:
    op.create_index("document_link_by_target", "document_link", ["to_id", "tenant"])


def _create_binding() -> None:
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


def _index_binding() -> None:
    op.create_index("binding_by_local_id", "binding", ["local_id", "tenant"])
    op.create_index("binding_by_object", "binding", ["object_id", "object_type", "system", "tenant"])


def _create_release() -> None:
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


def _create_definition() -> None:
    op.create_table(
        "definition",
        _must("tenant", CHARACTERS),
        _must("release", CHARACTERS),
        _must("kind", CHARACTERS),
        _must("name", CHARACTERS),
        _must("digest", CHARACTERS),
        sa.PrimaryKeyConstraint("tenant", "release", "kind", "name"),
    )


def _create_content() -> None:
    op.create_table(
        "content",
        _must("tenant", CHARACTERS),
        _must("digest", CHARACTERS),
        _must("content", BYTES),
        sa.PrimaryKeyConstraint("tenant", "digest"),
    )


def _create_worker() -> None:
    op.create_table(
        "worker",
        _must("name", CHARACTERS),
        _must("until", MOMENT),
        sa.PrimaryKeyConstraint("name"),
    )


def _create_lane_lease() -> None:
    op.create_table(
        "lane_lease",
        _must("lane", WHOLE),
        _must("worker", CHARACTERS),
        _must("token", WHOLE),
        _may("until", MOMENT),
        sa.PrimaryKeyConstraint("lane"),
        **_hot(20),
    )


def _create_source_lease() -> None:
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
