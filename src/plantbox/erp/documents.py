"""Saving a sales order in the ERP: what is read, how a line is priced, how the head is summed."""

from __future__ import annotations

import json
import sqlite3
from decimal import Decimal

from plantbox.database import next_number
from plantbox.erp.masters import Office, find_customer, find_material
from plantbox.erp.tables import CUSTOM
from plantbox.erp.views import tell_order
from plantbox.fields import BadField, Fields
from plantbox.money import PRICE_STEP, cents, grouped, half_up, line_amounts, plain, trimmed
from plantbox.writes import Answer, Refusal

MAX_LINES = 500
MAX_AMOUNT = Decimal(10) ** 12


def find_order(connection: sqlite3.Connection, fields: Fields) -> sqlite3.Row:
    """Return an order by BillNo or Id, or refuse with 2004."""
    bill_no = fields.optional("BillNo")
    if bill_no is not None:
        row = connection.execute("SELECT * FROM sales_order WHERE bill_no = ?", (bill_no,)).fetchone()
    else:
        row = connection.execute(
            "SELECT * FROM sales_order WHERE id = ?", (fields.whole("Id", 0),)
        ).fetchone()
    if row is None:
        raise Refusal("2004", f"单据不存在: {bill_no or fields.optional('Id')}", "BillNo")
    found: sqlite3.Row = row
    return found


def _custom(fields: Fields) -> str:
    return json.dumps({name: fields.optional(name) for name in CUSTOM}, ensure_ascii=False)


def _put_line(
    connection: sqlite3.Connection, order_id: int, line: Fields, index: int, *, with_tax: bool
) -> None:
    material = find_material(connection, line.text("MaterialNo"), line.at("MaterialNo"))
    qty = line.number("Qty", low="0")
    if qty == 0:
        raise BadField(line.at("Qty"), "Expected a quantity above 0.")
    percent = line.number("TaxRate", material["tax_rate"], low="0")
    discount = line.number("DiscountRate", "0", low="0")
    if percent > 100 or discount > 100:
        raise BadField(
            line.at("TaxRate" if percent > 100 else "DiscountRate"), "Expected a percentage from 0 to 100."
        )
    rate = percent / 100
    given = line.number("TaxPrice" if with_tax else "Price", low="0")
    price = half_up(given / (1 + rate), PRICE_STEP) if with_tax else given
    tax_price = given if with_tax else half_up(given * (1 + rate), PRICE_STEP)
    worth = line_amounts(qty, given, discount / 100, rate, with_tax=with_tax)
    if worth.gross >= MAX_AMOUNT:
        raise BadField(line.at("Qty"), f"Expected an amount below {grouped(MAX_AMOUNT)}.")
    number = line.whole("LineNo", index, low=1)
    try:
        connection.execute(
            "INSERT INTO order_line (order_id, line_no, source_line_no, material_no, unit, qty, "
            "price, tax_price, tax_rate,"
            " discount_rate, amount, tax_amount, all_amount, delivery_date, reserved, planned, "
            "delivered, custom)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '0', '0', '0', ?)",
            (
                order_id,
                number,
                line.optional("SourceLineNo"),
                material["no"],
                line.optional("Unit") or material["unit"],
                trimmed(qty),
                plain(price),
                plain(tax_price),
                trimmed(percent),
                trimmed(discount),
                plain(worth.net),
                plain(worth.tax),
                plain(worth.gross),
                line.day("DeliveryDate"),
                _custom(line),
            ),
        )
    except sqlite3.IntegrityError:
        raise BadField(line.at("LineNo"), f"Expected each line number once, but {number} repeats.") from None


def sum_up(connection: sqlite3.Connection, order_id: int, now: str) -> None:
    """Set the head's totals to the sums over its lines."""
    rows = connection.execute("SELECT * FROM order_line WHERE order_id = ?", (order_id,)).fetchall()
    totals = {
        name: sum((Decimal(row[name]) for row in rows), Decimal("0.00"))
        for name in ("amount", "tax_amount", "all_amount")
    }
    connection.execute(
        "UPDATE sales_order SET amount = ?, tax_amount = ?, all_amount = ?, all_cents = ?, "
        "modified_at = ? WHERE id = ?",
        (*(plain(value) for value in totals.values()), cents(totals["all_amount"]), now, order_id),
    )


def _head(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[object, ...]:
    customer = find_customer(connection, fields.text("CustomerNo"), "CustomerNo")
    today = office.clock.now().date().isoformat()
    return (
        fields.optional("SourceSystem"),
        fields.optional("SourceBillNo"),
        customer["no"],
        fields.flag("IsIncludedTax", default=True),
        fields.optional("Currency") or "CNY",
        trimmed(fields.number("ExchangeRate", "1", low="0.000001")),
        fields.day("BillDate", today),
        fields.day("DeliveryDate"),
        fields.optional("OrgNo") or "100",
        fields.optional("SalesmanNo"),
        fields.optional("Remark"),
        _custom(fields),
        office.clock.text(),
    )


def save(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Save a new document, or replace one that is saved or rejected."""
    head = _head(connection, office, fields)
    if fields.optional("BillNo") is None:
        bill_no = f"XSDD-{next_number(connection, 'order'):06d}"
        cursor = connection.execute(
            "INSERT INTO sales_order (bill_no, source_system, source_bill_no, customer_no, "
            "included_tax, currency,"
            " exchange_rate, bill_date, delivery_date, org_no, salesman_no, remark, custom, "
            "modified_at, created_at,"
            " status, close_status, amount, tax_amount, all_amount, all_cents)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'A', 'Open', '0', '0', '0', 0)",
            (bill_no, *head, office.clock.text()),
        )
        order_id = int(cursor.lastrowid or 0)
    else:
        row = find_order(connection, fields)
        if row["status"] not in ("A", "D"):
            raise Refusal("2009", f"单据 {row['bill_no']} 状态为 {row['status']},不能保存", "BillNo")
        bill_no, order_id = row["bill_no"], row["id"]
        connection.execute(
            "UPDATE sales_order SET source_system = ?, source_bill_no = ?, customer_no = ?, "
            "included_tax = ?, currency = ?,"
            " exchange_rate = ?, bill_date = ?, delivery_date = ?, org_no = ?, salesman_no = ?, "
            "remark = ?, custom = ?,"
            " modified_at = ?, status = 'A', reject_code = NULL, reject_reason = NULL WHERE id = ?",
            (*head, order_id),
        )
        connection.execute("DELETE FROM order_line WHERE order_id = ?", (order_id,))
    with_tax = fields.flag("IsIncludedTax", default=True)
    for index, line in enumerate(fields.rows("Lines", most=MAX_LINES), start=1):
        _put_line(connection, order_id, line, index, with_tax=with_tax)
    now = office.clock.text()
    sum_up(connection, order_id, now)
    return bill_no, {**tell_order(connection, order_id, "Saved", now), "Replayed": False}
