"""Invoices, payment applications, payments and receivables of the finance system."""

from __future__ import annotations

import json
import sqlite3
from decimal import Decimal
from typing import Any

from plantbox.database import next_number
from plantbox.fields import BadField, Fields
from plantbox.ledger_api import Desk, one
from plantbox.money import line_amounts, plain, trimmed
from plantbox.writes import Answer, Refusal

ZERO = Decimal(0)
JUDGED = ("matched", "blocked", "refused")


def _found(row: sqlite3.Row | None, what: str) -> sqlite3.Row:
    if row is None:
        raise Refusal("not_found", f"there is no document {what}")
    return row


def find_invoice(connection: sqlite3.Connection, no: str) -> sqlite3.Row:
    """Return an invoice by its id."""
    return _found(one(connection, "SELECT * FROM invoice WHERE id = ?", no), no)


def find_application(connection: sqlite3.Connection, no: str) -> sqlite3.Row:
    """Return a payment application by its number."""
    return _found(one(connection, "SELECT * FROM application WHERE no = ?", no), no)


def invoice_view(row: sqlite3.Row) -> Answer:
    """Return an invoice; numbers with decimals are texts."""
    return {**dict(row), "lines": json.loads(row["lines"])}


def application_view(connection: sqlite3.Connection, row: sqlite3.Row) -> Answer:
    """Return a payment application, with its payment once there is one."""
    payment = one(connection, "SELECT * FROM payment WHERE application_no = ?", row["no"])
    return {
        **dict(row),
        "receipts": json.loads(row["receipts"]),
        "payment_no": None if payment is None else payment["no"],
        "paid_at": None if payment is None else payment["paid_at"],
    }


def _line(row: Fields, number: int) -> dict[str, Any]:
    quantity, price = row.number("quantity", low="0.000001"), row.number("price", low="0")
    rate = row.number("tax_rate", "13", low="0")
    worth = line_amounts(quantity, price, ZERO, rate / 100, with_tax=False)
    return {
        "line_no": row.whole("line_no", number, low=1),
        "po_line": row.whole("po_line", number, low=1),
        "material": row.text("material"),
        "quantity": trimmed(quantity),
        "price": plain(price),
        "tax_rate": trimmed(rate),
        "net": plain(worth.net),
        "tax": plain(worth.tax),
        "gross": plain(worth.gross),
    }


def book(connection: sqlite3.Connection, desk: Desk, fields: Fields) -> tuple[str, Answer]:
    """Book a supplier's invoice as it was scanned, once per scan; the same paper again is a new one."""
    key = fields.text("scan_key")
    old = one(connection, "SELECT * FROM invoice WHERE scan_key = ?", key)
    if old is not None:
        return old["id"], {**invoice_view(old), "existing": True}
    lines = [_line(row, number) for number, row in enumerate(fields.rows("lines", most=200), 1)]
    totals = [plain(sum((Decimal(line[name]) for line in lines), ZERO)) for name in ("net", "tax", "gross")]
    now = desk.clock.text()
    no = f"FP{desk.clock.now():%y%m}-{next_number(connection, 'invoice'):05d}"
    connection.execute(
        "INSERT INTO invoice VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'booked', NULL, ?)",
        (
            no, key, fields.text("invoice_no"), fields.text("supplier_code"), fields.optional("po_no"),
            fields.day("invoice_date", now[:10]), *totals, json.dumps(lines, ensure_ascii=False), now,
        ),
    )  # fmt: skip
    view = invoice_view(find_invoice(connection, no))
    desk.feed.tell(connection, "invoice.booked", no, view)
    return no, {**view, "existing": False}


def judge(connection: sqlite3.Connection, desk: Desk, fields: Fields) -> tuple[str, Answer]:
    """Note what became of an invoice: matched, blocked with a reason, or refused with a reason."""
    row = find_invoice(connection, fields.text("id"))
    status, reason = fields.text("status"), fields.optional("reason")
    if status not in JUDGED:
        raise BadField("status", f"expected one of {', '.join(JUDGED)}")
    if (row["status"], row["reason"]) == (status, reason):
        return row["id"], {**invoice_view(row), "existing": True}
    if row["status"] in ("refused", "paid"):
        raise Refusal("wrong_state", f"invoice {row['id']} is {row['status']}")
    if row["status"] == "matched" and status != "matched":
        # A payment may be under way already.
        raise Refusal("wrong_state", f"invoice {row['id']} is matched")
    connection.execute("UPDATE invoice SET status = ?, reason = ? WHERE id = ?", (status, reason, row["id"]))
    view = invoice_view(find_invoice(connection, row["id"]))
    desk.feed.tell(connection, f"invoice.{status}", row["id"], view)
    return row["id"], {**view, "existing": False}


# -- payments ------------------------------------------------------------------------------------------------


def apply(connection: sqlite3.Connection, desk: Desk, fields: Fields) -> tuple[str, Answer]:
    """Apply for a payment (付款申请), once per key, and once per supplier and invoice number."""
    key, amount = fields.text("application_key"), fields.number("amount", low="0.01")
    invoice = find_invoice(connection, fields.text("invoice_id"))
    receipts = json.dumps(fields.texts("receipts", most=200) or [])
    old = one(connection, "SELECT * FROM application WHERE application_key = ?", key)
    if old is not None:
        if (Decimal(old["amount"]), old["invoice_id"]) != (amount, invoice["id"]):
            raise Refusal("key_conflict", f"{key} was used for {old['no']} with other content")
        return old["no"], {**application_view(connection, old), "existing": True}
    if invoice["status"] != "matched":
        raise Refusal("wrong_state", f"invoice {invoice['id']} is {invoice['status']}, not matched")
    if amount > Decimal(invoice["gross"]):
        raise Refusal(
            "too_much", f"invoice {invoice['id']} amounts to {invoice['gross']}, not {plain(amount)}"
        )
    said = (invoice["supplier_code"], invoice["invoice_no"])
    same = one(connection, "SELECT * FROM application WHERE supplier_code = ? AND invoice_no = ?", *said)
    if same is not None:
        raise Refusal("applied_already", f"invoice {said[1]} has the application {same['no']}")
    no = f"FK{next_number(connection, 'application'):06d}"
    connection.execute(
        "INSERT INTO application VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, 'applied', ?)",
        (
            no, key, invoice["id"], invoice["invoice_no"], invoice["supplier_code"], fields.text("po_no"),
            receipts, plain(amount), fields.optional("applicant") or "业务系统", desk.clock.text(),
        ),
    )  # fmt: skip
    view = application_view(connection, find_application(connection, no))
    desk.feed.tell(connection, "application.created", no, view)
    return no, {**view, "existing": False}


def approve(connection: sqlite3.Connection, desk: Desk, fields: Fields) -> tuple[str, Answer]:
    """Approve an application: somebody else than who applied."""
    row, who = find_application(connection, fields.text("no")), fields.text("approver")
    if row["status"] in ("approved", "paid"):
        return row["no"], {**application_view(connection, row), "existing": True}
    if who == row["applicant"]:
        raise Refusal("same_person", f"{who} applied for it; somebody else must approve")
    connection.execute(
        "UPDATE application SET status = 'approved', approver = ? WHERE no = ?", (who, row["no"])
    )
    view = application_view(connection, find_application(connection, row["no"]))
    desk.feed.tell(connection, "application.approved", row["no"], view)
    return row["no"], {**view, "existing": False}


def pay(connection: sqlite3.Connection, desk: Desk, fields: Fields) -> tuple[str, Answer]:
    """Pay an approved application; the same again pays nothing."""
    row = find_application(connection, fields.text("no"))
    if row["status"] == "paid":
        return row["no"], {**application_view(connection, row), "existing": True}
    if row["status"] != "approved":
        raise Refusal("wrong_state", f"application {row['no']} is {row['status']}, not approved")
    no = f"ZF{next_number(connection, 'payment'):06d}"
    connection.execute(
        "INSERT INTO payment VALUES (?, ?, ?, ?, ?)",
        (no, row["no"], row["amount"], desk.clock.text(), fields.optional("cashier") or "出纳"),
    )
    connection.execute("UPDATE application SET status = 'paid' WHERE no = ?", (row["no"],))
    connection.execute("UPDATE invoice SET status = 'paid' WHERE id = ?", (row["invoice_id"],))
    view = application_view(connection, find_application(connection, row["no"]))
    desk.feed.tell(connection, "payment.done", no, view)
    return row["no"], {**view, "existing": False}


# -- receivables ---------------------------------------------------------------------------------------------


def receivable_view(connection: sqlite3.Connection, no: str) -> Answer:
    """Return a receivable with what is still open."""
    row = _found(one(connection, "SELECT * FROM receivable WHERE no = ?", no), no)
    rows = connection.execute("SELECT * FROM credit WHERE receivable_no = ? ORDER BY no", (no,)).fetchall()
    credited = sum((Decimal(each["amount"]) for each in rows), ZERO)
    left = Decimal(row["amount"]) - Decimal(row["received"]) - credited
    return {
        **dict(row),
        "credited": plain(credited),
        "credits": [dict(each) for each in rows],
        "open": plain(left),
        "status": "settled" if left == 0 else "open" if left > 0 else "refundable",
    }


def owe(connection: sqlite3.Connection, desk: Desk, fields: Fields) -> tuple[str, Answer]:
    """Book a receivable, once per document."""
    document, amount = fields.text("document_no"), plain(fields.number("amount", low="0.01"))
    old = one(connection, "SELECT * FROM receivable WHERE document_no = ?", document)
    if old is not None:
        if Decimal(old["amount"]) != Decimal(amount):
            raise Refusal("key_conflict", f"{document} was booked with {old['amount']}")
        return old["no"], {**receivable_view(connection, old["no"]), "existing": True}
    no = f"YS{next_number(connection, 'receivable'):06d}"
    connection.execute(
        "INSERT INTO receivable VALUES (?, ?, ?, ?, '0', ?, ?)",
        (no, document, fields.text("customer_code"), amount, fields.day("due_date"), desk.clock.text()),
    )
    view = receivable_view(connection, no)
    desk.feed.tell(connection, "receivable.booked", no, view)
    return no, {**view, "existing": False}


def take_in(connection: sqlite3.Connection, desk: Desk, fields: Fields) -> tuple[str, Answer]:
    """Book money that came in for a receivable, once per key; never more than is open."""
    no, key, amount = fields.text("no"), fields.text("receipt_key"), fields.number("amount", low="0.01")
    view = receivable_view(connection, no)
    if one(connection, "SELECT * FROM receipt WHERE receipt_key = ?", key) is not None:
        return no, {**view, "existing": True}
    if amount > Decimal(view["open"]):
        raise Refusal("too_much", f"{no} has {view['open']} open, not {plain(amount)}")
    connection.execute("INSERT INTO receipt VALUES (?, ?, ?, ?)", (key, no, plain(amount), desk.clock.text()))
    connection.execute(
        "UPDATE receivable SET received = ? WHERE no = ?", (plain(Decimal(view["received"]) + amount), no)
    )
    view = receivable_view(connection, no)
    desk.feed.tell(connection, "receivable.received", no, view)
    return no, {**view, "existing": False}


def credit(connection: sqlite3.Connection, desk: Desk, fields: Fields) -> tuple[str, Answer]:
    """Take a receivable back in part or whole by a red letter of its own (红字应收), once per key.

    The receivable keeps its amount. What is credited beyond what is still open is to be refunded.
    """
    no, key = fields.text("no"), fields.text("credit_key")
    amount, reason = fields.number("amount", low="0.01"), fields.text("reason")
    view = receivable_view(connection, no)
    old = one(connection, "SELECT * FROM credit WHERE credit_key = ?", key)
    if old is not None:
        if (old["receivable_no"], Decimal(old["amount"])) != (no, amount):
            raise Refusal("key_conflict", f"{key} was used for {old['no']} with other content")
        return no, {**view, "credit_no": old["no"], "existing": True}
    if amount > Decimal(view["amount"]) - Decimal(view["credited"]):
        raise Refusal(
            "too_much", f"{no} amounts to {view['amount']}, {view['credited']} are credited already"
        )
    credit_no = f"HZ{next_number(connection, 'credit'):06d}"
    connection.execute(
        "INSERT INTO credit VALUES (?, ?, ?, ?, ?, ?)",
        (credit_no, key, no, plain(amount), reason, desk.clock.text()),
    )
    view = {**receivable_view(connection, no), "credit_no": credit_no}
    desk.feed.tell(
        connection, "receivable.credited", no, {**view, "credit_amount": plain(amount), "key": key}
    )
    return no, {**view, "existing": False}


# -- questions -----------------------------------------------------------------------------------------------


def list_invoices(connection: sqlite3.Connection, fields: Fields) -> dict[str, Any]:
    """Return invoices by order, number or state."""
    rows = connection.execute(
        "SELECT * FROM invoice WHERE (?1 IS NULL OR po_no = ?1) AND (?2 IS NULL OR invoice_no = ?2)"
        " AND (?3 IS NULL OR status = ?3) ORDER BY id LIMIT 500",
        (fields.optional("po_no"), fields.optional("invoice_no"), fields.optional("status")),
    )
    return {"items": [invoice_view(row) for row in rows]}


def list_applications(connection: sqlite3.Connection, fields: Fields) -> dict[str, Any]:
    """Return payment applications by order or state."""
    rows = connection.execute(
        "SELECT * FROM application WHERE (?1 IS NULL OR po_no = ?1) AND (?2 IS NULL OR status = ?2)"
        " ORDER BY no LIMIT 500",
        (fields.optional("po_no"), fields.optional("status")),
    ).fetchall()
    return {"items": [application_view(connection, row) for row in rows]}


def list_payments(connection: sqlite3.Connection, _: Fields) -> dict[str, Any]:
    """Return payments."""
    rows = connection.execute("SELECT * FROM payment ORDER BY no LIMIT 500")
    return {"items": [dict(row) for row in rows]}


def list_receivables(connection: sqlite3.Connection, fields: Fields) -> dict[str, Any]:
    """Return receivables, all, of one customer, or of one document."""
    rows = connection.execute(
        "SELECT no FROM receivable WHERE (?1 IS NULL OR customer_code = ?1)"
        " AND (?2 IS NULL OR document_no = ?2) ORDER BY no LIMIT 500",
        (fields.optional("customer_code"), fields.optional("document_no")),
    ).fetchall()
    return {"items": [receivable_view(connection, row["no"]) for row in rows]}
