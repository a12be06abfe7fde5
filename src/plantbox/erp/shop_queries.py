"""What the ERP answers to questions about production and dispatch."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from plantbox import firm
from plantbox.erp import masters, notices, production
from plantbox.fields import Fields
from plantbox.writes import Answer

MOST = 2000


def _window(fields: Fields) -> dict[str, Any]:
    return {
        "status": fields.optional("Status"),
        "order": fields.optional("OrderBillNo"),
        "source": fields.optional("SourceBillNo"),
        "limit": fields.whole("Limit", 100, low=1, high=MOST),
        "start": fields.whole("StartRow", 0),
    }


def query_work_orders(connection: sqlite3.Connection, fields: Fields) -> Answer:
    """Return work orders by their own number, state, sales order or source number."""
    rows = connection.execute(
        "SELECT * FROM work_order WHERE (:bill IS NULL OR bill_no = :bill)"
        " AND (:status IS NULL OR status = :status)"
        " AND ((:order IS NULL AND :source IS NULL) OR bill_no IN (SELECT work_order_no FROM work_order_link"
        " JOIN sales_order ON sales_order.id = order_id"
        " WHERE (:order IS NULL OR sales_order.bill_no = :order)"
        " AND (:source IS NULL OR source_bill_no = :source))) ORDER BY bill_no LIMIT :limit OFFSET :start",
        {**_window(fields), "bill": fields.optional("BillNo")},
    ).fetchall()
    return {"Rows": [production.work_order_view(connection, row) for row in rows]}


def view_work_order(connection: sqlite3.Connection, fields: Fields) -> Answer:
    """Return one work order."""
    row = production.find_work_order(connection, fields.text("BillNo"))
    return production.work_order_view(connection, row)


def query_finished(connection: sqlite3.Connection, fields: Fields) -> Answer:
    """Return finished-goods postings by work order or key."""
    rows = connection.execute(
        "SELECT answer, at FROM posting WHERE kind = 'Finished' AND (:work IS NULL OR subject = :work)"
        " AND (:key IS NULL OR key = :key) ORDER BY bill_no LIMIT 2000",
        {"work": fields.optional("WorkOrderNo"), "key": fields.optional("ExternalKey")},
    ).fetchall()
    found = []
    for row in rows:
        answer = json.loads(row["answer"])
        answer.pop("WorkOrder")
        found.append({**answer, "Time": row["at"]})
    return {"Rows": found}


def view_routing(connection: sqlite3.Connection, fields: Fields) -> Answer:
    """Return how a material is made: operations, and which material each takes per piece."""
    no = masters.find_material(connection, fields.text("MaterialNo"), "MaterialNo")["no"]
    children = connection.execute(
        "SELECT child_no, qty, model FROM bom_line JOIN material ON material.no = child_no"
        " WHERE parent_no = ? ORDER BY line_no",
        (no,),
    ).fetchall()
    return {
        "MaterialNo": no,
        "Operations": [
            {
                "Seq": step.seq,
                "Code": step.code,
                "Name": step.name,
                "MinutesPerPiece": step.minutes,
                "Materials": [
                    {"MaterialNo": child["child_no"], "Model": child["model"], "Qty": child["qty"]}
                    for child in children
                    if firm.used_at(child["model"]) == step.seq
                ],
            }
            for step in firm.ROUTING
        ],
    }


def query_notices(connection: sqlite3.Connection, fields: Fields) -> Answer:
    """Return dispatch notices by state, sales order or source number."""
    rows = connection.execute(
        "SELECT dispatch_notice.* FROM dispatch_notice JOIN sales_order ON sales_order.id = order_id"
        " WHERE (:status IS NULL OR dispatch_notice.status = :status)"
        " AND (:order IS NULL OR sales_order.bill_no = :order)"
        " AND (:source IS NULL OR source_bill_no = :source)"
        " ORDER BY dispatch_notice.bill_no LIMIT :limit OFFSET :start",
        _window(fields),
    ).fetchall()
    return {"Rows": [notices.notice_view(connection, row) for row in rows]}


def view_notice(connection: sqlite3.Connection, fields: Fields) -> Answer:
    """Return one dispatch notice."""
    return notices.notice_view(connection, notices.find_notice(connection, fields.text("BillNo")))
