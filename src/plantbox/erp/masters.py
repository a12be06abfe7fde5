"""Materials and stock of the ERP, and finding what documents name."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from plantbox.database import next_number
from plantbox.erp.policy import Policy
from plantbox.fields import BadField, Fields
from plantbox.money import plain, trimmed
from plantbox.simtime import SimClock
from plantbox.writes import Answer, Refusal

MOST = 2000


@dataclass(frozen=True, slots=True)
class Office:
    """What every write of the ERP needs: the clock, the firm's policy, the seed of its chances."""

    clock: SimClock
    policy: Policy
    seed: int


def find_customer(connection: sqlite3.Connection, no: str, field: str) -> sqlite3.Row:
    """Return a customer by its code, or refuse with 3001."""
    row: sqlite3.Row | None = connection.execute("SELECT * FROM customer WHERE no = ?", (no,)).fetchone()
    if row is None:
        raise Refusal("3001", f"客户编码不存在: {no}", field)
    return row


def find_material(connection: sqlite3.Connection, no: str, field: str) -> sqlite3.Row:
    """Return a material by its code, or refuse with 3002."""
    row: sqlite3.Row | None = connection.execute("SELECT * FROM material WHERE no = ?", (no,)).fetchone()
    if row is None:
        raise Refusal("3002", f"物料编码不存在: {no}", field)
    return row


def material_view(row: sqlite3.Row) -> dict[str, Any]:
    """Return a material."""
    names = {
        "No": "no",
        "Name": "name",
        "Model": "model",
        "OuterCode": "outer_code",
        "Unit": "unit",
        "Price": "price",
        "TaxRate": "tax_rate",
        "LeadDays": "lead_days",
        "ModifyTime": "modified_at",
    }
    return {key: row[name] for key, name in names.items()}


def save_material(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Create a material (with its stock, where ``OnHand`` is given), or change what is given of one."""
    no = fields.optional("No") or f"M-{30000 + next_number(connection, 'material')}"
    old = connection.execute("SELECT * FROM material WHERE no = ?", (no,)).fetchone()
    keep: Callable[[str], Any] = lambda name: None if old is None else old[name]  # noqa: E731 - a short way to say it
    values = (
        fields.optional("Name") or keep("name") or fields.text("Name"),
        fields.optional("Model") if "Model" in fields else keep("model"),
        fields.optional("OuterCode") if "OuterCode" in fields else keep("outer_code"),
        fields.optional("Unit") or keep("unit") or "件",
        plain(fields.number("Price", keep("price") or "0", low="0")),
        trimmed(fields.number("TaxRate", keep("tax_rate") or "13", low="0")),
        fields.whole("LeadDays", keep("lead_days") or 2, high=400),
        office.clock.text(),
    )
    try:
        connection.execute(
            "INSERT INTO material (no, name, model, outer_code, unit, price, tax_rate, lead_days, "
            "modified_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (no) DO UPDATE SET name = excluded.name, model ="
            " excluded.model, outer_code = excluded.outer_code, unit = excluded.unit, price = "
            "excluded.price, tax_rate ="
            " excluded.tax_rate, lead_days = excluded.lead_days, modified_at = excluded.modified_at",
            (no, *values),
        )
    except sqlite3.IntegrityError:
        raise BadField("OuterCode", f"Another material has the outer code {values[2]}.") from None
    if old is None:
        connection.execute(
            "INSERT INTO stock (material_no, on_hand, reserved) VALUES (?, ?, '0') ON CONFLICT DO NOTHING",
            (no, trimmed(fields.number("OnHand", "0", low="0"))),
        )
    return no, material_view(find_material(connection, no, "No"))


def stock_of(connection: sqlite3.Connection, material_no: str) -> tuple[Decimal, Decimal]:
    """Return what is on hand and what of it is reserved."""
    row = connection.execute("SELECT * FROM stock WHERE material_no = ?", (material_no,)).fetchone()
    return (Decimal(0), Decimal(0)) if row is None else (Decimal(row["on_hand"]), Decimal(row["reserved"]))


def move_stock(
    connection: sqlite3.Connection, material_no: str, *, on_hand: Decimal, reserved: Decimal
) -> None:
    """Add differences to what is on hand and reserved; neither may fall below zero, nor reserved rise
    above on hand.
    """
    have, held = stock_of(connection, material_no)
    have, held = have + on_hand, held + reserved
    if have < 0 or held < 0 or held > have:
        raise Refusal("4002", f"库存不足: {material_no} 现存 {trimmed(have)}, 预留 {trimmed(held)}")
    connection.execute(
        "INSERT INTO stock (material_no, on_hand, reserved) VALUES (?, ?, ?) ON CONFLICT "
        "(material_no) DO UPDATE SET"
        " on_hand = excluded.on_hand, reserved = excluded.reserved",
        (material_no, trimmed(have), trimmed(held)),
    )


def stock_view(connection: sqlite3.Connection, material_no: str) -> dict[str, Any]:
    """Return a material's stock."""
    have, held = stock_of(connection, material_no)
    return {
        "MaterialNo": material_no,
        "OnHand": trimmed(have),
        "Reserved": trimmed(held),
        "Available": trimmed(have - held),
    }


def running_count(connection: sqlite3.Connection) -> sqlite3.Row | None:
    """Return the stock count (盘点) that is under way, if one is."""
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM stock_count WHERE closed_at IS NULL"
    ).fetchone()
    return row


def refuse_while_counting(connection: sqlite3.Connection) -> None:
    """Refuse a posting with 4008 while stock is counted."""
    row = running_count(connection)
    if row is not None:
        raise Refusal("4008", f"盘点中 ({row['bill_no']}),暂不能过账,请稍后再试")


def adjust_stock(connection: sqlite3.Connection, _: Office, fields: Fields) -> tuple[str, Answer]:
    """Post a stock difference."""
    no = fields.text("MaterialNo")
    find_material(connection, no, "MaterialNo")
    refuse_while_counting(connection)
    move_stock(connection, no, on_hand=fields.number("Qty"), reserved=Decimal(0))
    return no, stock_view(connection, no)
