"""Reports of the shop floor: good and bad pieces, hours, material; rework, scrap; when an operation ends."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from plantbox.database import next_number
from plantbox.fields import BadField, Fields
from plantbox.mes.shop import (
    STEPS,
    TROUBLES,
    ZERO,
    Shop,
    brief,
    find_work,
    open_qty,
    operation_row,
    operations_of,
    tell_work,
    work_row,
)
from plantbox.money import trimmed
from plantbox.writes import Answer, Refusal

REWORK_HOURS = 2
DISPOSITIONS = ("rework", "scrap", "pending")


@dataclass(frozen=True, slots=True)
class Said:
    """What a worker (or the machine) says about one operation; ``scrap`` only from a finished rework."""

    seq: int
    good: Decimal
    bad: Decimal = ZERO
    scrap: Decimal = ZERO
    reason: str | None = None
    disposition: str = "rework"
    hours: Decimal = ZERO
    machine: str | None = None
    role: str | None = None
    materials: tuple[tuple[str, Decimal], ...] = ()
    kind: str = "manual"
    key: str | None = None

    def content(self) -> str:
        """Return what makes two reports with one key the same."""
        return repr(replace(self, key=None))


def _said(connection: sqlite3.Connection, work: sqlite3.Row, fields: Fields) -> Said:
    numbers = {name: fields.number(name, "0", low="0") for name in ("goodQty", "badQty")}
    for name, value in numbers.items():
        if value != value.to_integral_value():
            raise BadField(name, "Expected whole pieces.")
    if numbers["goodQty"] + numbers["badQty"] == 0:
        raise BadField("goodQty", "Expected at least one piece, good or bad.")
    disposition = fields.optional("disposition") or "rework"
    if disposition not in DISPOSITIONS:
        raise BadField("disposition", f"Expected one of {', '.join(DISPOSITIONS)}.")
    rows = fields.rows("materials", most=50, least=0) if "materials" in fields else []
    known = {
        row["item"]
        for row in connection.execute("SELECT item FROM material WHERE work_id = ?", (work["id"],))
    }
    for row in rows:
        if row.text("itemCode") not in known:
            raise BadField(row.at("itemCode"), f"Expected a material of {work['no']}.")
    seq = fields.whole("operationSeq", 0)
    machine = fields.optional("machineCode")
    place = connection.execute("SELECT place FROM machine WHERE code = ?", (machine,)).fetchone()
    if machine is not None and (place is None or seq not in STEPS or place["place"] != STEPS[seq].place):
        raise BadField("machineCode", f"Expected a machine of this operation, but found {machine}.")
    return Said(
        seq=seq,
        good=numbers["goodQty"],
        bad=numbers["badQty"],
        reason=fields.optional("badReason"),
        disposition=disposition,
        hours=fields.number("laborHours", "0", low="0"),
        machine=machine,
        role=fields.optional("workerRole"),
        materials=tuple((row.text("itemCode"), row.number("usedQty", low="0")) for row in rows),
        key=fields.optional("reportKey"),
    )


def report(connection: sqlite3.Connection, shop: Shop, ref: str, fields: Fields) -> tuple[str, Answer]:
    """Take a report of a person; the same key again answers the first report."""
    work = find_work(connection, ref)
    said = _said(connection, work, fields)
    old = connection.execute("SELECT * FROM report WHERE key = ?", (said.key,)).fetchone()
    if old is not None:
        if old["work_id"] != work["id"] or old["content"] != said.content():
            raise Refusal("MES-4092", f"报工键 {said.key} 已用于其他内容", "reportKey")
        return work["no"], {**json.loads(old["data"]), "existing": True}
    return work["no"], {**post(connection, shop, work, said, shop.clock.now()), "existing": False}


def post(
    connection: sqlite3.Connection, shop: Shop, work: sqlite3.Row, said: Said, at: datetime
) -> dict[str, Any]:
    """Book one report with all that follows from it, and return it as it is told."""
    operation = operation_row(connection, work["id"], said.seq)
    name = STEPS[said.seq].name
    if work["status"] not in ("accepted", "inProgress") or operation["status"] not in ("ready", "running"):
        raise Refusal("MES-4091", f"工单 {work['no']} 工序 {name} 状态为 {operation['status']},不能报工")
    total = said.good + said.bad
    if said.kind != "rework" and total > open_qty(operation):
        raise Refusal(
            "MES-4093",
            f"工序 {name} 可报 {trimmed(open_qty(operation))},本次 {trimmed(total)}",
            "goodQty",
        )
    held = Decimal(operation["held"])
    held += -(said.good + said.scrap) if said.kind == "rework" else ZERO
    scrap = Decimal(operation["scrap"]) + said.scrap
    if said.bad > 0 and said.disposition == "scrap":
        scrap += said.bad
    elif said.bad > 0:
        held += said.bad
    connection.execute(
        "UPDATE operation SET good = ?, scrap = ?, held = ?, hours = ?, started_at = coalesce(started_at, ?)"
        " WHERE work_id = ? AND seq = ?",
        (
            trimmed(Decimal(operation["good"]) + said.good), trimmed(scrap), trimmed(held),
            trimmed(Decimal(operation["hours"]) + said.hours), at.isoformat(), work["id"], said.seq,
        ),
    )  # fmt: skip
    for item, used in said.materials:
        old = connection.execute(
            "SELECT used FROM material WHERE work_id = ? AND item = ?", (work["id"], item)
        ).fetchone()
        connection.execute(
            "UPDATE material SET used = ? WHERE work_id = ? AND item = ?",
            (trimmed(Decimal(old["used"]) + used), work["id"], item),
        )
    if said.machine is not None:
        connection.execute(
            "UPDATE machine SET counter = counter + ? WHERE code = ?", (int(total), said.machine)
        )
    if work["status"] == "accepted":
        connection.execute("UPDATE work_order SET status = 'inProgress' WHERE id = ?", (work["id"],))
        tell_work(connection, shop, work["id"], "workOrder.started")
    view = _keep(connection, shop, work["id"], said, at)
    if said.bad > 0:
        _open_trouble(connection, shop, work, said, at)
    settle(connection, shop, work["id"], said.seq, at)
    return view


def _keep(
    connection: sqlite3.Connection, shop: Shop, work_id: int, said: Said, at: datetime
) -> dict[str, Any]:
    work = work_row(connection, work_id)
    operation = operation_row(connection, work_id, said.seq)
    number = f"BG-{next_number(connection, 'report'):06d}"
    scrapped = said.scrap + (said.bad if said.disposition == "scrap" else ZERO)
    view = {
        "reportNo": number,
        "reportKey": said.key or number,
        "kind": said.kind,
        "workOrderNo": work["no"],
        "externalOrderNo": work["external_no"],
        "operationSeq": said.seq,
        "operationCode": STEPS[said.seq].code,
        "operationName": STEPS[said.seq].name,
        "goodQty": trimmed(said.good),
        "badQty": trimmed(said.bad),
        "scrapQty": trimmed(scrapped),
        "badReason": said.reason,
        "disposition": said.disposition if said.bad > 0 else None,
        "laborHours": trimmed(said.hours),
        "machineCode": said.machine,
        "workerRole": said.role or STEPS[said.seq].role,
        "materials": [{"itemCode": item, "usedQty": trimmed(used)} for item, used in said.materials],
        "reportedAt": at.isoformat(),
        "totals": {
            "inputQty": operation["input"],
            "goodQty": operation["good"],
            "reworkQty": operation["held"],
            "scrapQty": operation["scrap"],
            "laborHours": operation["hours"],
        },
        "workOrder": brief(work),
    }
    connection.execute(
        "INSERT INTO report (key, work_id, content, data, at) VALUES (?, ?, ?, ?, ?)",
        (
            said.key or number, work_id, said.content(), json.dumps(view, ensure_ascii=False),
            at.isoformat(),
        ),
    )  # fmt: skip
    shop.feed.tell(connection, "operation.reported", work["no"], view)
    return view


def trouble_view(connection: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """Return a rework order, scrap note or defect."""
    work = work_row(connection, row["work_id"])
    names = {"rework": "reworkNo", "scrap": "scrapNo", "defect": "defectNo"}
    return {
        names[row["kind"]]: row["no"],
        "workOrderNo": work["no"],
        "externalOrderNo": work["external_no"],
        "itemCode": work["item"],
        "operationSeq": row["seq"],
        "operationName": STEPS[row["seq"]].name,
        "quantity": row["qty"],
        "badReason": row["reason"],
        "badReasonName": TROUBLES[row["reason"]].trouble_name if row["reason"] in TROUBLES else row["reason"],
        "status": row["status"],
        "goodQty": row["good"],
        "scrapQty": row["scrap"],
        "openedAt": row["opened_at"],
    }


KINDS = {
    "rework": ("rework", "FX", "open", "rework.opened"),
    "scrap": ("scrap", "BF", "done", "scrap.noted"),
    "pending": ("defect", "QX", "open", "defect.opened"),
}


def _open_trouble(
    connection: sqlite3.Connection, shop: Shop, work: sqlite3.Row, said: Said, at: datetime
) -> None:
    kind, prefix, status, event = KINDS[said.disposition]
    number = f"{prefix}-{next_number(connection, prefix):04d}"
    due = (at + timedelta(hours=REWORK_HOURS)).isoformat() if kind == "rework" else None
    connection.execute(
        "INSERT INTO trouble (no, kind, work_id, seq, qty, reason, status, opened_at, due_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            number, kind, work["id"], said.seq, trimmed(said.bad), said.reason or STEPS[said.seq].trouble,
            status, at.isoformat(), due,
        ),
    )  # fmt: skip
    row = find_trouble(connection, number, kind)
    shop.feed.tell(connection, event, work["no"], trouble_view(connection, row))


def find_trouble(connection: sqlite3.Connection, number: str, kind: str) -> sqlite3.Row:
    """Return a rework order, scrap note or defect by its number, or refuse."""
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM trouble WHERE no = ? AND kind = ?", (number, kind)
    ).fetchone()
    if row is None:
        raise Refusal("MES-4041", f"单据不存在: {number}")
    return row


def finish_rework(connection: sqlite3.Connection, shop: Shop, ref: str, fields: Fields) -> tuple[str, Answer]:
    """Say what became of a rework order: good again, or scrap."""
    row = find_trouble(connection, ref, "rework")
    good, scrap = fields.number("goodQty", "0", low="0"), fields.number("scrapQty", "0", low="0")
    if row["status"] == "done":
        return ref, {**trouble_view(connection, row), "alreadyDone": True}
    if good + scrap != Decimal(row["qty"]):
        raise BadField("goodQty", f"Expected good and scrap to sum up to {row['qty']}.")
    end_rework(connection, shop, row, scrap, shop.clock.now())
    return ref, {**trouble_view(connection, find_trouble(connection, ref, "rework")), "alreadyDone": False}


def end_rework(
    connection: sqlite3.Connection, shop: Shop, row: sqlite3.Row, scrap: Decimal, at: datetime
) -> None:
    """End a rework order and report its pieces at their operation."""
    good = Decimal(row["qty"]) - scrap
    connection.execute(
        "UPDATE trouble SET status = 'done', good = ?, scrap = ?, due_at = NULL WHERE no = ?",
        (trimmed(good), trimmed(scrap), row["no"]),
    )
    work = work_row(connection, row["work_id"])
    view = trouble_view(connection, find_trouble(connection, row["no"], "rework"))
    shop.feed.tell(connection, "rework.finished", work["no"], view)
    hours = Decimal(STEPS[row["seq"]].minutes) * Decimal(row["qty"]) / 30
    said = Said(
        seq=row["seq"], good=good, scrap=scrap, kind="rework", key=row["no"],
        hours=hours.quantize(Decimal("0.01")),
    )  # fmt: skip
    post(connection, shop, work, said, at)


def decide(connection: sqlite3.Connection, shop: Shop, ref: str, fields: Fields) -> tuple[str, Answer]:
    """Decide what becomes of a pending defect: rework or scrap."""
    row = find_trouble(connection, ref, "defect")
    disposition = fields.text("disposition")
    if disposition not in ("rework", "scrap"):
        raise BadField("disposition", "Expected rework or scrap.")
    if row["status"] == "done":
        return ref, {**trouble_view(connection, row), "alreadyDone": True}
    connection.execute("UPDATE trouble SET status = 'done' WHERE no = ?", (ref,))
    work = work_row(connection, row["work_id"])
    qty = Decimal(row["qty"])
    said = Said(seq=row["seq"], good=ZERO, bad=qty, reason=row["reason"], disposition=disposition)
    at = shop.clock.now()
    _open_trouble(connection, shop, work, said, at)
    if disposition == "scrap":
        post(connection, shop, work, Said(seq=row["seq"], good=ZERO, scrap=qty, kind="rework", key=ref), at)
    view = trouble_view(connection, find_trouble(connection, ref, "defect"))
    return ref, {**view, "alreadyDone": False}


def settle(connection: sqlite3.Connection, shop: Shop, work_id: int, seq: int, at: datetime) -> None:
    """End an operation of which nothing is open any more: the next one begins, or the order is complete."""
    operation = operation_row(connection, work_id, seq)
    if (
        operation["status"] in ("waiting", "completed")
        or open_qty(operation) + Decimal(operation["held"]) > 0
    ):
        return
    work = work_row(connection, work_id)
    connection.execute(
        "UPDATE operation SET status = 'completed', portion = NULL, ready_at = NULL"
        " WHERE work_id = ? AND seq = ?",
        (work_id, seq),
    )
    connection.execute(
        "UPDATE machine SET state = CASE state WHEN 'fault' THEN state ELSE 'idle' END, work_order = NULL,"
        " seq = NULL WHERE work_order = ? AND seq = ?",
        (work["no"], seq),
    )
    following = [item["seq"] for item in operations_of(connection, work_id) if item["seq"] > seq]
    if not following:
        connection.execute(
            "UPDATE work_order SET status = 'completed', completed = ?, modified_at = ? WHERE id = ?",
            (operation["good"], at.isoformat(), work_id),
        )
        tell_work(connection, shop, work_id, "workOrder.completed")
        return
    connection.execute(
        "UPDATE operation SET status = 'ready', input = ?, ready_at = ? WHERE work_id = ? AND seq = ?",
        (operation["good"], at.isoformat(), work_id, following[0]),
    )
    settle(connection, shop, work_id, following[0], at)
