"""Rows of the ERP as the JSON that leaves it, and its change feed."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from plantbox.money import half_up, plain, trimmed


def line_status(row: sqlite3.Row, state: str) -> str:
    """Return what a line is: open, reserved, planned, partly or wholly delivered, cancelled."""
    delivered, qty = Decimal(row["delivered"]), Decimal(row["qty"])
    if state == "E":
        return "Cancelled"
    if qty > 0 and delivered >= qty:
        return "Delivered"
    if delivered > 0:
        return "Partial"
    if Decimal(row["planned"]) > 0:
        return "Planned"
    return "Reserved" if Decimal(row["reserved"]) > 0 else "Open"


def order_lines(connection: sqlite3.Connection, order_id: int) -> list[sqlite3.Row]:
    """Return an order's lines with their materials' names."""
    return connection.execute(
        "SELECT order_line.*, material.model, material.name AS material_name FROM order_line"
        " JOIN material ON material.no = order_line.material_no WHERE order_id = ? ORDER BY line_no",
        (order_id,),
    ).fetchall()


def returned(connection: sqlite3.Connection, order_id: int) -> dict[int, Decimal]:
    """Return what came back of each order line."""
    rows = connection.execute(
        "SELECT order_line_no, received FROM sales_return_line JOIN sales_return ON bill_no = return_no"
        " WHERE order_id = ?",
        (order_id,),
    )
    found: dict[int, Decimal] = {}
    for row in rows:
        found[row["order_line_no"]] = found.get(row["order_line_no"], Decimal(0)) + Decimal(row["received"])
    return found


def line_view(row: sqlite3.Row, state: str, came_back: Decimal) -> dict[str, Any]:
    """Return one line."""
    return {
        "LineNo": row["line_no"],
        "SourceLineNo": row["source_line_no"],
        "MaterialNo": row["material_no"],
        "Model": row["model"],
        "MaterialName": row["material_name"],
        "Unit": row["unit"],
        "Qty": row["qty"],
        "Price": row["price"],
        "TaxPrice": row["tax_price"],
        "TaxRate": row["tax_rate"],
        "DiscountRate": row["discount_rate"],
        "Amount": row["amount"],
        "TaxAmount": row["tax_amount"],
        "AllAmount": row["all_amount"],
        "DeliveryDate": row["delivery_date"],
        "ReservedQty": row["reserved"],
        "PlannedQty": row["planned"],
        "DeliveredQty": row["delivered"],
        "ReturnedQty": trimmed(came_back),
        "LineStatus": line_status(row, state),
        **json.loads(row["custom"]),
    }


def hold_of(connection: sqlite3.Connection, order_id: int) -> str | None:
    """Return why an order's shipments are held; ``None`` where they are not."""
    row = connection.execute("SELECT reason FROM order_hold WHERE order_id = ?", (order_id,)).fetchone()
    return None if row is None else str(row["reason"])


def order_view(connection: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """Return an order whole."""
    customer = connection.execute("SELECT name FROM customer WHERE no = ?", (row["customer_no"],)).fetchone()
    back = returned(connection, row["id"])
    return {
        "Id": row["id"],
        "BillNo": row["bill_no"],
        "SourceSystem": row["source_system"],
        "SourceBillNo": row["source_bill_no"],
        "CustomerNo": row["customer_no"],
        "CustomerName": customer["name"],
        "DocumentStatus": row["status"],
        "CloseStatus": row["close_status"],
        "RejectCode": row["reject_code"],
        "RejectReason": row["reject_reason"],
        "HoldReason": hold_of(connection, row["id"]),
        "UnAudits": row["un_audits"],
        "Amount": row["amount"],
        "TaxAmount": row["tax_amount"],
        "AllAmount": row["all_amount"],
        "IsIncludedTax": bool(row["included_tax"]),
        "Currency": row["currency"],
        "ExchangeRate": row["exchange_rate"],
        "BaseAllAmount": plain(half_up(Decimal(row["all_amount"]) * Decimal(row["exchange_rate"]))),
        "BillDate": row["bill_date"],
        "PostingDate": row["posting_date"],
        "DeliveryDate": row["delivery_date"],
        "OrgNo": row["org_no"],
        "SalesmanNo": row["salesman_no"],
        "Remark": row["remark"],
        **json.loads(row["custom"]),
        "CreateTime": row["created_at"],
        "ModifyTime": row["modified_at"],
        "Lines": [
            line_view(line, row["status"], back.get(line["line_no"], Decimal(0)))
            for line in order_lines(connection, row["id"])
        ],
    }


def order_row(connection: sqlite3.Connection, order_id: int) -> sqlite3.Row:
    """Return an order's head by id; it must be there."""
    row: sqlite3.Row = connection.execute("SELECT * FROM sales_order WHERE id = ?", (order_id,)).fetchone()
    return row


def plan_view(connection: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """Return a plan proposal with the order line it serves."""
    order = order_row(connection, row["order_id"])
    return {
        "BillNo": row["bill_no"],
        "OrderBillNo": order["bill_no"],
        "SourceBillNo": order["source_bill_no"],
        "OrderLineNo": row["line_no"],
        "MaterialNo": row["material_no"],
        "Qty": row["qty"],
        "Status": row["status"],
        "CreateTime": row["created_at"],
        "DueTime": row["due_at"],
    }


def delivery_view(connection: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """Return a delivery order; each line names the order line and what that has got in all."""
    order = order_row(connection, row["order_id"])
    lines = connection.execute(
        "SELECT delivery_line.*, order_line.qty AS order_qty, order_line.source_line_no FROM delivery_line"
        " JOIN order_line ON order_line.order_id = ? AND order_line.line_no = delivery_line.order_line_no"
        " WHERE delivery_no = ? ORDER BY delivery_line.line_no",
        (row["order_id"], row["bill_no"]),
    )
    return {
        "BillNo": row["bill_no"],
        "OrderBillNo": order["bill_no"],
        "SourceSystem": order["source_system"],
        "SourceBillNo": order["source_bill_no"],
        "CustomerNo": order["customer_no"],
        "ShipTime": row["shipped_at"],
        "Carrier": row["carrier"],
        "EtaDays": row["eta_days"],
        "Lines": [
            {
                "LineNo": line["line_no"],
                "OrderLineNo": line["order_line_no"],
                "SourceLineNo": line["source_line_no"],
                "MaterialNo": line["material_no"],
                "LotNo": line["lot"],
                "Qty": line["qty"],
                "TotalDeliveredQty": line["total"],
                "OrderQty": line["order_qty"],
            }
            for line in lines
        ],
    }


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to which document, with its state then."""

    kind: str
    event: str
    bill_no: str
    time: str
    data: dict[str, Any]


def tell(connection: sqlite3.Connection, order: sqlite3.Row, event: Event) -> None:
    """Write one row into the change feed; every document belongs to an order."""
    text = json.dumps(event.data, ensure_ascii=False)
    connection.execute(
        "INSERT INTO change (kind, event, bill_no, order_bill_no, source_bill_no, time, data)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (event.kind, event.event, event.bill_no, order["bill_no"], order["source_bill_no"], event.time, text),
    )


def tell_order(connection: sqlite3.Connection, order_id: int, event: str, time: str) -> dict[str, Any]:
    """Write an order's event with its whole state, and return that state."""
    row = order_row(connection, order_id)
    view = order_view(connection, row)
    tell(connection, row, Event("SalesOrder", event, row["bill_no"], time, view))
    return view


def change_view(row: sqlite3.Row) -> dict[str, Any]:
    """Return a row of the change feed."""
    return {
        "Seq": row["seq"],
        "Kind": row["kind"],
        "Event": row["event"],
        "BillNo": row["bill_no"],
        "OrderBillNo": row["order_bill_no"],
        "SourceBillNo": row["source_bill_no"],
        "Time": row["time"],
        "Data": json.loads(row["data"]),
    }
