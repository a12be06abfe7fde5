"""Purchasing in the ERP: requisitions, orders, receipts that raise stock, invoices posted once, payments."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from plantbox.database import next_number
from plantbox.erp.masters import Office, find_material, move_stock, refuse_while_counting
from plantbox.erp.purchase_tables import PROGRESS
from plantbox.fields import BadField, Fields
from plantbox.money import line_amounts, plain, trimmed
from plantbox.writes import Answer, Refusal

ZERO = Decimal(0)
BY_SUPPLIER = ("Confirmed", "Shipped", "Declined")
LIVE_INVOICE = (
    "SELECT * FROM purchase_invoice WHERE supplier_no = ? AND invoice_no = ? AND status IN ('Posted', 'Paid')"
)
"""What stands of a supplier's invoice: neither reversed nor a red letter."""


def find_order(connection: sqlite3.Connection, no: str, field: str = "BillNo") -> sqlite3.Row:
    """Return a purchase order, or refuse with 2004."""
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM purchase_order WHERE bill_no = ?", (no,)
    ).fetchone()
    if row is None:
        raise Refusal("2004", f"采购订单不存在: {no}", field)
    return row


def find_supplier(connection: sqlite3.Connection, no: str) -> sqlite3.Row:
    """Return a supplier by the ERP's number, or refuse with 3003."""
    row: sqlite3.Row | None = connection.execute("SELECT * FROM supplier WHERE no = ?", (no,)).fetchone()
    if row is None:
        raise Refusal("3003", f"供应商编码不存在: {no}", "SupplierNo")
    return row


def lines_of(connection: sqlite3.Connection, order_no: str) -> list[sqlite3.Row]:
    """Return an order's lines."""
    return connection.execute(
        "SELECT * FROM purchase_line WHERE order_no = ? ORDER BY line_no", (order_no,)
    ).fetchall()


def _pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _line_view(row: sqlite3.Row) -> Answer:
    names = [name for name in row.keys() if name not in ("order_no", "received", "invoiced")]  # noqa: SIM118
    return {
        **{_pascal(name): row[name] for name in names},
        "ReceivedQty": row["received"],
        "InvoicedQty": row["invoiced"],
    }


def receipt_view(row: sqlite3.Row) -> Answer:
    """Return a receipt."""
    return {
        "BillNo": row["bill_no"],
        "OrderBillNo": row["order_no"],
        "ExternalKey": row["external_key"],
        "PostTime": row["posted_at"],
        "Lines": json.loads(row["lines"]),
    }


def invoice_view(row: sqlite3.Row) -> Answer:
    """Return a posted invoice."""
    names = (
        "bill_no", "supplier_no", "invoice_no", "external_key", "amount", "tax_amount", "all_amount",
        "status", "payment_no", "reverses", "reason",
    )  # fmt: skip
    return {
        **{_pascal(name): row[name] for name in names},
        "OrderBillNo": row["order_no"],
        "PostTime": row["posted_at"],
        "PaidTime": row["paid_at"],
        "Lines": json.loads(row["lines"]),
    }


def order_view(connection: sqlite3.Connection, row: sqlite3.Row) -> Answer:
    """Return an order whole, with what was received, invoiced and paid for it."""
    no = row["bill_no"]
    supplier = find_supplier(connection, row["supplier_no"])
    names = (
        "bill_no", "source_system", "source_bill_no", "requisition_no", "supplier_no", "progress",
        "external_no", "amount", "tax_amount", "all_amount", "currency", "org_no", "bill_date",
        "posting_date", "remark",
    )  # fmt: skip
    receipts = connection.execute("SELECT * FROM purchase_receipt WHERE order_no = ? ORDER BY bill_no", (no,))
    invoices = connection.execute("SELECT * FROM purchase_invoice WHERE order_no = ? ORDER BY bill_no", (no,))
    return {
        **{_pascal(name): row[name] for name in names},
        "DocumentStatus": row["status"],
        "SupplierName": supplier["name"],
        "SupplierOuterCode": supplier["outer_code"],
        "Lines": [_line_view(line) for line in lines_of(connection, no)],
        "Receipts": [receipt_view(each) for each in receipts],
        "Invoices": [invoice_view(each) for each in invoices],
    }


@dataclass(frozen=True, slots=True)
class Told:
    """One row for the change feed."""

    kind: str
    event: str
    bill_no: str


def tell(connection: sqlite3.Connection, office: Office, order_no: str, told: Told, data: Answer) -> None:
    """Write one row into the change feed."""
    order = find_order(connection, order_no)
    connection.execute(
        "INSERT INTO change (kind, event, bill_no, order_bill_no, source_bill_no, time, data)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            told.kind, told.event, told.bill_no, order_no, order["source_bill_no"], office.clock.text(),
            json.dumps(data, ensure_ascii=False),
        ),
    )  # fmt: skip


def _tell_order(connection: sqlite3.Connection, office: Office, no: str, event: str) -> Answer:
    view = order_view(connection, find_order(connection, no))
    tell(connection, office, no, Told("PurchaseOrder", event, no), view)
    return view


# -- requisitions and orders ---------------------------------------------------------------------------------


def save_requisition(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Save a requisition (采购申请), once per source number."""
    system, source = fields.text("SourceSystem"), fields.text("SourceBillNo")
    lines: list[dict[str, Any]] = []
    for row in fields.rows("Lines", most=200):
        no = row.text("MaterialNo")
        find_material(connection, no, row.at("MaterialNo"))
        qty = trimmed(row.number("Qty", low="0.000001"))
        lines.append({"LineNo": row.whole("LineNo", len(lines) + 1, low=1), "MaterialNo": no, "Qty": qty})
    old = connection.execute(
        "SELECT * FROM purchase_requisition WHERE source_system = ? AND source_bill_no = ?", (system, source)
    ).fetchone()
    if old is not None:
        if json.loads(old["lines"]) != lines:
            raise Refusal("2010", f"来源单号 {source} 已有采购申请 {old['bill_no']},内容不同", "SourceBillNo")
        return old["bill_no"], {"BillNo": old["bill_no"], "Lines": lines, "AlreadyDone": True}
    bill_no = f"QGSQ-{next_number(connection, 'requisition'):06d}"
    connection.execute(
        "INSERT INTO purchase_requisition VALUES (?, ?, ?, ?, ?, ?)",
        (
            bill_no, system, source, fields.optional("Reason"), json.dumps(lines, ensure_ascii=False),
            office.clock.text(),
        ),
    )  # fmt: skip
    return bill_no, {"BillNo": bill_no, "Lines": lines, "AlreadyDone": False}


def _order_line(connection: sqlite3.Connection, row: Fields, number: int) -> tuple[Any, ...]:
    no = row.text("MaterialNo")
    material = find_material(connection, no, row.at("MaterialNo"))
    qty, price = row.number("Qty", low="0.000001"), row.number("Price", low="0")
    rate = row.number("TaxRate", "13", low="0")
    worth = line_amounts(qty, price, ZERO, rate / 100, with_tax=False)
    return (
        row.whole("LineNo", number, low=1), row.optional("SourceLineNo"), no, material["unit"], trimmed(qty),
        plain(price), trimmed(rate), plain(worth.net), plain(worth.tax), plain(worth.gross),
        row.day("NeedDate"),
    )  # fmt: skip


def save_order(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Save a purchase order; prices are without tax. The source number is not unique here, as in sales."""
    supplier = find_supplier(connection, fields.text("SupplierNo"))
    if supplier["status"] != "Active":
        raise Refusal("4003", f"供应商已停用: {supplier['no']}", "SupplierNo")
    rows = [
        _order_line(connection, row, number) for number, row in enumerate(fields.rows("Lines", most=200), 1)
    ]
    total = [plain(sum((Decimal(row[place]) for row in rows), ZERO)) for place in (7, 8, 9)]
    bill_no = f"CGDD-{next_number(connection, 'purchase'):06d}"
    now = office.clock.text()
    connection.execute(
        "INSERT INTO purchase_order VALUES (?, ?, ?, ?, ?, 'A', 'Created', NULL, ?, ?, ?, ?, ?, ?, NULL,"
        " ?, ?, ?)",
        (
            bill_no, fields.optional("SourceSystem"), fields.optional("SourceBillNo"),
            fields.optional("RequisitionNo"), supplier["no"], *total, fields.optional("Currency") or "CNY",
            fields.optional("OrgNo") or "100", fields.day("BillDate", now[:10]), fields.optional("Remark"),
            now, now,
        ),
    )  # fmt: skip
    connection.executemany(
        "INSERT INTO purchase_line VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '0', '0')",
        [(bill_no, *row) for row in rows],
    )
    return bill_no, {**_tell_order(connection, office, bill_no, "Saved"), "Replayed": False}


def audit_order(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Audit an order: from now on it counts."""
    row = find_order(connection, fields.text("BillNo"))
    no = row["bill_no"]
    if row["status"] == "C":
        return no, {**order_view(connection, row), "AlreadyDone": True}
    if row["status"] != "A":
        raise Refusal("2009", f"采购订单 {no} 状态为 {row['status']}", "BillNo")
    connection.execute(
        "UPDATE purchase_order SET status = 'C', posting_date = ? WHERE bill_no = ?",
        (office.clock.text()[:10], no),
    )
    return no, {**_tell_order(connection, office, no, "Audited"), "AlreadyDone": False}


def _has_moved(row: sqlite3.Row, lines: list[sqlite3.Row]) -> bool:
    return row["status"] == "E" or any(Decimal(line["received"]) > 0 for line in lines)


def cancel_order(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Cancel an order of which nothing was received."""
    row = find_order(connection, fields.text("BillNo"))
    no = row["bill_no"]
    if row["status"] == "E":
        return no, {**order_view(connection, row), "AlreadyDone": True}
    if _has_moved(row, lines_of(connection, no)):
        raise Refusal("4005", f"采购订单 {no} 已有收货,不能作废", "BillNo")
    connection.execute(
        "UPDATE purchase_order SET status = 'E', progress = 'Cancelled', remark = ? WHERE bill_no = ?",
        (fields.optional("Reason"), no),
    )
    return no, {**_tell_order(connection, office, no, "Cancelled"), "AlreadyDone": False}


def note_progress(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Note what the supplier says; it never takes back what was received, invoiced or paid."""
    row = find_order(connection, fields.text("BillNo"))
    no, progress = row["bill_no"], fields.text("Progress")
    if progress not in BY_SUPPLIER:
        raise BadField("Progress", f"Expected one of {', '.join(BY_SUPPLIER)}.")
    connection.execute(
        "UPDATE purchase_order SET external_no = coalesce(?, external_no) WHERE bill_no = ?",
        (fields.optional("ExternalNo"), no),
    )
    ranks = list(PROGRESS)
    done = row["progress"] == progress or _has_moved(row, lines_of(connection, no))
    done = done or (progress != "Declined" and ranks.index(row["progress"]) > ranks.index(progress))
    if done:
        return no, {**order_view(connection, find_order(connection, no)), "AlreadyDone": True}
    connection.execute("UPDATE purchase_order SET progress = ? WHERE bill_no = ?", (progress, no))
    return no, {**_tell_order(connection, office, no, progress), "AlreadyDone": False}


# -- receipts, invoices, payments ----------------------------------------------------------------------------


def add(connection: sqlite3.Connection, order_no: str, column: str, rows: list[tuple[int, Decimal]]) -> None:
    """Add quantities to what was received or invoiced of an order's lines."""
    for line_no, qty in rows:
        line = connection.execute(
            "SELECT * FROM purchase_line WHERE order_no = ? AND line_no = ?", (order_no, line_no)
        ).fetchone()
        if line is None:
            raise Refusal("2004", f"采购订单 {order_no} 没有第 {line_no} 行", "Lines")
        connection.execute(
            f"UPDATE purchase_line SET {column} = ? WHERE order_no = ? AND line_no = ?",  # noqa: S608 - two fixed names
            (trimmed(Decimal(line[column]) + qty), order_no, line_no),
        )


def set_progress(connection: sqlite3.Connection, order_no: str) -> None:
    """Say how far an order is, by what was received, invoiced and paid."""
    lines = lines_of(connection, order_no)
    open_ = [line for line in lines if Decimal(line["received"]) < Decimal(line["qty"])]
    invoices = connection.execute(
        "SELECT status FROM purchase_invoice WHERE order_no = ? AND status IN ('Posted', 'Paid')", (order_no,)
    ).fetchall()
    billed = bool(invoices) and all(Decimal(line["invoiced"]) >= Decimal(line["received"]) for line in lines)
    progress = "PartlyReceived" if open_ else "Received"
    if not open_ and billed:
        progress = "Paid" if all(each["status"] == "Paid" for each in invoices) else "Invoiced"
    connection.execute("UPDATE purchase_order SET progress = ? WHERE bill_no = ?", (progress, order_no))


def _line_for(connection: sqlite3.Connection, order_no: str, row: Fields, qty: Decimal) -> int:
    """Return the line that a receipt is for: named, or the first of that material that is still open."""
    if row.optional("OrderLineNo") is not None:
        return row.whole("OrderLineNo", 0, low=1)
    material = row.text("MaterialNo")
    lines = [line for line in lines_of(connection, order_no) if line["material_no"] == material]
    if not lines:
        raise Refusal("4010", f"采购订单 {order_no} 没有物料 {material}", "Lines")
    fitting = [line for line in lines if Decimal(line["qty"]) - Decimal(line["received"]) >= qty]
    return int((fitting or lines)[0]["line_no"])


def post_receipt(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Post what the warehouse received, once per key; stock rises with it."""
    order = find_order(connection, fields.text("OrderBillNo"), "OrderBillNo")
    no, key = order["bill_no"], fields.text("ExternalKey")
    old = connection.execute("SELECT * FROM purchase_receipt WHERE external_key = ?", (key,)).fetchone()
    if old is not None:
        view = {**receipt_view(old), "Order": order_view(connection, find_order(connection, old["order_no"]))}
        return old["bill_no"], {**view, "AlreadyDone": True}
    if order["status"] != "C":
        raise Refusal("2009", f"采购订单 {no} 状态为 {order['status']},不能收货", "OrderBillNo")
    refuse_while_counting(connection)
    said = []
    for number, row in enumerate(fields.rows("Lines", most=200), 1):
        qty = row.number("Qty", low="0.000001")
        line_no = _line_for(connection, no, row, qty)
        add(connection, no, "received", [(line_no, qty)])
        line = next(each for each in lines_of(connection, no) if each["line_no"] == line_no)
        move_stock(connection, line["material_no"], on_hand=qty, reserved=ZERO)
        said.append(
            {
                "LineNo": number, "OrderLineNo": line_no, "MaterialNo": line["material_no"],
                "Qty": trimmed(qty), "LotNo": row.optional("LotNo"), "TotalReceivedQty": line["received"],
                "OrderQty": line["qty"],
            }
        )  # fmt: skip
    bill_no = f"CGRK-{next_number(connection, 'purchase_receipt'):06d}"
    connection.execute(
        "INSERT INTO purchase_receipt VALUES (?, ?, ?, ?, ?)",
        (bill_no, no, key, json.dumps(said, ensure_ascii=False), office.clock.text()),
    )
    set_progress(connection, no)
    row = connection.execute("SELECT * FROM purchase_receipt WHERE bill_no = ?", (bill_no,)).fetchone()
    view = {**receipt_view(row), "Order": order_view(connection, find_order(connection, no))}
    tell(connection, office, no, Told("PurchaseReceipt", "Posted", bill_no), view)
    return bill_no, {**view, "AlreadyDone": False}


def post_invoice(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Post a supplier's invoice, once per key and once per supplier and invoice number."""
    order = find_order(connection, fields.text("OrderBillNo"), "OrderBillNo")
    no, key, number = order["bill_no"], fields.text("ExternalKey"), fields.text("InvoiceNo")
    old = connection.execute("SELECT * FROM purchase_invoice WHERE external_key = ?", (key,)).fetchone()
    if old is not None:
        return old["bill_no"], {**invoice_view(old), "AlreadyDone": True}
    same = connection.execute(LIVE_INVOICE, (order["supplier_no"], number)).fetchone()
    if same is not None:
        raise Refusal("4011", f"发票 {number} 已入账: {same['bill_no']}", "InvoiceNo")
    lines: list[dict[str, Any]] = [
        {"OrderLineNo": row.whole("OrderLineNo", 0, low=1), "Qty": trimmed(row.number("Qty", low="0"))}
        for row in fields.rows("Lines", most=200)
    ]
    add(connection, no, "invoiced", [(line["OrderLineNo"], Decimal(line["Qty"])) for line in lines])
    bill_no = f"CGFP-{next_number(connection, 'purchase_invoice'):06d}"
    amounts = [plain(fields.number(name, low="0")) for name in ("Amount", "TaxAmount", "AllAmount")]
    connection.execute(
        "INSERT INTO purchase_invoice VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'Posted', NULL, ?, NULL, NULL,"
        " NULL)",
        (bill_no, no, order["supplier_no"], number, key, *amounts, json.dumps(lines), office.clock.text()),
    )
    set_progress(connection, no)
    row = connection.execute("SELECT * FROM purchase_invoice WHERE bill_no = ?", (bill_no,)).fetchone()
    tell(connection, office, no, Told("PurchaseInvoice", "Posted", bill_no), invoice_view(row))
    return bill_no, {**invoice_view(row), "AlreadyDone": False}


def note_paid(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Note that an invoice was paid; a second payment of it is refused with 4012."""
    key, payment = fields.text("BillNo"), fields.text("PaymentNo")
    row = connection.execute("SELECT * FROM purchase_invoice WHERE bill_no = ?", (key,)).fetchone()
    if row is None:
        raise Refusal("2004", f"采购发票不存在: {key}", "BillNo")
    if row["status"] == "Reversed":
        # Posted anew meanwhile: the supplier's invoice is paid, not this posting of it.
        row = connection.execute(LIVE_INVOICE, (row["supplier_no"], row["invoice_no"])).fetchone() or row
    if row["status"] in ("Reversed", "RedLetter"):
        raise Refusal("4015", f"发票 {row['invoice_no']} 已红冲,没有可付款的入账", "BillNo")
    if row["status"] == "Paid":
        if row["payment_no"] != payment:
            raise Refusal("4012", f"发票 {row['invoice_no']} 已付款: {row['payment_no']}", "PaymentNo")
        return row["bill_no"], {
            **invoice_view(row),
            "Progress": _progress(connection, row),
            "AlreadyDone": True,
        }
    connection.execute(
        "UPDATE purchase_invoice SET status = 'Paid', payment_no = ?, paid_at = ? WHERE bill_no = ?",
        (payment, fields.optional("PaidTime") or office.clock.text(), row["bill_no"]),
    )
    set_progress(connection, row["order_no"])
    row = connection.execute("SELECT * FROM purchase_invoice WHERE bill_no = ?", (row["bill_no"],)).fetchone()
    view = {**invoice_view(row), "Progress": _progress(connection, row)}
    tell(connection, office, row["order_no"], Told("PurchaseInvoice", "Paid", row["bill_no"]), view)
    return row["bill_no"], {**view, "AlreadyDone": False}


def _progress(connection: sqlite3.Connection, invoice: sqlite3.Row) -> str:
    return str(find_order(connection, invoice["order_no"])["progress"])


# -- questions -----------------------------------------------------------------------------------------------


def view_order(connection: sqlite3.Connection, fields: Fields) -> Answer:
    """Return one order."""
    return order_view(connection, find_order(connection, fields.text("BillNo")))


def query_orders(connection: sqlite3.Connection, fields: Fields) -> Answer:
    """Return orders by source, supplier or state."""
    rows = connection.execute(
        "SELECT * FROM purchase_order WHERE (:source IS NULL OR source_bill_no = :source)"
        " AND (:system IS NULL OR source_system = :system)"
        " AND (:supplier IS NULL OR supplier_no = :supplier) ORDER BY bill_no LIMIT :limit OFFSET :start",
        {
            "source": fields.optional("SourceBillNo"),
            "system": fields.optional("SourceSystem"),
            "supplier": fields.optional("SupplierNo"),
            "limit": fields.whole("Limit", 100, low=1, high=2000),
            "start": fields.whole("StartRow", 0),
        },
    ).fetchall()
    return {"Rows": [order_view(connection, row) for row in rows]}


def query_suppliers(connection: sqlite3.Connection, fields: Fields) -> Answer:
    """Return suppliers by number or by the portal's number."""
    rows = connection.execute(
        "SELECT * FROM supplier WHERE (:no IS NULL OR no = :no) AND (:outer IS NULL OR outer_code = :outer)"
        " ORDER BY no",
        {"no": fields.optional("No"), "outer": fields.optional("OuterCode")},
    )
    return {
        "Rows": [
            {
                "No": row["no"],
                "Name": row["name"],
                "OuterCode": row["outer_code"],
                "Status": row["status"],
            }
            for row in rows
        ]
    }


def query_prices(connection: sqlite3.Connection, fields: Fields) -> Answer:
    """Return who supplies materials, given by number or model, and at which price without tax."""
    wanted = fields.texts("Materials", most=200) or []
    rows = connection.execute(
        "SELECT purchase_price.*, material.model, material.name, material.unit, supplier.outer_code"
        " FROM purchase_price JOIN material ON material.no = material_no JOIN supplier ON supplier.no ="
        " supplier_no WHERE supplier.status = 'Active' AND (material_no IN (SELECT value FROM json_each(?1))"
        " OR material.model IN (SELECT value FROM json_each(?1))) ORDER BY material_no, price",
        (json.dumps(wanted),),
    )
    names = {
        "MaterialNo": "material_no", "Model": "model", "MaterialName": "name", "Unit": "unit",
        "SupplierNo": "supplier_no", "SupplierOuterCode": "outer_code", "Price": "price",
        "TaxRate": "tax_rate",
    }  # fmt: skip
    return {"Rows": [{key: row[name] for key, name in names.items()} for row in rows]}
