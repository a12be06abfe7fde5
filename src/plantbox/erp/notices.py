"""Dispatch notices (发货通知) as documents: finding, showing, telling and taking them back.

What is decided about them and posted against them is in ``dispatch``.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from plantbox.erp.masters import Office
from plantbox.erp.views import Event, order_row, tell
from plantbox.writes import Answer, Refusal


def find_notice(connection: sqlite3.Connection, bill_no: str, field: str = "BillNo") -> sqlite3.Row:
    """Return a dispatch notice, or refuse with 2004."""
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM dispatch_notice WHERE bill_no = ?", (bill_no,)
    ).fetchone()
    if row is None:
        raise Refusal("2004", f"单据不存在: {bill_no}", field)
    return row


def notice_lines(connection: sqlite3.Connection, notice: sqlite3.Row) -> list[sqlite3.Row]:
    """Return a notice's lines with what the order line says."""
    return connection.execute(
        "SELECT dispatch_line.*, order_line.qty AS order_qty, source_line_no, tax_price, model, name"
        " FROM dispatch_line JOIN order_line ON order_line.order_id = ?"
        " AND order_line.line_no = order_line_no JOIN material ON material.no = dispatch_line.material_no"
        " WHERE notice_no = ? ORDER BY dispatch_line.line_no",
        (notice["order_id"], notice["bill_no"]),
    ).fetchall()


def notice_view(connection: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """Return a notice whole."""
    order = order_row(connection, row["order_id"])
    customer = connection.execute(
        "SELECT name FROM customer WHERE no = ?", (order["customer_no"],)
    ).fetchone()
    return {
        "BillNo": row["bill_no"],
        "OrderBillNo": order["bill_no"],
        "SourceSystem": order["source_system"],
        "SourceBillNo": order["source_bill_no"],
        "CustomerNo": order["customer_no"],
        "CustomerName": customer["name"],
        "AllAmount": order["all_amount"],
        "Status": row["status"],
        "Approver": row["approver"],
        "Remark": row["remark"],
        "CreateTime": row["created_at"],
        "Lines": [
            {
                "LineNo": line["line_no"],
                "OrderLineNo": line["order_line_no"],
                "SourceLineNo": line["source_line_no"],
                "MaterialNo": line["material_no"],
                "Model": line["model"],
                "MaterialName": line["name"],
                "Qty": line["qty"],
                "ShippedQty": line["shipped"],
                "OrderQty": line["order_qty"],
            }
            for line in notice_lines(connection, row)
        ],
    }


def tell_notice(connection: sqlite3.Connection, office: Office, bill_no: str, event: str) -> Answer:
    """Write a notice's event with its whole state, and return that state."""
    row = find_notice(connection, bill_no)
    view = notice_view(connection, row)
    happened = Event("DispatchNotice", event, bill_no, office.clock.text(), view)
    tell(connection, order_row(connection, row["order_id"]), happened)
    return view


def withdraw(connection: sqlite3.Connection, office: Office, order_id: int) -> None:
    """Take back an order's undecided and rejected notices because the order changes; an approved one is on
    its way, so the change is refused with 4009.
    """
    row = connection.execute(
        "SELECT bill_no FROM dispatch_notice WHERE order_id = ? AND status = 'Approved'", (order_id,)
    ).fetchone()
    if row is not None:
        raise Refusal("4009", f"发货通知 {row['bill_no']} 已批准,仓库正在发货,不能变更", "BillNo")
    recall(connection, office, order_id)


def recall(connection: sqlite3.Connection, office: Office, order_id: int) -> None:
    """Take back an order's undecided and rejected notices; approved ones go on."""
    rows = connection.execute(
        "SELECT * FROM dispatch_notice WHERE order_id = ? AND status IN ('Created', 'Rejected')", (order_id,)
    ).fetchall()
    for row in rows:
        connection.execute(
            "UPDATE dispatch_notice SET status = 'Cancelled' WHERE bill_no = ?", (row["bill_no"],)
        )
        tell_notice(connection, office, row["bill_no"], "Cancelled")
