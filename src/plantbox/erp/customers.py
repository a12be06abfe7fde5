"""Customers of the ERP (客户档案): kept, searched for who might be the same, and known by outer codes.

A customer has one outer code that leads and may have further ones, where somebody else has it twice.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from plantbox.database import next_number
from plantbox.erp.masters import MOST, Office, find_customer
from plantbox.erp.production import ShopEvent, tell_shop
from plantbox.fields import BadField, Fields
from plantbox.money import plain
from plantbox.writes import Answer, Refusal

TABLES = """
CREATE TABLE IF NOT EXISTS customer_code (
  outer_code TEXT PRIMARY KEY, customer_no TEXT NOT NULL REFERENCES customer (no)) WITHOUT ROWID;
"""
COLUMNS = {
    "Name": "name",
    "OuterCode": "outer_code",
    "TaxNo": "tax_no",
    "City": "city",
    "Phone": "phone",
    "PaymentTerms": "payment_terms",
    "CreditLimit": "credit_limit",
    "Status": "status",
}
FOUND = 200


def customer_view(connection: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """Return a customer with every outer code it is known by."""
    return {
        "No": row["no"],
        **{key: row[column] for key, column in COLUMNS.items()},
        "OuterCodes": outer_codes(connection, row),
        "ModifyTime": row["modified_at"],
    }


def outer_codes(connection: sqlite3.Connection, row: sqlite3.Row) -> list[str]:
    """Return a customer's outer codes, the leading one first."""
    more = connection.execute(
        "SELECT outer_code FROM customer_code WHERE customer_no = ? ORDER BY outer_code", (row["no"],)
    )
    return [code for code in (row["outer_code"], *(each[0] for each in more)) if code is not None]


def save_customer(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Create a customer, or change what is given of one; found by its number, else by its outer code."""
    no = _number(connection, fields)
    old = connection.execute("SELECT * FROM customer WHERE no = ?", (no,)).fetchone()
    before = {} if old is None else {name: old[name] for name in COLUMNS.values()}
    after = {**dict.fromkeys(COLUMNS.values()), "status": "Active", **before, **_given(fields)}
    if after["name"] is None:
        fields.text("Name")
    if after["status"] not in ("Active", "Stopped"):
        raise BadField("Status", "Expected Active or Stopped.")
    changed = [key for key, column in COLUMNS.items() if after[column] != before.get(column)]
    if old is None or changed:
        _put(connection, no, after, office.clock.text())
        _tell(connection, office, no, "Created" if old is None else "Changed", changed)
    return no, customer_view(connection, find_customer(connection, no, "No"))


def _number(connection: sqlite3.Connection, fields: Fields) -> str:
    given = fields.optional("No")
    if given is not None:
        return given
    known = owner_of(connection, fields.optional("OuterCode"))
    return known or f"C-{20000 + next_number(connection, 'customer')}"


def owner_of(connection: sqlite3.Connection, outer_code: str | None) -> str | None:
    """Return the number of the customer that an outer code stands for."""
    row = connection.execute(
        "SELECT no FROM customer WHERE outer_code = :code"
        " UNION ALL SELECT customer_no FROM customer_code WHERE outer_code = :code",
        {"code": outer_code},
    ).fetchone()
    return None if row is None else str(row[0])


def _given(fields: Fields) -> dict[str, str | None]:
    """Return the columns that are given; a name or status that is given empty stays as it is."""
    found = {column: fields.optional(key) for key, column in COLUMNS.items() if key in fields}
    for name in ("name", "status"):
        if found.get(name, "") is None:
            del found[name]
    if found.get("credit_limit") is not None:
        found["credit_limit"] = plain(fields.number("CreditLimit", low="0"))
    return found


def _put(connection: sqlite3.Connection, no: str, values: dict[str, Any], now: str) -> None:
    names = list(COLUMNS.values())
    columns, marks = ", ".join(names), ", ".join("?" * len(names))
    new = ", ".join(f"{name} = excluded.{name}" for name in (*names, "modified_at"))
    sql = (
        f"INSERT INTO customer (no, {columns}, modified_at) VALUES (?, {marks}, ?)"  # noqa: S608 - fixed names
        f" ON CONFLICT (no) DO UPDATE SET {new}"
    )
    try:
        connection.execute(sql, (no, *(values[name] for name in names), now))
    except sqlite3.IntegrityError:
        raise BadField("OuterCode", f"Another customer has the outer code {values['outer_code']}.") from None


def _tell(connection: sqlite3.Connection, office: Office, no: str, event: str, changed: list[str]) -> None:
    view = customer_view(connection, find_customer(connection, no, "No"))
    tell_shop(connection, office, ShopEvent("Customer", event, no, None, {**view, "Changed": changed}))


def link(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Let a customer be known by a further outer code; where it has none, this one leads."""
    row = find_customer(connection, fields.text("No"), "No")
    code = fields.text("OuterCode")
    owner = owner_of(connection, code)
    if owner is not None and owner != row["no"]:
        raise Refusal("4017", f"外部编码 {code} 已对应客户 {owner}", "OuterCode")
    if owner is None and row["outer_code"] is None:
        values = {**{name: row[name] for name in COLUMNS.values()}, "outer_code": code}
        _put(connection, row["no"], values, office.clock.text())
    elif owner is None:
        connection.execute(
            "INSERT INTO customer_code (outer_code, customer_no) VALUES (?, ?)", (code, row["no"])
        )
    if owner is None:
        _tell(connection, office, row["no"], "Linked", ["OuterCode"])
    after = find_customer(connection, row["no"], "No")
    view = customer_view(connection, after)
    return str(row["no"]), {**view, "Leads": after["outer_code"] == code, "AlreadyDone": owner is not None}


def search(connection: sqlite3.Connection, fields: Fields) -> Answer:
    """Return customers that a code, a tax number or any part of a name brings up, the likeliest first."""
    parts = fields.texts("NameParts", most=100) or []
    rows = connection.execute(
        "SELECT *, (SELECT count(*) FROM json_each(:parts) WHERE instr(customer.name, value) > 0) AS hits"
        " FROM customer WHERE hits > 0 OR tax_no = :tax OR outer_code = :code"
        " OR no IN (SELECT customer_no FROM customer_code WHERE outer_code = :code)"
        " ORDER BY outer_code IS :code DESC, tax_no IS :tax DESC, hits DESC, no LIMIT :limit",
        {
            "parts": json.dumps(parts, ensure_ascii=False),
            "tax": fields.optional("TaxNo"),
            "code": fields.optional("OuterCode"),
            "limit": fields.whole("Limit", FOUND, low=1, high=MOST),
        },
    ).fetchall()
    return {"Rows": [customer_view(connection, row) for row in rows]}
