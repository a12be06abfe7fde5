"""Work orders of the MES: created once per external number, changed, cancelled, moved by hand or by time."""

from __future__ import annotations

import json
import sqlite3
from decimal import Decimal
from typing import Any

from plantbox import firm
from plantbox.database import next_number
from plantbox.fields import BadField, Fields
from plantbox.mes.reports import settle
from plantbox.mes.shop import (
    STEPS,
    Shop,
    find_work,
    open_qty,
    operation_row,
    tell_work,
    work_view,
)
from plantbox.money import trimmed
from plantbox.writes import Answer, Refusal


def _wanted(fields: Fields) -> dict[str, Any]:
    qty = fields.number("quantity", low="0")
    if qty == 0 or qty != qty.to_integral_value():
        raise BadField("quantity", "Expected a whole quantity above 0.")
    links = [
        {
            "orderNo": link.text("orderNo"),
            "lineNo": link.text("lineNo"),
            "quantity": trimmed(link.number("quantity", low="0")),
        }
        for link in fields.rows("links", most=500, least=0)
    ] if "links" in fields else []  # fmt: skip
    return {
        "itemCode": fields.text("itemCode"),
        "quantity": trimmed(qty),
        "dueDate": fields.day("dueDate"),
        "priority": fields.whole("priority", 5, low=1, high=9),
        "links": links,
    }


def create(connection: sqlite3.Connection, shop: Shop, fields: Fields) -> tuple[str, Answer]:
    """Take on a work order; its external number decides whether it is there already."""
    external_no = fields.text("externalOrderNo")
    wanted = _wanted(fields)
    asked = json.dumps(wanted, ensure_ascii=False)
    old = connection.execute("SELECT * FROM work_order WHERE external_no = ?", (external_no,)).fetchone()
    if old is not None:
        if old["asked"] != asked:
            raise Refusal(
                "MES-4092", f"外部单号 {external_no} 已存在 ({old['no']}),内容不同", "externalOrderNo"
            )
        return old["no"], {**work_view(connection, old), "existing": True}
    if connection.execute("SELECT 1 FROM item WHERE code = ?", (wanted["itemCode"],)).fetchone() is None:
        raise Refusal("MES-4042", f"物料不存在: {wanted['itemCode']}", "itemCode")
    now = shop.clock.text()
    number = f"GD{shop.clock.now():%y%m%d}-{next_number(connection, 'work'):04d}"
    cursor = connection.execute(
        "INSERT INTO work_order (no, external_no, item, qty, asked, status, mode, priority, due_date, links,"
        " created_at, modified_at) VALUES (?, ?, ?, ?, ?, 'accepted', ?, ?, ?, ?, ?, ?)",
        (
            number, external_no, wanted["itemCode"], wanted["quantity"], asked, shop.settings.production,
            wanted["priority"], wanted["dueDate"], json.dumps(wanted["links"]), now, now,
        ),
    )  # fmt: skip
    work_id = int(cursor.lastrowid or 0)
    first = firm.ROUTING[0].seq
    connection.executemany(
        "INSERT INTO operation (work_id, seq, code, status, input, ready_at) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                work_id,
                step.seq,
                step.code,
                "ready" if step.seq == first else "waiting",
                wanted["quantity"] if step.seq == first else "0",
                now if step.seq == first else None,
            )
            for step in firm.ROUTING
        ],
    )
    connection.execute(
        "INSERT INTO material (work_id, item, seq, per_piece) SELECT ?, child, seq, qty FROM item_need"
        " WHERE parent = ?",
        (work_id, wanted["itemCode"]),
    )
    return number, {**tell_work(connection, shop, work_id, "workOrder.accepted"), "existing": False}


def _live(row: sqlite3.Row) -> None:
    if row["status"] not in ("accepted", "inProgress"):
        raise Refusal("MES-4091", f"工单 {row['no']} 状态为 {row['status']},不能变更")


def _free_machine(connection: sqlite3.Connection, row: sqlite3.Row) -> None:
    connection.execute(
        "UPDATE machine SET state = CASE state WHEN 'fault' THEN state ELSE 'idle' END, work_order = NULL,"
        " seq = NULL WHERE work_order = ?",
        (row["no"],),
    )


def change(connection: sqlite3.Connection, shop: Shop, ref: str, fields: Fields) -> tuple[str, Answer]:
    """Give a live work order another quantity, or refuse with what is made already."""
    row = find_work(connection, ref)
    qty = fields.number("quantity", low="0")
    if qty == 0 or qty != qty.to_integral_value():
        raise BadField("quantity", "Expected a whole quantity above 0; 0 is a cancellation.")
    if qty == Decimal(row["qty"]):
        return row["no"], {**work_view(connection, row), "alreadyDone": True}
    _live(row)
    first = operation_row(connection, row["id"], firm.ROUTING[0].seq)
    step = STEPS[first["seq"]]
    taken = Decimal(first["input"]) - open_qty(first) + Decimal(first["portion"] or "0")
    if qty < taken:
        raise Refusal(
            "MES-4091",
            f"工单 {row['no']} {step.name} 已投产 {trimmed(taken)},不能改为 {trimmed(qty)}",
            "quantity",
        )
    if first["status"] == "completed":
        raise Refusal("MES-4091", f"工单 {row['no']} {step.name} 已完工,不能改为 {trimmed(qty)}", "quantity")
    connection.execute(
        "UPDATE work_order SET qty = ?, modified_at = ? WHERE id = ?",
        (trimmed(qty), shop.clock.text(), row["id"]),
    )
    connection.execute(
        "UPDATE operation SET input = ? WHERE work_id = ? AND seq = ?",
        (trimmed(qty), row["id"], first["seq"]),
    )
    # An operation that only waited for rework has pieces to work on again after a rise.
    connection.execute(
        "UPDATE operation SET status = 'ready', ready_at = ?"
        " WHERE work_id = ? AND seq = ? AND status = 'running' AND machine IS NULL",
        (shop.clock.text(), row["id"], first["seq"]),
    )
    view = tell_work(connection, shop, row["id"], "workOrder.changed")
    settle(connection, shop, row["id"], first["seq"], shop.clock.now())
    return row["no"], {**view, "alreadyDone": False, "reason": fields.optional("reason")}


def cancel(connection: sqlite3.Connection, shop: Shop, ref: str, fields: Fields) -> tuple[str, Answer]:
    """Cancel a work order of which nothing was reported yet, or refuse with what is made already."""
    row = find_work(connection, ref)
    if row["status"] == "cancelled":
        return row["no"], {**work_view(connection, row), "alreadyDone": True}
    _live(row)
    first = operation_row(connection, row["id"], firm.ROUTING[0].seq)
    done = Decimal(first["input"]) - open_qty(first)
    if done > 0:
        raise Refusal(
            "MES-4091", f"工单 {row['no']} {STEPS[first['seq']].name} 已报工 {trimmed(done)},不能取消"
        )
    _free_machine(connection, row)
    connection.execute(
        "UPDATE operation SET status = 'waiting', machine = NULL, portion = NULL WHERE work_id = ?",
        (row["id"],),
    )
    connection.execute(
        "UPDATE work_order SET status = 'cancelled', modified_at = ? WHERE id = ?",
        (shop.clock.text(), row["id"]),
    )
    view = tell_work(connection, shop, row["id"], "workOrder.cancelled")
    return row["no"], {**view, "alreadyDone": False, "reason": fields.optional("reason")}


def set_mode(connection: sqlite3.Connection, shop: Shop, ref: str, fields: Fields) -> tuple[str, Answer]:
    """Let time move a work order, or only people's reports."""
    row = find_work(connection, ref)
    mode = fields.text("mode")
    if mode not in ("auto", "manual"):
        raise BadField("mode", "Expected auto or manual.")
    if mode == "manual":
        _free_machine(connection, row)
        connection.execute(
            "UPDATE operation SET status = 'ready', machine = NULL, portion = NULL, ready_at = ?"
            " WHERE work_id = ? AND status = 'running'",
            (shop.clock.text(), row["id"]),
        )
    connection.execute("UPDATE work_order SET mode = ? WHERE id = ?", (mode, row["id"]))
    return row["no"], work_view(connection, find_work(connection, row["no"]))


def assign(connection: sqlite3.Connection, _: Shop, ref: str, fields: Fields, seq: int) -> tuple[str, Answer]:
    """Bind an operation that does not run to one machine."""
    row = find_work(connection, ref)
    operation = operation_row(connection, row["id"], seq)
    machine = connection.execute(
        "SELECT * FROM machine WHERE code = ?", (fields.text("machineCode"),)
    ).fetchone()
    if machine is None or machine["place"] != STEPS[seq].place:
        raise BadField("machineCode", f"Expected a machine for {STEPS[seq].name}.")
    if operation["status"] not in ("waiting", "ready"):
        raise Refusal("MES-4091", f"工序 {STEPS[seq].name} 状态为 {operation['status']},不能改派")
    connection.execute(
        "UPDATE operation SET assigned = ? WHERE work_id = ? AND seq = ?", (machine["code"], row["id"], seq)
    )
    return row["no"], work_view(connection, row)
