"""What the ERP answers to questions: documents, totals per source number, changes, master data."""

from __future__ import annotations

import json
import sqlite3
from decimal import Decimal
from typing import Any

from plantbox.erp import customers, masters, views
from plantbox.erp.documents import find_order
from plantbox.fields import Fields
from plantbox.writes import Answer, Refusal, audit_page

MOST = 2000


def _window(fields: Fields) -> dict[str, Any]:
    return {"limit": fields.whole("Limit", 100, low=1, high=MOST), "start": fields.whole("StartRow", 0)}


def view_order(connection: sqlite3.Connection, fields: Fields) -> Answer:
    """Return one order."""
    return views.order_view(connection, find_order(connection, fields))


def query_orders(connection: sqlite3.Connection, fields: Fields) -> Answer:
    """Return orders by source number, customer, state."""
    values = {
        "source": fields.optional("SourceBillNo"),
        "system": fields.optional("SourceSystem"),
        "customer": fields.optional("CustomerNo"),
        "status": fields.optional("DocumentStatus"),
        **_window(fields),
    }
    if values["source"] is not None:
        # Stated alone, so that the index on the source number is used: this is the probe.
        where = "source_bill_no = :source AND (:system IS NULL OR source_system = :system)"
    else:
        where = "(:system IS NULL OR source_system = :system)"
    where += " AND (:customer IS NULL OR customer_no = :customer) AND (:status IS NULL OR status = :status)"
    total = connection.execute(f"SELECT count(*) FROM sales_order WHERE {where}", values).fetchone()[0]  # noqa: S608
    sql = f"SELECT * FROM sales_order WHERE {where} ORDER BY id LIMIT :limit OFFSET :start"  # noqa: S608 - fixed texts
    rows = connection.execute(sql, values).fetchall()
    return {"Rows": [views.order_view(connection, row) for row in rows], "Total": total}


def source_totals(connection: sqlite3.Connection, fields: Fields) -> Answer:
    """Return, per source number, how many documents there are and what they come to; voided ones do not
    count.
    """
    rows = connection.execute(
        "SELECT * FROM sales_order WHERE source_bill_no IS NOT NULL AND status <> 'E'"
        " AND (? IS NULL OR source_system = ?) ORDER BY source_bill_no, id",
        (fields.optional("SourceSystem"), fields.optional("SourceSystem")),
    )
    lines = dict(connection.execute("SELECT order_id, count(*) FROM order_line GROUP BY order_id").fetchall())
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        entry = found.setdefault(
            row["source_bill_no"],
            {
                "SourceBillNo": row["source_bill_no"],
                "Documents": 0,
                "Lines": 0,
                **dict.fromkeys(("Amount", "TaxAmount", "AllAmount"), Decimal("0.00")),
            },
        )
        entry["Documents"] += 1
        entry["Lines"] += lines.get(row["id"], 0)
        for name, column in (("Amount", "amount"), ("TaxAmount", "tax_amount"), ("AllAmount", "all_amount")):
            entry[name] += Decimal(row[column])
    entries = list(found.values())
    window = _window(fields)
    shown = entries[window["start"] : window["start"] + window["limit"]]
    amounts = ("Amount", "TaxAmount", "AllAmount")
    return {
        "Rows": [{**entry, **{name: str(entry[name]) for name in amounts}} for entry in shown],
        "Total": len(entries),
        "Documents": sum(entry["Documents"] for entry in entries),
        "Lines": sum(entry["Lines"] for entry in entries),
        **{name: str(sum((entry[name] for entry in entries), Decimal("0.00"))) for name in amounts},
    }


def query_deliveries(connection: sqlite3.Connection, fields: Fields) -> Answer:
    """Return delivery orders of an order or a source number."""
    rows = connection.execute(
        "SELECT delivery.* FROM delivery JOIN sales_order ON sales_order.id = delivery.order_id"
        " WHERE (:order IS NULL OR sales_order.bill_no = :order) AND (:source IS NULL OR "
        "source_bill_no = :source)"
        " AND (:bill IS NULL OR delivery.bill_no = :bill) ORDER BY delivery.bill_no LIMIT :limit "
        "OFFSET :start",
        {
            "order": fields.optional("OrderBillNo"),
            "source": fields.optional("SourceBillNo"),
            "bill": fields.optional("BillNo"),
            **_window(fields),
        },
    ).fetchall()
    return {"Rows": [views.delivery_view(connection, row) for row in rows]}


def view_delivery(connection: sqlite3.Connection, fields: Fields) -> Answer:
    """Return one delivery order."""
    bill_no = fields.text("BillNo")
    row = connection.execute("SELECT * FROM delivery WHERE bill_no = ?", (bill_no,)).fetchone()
    if row is None:
        raise Refusal("2004", f"单据不存在: {bill_no}", "BillNo")
    return views.delivery_view(connection, row)


def query_plans(connection: sqlite3.Connection, fields: Fields) -> Answer:
    """Return plan proposals."""
    rows = connection.execute(
        "SELECT plan.* FROM plan JOIN sales_order ON sales_order.id = plan.order_id"
        " WHERE (:status IS NULL OR plan.status = :status) AND (:order IS NULL OR "
        "sales_order.bill_no = :order)"
        " ORDER BY plan.bill_no LIMIT :limit OFFSET :start",
        {"status": fields.optional("Status"), "order": fields.optional("OrderBillNo"), **_window(fields)},
    ).fetchall()
    return {"Rows": [views.plan_view(connection, row) for row in rows]}


def changes(connection: sqlite3.Connection, fields: Fields) -> Answer:
    """Return the change feed after a cursor."""
    cursor = fields.whole("Cursor", 0)
    kinds = fields.texts("Kinds", most=10)
    rows = connection.execute(
        "SELECT * FROM change WHERE seq > ? AND (? OR kind IN (SELECT value FROM json_each(?))) "
        "ORDER BY seq LIMIT ?",
        (cursor, kinds is None, json.dumps(kinds or []), fields.whole("Limit", 200, low=1, high=MOST)),
    ).fetchall()
    return {
        "Rows": [views.change_view(row) for row in rows],
        "NextCursor": rows[-1]["seq"] if rows else cursor,
    }


def query_customers(connection: sqlite3.Connection, fields: Fields) -> Answer:
    """Return customers."""
    codes = fields.texts("OuterCodes", most=MOST)
    rows = connection.execute(
        "SELECT * FROM customer WHERE (:no IS NULL OR no = :no) AND (:outer IS NULL OR outer_code = :outer)"
        " AND (:name IS NULL OR name = :name)"
        " AND (:codes IS NULL OR outer_code IN (SELECT value FROM json_each(:codes)) OR no IN"
        " (SELECT customer_no FROM customer_code WHERE outer_code IN (SELECT value FROM json_each(:codes))))"
        " ORDER BY no LIMIT :limit OFFSET :start",
        {
            "no": fields.optional("No"),
            "outer": fields.optional("OuterCode"),
            "name": fields.optional("Name"),
            "codes": None if codes is None else json.dumps(codes, ensure_ascii=False),
            **_window(fields),
        },
    )
    return {"Rows": [customers.customer_view(connection, row) for row in rows.fetchall()]}


def query_materials(connection: sqlite3.Connection, fields: Fields) -> Answer:
    """Return materials."""
    rows = connection.execute(
        "SELECT * FROM material WHERE (:no IS NULL OR no = :no) AND (:model IS NULL OR model = :model)"
        " ORDER BY no LIMIT :limit OFFSET :start",
        {"no": fields.optional("No"), "model": fields.optional("Model"), **_window(fields)},
    )
    return {"Rows": [masters.material_view(row) for row in rows]}


def query_stock(connection: sqlite3.Connection, fields: Fields) -> Answer:
    """Return stock of one material or of all."""
    rows = connection.execute(
        "SELECT material_no FROM stock WHERE (:no IS NULL OR material_no = :no) ORDER BY material_no"
        " LIMIT :limit OFFSET :start",
        {"no": fields.optional("MaterialNo"), **_window(fields)},
    ).fetchall()
    return {"Rows": [masters.stock_view(connection, row["material_no"]) for row in rows]}


def view_bom(connection: sqlite3.Connection, fields: Fields) -> Answer:
    """Return what one unit of a material is made of."""
    no = fields.text("No")
    masters.find_material(connection, no, "No")
    rows = connection.execute("SELECT * FROM bom_line WHERE parent_no = ? ORDER BY line_no", (no,))
    lines = [{"LineNo": row["line_no"], "MaterialNo": row["child_no"], "Qty": row["qty"]} for row in rows]
    return {"No": no, "Lines": lines}


def query_audit(connection: sqlite3.Connection, fields: Fields) -> Answer:
    """Return the writes received."""
    limit = fields.whole("Limit", 200, low=1, high=MOST)
    cursor = fields.whole("Cursor", 0)
    rows = audit_page(connection, cursor, limit, fields.optional("Method"), fields.optional("Subject"))
    names = {
        "Id": "id",
        "Time": "at",
        "Method": "operation",
        "Subject": "subject",
        "Outcome": "outcome",
        "Code": "code",
        "Key": "key",
        "Digest": "digest",
    }
    return {
        "Rows": [{key: row[name] for key, name in names.items()} for row in rows],
        "NextCursor": rows[-1]["id"] if rows else cursor,
    }
