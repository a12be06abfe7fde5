"""Opportunities (商机) of the CRM: from a lead to a signed contract, and the order that comes of it.

The CRM makes no order of a contract by itself: it says that one is wanted, at once or when a salesperson
presses the button, and shows the order's number once somebody writes it back.
"""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from typing import Any

from plantbox.crm.records import MAX_ID_DIGITS, Desk, find_account, find_product
from plantbox.crm.views import Event, tell
from plantbox.database import next_number
from plantbox.fields import BadField, Fields
from plantbox.money import line_amounts, plain, trimmed
from plantbox.writes import Answer, Refusal

TABLES = """
CREATE TABLE IF NOT EXISTS opportunity (
  id INTEGER PRIMARY KEY AUTOINCREMENT, opp_no TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
  account_id INTEGER NOT NULL REFERENCES account (id), owner TEXT, currency TEXT NOT NULL,
  stage TEXT NOT NULL, chance INTEGER NOT NULL, expected_date TEXT, contract_no TEXT UNIQUE,
  order_mode TEXT, signed_at TEXT,
  due_date TEXT, order_no TEXT, reason TEXT, message TEXT, version INTEGER NOT NULL,
  created_at TEXT NOT NULL, modified_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS opportunity_line (
  opportunity_id INTEGER NOT NULL REFERENCES opportunity (id), line_no INTEGER NOT NULL,
  product_id INTEGER NOT NULL REFERENCES product (id), quantity TEXT NOT NULL, unit_price TEXT NOT NULL,
  discount TEXT NOT NULL, tax_rate TEXT NOT NULL, gross_amount TEXT NOT NULL,
  PRIMARY KEY (opportunity_id, line_no)) WITHOUT ROWID;
"""
STAGES = {
    "lead": ("线索", "Lead"),
    "opportunity": ("商机", "Opportunity"),
    "quoted": ("已报价", "Quoted"),
    "won": ("赢单", "Won"),
    "contracted": ("合同已签", "Contract signed"),
    "ordered": ("已下单", "Ordered"),
    "lost": ("丢单", "Lost"),
}
CHANCES = {
    "lead": 10,
    "opportunity": 30,
    "quoted": 60,
    "won": 90,
    "contracted": 100,
    "ordered": 100,
    "lost": 0,
}
"""How likely an order is at each stage, in per cent."""
OPEN = ("lead", "opportunity", "quoted")
MODES = ("automatic", "manual")
MAX_LINES = 200
FIELDS = (
    "opp_no", "name", "owner", "currency", "stage", "chance", "expected_date", "contract_no", "order_mode",
    "signed_at", "due_date", "order_no", "reason", "message", "version", "created_at", "modified_at",
)  # fmt: skip


def find(connection: sqlite3.Connection, ref: str) -> sqlite3.Row:
    """Return an opportunity by its number, its contract's number or its id, or refuse."""
    row = connection.execute(
        "SELECT * FROM opportunity WHERE opp_no = ? OR contract_no = ?", (ref, ref)
    ).fetchone()
    if row is None and ref.isdecimal() and len(ref) < MAX_ID_DIGITS:
        row = connection.execute("SELECT * FROM opportunity WHERE id = ?", (int(ref),)).fetchone()
    if row is None:
        raise Refusal("not_found", f"There is no opportunity {ref}.")
    found: sqlite3.Row = row
    return found


def view(connection: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """Return an opportunity whole: whose it is, how far it is, its lines and their worth."""
    account = connection.execute("SELECT * FROM account WHERE id = ?", (row["account_id"],)).fetchone()
    lines = connection.execute(
        "SELECT opportunity_line.*, model, product.name AS product_name, name_en, unit FROM opportunity_line"
        " JOIN product ON product.id = product_id WHERE opportunity_id = ? ORDER BY line_no",
        (row["id"],),
    ).fetchall()
    return {
        "id": str(row["id"]),
        "account_no": account["account_no"],
        "account_name": account["name"],
        **{name: row[name] for name in FIELDS},
        "stage_label": STAGES[row["stage"]][0],
        "gross_amount": plain(sum((Decimal(line["gross_amount"]) for line in lines), Decimal("0.00"))),
        "lines": [
            {
                "line_no": line["line_no"],
                "model": line["model"],
                "product_name": line["product_name"],
                "product_name_en": line["name_en"],
                "unit": line["unit"],
                **{
                    name: line[name]
                    for name in ("quantity", "unit_price", "discount", "tax_rate", "gross_amount")
                },
            }
            for line in lines
        ],
    }


def create(connection: sqlite3.Connection, desk: Desk, fields: Fields) -> tuple[str, Answer]:
    """Write down a lead, or an opportunity further on."""
    account = find_account(connection, fields.text("account_no"))
    stage = fields.optional("stage") or "lead"
    if stage not in OPEN:
        raise BadField("stage", f"Expected one of {', '.join(OPEN)}.")
    now = desk.clock.now()
    number = f"SJ{now:%y%m}-{next_number(connection, 'opportunity'):05d}"
    stamp = now.isoformat()
    cursor = connection.execute(
        "INSERT INTO opportunity (opp_no, name, account_id, owner, currency, stage, chance, expected_date,"
        " version, created_at, modified_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)",
        (
            number, fields.optional("name") or account["name"], account["id"],
            fields.optional("owner") or account["owner"], fields.optional("currency") or "CNY", stage,
            CHANCES[stage], fields.day("expected_date"), stamp, stamp,
        ),
    )  # fmt: skip
    row_id = int(cursor.lastrowid or 0)
    if "lines" in fields:
        _put_lines(connection, row_id, fields.rows("lines", most=MAX_LINES))
    return _tell(connection, desk, row_id, f"opportunity.{'quoted' if stage == 'quoted' else 'created'}")


def update(connection: sqlite3.Connection, desk: Desk, ref: str, fields: Fields) -> tuple[str, Answer]:
    """Move an open opportunity to another stage, or change its day or lines."""
    row = _open(connection, ref)
    stage = fields.optional("stage") or row["stage"]
    if stage not in OPEN:
        raise BadField("stage", f"Expected one of {', '.join(OPEN)}.")
    connection.execute(
        "UPDATE opportunity SET stage = ?, chance = ?, expected_date = ?, name = ? WHERE id = ?",
        (
            stage, CHANCES[stage], fields.day("expected_date", row["expected_date"]),
            fields.optional("name") or row["name"], row["id"],
        ),
    )  # fmt: skip
    if "lines" in fields:
        _put_lines(connection, row["id"], fields.rows("lines", most=MAX_LINES))
    return _tell(connection, desk, row["id"], f"opportunity.{'quoted' if stage == 'quoted' else 'updated'}")


def win(connection: sqlite3.Connection, desk: Desk, ref: str, _: Fields) -> tuple[str, Answer]:
    """The customer says yes: it is won, and its goods are sure enough to plan for."""
    row = _open(connection, ref)
    if not connection.execute(
        "SELECT 1 FROM opportunity_line WHERE opportunity_id = ?", (row["id"],)
    ).fetchone():
        raise Refusal("wrong_state", f"Opportunity {row['opp_no']} has no lines yet.", "lines")
    connection.execute("UPDATE opportunity SET stage = 'won', chance = 90 WHERE id = ?", (row["id"],))
    return _tell(connection, desk, row["id"], "opportunity.won")


def lose(connection: sqlite3.Connection, desk: Desk, ref: str, fields: Fields) -> tuple[str, Answer]:
    """It comes to nothing, for a reason; a signed contract cannot be lost."""
    row = find(connection, ref)
    if row["stage"] not in (*OPEN, "won"):
        raise Refusal("wrong_state", f"Opportunity {row['opp_no']} is {row['stage']} and cannot be lost.")
    connection.execute(
        "UPDATE opportunity SET stage = 'lost', chance = 0, reason = ? WHERE id = ?",
        (fields.text("reason"), row["id"]),
    )
    return _tell(connection, desk, row["id"], "opportunity.lost")


def sign(connection: sqlite3.Connection, desk: Desk, ref: str, fields: Fields) -> tuple[str, Answer]:
    """Sign the contract; ``order_mode`` says whether its order is made at once or by the button."""
    row = find(connection, ref)
    if row["stage"] != "won":
        raise Refusal("wrong_state", f"Opportunity {row['opp_no']} is {row['stage']}, not won.")
    mode = fields.optional("order_mode") or "automatic"
    if mode not in MODES:
        raise BadField("order_mode", f"Expected one of {', '.join(MODES)}.")
    now = desk.clock.now()
    number = fields.optional("contract_no") or f"HT{now:%y%m}-{next_number(connection, 'contract'):05d}"
    try:
        connection.execute(
            "UPDATE opportunity SET stage = 'contracted', chance = 100, contract_no = ?, order_mode = ?,"
            " signed_at = ?, due_date = ? WHERE id = ?",
            (number, mode, now.isoformat(), fields.day("due_date", row["expected_date"]), row["id"]),
        )
    except sqlite3.IntegrityError:
        raise Refusal("wrong_state", f"Contract {number} already exists.", "contract_no") from None
    return _tell(connection, desk, row["id"], "contract.signed")


def ask_order(connection: sqlite3.Connection, desk: Desk, ref: str, _: Fields) -> tuple[str, Answer]:
    """Press the button of a contract whose order is made by hand."""
    row = find(connection, ref)
    if row["stage"] != "contracted" or row["order_no"] is not None:
        raise Refusal(
            "wrong_state", f"Contract of {row['opp_no']} is {row['stage']}: no order can be asked for."
        )
    return _tell(connection, desk, row["id"], "contract.order_requested")


def feedback(connection: sqlite3.Connection, desk: Desk, ref: str, fields: Fields) -> tuple[str, Answer]:
    """Write back what became of it: the order's number, a message; the same again changes nothing."""
    row = find(connection, ref)
    order_no = fields.optional("order_no") or row["order_no"]
    message = fields.optional("message") if "message" in fields else row["message"]
    if (order_no, message) == (row["order_no"], row["message"]):
        return row["opp_no"], {**view(connection, row), "changed": False}
    stage = "ordered" if order_no is not None and row["stage"] == "contracted" else row["stage"]
    connection.execute(
        "UPDATE opportunity SET order_no = ?, message = ?, stage = ? WHERE id = ?",
        (order_no, message, stage, row["id"]),
    )
    number, answer = _tell(connection, desk, row["id"], "opportunity.updated")
    return number, {**answer, "changed": True}


def _open(connection: sqlite3.Connection, ref: str) -> sqlite3.Row:
    row = find(connection, ref)
    if row["stage"] not in OPEN:
        raise Refusal("wrong_state", f"Opportunity {row['opp_no']} is {row['stage']}.")
    return row


def _put_lines(connection: sqlite3.Connection, row_id: int, lines: list[Fields]) -> None:
    connection.execute("DELETE FROM opportunity_line WHERE opportunity_id = ?", (row_id,))
    for number, line in enumerate(lines, start=1):
        product = find_product(connection, line.text("model"))
        quantity = line.number("quantity", low="0")
        price = line.number("unit_price", product["list_price"], low="0")
        discount = line.number("discount", "0", low="0")
        rate = line.number("tax_rate", product["tax_rate"], low="0")
        if discount > 1:
            raise BadField(line.at("discount"), "Expected a fraction from 0 to 1.")
        worth = line_amounts(quantity, price, discount, rate, with_tax=True)
        connection.execute(
            "INSERT INTO opportunity_line VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                row_id, number, product["id"], trimmed(quantity), plain(price), trimmed(discount),
                trimmed(rate), plain(worth.gross),
            ),
        )  # fmt: skip


def _tell(connection: sqlite3.Connection, desk: Desk, row_id: int, kind: str) -> tuple[str, Answer]:
    now = desk.clock.text()
    connection.execute(
        "UPDATE opportunity SET version = version + 1, modified_at = ? WHERE id = ?", (now, row_id)
    )
    row = connection.execute("SELECT * FROM opportunity WHERE id = ?", (row_id,)).fetchone()
    found = view(connection, row)
    tell(connection, desk.hooked, Event(kind, row["opp_no"], row["version"], now, {"opportunity": found}))
    return row["opp_no"], found
