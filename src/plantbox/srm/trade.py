"""Orders, delivery notes and replenishments of the SRM: made once per key of the customer."""

from __future__ import annotations

import json
import sqlite3
from decimal import Decimal
from typing import Any

from plantbox.database import next_number
from plantbox.fields import Fields
from plantbox.ledger_api import Desk, one
from plantbox.money import plain, trimmed
from plantbox.writes import Answer, Refusal

CARRIERS = "供应商自送"
ZERO = Decimal(0)


def _found(row: sqlite3.Row | None, what: str) -> sqlite3.Row:
    if row is None:
        raise Refusal("SRM.NOT_FOUND", f"单据不存在: {what}")
    return row


def find_purchase(connection: sqlite3.Connection, no: str) -> sqlite3.Row:
    """Return an order by its number or the customer's."""
    sql = "SELECT * FROM purchase WHERE no = ? OR customer_order = ?"
    return _found(one(connection, sql, no, no), no)


def find_refill(connection: sqlite3.Connection, no: str) -> sqlite3.Row:
    """Return a replenishment by its number or the customer's key."""
    return _found(one(connection, "SELECT * FROM refill WHERE no = ? OR request_key = ?", no, no), no)


def _notes(connection: sqlite3.Connection, no: str) -> list[sqlite3.Row]:
    return connection.execute("SELECT * FROM note WHERE purchase_no = ? ORDER BY no", (no,)).fetchall()


def note_view(connection: sqlite3.Connection, row: sqlite3.Row) -> Answer:
    """Return a delivery note (ASN)."""
    order = find_purchase(connection, row["purchase_no"])
    return {
        "noteNo": row["no"],
        "noteKey": row["note_key"],
        "orderNo": row["purchase_no"],
        "customerOrderNo": order["customer_order"],
        "vendorCode": order["vendor"],
        "carrier": row["carrier"],
        "etaDays": row["eta_days"],
        "shippedAt": row["created_at"],
        "orderState": order["state"],
        "lines": json.loads(row["lines"]),
    }


def purchase_view(connection: sqlite3.Connection, row: sqlite3.Row) -> Answer:
    """Return an order with what was shipped of each line."""
    shipped: dict[int, Decimal] = {}
    notes = _notes(connection, row["no"])
    for note in notes:
        for line in json.loads(note["lines"]):
            shipped[line["lineNo"]] = shipped.get(line["lineNo"], ZERO) + Decimal(line["qty"])
    vendor = _found(one(connection, "SELECT * FROM vendor WHERE code = ?", row["vendor"]), row["vendor"])
    return {
        "orderNo": row["no"],
        "customerOrderNo": row["customer_order"],
        "vendorCode": row["vendor"],
        "vendorName": vendor["name"],
        "state": row["state"],
        "promisedDate": row["promised"],
        "reason": row["reason"],
        "publishedAt": row["created_at"],
        "lines": [
            {**line, "shippedQty": trimmed(shipped.get(line["lineNo"], ZERO))}
            for line in json.loads(row["lines"])
        ],
        "deliveryNotes": [note["no"] for note in notes],
    }


def refill_view(row: sqlite3.Row) -> Answer:
    """Return a replenishment (补货)."""
    return {
        "replenishmentNo": row["no"],
        "requestKey": row["request_key"],
        "vendorCode": row["vendor"],
        "material": row["material"],
        "qty": row["qty"],
        "needDate": row["need_date"],
        "state": row["state"],
        "customerOrderNo": row["customer_order"],
        "reason": row["reason"],
        "requestedAt": row["created_at"],
    }


def _vendor(connection: sqlite3.Connection, fields: Fields) -> str:
    code = fields.text("vendorCode")
    if one(connection, "SELECT * FROM vendor WHERE code = ?", code) is None:
        raise Refusal("SRM.VENDOR_UNKNOWN", f"供应商未注册: {code}", "vendorCode")
    return code


# -- orders --------------------------------------------------------------------------------------------------


def publish(connection: sqlite3.Connection, desk: Desk, fields: Fields) -> tuple[str, Answer]:
    """Publish an order to its supplier, once per number of the customer."""
    key, vendor = fields.text("customerOrderNo"), _vendor(connection, fields)
    lines: list[dict[str, Any]] = [
        {
            "lineNo": row.whole("lineNo", number, low=1),
            "material": row.text("material"),
            "qty": trimmed(row.number("qty", low="0.000001")),
            "price": plain(row.number("price", "0", low="0")),
            "taxRate": trimmed(row.number("taxRate", "13", low="0")),
            "needDate": row.day("needDate"),
        }
        for number, row in enumerate(fields.rows("lines", most=200), 1)
    ]
    old = one(connection, "SELECT * FROM purchase WHERE customer_order = ?", key)
    if old is not None:
        if (old["vendor"], json.loads(old["lines"])) != (vendor, lines):
            raise Refusal("SRM.KEY_CONFLICT", f"客户订单 {key} 已有 {old['no']},内容不同", "customerOrderNo")
        return old["no"], {**purchase_view(connection, old), "existing": True}
    no, now = f"SO{next_number(connection, 'purchase'):07d}", desk.clock.text()
    connection.execute(
        "INSERT INTO purchase VALUES (?, ?, ?, ?, 'published', NULL, NULL, ?, ?)",
        (no, key, vendor, json.dumps(lines, ensure_ascii=False), now, now),
    )
    return no, {**_tell_purchase(connection, desk, no, "order.published"), "existing": False}


def _tell_purchase(connection: sqlite3.Connection, desk: Desk, no: str, kind: str) -> Answer:
    view = purchase_view(connection, find_purchase(connection, no))
    desk.feed.tell(connection, kind, no, view)
    return view


def _move_purchase(
    connection: sqlite3.Connection, desk: Desk, fields: Fields, state: str
) -> tuple[str, Answer]:
    row = find_purchase(connection, fields.text("no"))
    if row["state"] == state:
        return row["no"], {**purchase_view(connection, row), "existing": True}
    if row["state"] not in (("published", "confirmed") if state == "withdrawn" else ("published",)):
        raise Refusal("SRM.WRONG_STATE", f"订单 {row['no']} 状态为 {row['state']}")
    reason = fields.text("reason") if state == "declined" else fields.optional("reason")
    connection.execute(
        "UPDATE purchase SET state = ?, promised = ?, reason = ?, changed_at = ? WHERE no = ?",
        (state, fields.day("promisedDate"), reason, desk.clock.text(), row["no"]),
    )
    return row["no"], {**_tell_purchase(connection, desk, row["no"], f"order.{state}"), "existing": False}


def confirm(connection: sqlite3.Connection, desk: Desk, fields: Fields) -> tuple[str, Answer]:
    """The supplier confirms."""
    return _move_purchase(connection, desk, fields, "confirmed")


def decline(connection: sqlite3.Connection, desk: Desk, fields: Fields) -> tuple[str, Answer]:
    """The supplier declines, with a reason."""
    return _move_purchase(connection, desk, fields, "declined")


def withdraw(connection: sqlite3.Connection, desk: Desk, fields: Fields) -> tuple[str, Answer]:
    """The customer takes an order back before anything was shipped."""
    return _move_purchase(connection, desk, fields, "withdrawn")


def ship(connection: sqlite3.Connection, desk: Desk, fields: Fields) -> tuple[str, Answer]:
    """The supplier announces a delivery (送货单), once per its key; lines left out are wholly shipped."""
    key, order = fields.text("noteKey"), find_purchase(connection, fields.text("orderNo"))
    old = one(connection, "SELECT * FROM note WHERE note_key = ?", key)
    if old is not None:
        return old["no"], {**note_view(connection, old), "existing": True}
    if order["state"] not in ("confirmed", "partlyShipped"):
        raise Refusal("SRM.WRONG_STATE", f"订单 {order['no']} 状态为 {order['state']},不能发货")
    lines = purchase_view(connection, order)["lines"]
    given = {
        row.whole("lineNo", 0, low=1): row.number("qty", low="0.000001")
        for row in (fields.rows("lines", most=200) if "lines" in fields else [])
    }
    if not given:
        given = {line["lineNo"]: Decimal(line["qty"]) - Decimal(line["shippedQty"]) for line in lines}
    materials = {line["lineNo"]: line["material"] for line in lines}
    unknown = sorted(set(given) - set(materials))
    if unknown:
        raise Refusal("SRM.LINE_UNKNOWN", f"订单 {order['no']} 没有第 {unknown[0]} 行", "lines")
    content = [
        {"lineNo": line, "material": materials[line], "qty": trimmed(qty)}
        for line, qty in given.items()
        if qty > 0
    ]
    no = f"SH{next_number(connection, 'note'):07d}"
    connection.execute(
        "INSERT INTO note VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            no, key, order["no"], json.dumps(content, ensure_ascii=False),
            fields.optional("carrier") or CARRIERS, fields.whole("etaDays", 1, high=400), desk.clock.text(),
        ),
    )  # fmt: skip
    after = purchase_view(connection, find_purchase(connection, order["no"]))["lines"]
    whole = all(Decimal(line["shippedQty"]) >= Decimal(line["qty"]) for line in after)
    connection.execute(
        "UPDATE purchase SET state = ?, changed_at = ? WHERE no = ?",
        ("shipped" if whole else "partlyShipped", desk.clock.text(), order["no"]),
    )
    view = note_view(connection, _found(one(connection, "SELECT * FROM note WHERE no = ?", no), no))
    desk.feed.tell(connection, "delivery.shipped", no, view)
    return no, {**view, "existing": False}


# -- replenishments ------------------------------------------------------------------------------------------


def request_refill(connection: sqlite3.Connection, desk: Desk, fields: Fields) -> tuple[str, Answer]:
    """Ask a supplier to refill, once per key of the customer."""
    key, vendor, material = fields.text("requestKey"), _vendor(connection, fields), fields.text("material")
    qty = trimmed(fields.number("qty", low="0.000001"))
    old = one(connection, "SELECT * FROM refill WHERE request_key = ?", key)
    if old is not None:
        if (old["vendor"], old["material"], old["qty"]) != (vendor, material, qty):
            raise Refusal("SRM.KEY_CONFLICT", f"补货 {key} 已有 {old['no']},内容不同", "requestKey")
        return old["no"], {**refill_view(old), "existing": True}
    no, now = f"BH{next_number(connection, 'refill'):07d}", desk.clock.text()
    connection.execute(
        "INSERT INTO refill VALUES (?, ?, ?, ?, ?, ?, 'requested', NULL, NULL, ?, ?)",
        (no, key, vendor, material, qty, fields.day("needDate"), now, now),
    )
    return no, {**_tell_refill(connection, desk, no, "replenishment.requested"), "existing": False}


def _tell_refill(connection: sqlite3.Connection, desk: Desk, no: str, kind: str) -> Answer:
    view = refill_view(find_refill(connection, no))
    desk.feed.tell(connection, kind, no, view)
    return view


def _move_refill(
    connection: sqlite3.Connection, desk: Desk, fields: Fields, state: str
) -> tuple[str, Answer]:
    row = find_refill(connection, fields.text("no"))
    if row["state"] == state:
        return row["no"], {**refill_view(row), "existing": True}
    if state != "closed" and row["state"] != "requested":
        raise Refusal("SRM.WRONG_STATE", f"补货 {row['no']} 状态为 {row['state']}")
    connection.execute(
        "UPDATE refill SET state = ?, reason = ?, customer_order = coalesce(?, customer_order),"
        " changed_at = ? WHERE no = ?",
        (
            state, fields.text("reason") if state == "declined" else fields.optional("reason"),
            fields.optional("customerOrderNo"), desk.clock.text(), row["no"],
        ),
    )  # fmt: skip
    return row["no"], {
        **_tell_refill(connection, desk, row["no"], f"replenishment.{state}"),
        "existing": False,
    }


def accept_refill(connection: sqlite3.Connection, desk: Desk, fields: Fields) -> tuple[str, Answer]:
    """The supplier accepts."""
    return _move_refill(connection, desk, fields, "accepted")


def decline_refill(connection: sqlite3.Connection, desk: Desk, fields: Fields) -> tuple[str, Answer]:
    """The supplier declines, with a reason."""
    return _move_refill(connection, desk, fields, "declined")


def close_refill(connection: sqlite3.Connection, desk: Desk, fields: Fields) -> tuple[str, Answer]:
    """The customer has its goods."""
    return _move_refill(connection, desk, fields, "closed")


# -- questions -----------------------------------------------------------------------------------------------


def list_purchases(connection: sqlite3.Connection, fields: Fields) -> list[Answer]:
    """Return orders, all or of one number of the customer."""
    rows = connection.execute(
        "SELECT * FROM purchase WHERE (?1 IS NULL OR customer_order = ?1) ORDER BY no LIMIT 500",
        (fields.optional("customerOrderNo"),),
    ).fetchall()
    return [purchase_view(connection, row) for row in rows]


def list_notes(connection: sqlite3.Connection, fields: Fields) -> list[Answer]:
    """Return delivery notes, all or of one order."""
    rows = connection.execute(
        "SELECT note.* FROM note JOIN purchase ON purchase.no = purchase_no"
        " WHERE (?1 IS NULL OR customer_order = ?1) ORDER BY note.no LIMIT 500",
        (fields.optional("customerOrderNo"),),
    ).fetchall()
    return [note_view(connection, row) for row in rows]


def list_refills(connection: sqlite3.Connection, fields: Fields) -> list[Answer]:
    """Return replenishments, all or of one material."""
    rows = connection.execute(
        "SELECT * FROM refill WHERE (?1 IS NULL OR material = ?1) ORDER BY no LIMIT 500",
        (fields.optional("material"),),
    ).fetchall()
    return [refill_view(row) for row in rows]


def list_vendors(connection: sqlite3.Connection, _: Fields) -> list[Answer]:
    """Return the suppliers."""
    rows = connection.execute("SELECT * FROM vendor ORDER BY code").fetchall()
    return [{"vendorCode": row["code"], "name": row["name"]} for row in rows]
