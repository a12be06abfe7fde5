"""What may happen to a sales order of the CRM: draft, confirm, change, cancel, and what is written back
to it.
"""

from __future__ import annotations

import sqlite3
from decimal import Decimal

from plantbox.crm import masters
from plantbox.crm.records import MAX_ID_DIGITS, Desk, custom_json, find_account, find_product
from plantbox.crm.tables import LINE_STATES, ORDER_STATES
from plantbox.crm.views import Event, order_view, tell
from plantbox.database import next_number
from plantbox.fields import BadField, Fields
from plantbox.money import line_amounts, plain, trimmed
from plantbox.writes import Answer, Refusal

MAX_LINES = 500
EDITABLE = ("draft", "rejected")
LIVE = ("confirmed", "processing", "in_production", "partially_shipped")
WRITTEN_BACK = (
    "confirmed",
    "rejected",
    "processing",
    "in_production",
    "partially_shipped",
    "shipped",
    "cancelled",
)
LINE_SELECT = "SELECT * FROM order_line WHERE order_id = ? ORDER BY line_no"


def find_order(connection: sqlite3.Connection, ref: str) -> sqlite3.Row:
    """Return an order by number or id, or refuse."""
    row = connection.execute("SELECT * FROM orders WHERE order_no = ?", (ref,)).fetchone()
    if row is None and ref.isdecimal() and len(ref) < MAX_ID_DIGITS:
        row = connection.execute("SELECT * FROM orders WHERE id = ?", (int(ref),)).fetchone()
    if row is None:
        raise Refusal("not_found", f"There is no order {ref}.")
    found: sqlite3.Row = row
    return found


def finish(
    connection: sqlite3.Connection, desk: Desk, order_id: int, kind: str, before: Answer | None = None
) -> tuple[str, Answer]:
    """Tell what has happened to an order, and return its number and what it is like now."""
    row = connection.execute("SELECT * FROM orders WHERE id = ?", (order_id,)).fetchone()
    view = order_view(connection, row)
    data: Answer = {"order": view} if before is None else {"order": view, "before": before}
    tell(connection, desk.hooked, Event(kind, row["order_no"], row["version"], desk.clock.text(), data))
    return row["order_no"], view


def _put_lines(connection: sqlite3.Connection, order_id: int, lines: list[Fields], *, with_tax: bool) -> None:
    connection.execute("DELETE FROM order_line WHERE order_id = ?", (order_id,))
    for index, line in enumerate(lines, start=1):
        product = find_product(connection, line.optional("model") or line.text("product_id"))
        quantity = line.number("quantity", low="0")
        price = line.number("unit_price", product["list_price"], low="0")
        discount = line.number("discount", "0", low="0")
        rate = line.number("tax_rate", product["tax_rate"], low="0")
        if discount > 1 or rate > 1:
            raise BadField(
                line.at("discount" if discount > 1 else "tax_rate"), "Expected a fraction from 0 to 1."
            )
        worth = line_amounts(quantity, price, discount, rate, with_tax=with_tax)
        number = line.whole("line_no", index, low=1)
        try:
            connection.execute(
                "INSERT INTO order_line (order_id, line_no, product_id, quantity, unit_price, "
                "discount, tax_rate,"
                " due_date, amount, net_amount, tax_amount, gross_amount, status, shipped_quantity, "
                "reserved_quantity,"
                " planned_quantity, custom) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', '0', "
                "'0', '0', ?)",
                (
                    order_id,
                    number,
                    product["id"],
                    trimmed(quantity),
                    plain(price),
                    trimmed(discount),
                    trimmed(rate),
                    line.day("due_date"),
                    plain(worth.own),
                    plain(worth.net),
                    plain(worth.tax),
                    plain(worth.gross),
                    custom_json(line),
                ),
            )
        except sqlite3.IntegrityError:
            raise BadField(
                line.at("line_no"), f"Expected each line number once, but {number} repeats."
            ) from None


def insert_order(connection: sqlite3.Connection, desk: Desk, fields: Fields) -> int:
    """Write a draft without an event; return its id."""
    account = find_account(connection, fields.optional("account_no") or fields.text("account_id"))
    now = desk.clock.now()
    number = fields.optional("order_no")
    if number is None:
        number = f"XS{now:%y%m}-{next_number(connection, 'order'):05d}"
    if connection.execute("SELECT 1 FROM orders WHERE order_no = ?", (number,)).fetchone():
        raise Refusal("wrong_state", f"Order {number} already exists.", "order_no")
    with_tax = fields.flag("price_includes_tax", default=True)
    stamp = now.isoformat()
    cursor = connection.execute(
        "INSERT INTO orders (order_no, account_id, contact_name, owner, currency, order_date, due_date,"
        " price_includes_tax, status, version, custom, header_tax, freight, created_at, modified_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'draft', 0, ?, ?, ?, ?, ?)",
        (
            number,
            account["id"],
            fields.optional("contact_name") or account["contact_name"],
            fields.optional("owner") or account["owner"],
            fields.optional("currency") or "CNY",
            fields.day("order_date", now.date().isoformat()),
            fields.day("due_date"),
            with_tax,
            custom_json(fields),
            plain(fields.number("header_tax", "0")),
            plain(fields.number("freight", "0")),
            stamp,
            stamp,
        ),
    )
    order_id = int(cursor.lastrowid or 0)
    _put_lines(connection, order_id, fields.rows("lines", most=MAX_LINES), with_tax=with_tax)
    return order_id


def create(connection: sqlite3.Connection, desk: Desk, fields: Fields) -> tuple[str, Answer]:
    """Write a draft; a contract has one order, and asked for again it is the same one."""
    contract = fields.optional("contract_no")
    row = connection.execute(
        "SELECT order_id FROM order_contract WHERE contract_no = ?", (contract,)
    ).fetchone()
    if row is not None:
        order = connection.execute("SELECT * FROM orders WHERE id = ?", (row["order_id"],)).fetchone()
        return order["order_no"], {**order_view(connection, order), "existing": True}
    order_id = insert_order(connection, desk, fields)
    if contract is not None:
        connection.execute("INSERT INTO order_contract VALUES (?, ?)", (order_id, contract))
    return finish(connection, desk, order_id, "order.created")


def update(connection: sqlite3.Connection, desk: Desk, ref: str, fields: Fields) -> tuple[str, Answer]:
    """Change a draft or a rejected order; lines, where given, replace all lines."""
    row = find_order(connection, ref)
    if row["status"] not in EDITABLE:
        raise Refusal("wrong_state", f"Order {row['order_no']} is {row['status']}: change it by /change.")
    with_tax = fields.flag("price_includes_tax", default=bool(row["price_includes_tax"]))
    if with_tax != bool(row["price_includes_tax"]) and "lines" not in fields:
        raise BadField("lines", "Expected the lines again, as their prices change their meaning.")
    names = ("contact_name", "owner", "currency")
    connection.execute(
        "UPDATE orders SET contact_name = ?, owner = ?, currency = ?, due_date = ?, "
        "price_includes_tax = ?, custom = ?,"
        " modified_at = ? WHERE id = ?",
        (
            *((fields.optional(name) or row[name]) for name in names),
            fields.day("due_date", row["due_date"]),
            with_tax,
            custom_json(fields, row["custom"]),
            desk.clock.text(),
            row["id"],
        ),
    )
    if "lines" in fields:
        _put_lines(connection, row["id"], fields.rows("lines", most=MAX_LINES), with_tax=with_tax)
    return finish(connection, desk, row["id"], "order.updated")


def confirm_id(connection: sqlite3.Connection, desk: Desk, order_id: int) -> tuple[str, Answer]:
    """Confirm the order with this id and tell about it."""
    now = desk.clock.text()
    connection.execute(
        "UPDATE orders SET status = 'confirmed', status_reason = NULL, message = NULL, version = version + 1,"
        " confirmed_at = ?, modified_at = ? WHERE id = ?",
        (now, now, order_id),
    )
    connection.execute(
        "UPDATE order_line SET status = 'open' WHERE order_id = ? AND status = 'rejected'", (order_id,)
    )
    return finish(connection, desk, order_id, "order.confirmed")


def confirm(connection: sqlite3.Connection, desk: Desk, ref: str, _: Fields) -> tuple[str, Answer]:
    """Confirm a draft, or a rejected order once more."""
    row = find_order(connection, ref)
    if row["status"] not in EDITABLE:
        raise Refusal("wrong_state", f"Order {row['order_no']} is {row['status']} and cannot be confirmed.")
    return confirm_id(connection, desk, row["id"])


def change(connection: sqlite3.Connection, desk: Desk, ref: str, fields: Fields) -> tuple[str, Answer]:
    """Change quantities of a live order; never below what was shipped."""
    row = find_order(connection, ref)
    if row["status"] not in LIVE:
        raise Refusal("wrong_state", f"Order {row['order_no']} is {row['status']} and cannot be changed.")
    lines = {line["line_no"]: line for line in connection.execute(LINE_SELECT, (row["id"],))}
    before: dict[str, str] = {}
    for wanted in fields.rows("lines", most=MAX_LINES):
        line = lines.get(wanted.whole("line_no", 0))
        if line is None or line["status"] == "cancelled":
            raise BadField(wanted.at("line_no"), "Expected the number of a live line of this order.")
        quantity = wanted.number("quantity", low="0")
        if quantity < Decimal(line["shipped_quantity"]):
            raise Refusal(
                "wrong_state", f"Line {line['line_no']}: {line['shipped_quantity']} were already shipped."
            )
        before[str(line["line_no"])] = line["quantity"]
        _put_quantity(connection, row, line, quantity)
    connection.execute(
        "UPDATE orders SET version = version + 1, status_reason = ?, modified_at = ? WHERE id = ?",
        (fields.optional("reason"), desk.clock.text(), row["id"]),
    )
    return finish(connection, desk, row["id"], "order.changed", dict(before))


def _put_quantity(
    connection: sqlite3.Connection, order: sqlite3.Row, line: sqlite3.Row, quantity: Decimal
) -> None:
    worth = line_amounts(
        quantity,
        Decimal(line["unit_price"]),
        Decimal(line["discount"]),
        Decimal(line["tax_rate"]),
        with_tax=bool(order["price_includes_tax"]),
    )
    connection.execute(
        "UPDATE order_line SET quantity = ?, amount = ?, net_amount = ?, tax_amount = ?, gross_amount = ?"
        " WHERE order_id = ? AND line_no = ?",
        (
            trimmed(quantity),
            plain(worth.own),
            plain(worth.net),
            plain(worth.tax),
            plain(worth.gross),
            order["id"],
            line["line_no"],
        ),
    )


def cancel(connection: sqlite3.Connection, desk: Desk, ref: str, fields: Fields) -> tuple[str, Answer]:
    """Cancel an order of which nothing was shipped."""
    row = find_order(connection, ref)
    shipped = any(
        Decimal(line["shipped_quantity"]) > 0 for line in connection.execute(LINE_SELECT, (row["id"],))
    )
    if shipped or row["status"] in ("shipped", "cancelled"):
        raise Refusal("wrong_state", f"Order {row['order_no']} is {row['status']} and cannot be cancelled.")
    connection.execute(
        "UPDATE orders SET status = 'cancelled', status_reason = ?, version = version + 1, "
        "modified_at = ? WHERE id = ?",
        (fields.optional("reason"), desk.clock.text(), row["id"]),
    )
    connection.execute("UPDATE order_line SET status = 'cancelled' WHERE order_id = ?", (row["id"],))
    return finish(connection, desk, row["id"], "order.cancelled")


def feedback(connection: sqlite3.Connection, desk: Desk, ref: str, fields: Fields) -> tuple[str, Answer]:
    """Write back what is so now; the same again changes nothing.

    ``reopen`` takes back what the ERP refused: a cancellation, or with ``quantity`` per line a change.
    ``hold_reason`` says why shipments are held; empty, that they are not any more.
    """
    row = find_order(connection, ref)
    head = _feedback_head(fields, row)
    lines = fields.rows("lines", most=MAX_LINES, least=0) if "lines" in fields else []
    reopened = fields.flag("reopen", default=False) and row["status"] != "draft"
    if "if_version" in fields and fields.whole("if_version", 0) != row["version"]:
        raise Refusal("wrong_state", f"Order {row['order_no']} has version {row['version']} by now.")
    if (
        row["status"] in ("draft", "cancelled")
        and not reopened
        and (lines or set(fields.values) - {"message"})
    ):
        raise Refusal("wrong_state", f"Order {row['order_no']} is {row['status']}: it takes only a message.")
    changed = any(head[name] != row[name] for name in head)
    for line in lines:
        changed = _feedback_line(connection, row, line, reopened=reopened) or changed
    if "hold_reason" in fields:
        why = fields.optional("hold_reason")
        changed = masters.put_hold(connection, row["id"], why, desk.clock.text()) or changed
    if not changed:
        return row["order_no"], {**order_view(connection, row), "changed": False}
    connection.execute(
        "UPDATE orders SET status = ?, status_reason = ?, erp_no = ?, eta_days = ?, message = ?, "
        "modified_at = ?"
        " WHERE id = ?",
        (*head.values(), desk.clock.text(), row["id"]),
    )
    subject, view = finish(connection, desk, row["id"], "order.updated")
    return subject, {**view, "changed": True}


def _feedback_head(fields: Fields, row: sqlite3.Row) -> dict[str, str | int | None]:
    status = fields.optional("status") or row["status"]
    if status != row["status"] and status not in WRITTEN_BACK:
        raise BadField(
            "status", f"Expected one of {', '.join(s for s in ORDER_STATES if s in WRITTEN_BACK)}."
        )
    days = fields.values.get("eta_days", row["eta_days"])
    return {
        "status": status,
        "status_reason": fields.optional("reason") if "reason" in fields else row["status_reason"],
        "erp_no": fields.optional("erp_no") if "erp_no" in fields else row["erp_no"],
        "eta_days": None if days is None else fields.whole("eta_days", int(row["eta_days"] or 0)),
        "message": fields.optional("message") if "message" in fields else row["message"],
    }


def _feedback_line(
    connection: sqlite3.Connection, order: sqlite3.Row, line: Fields, *, reopened: bool
) -> bool:
    number = line.whole("line_no", 0)
    row = connection.execute(
        "SELECT * FROM order_line WHERE order_id = ? AND line_no = ?", (order["id"], number)
    ).fetchone()
    if row is None:
        raise BadField(line.at("line_no"), f"This order has no line {number}.")
    status = line.optional("status") or row["status"]
    if status not in LINE_STATES:
        raise BadField(line.at("status"), f"Expected one of {', '.join(LINE_STATES)}.")
    if "quantity" in line and not reopened:
        raise BadField(line.at("quantity"), "Expected a quantity only where a refused change is taken back.")
    quantity = line.number("quantity", row["quantity"], low="0")
    names = ("shipped_quantity", "reserved_quantity", "planned_quantity")
    new = [status, *(trimmed(line.number(name, row[name], low="0")) for name in names)]
    if quantity != Decimal(row["quantity"]):
        _put_quantity(connection, order, row, quantity)
    elif new == [row["status"], *(row[name] for name in names)]:
        return False
    connection.execute(
        "UPDATE order_line SET status = ?, shipped_quantity = ?, reserved_quantity = ?, planned_quantity = ?"
        " WHERE order_id = ? AND line_no = ?",
        (*new, order["id"], number),
    )
    return True
