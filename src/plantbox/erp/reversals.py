"""Red-letter invoices (红冲): a posted purchase invoice is never changed, a second document takes it back.

The red letter has the amounts of the first one with the other sign; then the supplier's invoice may be posted
anew. What is paid is not taken back here: its payment is reversed first, by whoever paid.
"""

from __future__ import annotations

import json
import sqlite3
from decimal import Decimal

from plantbox.database import next_number
from plantbox.erp import purchasing
from plantbox.erp.masters import Office
from plantbox.fields import Fields
from plantbox.money import plain, trimmed
from plantbox.writes import Answer, Refusal


def _find(connection: sqlite3.Connection, bill_no: str) -> sqlite3.Row:
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM purchase_invoice WHERE bill_no = ?", (bill_no,)
    ).fetchone()
    if row is None:
        raise Refusal("2004", f"采购发票不存在: {bill_no}", "BillNo")
    return row


def reverse(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Reverse a posted invoice by its red letter; done once, however often it is asked for."""
    row = _find(connection, fields.text("BillNo"))
    no, reason = row["bill_no"], fields.text("Reason")
    if row["status"] == "Reversed":
        red = connection.execute("SELECT * FROM purchase_invoice WHERE reverses = ?", (no,)).fetchone()
        return no, {**purchasing.invoice_view(red), "AlreadyDone": True}
    if row["status"] == "RedLetter":
        raise Refusal("2009", f"{no} 是红字发票,不能再红冲", "BillNo")
    if row["status"] == "Paid":
        raise Refusal("4015", f"发票 {row['invoice_no']} 已付款 {row['payment_no']},请先冲销付款", "BillNo")
    lines = [
        {"OrderLineNo": line["OrderLineNo"], "Qty": trimmed(-Decimal(line["Qty"]))}
        for line in json.loads(row["lines"])
    ]
    purchasing.add(
        connection,
        row["order_no"],
        "invoiced",
        [(line["OrderLineNo"], Decimal(line["Qty"])) for line in lines],
    )
    connection.execute("UPDATE purchase_invoice SET status = 'Reversed' WHERE bill_no = ?", (no,))
    red_no = f"CGFP-{next_number(connection, 'purchase_invoice'):06d}"
    amounts = [plain(-Decimal(row[name])) for name in ("amount", "tax_amount", "all_amount")]
    connection.execute(
        "INSERT INTO purchase_invoice (bill_no, order_no, supplier_no, invoice_no, external_key, amount,"
        " tax_amount, all_amount, lines, status, posted_at, reverses, reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'RedLetter', ?, ?, ?)",
        (
            red_no, row["order_no"], row["supplier_no"], row["invoice_no"], f"{row['external_key']}/红冲",
            *amounts, json.dumps(lines), office.clock.text(), no, reason,
        ),
    )  # fmt: skip
    purchasing.set_progress(connection, row["order_no"])
    view = purchasing.invoice_view(_find(connection, red_no))
    told = purchasing.Told("PurchaseInvoice", "Reversed", red_no)
    purchasing.tell(connection, office, row["order_no"], told, view)
    return no, {**view, "AlreadyDone": False}


def query(connection: sqlite3.Connection, fields: Fields) -> Answer:
    """Return posted invoices by order, state, or the supplier's number."""
    rows = connection.execute(
        "SELECT * FROM purchase_invoice WHERE (:order IS NULL OR order_no = :order)"
        " AND (:status IS NULL OR status = :status) AND (:invoice IS NULL OR invoice_no = :invoice)"
        " AND (:bill IS NULL OR bill_no = :bill) ORDER BY bill_no LIMIT :limit OFFSET :start",
        {
            "order": fields.optional("OrderBillNo"),
            "status": fields.optional("Status"),
            "invoice": fields.optional("InvoiceNo"),
            "bill": fields.optional("BillNo"),
            "limit": fields.whole("Limit", 100, low=1, high=2000),
            "start": fields.whole("StartRow", 0),
        },
    ).fetchall()
    return {"Rows": [purchasing.invoice_view(row) for row in rows]}
