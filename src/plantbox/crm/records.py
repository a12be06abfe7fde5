"""Accounts, products, orphan lines and quality facts of the CRM: what may be written into them."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass

from plantbox.crm import masters
from plantbox.crm.tables import CUSTOM
from plantbox.crm.views import Event, account_view, product_view, tell
from plantbox.fields import BadField, Fields
from plantbox.money import half_up, plain, trimmed
from plantbox.simtime import SimClock
from plantbox.writes import Answer, Refusal

MAX_ID_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Desk:
    """What every write of the CRM needs: the clock, and which events a webhook wants."""

    clock: SimClock
    hooked: frozenset[str]


def custom_json(fields: Fields, old: str = "{}") -> str:
    """Return custom_1 … custom_5; what is left out stays."""
    values = dict.fromkeys(CUSTOM) | json.loads(old)
    values.update({name: fields.optional(name) for name in CUSTOM if name in fields})
    return json.dumps(values, ensure_ascii=False)


def find_account(connection: sqlite3.Connection, ref: str) -> sqlite3.Row:
    """Return an account by id or number, or refuse."""
    row = connection.execute("SELECT * FROM account WHERE account_no = ?", (ref,)).fetchone()
    if row is None and ref.isdecimal() and len(ref) < MAX_ID_DIGITS:
        row = connection.execute("SELECT * FROM account WHERE id = ?", (int(ref),)).fetchone()
    if row is None:
        raise Refusal("not_found", f"There is no account {ref}.")
    found: sqlite3.Row = row
    return found


def find_product(connection: sqlite3.Connection, ref: str) -> sqlite3.Row:
    """Return a product by id or model, or refuse."""
    row = connection.execute("SELECT * FROM product WHERE model = ?", (ref,)).fetchone()
    if row is None and ref.isdecimal() and len(ref) < MAX_ID_DIGITS:
        row = connection.execute("SELECT * FROM product WHERE id = ?", (int(ref),)).fetchone()
    if row is None:
        raise Refusal("not_found", f"There is no product {ref}.")
    found: sqlite3.Row = row
    return found


def _note_quality(connection: sqlite3.Connection, fields: Fields, kind: str, subject: str) -> None:
    for fact in fields.rows("quality", most=20) if fields.values.get("quality") else []:
        connection.execute(
            "INSERT INTO quality (fact, subject_type, subject, field, value) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            (fact.text("fact"), kind, subject, fact.optional("field"), fact.optional("value")),
        )


def create_account(connection: sqlite3.Connection, desk: Desk, fields: Fields) -> tuple[str, Answer]:
    """Create an account; the name may be empty or broken: a CRM holds what people typed."""
    number = fields.text("account_no")
    if connection.execute("SELECT 1 FROM account WHERE account_no = ?", (number,)).fetchone():
        raise Refusal("wrong_state", f"Account {number} already exists.", "account_no")
    now = desk.clock.text()
    names = ("contact_name", "level", "city", "phone", "email", "owner")
    cursor = connection.execute(
        "INSERT INTO account (account_no, name, contact_name, level, city, phone, email, owner, custom, "
        "source, created_at,"
        " modified_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            number,
            fields.optional("name") or "",
            *(fields.optional(name) for name in names),
            custom_json(fields),
            fields.optional("source"),
            now,
            now,
        ),
    )
    masters.put_file(connection, int(cursor.lastrowid or 0), fields, masters.KEPT)
    _note_quality(connection, fields, "account", number)
    view = account_view(connection, find_account(connection, number))
    tell(connection, desk.hooked, Event("account.created", number, 1, now, {"account": view}))
    return number, view


def update_account(
    connection: sqlite3.Connection, desk: Desk, ref: str, fields: Fields
) -> tuple[str, Answer]:
    """Change what is given of an account."""
    row = find_account(connection, ref)
    names = ("name", "contact_name", "level", "city", "phone", "email", "owner")
    values = [fields.optional(name) if name in fields else row[name] for name in names]
    values[0] = values[0] or ""
    connection.execute(
        "UPDATE account SET name = ?, contact_name = ?, level = ?, city = ?, phone = ?, email = ?,"
        " owner = ?, "
        "custom = ?,"
        " modified_at = ? WHERE id = ?",
        (*values, custom_json(fields, row["custom"]), desk.clock.text(), row["id"]),
    )
    masters.put_file(connection, row["id"], fields, masters.KEPT)
    if values[0] != row["name"]:
        _forget_quality(
            connection, row["account_no"], ("account_name_garbled", "account_nameless", "name_untrimmed")
        )
    if values[1] != row["contact_name"]:
        _forget_quality(connection, row["account_no"], ("contact_garbled", "contact_missing"))
    view = account_view(connection, find_account(connection, row["account_no"]))
    tell(
        connection,
        desk.hooked,
        Event("account.updated", row["account_no"], 1, desk.clock.text(), {"account": view}),
    )
    return str(row["account_no"]), view


def feedback(connection: sqlite3.Connection, desk: Desk, ref: str, fields: Fields) -> tuple[str, Answer]:
    """Write back what the ERP says of a customer; the same again changes nothing and tells nobody."""
    row = find_account(connection, ref)
    number = str(row["account_no"])
    if not masters.put_file(connection, row["id"], fields, masters.TOLD):
        return number, {**account_view(connection, row), "changed": False}
    now = desk.clock.text()
    connection.execute("UPDATE account SET modified_at = ? WHERE id = ?", (now, row["id"]))
    view = account_view(connection, find_account(connection, number))
    tell(connection, desk.hooked, Event("account.told", number, 1, now, {"account": view}))
    return number, {**view, "changed": True}


def _forget_quality(connection: sqlite3.Connection, account_no: str, facts: tuple[str, ...]) -> None:
    for fact in facts:
        connection.execute(
            "DELETE FROM quality WHERE subject_type = 'account' AND subject = ? AND fact = ?",
            (account_no, fact),
        )


def create_product(connection: sqlite3.Connection, desk: Desk, fields: Fields) -> tuple[str, Answer]:
    """Create a product under its model name."""
    model = fields.text("model")
    if connection.execute("SELECT 1 FROM product WHERE model = ?", (model,)).fetchone():
        raise Refusal("wrong_state", f"Product {model} already exists.", "model")
    now = desk.clock.text()
    connection.execute(
        "INSERT INTO product (model, name, name_en, unit, list_price, tax_rate, custom, created_at,"
        " modified_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            model,
            fields.optional("name") or "",
            fields.optional("name_en"),
            fields.optional("unit") or "件",
            plain(fields.number("list_price", "0", low="0")),
            trimmed(fields.number("tax_rate", "0.13", low="0")),
            custom_json(fields),
            now,
            now,
        ),
    )
    view = product_view(find_product(connection, model))
    tell(connection, desk.hooked, Event("product.created", model, 1, now, {"product": view}))
    return model, view


def keep_orphan(connection: sqlite3.Connection, fields: Fields) -> str:
    """Keep a line whose order does not exist; return ``created`` or ``exists``."""
    quantity = fields.number("quantity", low="0")
    price = fields.number("unit_price", low="0")
    discount = fields.number("discount", "0", low="0")
    source = fields.text("source_line_id")
    order_no = fields.text("order_no")
    if connection.execute("SELECT 1 FROM orders WHERE order_no = ?", (order_no,)).fetchone():
        raise BadField(fields.at("order_no"), f"Order {order_no} exists, so this is no orphan line.")
    cursor = connection.execute(
        "INSERT INTO orphan_line (source_line_id, order_no, model, quantity, unit_price, discount, "
        "amount, reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            source,
            order_no,
            fields.text("model"),
            trimmed(quantity),
            plain(price),
            trimmed(discount),
            plain(half_up(quantity * price * (1 - discount))),
            fields.text("reason"),
        ),
    )
    if cursor.rowcount == 0:
        return "exists"
    connection.execute(
        "INSERT INTO quality (fact, subject_type, subject, field, value)"
        " VALUES ('line_without_order', 'orphan_line', ?, 'order_no', ?)",
        (source, order_no),
    )
    return "created"
