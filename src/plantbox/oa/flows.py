"""Requests of the OA: made once per business key, approved, rejected, withdrawn, urged."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from plantbox.database import next_number
from plantbox.feed import Feed
from plantbox.fields import BadField, Fields
from plantbox.oa.tables import FLOWS
from plantbox.simtime import SimClock
from plantbox.writes import Answer, Refusal


@dataclass(slots=True)
class Settings:
    """Changeable while the OA runs: ``manual``, or ``auto`` after so many simulated hours."""

    approval: str = "manual"
    hours: Decimal = Decimal(3)

    def set(self, values: Mapping[str, Any]) -> None:
        """Change what is given, all or nothing."""
        fields = Fields(dict(values))
        if set(values) - {"approval", "approval_hours"}:
            raise BadField("approval", "Expected approval and approval_hours.")
        approval = fields.optional("approval") or self.approval
        hours = fields.number("approval_hours", str(self.hours), low="0")
        if approval not in ("manual", "auto") or hours > 10_000:
            raise BadField("approval", "Expected manual or auto, and at most 10000 hours.")
        self.approval, self.hours = approval, hours

    def view(self) -> dict[str, str]:
        """Return them as the admin listener shows them."""
        return {"approval": self.approval, "approval_hours": str(self.hours)}


@dataclass(frozen=True, slots=True)
class Desk:
    """What every write of the OA needs."""

    clock: SimClock
    feed: Feed
    settings: Settings = field(default_factory=Settings)


def view_of(row: sqlite3.Row) -> dict[str, Any]:
    """Return a request whole."""
    return {
        "requestId": str(row["id"]),
        "requestNo": row["no"],
        "workflowCode": row["flow"],
        "workflowName": FLOWS[row["flow"]][0],
        "businessKey": row["business_key"],
        "requestName": row["name"],
        "creator": row["creator"],
        "status": row["status"],
        "approverRole": row["role"],
        "approver": row["approver"],
        "remark": row["remark"],
        "createTime": row["created_at"],
        "finishTime": row["finished_at"],
        "urgeCount": row["urged"],
        "progress": row["progress"],
        "mainData": json.loads(row["main"]),
        "detailData": json.loads(row["detail"]),
    }


def find(connection: sqlite3.Connection, number: str) -> sqlite3.Row:
    """Return a request by its id or number, or refuse."""
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM request WHERE CAST(id AS TEXT) = ? OR no = ?", (number, number)
    ).fetchone()
    if row is None:
        raise Refusal("NOT_FOUND", f"流程不存在: {number}")
    return row


def _pairs(items: Any, path: str) -> list[dict[str, str | None]]:
    if not isinstance(items, list) or len(items) > 200:
        raise BadField(path, "Expected a list of fieldName and fieldValue.")
    pairs = []
    for index, item in enumerate(items):
        fields = Fields(item, f"{path}[{index}]")
        pairs.append({"fieldName": fields.text("fieldName"), "fieldValue": fields.optional("fieldValue")})
    return pairs


def create(connection: sqlite3.Connection, desk: Desk, fields: Fields) -> tuple[str, Answer]:
    """Start a workflow; its business key decides whether it runs already."""
    flow, key = fields.text("workflowCode"), fields.text("businessKey")
    if flow not in FLOWS:
        raise BadField("workflowCode", f"Expected one of {', '.join(FLOWS)}, but found {flow}.")
    rows = fields.values.get("detailData") or []
    if not isinstance(rows, list):
        raise BadField("detailData", "Expected a list of rows.")
    main = json.dumps(_pairs(fields.values.get("mainData") or [], "mainData"), ensure_ascii=False)
    detail = json.dumps(
        [_pairs(row, f"detailData[{index}]") for index, row in enumerate(rows)], ensure_ascii=False
    )
    name, role = fields.text("requestName"), fields.optional("approverRole") or "部门经理"
    old = connection.execute(
        "SELECT * FROM request WHERE flow = ? AND business_key = ?", (flow, key)
    ).fetchone()
    if old is not None:
        if (old["main"], old["detail"], old["name"]) != (main, detail, name):
            raise Refusal("KEY_CONFLICT", f"业务键 {key} 已有流程 {old['no']},内容不同", "businessKey")
        return old["no"], {**view_of(old), "existing": True}
    now = desk.clock.now()
    number = f"OA{now:%y%m%d}{next_number(connection, 'request'):04d}"
    cursor = connection.execute(
        "INSERT INTO request (no, flow, business_key, name, creator, role, main, detail, status, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?)",
        (
            number, flow, key, name, fields.optional("creator") or "业务系统", role, main, detail,
            now.isoformat(),
        ),
    )  # fmt: skip
    row = find(connection, str(cursor.lastrowid))
    _log(connection, desk, row, Step(row["creator"], "create"))
    view = view_of(row)
    desk.feed.tell(connection, "workflow.created", number, view)
    return number, {**view, "existing": False}


@dataclass(frozen=True, slots=True)
class Step:
    """Who did what with a request."""

    who: str
    action: str
    remark: str | None = None


def _log(connection: sqlite3.Connection, desk: Desk, row: sqlite3.Row, step: Step) -> None:
    connection.execute(
        "INSERT INTO log (request_id, at, who, action, remark) VALUES (?, ?, ?, ?, ?)",
        (row["id"], desk.clock.text(), step.who, step.action, step.remark),
    )


def _end(
    connection: sqlite3.Connection, desk: Desk, fields: Fields, action: str, status: str
) -> tuple[str, Answer]:
    row = find(connection, fields.text("requestId"))
    who = fields.optional("approver") or (row["creator"] if status == "withdrawn" else row["role"])
    remark = fields.optional("remark")
    if row["status"] == status:
        return row["no"], {**view_of(row), "alreadyDone": True}
    if row["status"] != "pending":
        raise Refusal("STATE_ERROR", f"流程 {row['no']} 已办结: {row['status']}", "requestId")
    if status == "rejected" and remark is None:
        raise BadField("remark", "拒绝时请填写意见")
    connection.execute(
        "UPDATE request SET status = ?, approver = ?, remark = ?, finished_at = ? WHERE id = ?",
        (status, who, remark, desk.clock.text(), row["id"]),
    )
    _log(connection, desk, row, Step(who, action, remark))
    view = view_of(find(connection, row["no"]))
    desk.feed.tell(connection, f"workflow.{status}", row["no"], view)
    return row["no"], {**view, "alreadyDone": False}


def approve(connection: sqlite3.Connection, desk: Desk, fields: Fields) -> tuple[str, Answer]:
    """Approve a pending request."""
    return _end(connection, desk, fields, "approve", "approved")


def reject(connection: sqlite3.Connection, desk: Desk, fields: Fields) -> tuple[str, Answer]:
    """Reject a pending request; the remark says why."""
    return _end(connection, desk, fields, "reject", "rejected")


def withdraw(connection: sqlite3.Connection, desk: Desk, fields: Fields) -> tuple[str, Answer]:
    """Take a pending request back."""
    return _end(connection, desk, fields, "withdraw", "withdrawn")


def urge(connection: sqlite3.Connection, desk: Desk, fields: Fields) -> tuple[str, Answer]:
    """Urge (催办) the approver of a pending request."""
    row = find(connection, fields.text("requestId"))
    if row["status"] != "pending":
        raise Refusal("STATE_ERROR", f"流程 {row['no']} 已办结: {row['status']}", "requestId")
    connection.execute("UPDATE request SET urged = urged + 1 WHERE id = ?", (row["id"],))
    urger = fields.optional("approver") or row["creator"]
    _log(connection, desk, row, Step(urger, "urge", fields.optional("remark")))
    view = view_of(find(connection, row["no"]))
    desk.feed.tell(connection, "workflow.urged", row["no"], view)
    return row["no"], view


def assign(connection: sqlite3.Connection, desk: Desk, fields: Fields) -> tuple[str, Answer]:
    """Pass a pending request on to the role that must approve it."""
    row = find(connection, fields.text("requestId"))
    role = fields.text("approverRole")
    if row["role"] == role:
        return row["no"], {**view_of(row), "alreadyDone": True}
    if row["status"] != "pending":
        raise Refusal("STATE_ERROR", f"流程 {row['no']} 已办结: {row['status']}", "requestId")
    connection.execute("UPDATE request SET role = ? WHERE id = ?", (role, row["id"]))
    _log(
        connection,
        desk,
        row,
        Step(row["role"], "assign", f"{role} {fields.optional('remark') or ''}".strip()),
    )
    view = view_of(find(connection, row["no"]))
    desk.feed.tell(connection, "workflow.assigned", row["no"], view)
    return row["no"], {**view, "alreadyDone": False}


def progress(connection: sqlite3.Connection, desk: Desk, fields: Fields) -> tuple[str, Answer]:
    """Show how far the business behind a request has come."""
    row = find(connection, fields.text("requestId"))
    said = fields.text("progress")
    if row["progress"] == said:
        return row["no"], {**view_of(row), "alreadyDone": True}
    connection.execute("UPDATE request SET progress = ? WHERE id = ?", (said, row["id"]))
    remark = f"{said} {fields.optional('remark') or ''}".strip()
    _log(connection, desk, row, Step("业务系统", "progress", remark))
    return row["no"], {**view_of(find(connection, row["no"])), "alreadyDone": False}


def due_requests(connection: sqlite3.Connection, desk: Desk) -> list[sqlite3.Row]:
    """Return what the automatic approver is to approve now."""
    if desk.settings.approval != "auto":
        return []
    since = (desk.clock.now() - timedelta(hours=float(desk.settings.hours))).isoformat()
    return connection.execute(
        "SELECT * FROM request WHERE status = 'pending' AND created_at <= ? ORDER BY id LIMIT 200", (since,)
    ).fetchall()


def approve_due(connection: sqlite3.Connection, desk: Desk) -> None:
    """Approve what has waited long enough, where the firm lets it."""
    for row in due_requests(connection, desk):
        approve(connection, desk, Fields({"requestId": str(row["id"]), "remark": "自动同意"}))
