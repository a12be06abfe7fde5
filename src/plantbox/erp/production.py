"""Work orders (生产订单) of the ERP: made from plan proposals n:m, changed and cancelled with them.

What is reported and posted against them is in ``postings``.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from plantbox import firm
from plantbox.database import next_number
from plantbox.erp.masters import Office
from plantbox.erp.review import tell_plan
from plantbox.fields import Fields
from plantbox.money import half_up, trimmed
from plantbox.writes import Answer, Refusal

ZERO = Decimal(0)
LIVE = ("Released", "Accepted", "Started")


def find_work_order(connection: sqlite3.Connection, bill_no: str, field: str = "BillNo") -> sqlite3.Row:
    """Return a work order, or refuse with 2004."""
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM work_order WHERE bill_no = ?", (bill_no,)
    ).fetchone()
    if row is None:
        raise Refusal("2004", f"单据不存在: {bill_no}", field)
    return row


def links_of(connection: sqlite3.Connection, bill_no: str) -> list[sqlite3.Row]:
    """Return which order lines a work order serves."""
    return connection.execute(
        "SELECT work_order_link.*, sales_order.bill_no AS order_no, source_system, source_bill_no,"
        " order_line.source_line_no FROM work_order_link"
        " JOIN sales_order ON sales_order.id = work_order_link.order_id"
        " JOIN order_line ON order_line.order_id = work_order_link.order_id"
        " AND order_line.line_no = work_order_link.line_no WHERE work_order_no = ? ORDER BY plan_no",
        (bill_no,),
    ).fetchall()


def operations_of(connection: sqlite3.Connection, bill_no: str) -> list[sqlite3.Row]:
    """Return a work order's operations in their order."""
    return connection.execute(
        "SELECT * FROM work_order_operation WHERE work_order_no = ? ORDER BY seq", (bill_no,)
    ).fetchall()


def materials_of(connection: sqlite3.Connection, bill_no: str) -> list[sqlite3.Row]:
    """Return what a work order needs and has used."""
    return connection.execute(
        "SELECT work_order_material.*, name, model, unit FROM work_order_material"
        " JOIN material ON material.no = material_no WHERE work_order_no = ? ORDER BY seq, material_no",
        (bill_no,),
    ).fetchall()


def percent(part: Decimal, whole: Decimal, step: str = "1") -> str:
    """Return a share in percent, rounded half up."""
    return "0" if whole == 0 else format(half_up(part * 100 / whole, Decimal(step)), "f")


def material_view(row: sqlite3.Row, qty: Decimal) -> dict[str, Any]:
    """Return one material of a work order with its variance."""
    planned, used = Decimal(row["per_piece"]) * qty, Decimal(row["used"])
    return {
        "MaterialNo": row["material_no"],
        "Model": row["model"],
        "MaterialName": row["name"],
        "Unit": row["unit"],
        "OperationSeq": row["seq"],
        "PlannedQty": trimmed(planned),
        "UsedQty": trimmed(used),
        "VarianceQty": trimmed(used - planned),
        "VariancePercent": percent(used - planned, planned, "0.1"),
    }


def work_order_view(connection: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """Return a work order whole."""
    material = connection.execute("SELECT * FROM material WHERE no = ?", (row["material_no"],)).fetchone()
    qty = Decimal(row["qty"])
    operations = operations_of(connection, row["bill_no"])
    last = next((item for item in operations if item["seq"] == row["last_seq"]), None)
    return {
        "BillNo": row["bill_no"],
        "MaterialNo": row["material_no"],
        "Model": material["model"],
        "MaterialName": material["name"],
        "Unit": material["unit"],
        "StandardPrice": material["price"],
        "Qty": row["qty"],
        "FinishedQty": row["finished"],
        "ScrapQty": trimmed(sum((Decimal(item["scrap"]) for item in operations), ZERO)),
        "Status": row["status"],
        "ExternalNo": row["external_no"],
        "NeedDate": row["need_date"],
        "CreateTime": row["created_at"],
        "Percent": "0" if last is None else percent(Decimal(last["good"]), qty),
        "Links": [
            {
                "PlanBillNo": link["plan_no"],
                "OrderBillNo": link["order_no"],
                "OrderLineNo": link["line_no"],
                "SourceSystem": link["source_system"],
                "SourceBillNo": link["source_bill_no"],
                "SourceLineNo": link["source_line_no"],
                "Qty": link["qty"],
                "FinishedQty": link["finished"],
            }
            for link in links_of(connection, row["bill_no"])
        ],
        "Operations": [
            {
                "Seq": item["seq"],
                "Code": item["code"],
                "Name": item["name"],
                "GoodQty": item["good"],
                "BadQty": item["bad"],
                "ScrapQty": item["scrap"],
                "Hours": item["hours"],
                "Percent": percent(Decimal(item["good"]), qty),
            }
            for item in operations
        ],
        "Materials": [material_view(item, qty) for item in materials_of(connection, row["bill_no"])],
    }


@dataclass(frozen=True, slots=True)
class ShopEvent:
    """What happened to which production document; ``work_order_no`` says whose sales order is named."""

    kind: str
    event: str
    bill_no: str
    work_order_no: str | None
    data: dict[str, Any]


def tell_shop(connection: sqlite3.Connection, office: Office, event: ShopEvent) -> None:
    """Write one row into the change feed; it names the first sales order that is served."""
    links = [] if event.work_order_no is None else links_of(connection, event.work_order_no)
    order_no = links[0]["order_no"] if links else ""
    source_no = links[0]["source_bill_no"] if links else None
    connection.execute(
        "INSERT INTO change (kind, event, bill_no, order_bill_no, source_bill_no, time, data)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            event.kind, event.event, event.bill_no, order_no, source_no, office.clock.text(),
            json.dumps(event.data, ensure_ascii=False),
        ),
    )  # fmt: skip


def tell_work_order(connection: sqlite3.Connection, office: Office, bill_no: str, event: str) -> Answer:
    """Write a work order's event with its whole state, and return that state."""
    view = work_order_view(connection, find_work_order(connection, bill_no))
    tell_shop(connection, office, ShopEvent("WorkOrder", event, bill_no, bill_no, view))
    return view


def make_work_order(connection: sqlite3.Connection, office: Office, plans: list[sqlite3.Row]) -> str:
    """Make one work order of released plans for one material; the need is exploded from the BOM."""
    bill_no = f"SCDD-{next_number(connection, 'work_order'):06d}"
    material_no = plans[0]["material_no"]
    qty = sum((Decimal(plan["qty"]) for plan in plans), ZERO)
    dates = connection.execute(
        "SELECT min(coalesce(order_line.delivery_date, sales_order.delivery_date)) FROM plan"
        " JOIN sales_order ON sales_order.id = plan.order_id JOIN order_line"
        " ON order_line.order_id = plan.order_id AND order_line.line_no = plan.line_no"
        " WHERE plan.bill_no IN (SELECT value FROM json_each(?))",
        (json.dumps([plan["bill_no"] for plan in plans]),),
    ).fetchone()
    connection.execute(
        "INSERT INTO work_order (bill_no, material_no, qty, status, need_date, created_at)"
        " VALUES (?, ?, ?, 'Released', ?, ?)",
        (bill_no, material_no, trimmed(qty), dates[0], office.clock.text()),
    )
    connection.executemany(
        "INSERT INTO work_order_link (work_order_no, plan_no, order_id, line_no, qty) VALUES (?, ?, ?, ?, ?)",
        [(bill_no, plan["bill_no"], plan["order_id"], plan["line_no"], plan["qty"]) for plan in plans],
    )
    connection.executemany(
        "INSERT INTO work_order_operation (work_order_no, seq, code, name) VALUES (?, ?, ?, ?)",
        [(bill_no, step.seq, step.code, step.name) for step in firm.ROUTING],
    )
    children = connection.execute(
        "SELECT child_no, qty, model FROM bom_line JOIN material ON material.no = child_no"
        " WHERE parent_no = ?",
        (material_no,),
    ).fetchall()
    connection.executemany(
        "INSERT INTO work_order_material (work_order_no, material_no, seq, per_piece) VALUES (?, ?, ?, ?)",
        [(bill_no, child["child_no"], firm.used_at(child["model"]), child["qty"]) for child in children],
    )
    tell_work_order(connection, office, bill_no, "Released")
    return bill_no


def create(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Make one work order for proposals of one material; the same proposals again are ``AlreadyDone``."""
    numbers = sorted(set(fields.texts("PlanBillNos", most=200) or []))
    plans = connection.execute(
        "SELECT * FROM plan WHERE bill_no IN (SELECT value FROM json_each(?)) ORDER BY bill_no",
        (json.dumps(numbers),),
    ).fetchall()
    if not numbers or len(plans) != len(numbers):
        raise Refusal("2004", f"计划建议不存在: {', '.join(numbers)}", "PlanBillNos")
    made = connection.execute(
        "SELECT DISTINCT work_order_no FROM work_order_link"
        " WHERE plan_no IN (SELECT value FROM json_each(?))",
        (json.dumps(numbers),),
    ).fetchall()
    if len(made) == 1 and [link["plan_no"] for link in links_of(connection, made[0][0])] == numbers:
        return made[0][0], {
            **work_order_view(connection, find_work_order(connection, made[0][0])),
            "AlreadyDone": True,
        }
    wrong = [plan["bill_no"] for plan in plans if plan["status"] != "Proposed"]
    if made or wrong:
        raise Refusal("2009", f"计划建议已投放: {', '.join(wrong)}", "PlanBillNos")
    if len({plan["material_no"] for plan in plans}) > 1:
        raise Refusal("2001", "合并的计划建议必须是同一物料", "PlanBillNos")
    for plan in plans:
        connection.execute("UPDATE plan SET status = 'Released' WHERE bill_no = ?", (plan["bill_no"],))
        tell_plan(connection, plan["bill_no"], "Released", office.clock.text())
    bill_no = make_work_order(connection, office, plans)
    return bill_no, {
        **work_order_view(connection, find_work_order(connection, bill_no)),
        "AlreadyDone": False,
    }


def accept(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Note under which number the shop floor has taken the work order."""
    row = find_work_order(connection, fields.text("BillNo"))
    number = fields.text("ExternalNo")
    if row["external_no"] == number:
        return row["bill_no"], {**work_order_view(connection, row), "AlreadyDone": True}
    if row["external_no"] is not None or row["status"] not in LIVE:
        raise Refusal("2009", f"生产订单 {row['bill_no']} 已由车间接收: {row['external_no']}", "ExternalNo")
    status = "Accepted" if row["status"] == "Released" else row["status"]
    connection.execute(
        "UPDATE work_order SET external_no = ?, status = ? WHERE bill_no = ?",
        (number, status, row["bill_no"]),
    )
    view = tell_work_order(connection, office, row["bill_no"], "Accepted")
    return row["bill_no"], {**view, "AlreadyDone": False}


def begun(connection: sqlite3.Connection, bill_no: str) -> Decimal:
    """Return how many pieces the first operation has reported, good or not."""
    first = operations_of(connection, bill_no)[0]
    return Decimal(first["good"]) + Decimal(first["bad"]) + Decimal(first["scrap"])


def resize(connection: sqlite3.Connection, office: Office, bill_no: str, qty: Decimal) -> None:
    """Give a live work order another quantity (0 cancels), or refuse with 4009 what is made already."""
    row = find_work_order(connection, bill_no)
    if row["status"] not in LIVE or qty == Decimal(row["qty"]):
        return
    done = max(begun(connection, bill_no), Decimal(row["finished"]))
    if qty < done:
        raise Refusal(
            "4009",
            f"生产订单 {bill_no} 车间已报工 {trimmed(done)},不能改为 {trimmed(qty)}",
            "Lines",
        )
    status = "Cancelled" if qty == 0 else row["status"]
    if 0 < qty == Decimal(row["finished"]):
        status = "Finished"
    shown = row["qty"] if qty == 0 else trimmed(qty)
    connection.execute(
        "UPDATE work_order SET qty = ?, status = ? WHERE bill_no = ?", (shown, status, bill_no)
    )
    tell_work_order(connection, office, bill_no, "Cancelled" if qty == 0 else "Changed")


def reopen(connection: sqlite3.Connection, office: Office, row: sqlite3.Row, qty: Decimal) -> Answer:
    """Let a work order be made after all, or in a larger quantity, because the shop floor does not stop."""
    status = row["status"]
    if status == "Cancelled":
        status = "Released" if row["external_no"] is None else "Accepted"
    connection.execute(
        "UPDATE work_order SET qty = ?, status = ? WHERE bill_no = ?", (trimmed(qty), status, row["bill_no"])
    )
    return tell_work_order(connection, office, row["bill_no"], "Changed")


def follow_plan(connection: sqlite3.Connection, office: Office, plan_no: str, cut: Decimal) -> None:
    """Take ``cut`` from the work order that makes a plan, because its sales order wants less."""
    link = connection.execute("SELECT * FROM work_order_link WHERE plan_no = ?", (plan_no,)).fetchone()
    if link is None or cut == 0:
        return
    row = find_work_order(connection, link["work_order_no"])
    resize(connection, office, row["bill_no"], Decimal(row["qty"]) - cut)
    connection.execute(
        "UPDATE work_order_link SET qty = ? WHERE plan_no = ?",
        (trimmed(Decimal(link["qty"]) - cut), plan_no),
    )


def finished_of_plan(connection: sqlite3.Connection, plan_no: str) -> Decimal:
    """Return how much of a plan is posted as finished goods already."""
    link = connection.execute("SELECT finished FROM work_order_link WHERE plan_no = ?", (plan_no,)).fetchone()
    return ZERO if link is None else Decimal(link["finished"])
