"""What is posted against work orders, each thing once by its external key: reports, consumption, finished
goods; and what a shortfall leads to.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from plantbox.database import next_number
from plantbox.erp import production, shipping, variance
from plantbox.erp.lifecycle import release_plan
from plantbox.erp.masters import Office, find_material, move_stock, refuse_while_counting
from plantbox.erp.production import LIVE, ZERO, ShopEvent, find_work_order, tell_shop, work_order_view
from plantbox.erp.review import Need, propose, tell_plan
from plantbox.erp.views import order_row
from plantbox.fields import BadField, Fields
from plantbox.money import trimmed
from plantbox.writes import Answer, Refusal


@dataclass(frozen=True, slots=True)
class Posting:
    """One posting as it is kept under its key."""

    kind: str
    key: str
    bill_no: str
    subject: str
    content: dict[str, Any]
    source: str | None = None
    qty: str | None = None


def known(connection: sqlite3.Connection, kind: str, key: str, content: dict[str, Any]) -> Answer | None:
    """Return the first answer of a key, None for a new key; refuse other content with 2010."""
    row = connection.execute("SELECT * FROM posting WHERE kind = ? AND key = ?", (kind, key)).fetchone()
    if row is None:
        return None
    if json.loads(row["content"]) != content:
        raise Refusal("2010", f"外部键 {key} 已用于其他内容 ({row['bill_no']})", "ExternalKey")
    return {**json.loads(row["answer"]), "AlreadyDone": True}


def keep(connection: sqlite3.Connection, office: Office, posting: Posting, answer: Answer) -> Answer:
    """Keep a posting with its answer, and return the answer."""
    connection.execute(
        "INSERT INTO posting (kind, key, bill_no, subject, source, qty, content, answer, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            posting.kind, posting.key, posting.bill_no, posting.subject, posting.source, posting.qty,
            json.dumps(posting.content, ensure_ascii=False), json.dumps(answer, ensure_ascii=False),
            office.clock.text(),
        ),
    )  # fmt: skip
    return {**answer, "AlreadyDone": False}


def _live(row: sqlite3.Row) -> None:
    if row["status"] not in LIVE:
        raise Refusal("2009", f"生产订单 {row['bill_no']} 状态为 {row['status']},不能报工或入库", "BillNo")


def _start(connection: sqlite3.Connection, bill_no: str) -> None:
    connection.execute("UPDATE work_order SET status = 'Started' WHERE bill_no = ?", (bill_no,))


def report(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Post the progress of one operation; a wholly reported one calls for the next one's material."""
    bill_no, key = fields.text("BillNo"), fields.text("ExternalKey")
    row = find_work_order(connection, bill_no)
    seq = fields.whole("OperationSeq", 0, low=1)
    numbers = {name: fields.number(name, "0", low="0") for name in ("GoodQty", "BadQty", "ScrapQty", "Hours")}
    content = {
        "BillNo": bill_no,
        "OperationSeq": seq,
        **{name: trimmed(value) for name, value in numbers.items()},
        "MachineNo": fields.optional("MachineNo"),
        "WorkerRole": fields.optional("WorkerRole"),
    }
    again = known(connection, "Report", key, content)
    if again is not None:
        return bill_no, again
    # Hours and pieces that are told late still belong to an order that is finished.
    if row["status"] != "Finished":
        _live(row)
    operation = connection.execute(
        "SELECT * FROM work_order_operation WHERE work_order_no = ? AND seq = ?", (bill_no, seq)
    ).fetchone()
    if operation is None:
        raise BadField("OperationSeq", f"Expected an operation of {bill_no}, but it has none numbered {seq}.")
    connection.execute(
        "UPDATE work_order_operation SET good = ?, bad = ?, scrap = ?, hours = ?"
        " WHERE work_order_no = ? AND seq = ?",
        (
            trimmed(Decimal(operation["good"]) + numbers["GoodQty"]),
            trimmed(Decimal(operation["bad"]) + numbers["BadQty"]),
            trimmed(Decimal(operation["scrap"]) + numbers["ScrapQty"]),
            trimmed(Decimal(operation["hours"]) + numbers["Hours"]),
            bill_no,
            seq,
        ),
    )
    connection.execute(
        "UPDATE work_order SET status = CASE status WHEN 'Finished' THEN status ELSE 'Started' END,"
        " last_seq = max(coalesce(last_seq, 0), ?) WHERE bill_no = ?",
        (seq, bill_no),
    )
    view = work_order_view(connection, find_work_order(connection, bill_no))
    tell_shop(connection, office, ShopEvent("WorkOrder", "Reported", bill_no, bill_no, {**view, **content}))
    _call_material(connection, office, bill_no, seq)
    return bill_no, keep(connection, office, Posting("Report", key, bill_no, bill_no, content), view)


def _call_material(connection: sqlite3.Connection, office: Office, bill_no: str, seq: int) -> None:
    """Ask for the next operation's material once all that came to this one is reported."""
    operations = production.operations_of(connection, bill_no)
    index = next(i for i, item in enumerate(operations) if item["seq"] == seq)
    wanted = Decimal(find_work_order(connection, bill_no)["qty"])
    if index > 0:
        wanted = min(wanted, Decimal(operations[index - 1]["good"]))
    done = operations[index]
    if index + 1 == len(operations) or done["called"]:
        return
    if Decimal(done["good"]) + Decimal(done["scrap"]) < wanted:
        return
    connection.execute(
        "UPDATE work_order_operation SET called = 1 WHERE work_order_no = ? AND seq = ?", (bill_no, seq)
    )
    following = operations[index + 1]
    qty = Decimal(done["good"])
    lines = [
        {
            "MaterialNo": item["material_no"],
            "Model": item["model"],
            "Unit": item["unit"],
            "Qty": trimmed(Decimal(item["per_piece"]) * qty),
        }
        for item in production.materials_of(connection, bill_no)
        if item["seq"] == following["seq"]
    ]
    if not lines:
        return
    number = f"PS-{next_number(connection, 'material_delivery'):06d}"
    data = {
        "BillNo": number,
        "WorkOrderNo": bill_no,
        "OperationSeq": following["seq"],
        "OperationName": following["name"],
        "Lines": lines,
    }
    tell_shop(connection, office, ShopEvent("MaterialDelivery", "Requested", number, bill_no, data))


def consume(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Post used material: stock falls by exactly that, and the variance against the BOM is kept."""
    bill_no, key = fields.text("BillNo"), fields.text("ExternalKey")
    row = find_work_order(connection, bill_no)
    lines = [
        (find_material(connection, line.text("MaterialNo"), line.at("MaterialNo"))["no"],
         line.number("Qty", low="0"))
        for line in fields.rows("Lines", most=200)
    ]  # fmt: skip
    content = {"BillNo": bill_no, "Lines": [[no, trimmed(qty)] for no, qty in lines]}
    again = known(connection, "Consume", key, content)
    if again is not None:
        return bill_no, again
    refuse_while_counting(connection)
    if row["status"] == "Cancelled":
        _live(row)
    for no, qty in lines:
        move_stock(connection, no, on_hand=-qty, reserved=ZERO)
        old = connection.execute(
            "SELECT used FROM work_order_material WHERE work_order_no = ? AND material_no = ?", (bill_no, no)
        ).fetchone()
        total = qty + (ZERO if old is None else Decimal(old["used"]))
        connection.execute(
            "INSERT INTO work_order_material (work_order_no, material_no, seq, per_piece, used)"
            " VALUES (?, ?, 10, '0', ?) ON CONFLICT (work_order_no, material_no)"
            " DO UPDATE SET used = excluded.used",
            (bill_no, no, trimmed(total)),
        )
    if row["status"] in LIVE:
        _start(connection, bill_no)
    number = f"LL-{next_number(connection, 'issue'):06d}"
    view = work_order_view(connection, find_work_order(connection, bill_no))
    posted = [{"MaterialNo": no, "Qty": trimmed(qty)} for no, qty in lines]
    data = {"IssueBillNo": number, "ExternalKey": key, "Lines": posted, **view}
    tell_shop(connection, office, ShopEvent("WorkOrder", "Consumed", bill_no, bill_no, data))
    variance.note(connection, office, bill_no, {no for no, _ in lines})
    return bill_no, keep(connection, office, Posting("Consume", key, number, bill_no, content), data)


def post_finished(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Post finished goods into stock once per key, whoever reports them; they are reserved for the order
    lines that the work order serves.
    """
    bill_no, key = fields.text("WorkOrderNo"), fields.text("ExternalKey")
    source = fields.text("Source")
    qty = fields.number("Qty", low="0")
    row = find_work_order(connection, bill_no, "WorkOrderNo")
    first = connection.execute("SELECT * FROM posting WHERE kind = 'Finished' AND key = ?", (key,)).fetchone()
    if first is not None:
        if first["subject"] != bill_no or Decimal(first["qty"]) != qty:
            raise Refusal(
                "4006",
                f"{key} 已由 {first['source']} 入库 {first['qty']} ({first['bill_no']}),"
                f"本次 {trimmed(qty)} 不一致",
                "Qty",
            )
        return bill_no, {**json.loads(first["answer"]), "AlreadyDone": True, "FirstSource": first["source"]}
    refuse_while_counting(connection)
    _live(row)
    total = Decimal(row["finished"]) + qty
    if total > Decimal(row["qty"]):
        raise Refusal("4007", f"入库合计 {trimmed(total)} 超过生产订单数量 {row['qty']}", "Qty")
    number = f"RK-{next_number(connection, 'receipt'):06d}"
    _put_into_stock(connection, office, row, qty)
    final = fields.flag("Final", default=False) or total == Decimal(row["qty"])
    connection.execute(
        "UPDATE work_order SET finished = ?, status = ? WHERE bill_no = ?",
        (trimmed(total), "Finished" if final else "Started", bill_no),
    )
    if final and total < Decimal(row["qty"]):
        _replace_missing(connection, office, bill_no)
    view = work_order_view(connection, find_work_order(connection, bill_no))
    answer = {
        "BillNo": number,
        "WorkOrderNo": bill_no,
        "ExternalKey": key,
        "MaterialNo": row["material_no"],
        "Qty": trimmed(qty),
        "Source": source,
        "LotNo": fields.optional("LotNo"),
        "WorkOrder": view,
    }
    tell_shop(connection, office, ShopEvent("FinishedGoods", "Posted", number, bill_no, answer))
    if final:
        production.tell_work_order(connection, office, bill_no, "Finished")
    for order_id in {link["order_id"] for link in production.links_of(connection, bill_no)}:
        shipping.schedule(connection, office, order_id)
    posting = Posting("Finished", key, number, bill_no, {}, source, trimmed(qty))
    return bill_no, {**keep(connection, office, posting, answer), "FirstSource": source}


def _put_into_stock(connection: sqlite3.Connection, office: Office, row: sqlite3.Row, qty: Decimal) -> None:
    left = qty
    for link in production.links_of(connection, row["bill_no"]):
        part = min(left, Decimal(link["qty"]) - Decimal(link["finished"]))
        if part <= 0:
            continue
        left -= part
        move_stock(connection, row["material_no"], on_hand=part, reserved=part)
        line = connection.execute(
            "SELECT * FROM order_line WHERE order_id = ? AND line_no = ?", (link["order_id"], link["line_no"])
        ).fetchone()
        connection.execute(
            "UPDATE order_line SET reserved = ?, planned = ? WHERE order_id = ? AND line_no = ?",
            (
                trimmed(Decimal(line["reserved"]) + part),
                trimmed(Decimal(line["planned"]) - part),
                link["order_id"],
                link["line_no"],
            ),
        )
        done = Decimal(link["finished"]) + part
        connection.execute(
            "UPDATE work_order_link SET finished = ? WHERE plan_no = ?", (trimmed(done), link["plan_no"])
        )
        if done == Decimal(link["qty"]):
            connection.execute("UPDATE plan SET status = 'Finished' WHERE bill_no = ?", (link["plan_no"],))
            tell_plan(connection, link["plan_no"], "Finished", office.clock.text())
    if left > 0:
        move_stock(connection, row["material_no"], on_hand=left, reserved=ZERO)


def _replace_missing(connection: sqlite3.Connection, office: Office, bill_no: str) -> None:
    """End a work order's open links, and propose anew what they still lack."""
    material_no = find_work_order(connection, bill_no)["material_no"]
    for link in production.links_of(connection, bill_no):
        missing = Decimal(link["qty"]) - Decimal(link["finished"])
        if missing > 0:
            _propose_anew(connection, office, link, material_no, missing)


def _propose_anew(
    connection: sqlite3.Connection, office: Office, link: sqlite3.Row, material_no: str, missing: Decimal
) -> None:
    rest = Decimal(link["qty"]) - missing
    status = "Cancelled" if rest == 0 else None
    if rest > 0 and rest == Decimal(link["finished"]):
        status = "Finished"
    connection.execute(
        "UPDATE plan SET qty = ?, status = coalesce(?, status) WHERE bill_no = ?",
        (trimmed(rest), status, link["plan_no"]),
    )
    connection.execute(
        "UPDATE work_order_link SET qty = ? WHERE plan_no = ?", (trimmed(rest), link["plan_no"])
    )
    tell_plan(connection, link["plan_no"], status or "Changed", office.clock.text())
    order = order_row(connection, link["order_id"])
    plan_no = propose(connection, office, order, Need(link["line_no"], material_no, missing))
    if office.policy.plan_release == "auto" and order["status"] == "C":
        plan = connection.execute("SELECT * FROM plan WHERE bill_no = ?", (plan_no,)).fetchone()
        release_plan(connection, office, plan)


def change(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Give a work order another quantity by itself. Smaller: what its sales orders then lack is proposed
    anew. Larger, also after a cancellation: the shop floor makes it all the same; the surplus is free stock.
    """
    return _shrink(connection, office, fields, fields.number("Qty", low="0"))


def cancel(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Cancel a work order of which nothing was reported; its demand is proposed anew."""
    return _shrink(connection, office, fields, ZERO)


def _shrink(
    connection: sqlite3.Connection, office: Office, fields: Fields, qty: Decimal
) -> tuple[str, Answer]:
    row = find_work_order(connection, fields.text("BillNo"))
    cancelled = row["status"] == "Cancelled"
    same = qty == 0 if cancelled else qty == Decimal(row["qty"])
    if same:
        return row["bill_no"], {**work_order_view(connection, row), "AlreadyDone": True}
    if qty > 0 and (row["status"] == "Cancelled" or (row["status"] in LIVE and qty > Decimal(row["qty"]))):
        return row["bill_no"], {**production.reopen(connection, office, row, qty), "AlreadyDone": False}
    _live(row)
    left = Decimal(row["qty"]) - qty
    cuts: list[tuple[sqlite3.Row, Decimal]] = []
    for link in reversed(production.links_of(connection, row["bill_no"])):
        part = min(left, Decimal(link["qty"]) - Decimal(link["finished"]))
        if part > 0:
            cuts.append((link, part))
            left -= part
    production.resize(connection, office, row["bill_no"], qty)
    for link, part in cuts:
        _propose_anew(connection, office, link, row["material_no"], part)
    view = work_order_view(connection, find_work_order(connection, row["bill_no"]))
    return row["bill_no"], {**view, "AlreadyDone": False}
