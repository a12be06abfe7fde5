"""Sales returns (销售退货): goods of one delivery order that a customer sends back.

A return is saved once per source number, and never for more than was delivered and is not returned already.
Stock rises only with what the warehouse really took in; each such posting is a red-letter delivery
(红字发货单) of its own, worth to the cent what these pieces were delivered for. The delivery itself is
never changed.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from plantbox.database import next_number
from plantbox.erp.masters import Office, move_stock, refuse_while_counting
from plantbox.erp.postings import Posting, keep, known
from plantbox.erp.views import Event, order_lines, order_row, returned, tell
from plantbox.fields import BadField, Fields
from plantbox.money import LineAmounts, line_amounts, plain, trimmed
from plantbox.writes import Answer, Refusal

TABLES = """
CREATE TABLE IF NOT EXISTS sales_return (
  bill_no TEXT PRIMARY KEY, delivery_no TEXT NOT NULL REFERENCES delivery (bill_no),
  order_id INTEGER NOT NULL REFERENCES sales_order (id), source_system TEXT NOT NULL,
  source_bill_no TEXT NOT NULL, status TEXT NOT NULL, reason TEXT, created_at TEXT NOT NULL,
  UNIQUE (source_system, source_bill_no));
CREATE INDEX IF NOT EXISTS return_delivery ON sales_return (delivery_no);
CREATE INDEX IF NOT EXISTS return_order ON sales_return (order_id);
CREATE TABLE IF NOT EXISTS sales_return_line (
  return_no TEXT NOT NULL REFERENCES sales_return (bill_no), line_no INTEGER NOT NULL,
  delivery_line_no INTEGER NOT NULL, order_line_no INTEGER NOT NULL, material_no TEXT NOT NULL,
  qty TEXT NOT NULL, received TEXT NOT NULL DEFAULT '0', PRIMARY KEY (return_no, line_no)) WITHOUT ROWID;
"""
STATES = {
    "Open": ("待退货入库", "Goods to come"),
    "Received": ("已退货入库", "Received"),
    "Cancelled": ("已取消", "Cancelled"),
}
ZERO = Decimal(0)


def find(connection: sqlite3.Connection, bill_no: str) -> sqlite3.Row:
    """Return a sales return, or refuse with 2004."""
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM sales_return WHERE bill_no = ?", (bill_no,)
    ).fetchone()
    if row is None:
        raise Refusal("2004", f"退货单不存在: {bill_no}", "BillNo")
    return row


def _lines(connection: sqlite3.Connection, bill_no: str) -> list[sqlite3.Row]:
    return connection.execute(
        "SELECT * FROM sales_return_line WHERE return_no = ? ORDER BY line_no", (bill_no,)
    ).fetchall()


def view_of(connection: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """Return a sales return whole; its amounts are those of what came in so far."""
    order = order_row(connection, row["order_id"])
    posted = connection.execute(
        "SELECT answer FROM posting WHERE kind = 'Return' AND subject = ? ORDER BY bill_no", (row["bill_no"],)
    )
    return {
        "BillNo": row["bill_no"],
        "DeliveryBillNo": row["delivery_no"],
        "OrderBillNo": order["bill_no"],
        "SourceSystem": order["source_system"],
        "SourceBillNo": order["source_bill_no"],
        "CustomerNo": order["customer_no"],
        "RequestSystem": row["source_system"],
        "RequestNo": row["source_bill_no"],
        "Status": row["status"],
        "Reason": row["reason"],
        "CreateTime": row["created_at"],
        "RedLetters": [_red_of(answer["answer"]) for answer in posted],
        "Lines": [
            {
                "LineNo": line["line_no"],
                "DeliveryLineNo": line["delivery_line_no"],
                "OrderLineNo": line["order_line_no"],
                "MaterialNo": line["material_no"],
                "Qty": line["qty"],
                "ReceivedQty": line["received"],
            }
            for line in _lines(connection, row["bill_no"])
        ],
    }


def _red_of(answer: str) -> dict[str, Any]:
    found = json.loads(answer)
    return {name: found[name] for name in ("RedBillNo", "Amount", "TaxAmount", "AllAmount", "Quantities")}


def _tell(connection: sqlite3.Connection, office: Office, bill_no: str, event: str, **more: Any) -> Answer:
    row = find(connection, bill_no)
    view = {**view_of(connection, row), **more}
    happened = Event("SalesReturn", event, bill_no, office.clock.text(), view)
    tell(connection, order_row(connection, row["order_id"]), happened)
    return view


def _spoken_for(connection: sqlite3.Connection, delivery_no: str) -> dict[int, Decimal]:
    """Return, per delivery line, what is returned or on its way back."""
    rows = connection.execute(
        "SELECT delivery_line_no, qty, received, status FROM sales_return_line"
        " JOIN sales_return ON bill_no = return_no WHERE delivery_no = ?",
        (delivery_no,),
    )
    found: dict[int, Decimal] = {}
    for row in rows:
        counts = row["qty"] if row["status"] == "Open" else row["received"]
        found[row["delivery_line_no"]] = found.get(row["delivery_line_no"], ZERO) + Decimal(counts)
    return found


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One line of a return, checked."""

    line: sqlite3.Row
    qty: Decimal


def _wanted(connection: sqlite3.Connection, delivery_no: str, fields: Fields) -> list[_Wanted]:
    known_lines = {
        row["line_no"]: row
        for row in connection.execute("SELECT * FROM delivery_line WHERE delivery_no = ?", (delivery_no,))
    }
    taken = _spoken_for(connection, delivery_no)
    wanted = []
    for each in fields.rows("Lines", most=500):
        line = known_lines.get(each.whole("DeliveryLineNo", 0))
        if line is None:
            raise Refusal(
                "4013", f"发货单 {delivery_no} 没有第 {each.optional('DeliveryLineNo')} 行", "Lines"
            )
        qty = each.number("Qty", low="0.000001")
        before = taken.get(line["line_no"], ZERO)
        if before + qty > Decimal(line["qty"]):
            left = trimmed(Decimal(line["qty"]) - before)
            raise Refusal(
                "4013",
                f"第 {line['line_no']} 行退货 {trimmed(qty)} 超过可退数量 {left}"
                f"(已发 {line['qty']},已退 {trimmed(before)})",
                "Lines",
            )
        taken[line["line_no"]] = before + qty
        wanted.append(_Wanted(line, qty))
    return wanted


def save(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Save a return of one delivery, once per source number; goods are to come."""
    system, source = fields.text("RequestSystem"), fields.text("RequestNo")
    delivery_no = fields.text("DeliveryBillNo")
    old = connection.execute(
        "SELECT * FROM sales_return WHERE source_system = ? AND source_bill_no = ?", (system, source)
    ).fetchone()
    if old is not None:
        asked = sorted(
            (each.whole("DeliveryLineNo", 0), trimmed(each.number("Qty", low="0")))
            for each in fields.rows("Lines", most=500)
        )
        there = sorted((row["delivery_line_no"], row["qty"]) for row in _lines(connection, old["bill_no"]))
        if (delivery_no, asked) != (old["delivery_no"], there):
            raise Refusal("2010", f"来源单号 {source} 已有退货单 {old['bill_no']},内容不同", "RequestNo")
        return old["bill_no"], {**view_of(connection, old), "AlreadyDone": True}
    delivery = connection.execute("SELECT * FROM delivery WHERE bill_no = ?", (delivery_no,)).fetchone()
    if delivery is None:
        raise Refusal("4013", f"发货单不存在: {delivery_no},没有可退的货", "DeliveryBillNo")
    wanted = _wanted(connection, delivery_no, fields)
    bill_no = f"THD-{next_number(connection, 'sales_return'):06d}"
    connection.execute(
        "INSERT INTO sales_return (bill_no, delivery_no, order_id, source_system, source_bill_no, status,"
        " reason, created_at) VALUES (?, ?, ?, ?, ?, 'Open', ?, ?)",
        (
            bill_no, delivery_no, delivery["order_id"], system, source, fields.optional("Reason"),
            office.clock.text(),
        ),
    )  # fmt: skip
    connection.executemany(
        "INSERT INTO sales_return_line (return_no, line_no, delivery_line_no, order_line_no, material_no,"
        " qty) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                bill_no, number, each.line["line_no"], each.line["order_line_no"], each.line["material_no"],
                trimmed(each.qty),
            )
            for number, each in enumerate(wanted, start=1)
        ],
    )  # fmt: skip
    return bill_no, {**_tell(connection, office, bill_no, "Saved"), "AlreadyDone": False}


def cancel(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Cancel a return of which nothing came in."""
    row = find(connection, fields.text("BillNo"))
    no = row["bill_no"]
    if row["status"] == "Cancelled":
        return no, {**view_of(connection, row), "AlreadyDone": True}
    if any(Decimal(line["received"]) > 0 for line in _lines(connection, no)):
        raise Refusal("4014", f"退货单 {no} 已有退货入库,不能取消", "BillNo")
    connection.execute(
        "UPDATE sales_return SET status = 'Cancelled', reason = coalesce(?, reason) WHERE bill_no = ?",
        (fields.optional("Reason"), no),
    )
    return no, {**_tell(connection, office, no, "Cancelled"), "AlreadyDone": False}


def close(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """End a return with what came in: received in part, or cancelled where nothing did."""
    row = find(connection, fields.text("BillNo"))
    no = row["bill_no"]
    if row["status"] != "Open":
        return no, {**view_of(connection, row), "AlreadyDone": True}
    some = any(Decimal(line["received"]) > 0 for line in _lines(connection, no))
    status = "Received" if some else "Cancelled"
    connection.execute(
        "UPDATE sales_return SET status = ?, reason = coalesce(?, reason) WHERE bill_no = ?",
        (status, fields.optional("Reason"), no),
    )
    return no, {**_tell(connection, office, no, status), "AlreadyDone": False}


def post(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Post what the warehouse took back, once per key: stock rises, a red-letter delivery stands for it."""
    no, key = fields.text("BillNo"), fields.text("ExternalKey")
    row = find(connection, no)
    said = [
        (line.whole("LineNo", 0, low=1), line.number("Qty", low="0.000001"), line.optional("LotNo"))
        for line in fields.rows("Lines", most=500)
    ]
    content = {"BillNo": no, "Lines": [[line_no, trimmed(qty), lot] for line_no, qty, lot in said]}
    again = known(connection, "Return", key, content)
    if again is not None:
        return no, again
    refuse_while_counting(connection)
    if row["status"] != "Open":
        raise Refusal("2009", f"退货单 {no} 状态为 {row['status']},不能入库", "BillNo")
    red = _take_back(connection, row, said)
    done = all(Decimal(line["received"]) >= Decimal(line["qty"]) for line in _lines(connection, no))
    if done:
        connection.execute("UPDATE sales_return SET status = 'Received' WHERE bill_no = ?", (no,))
    number = f"HFH-{next_number(connection, 'red_delivery'):06d}"
    # Red letters are negative: they take back what the delivery said.
    amounts = {"Amount": red.net, "TaxAmount": red.tax, "AllAmount": red.gross}
    data = {
        "RedBillNo": number,
        "ExternalKey": key,
        **{name: plain(-value) for name, value in amounts.items()},
        "Quantities": [{"LineNo": line_no, "Qty": trimmed(-qty)} for line_no, qty, _ in said],
    }
    posting = Posting("Return", key, number, no, content)
    kept = keep(connection, office, posting, {**view_of(connection, find(connection, no)), **data})
    _tell(connection, office, no, "Received" if done else "PartlyReceived", **data)
    return no, kept


def _take_back(
    connection: sqlite3.Connection, row: sqlite3.Row, said: list[tuple[int, Decimal, str | None]]
) -> LineAmounts:
    lines = {line["line_no"]: line for line in _lines(connection, row["bill_no"])}
    prices = {line["line_no"]: line for line in order_lines(connection, row["order_id"])}
    with_tax = bool(order_row(connection, row["order_id"])["included_tax"])
    net = tax = gross = ZERO
    for line_no, qty, _ in said:
        line = lines.get(line_no)
        if line is None:
            raise BadField(
                "Lines", f"Expected a line of {row['bill_no']}, but it has none numbered {line_no}."
            )
        total = Decimal(line["received"]) + qty
        if total > Decimal(line["qty"]):
            raise Refusal(
                "4007", f"第 {line_no} 行退货入库 {trimmed(total)} 超过退货数量 {line['qty']}", "Lines"
            )
        before = returned(connection, row["order_id"]).get(line["order_line_no"], ZERO)
        price = prices[line["order_line_no"]]
        # From total to total, so that all parts together are worth what was delivered, to the cent.
        old = _worth(price, before, with_tax=with_tax)
        new = _worth(price, before + qty, with_tax=with_tax)
        net, tax, gross = net + new.net - old.net, tax + new.tax - old.tax, gross + new.gross - old.gross
        move_stock(connection, line["material_no"], on_hand=qty, reserved=ZERO)
        connection.execute(
            "UPDATE sales_return_line SET received = ? WHERE return_no = ? AND line_no = ?",
            (trimmed(total), row["bill_no"], line_no),
        )
        lines = {each["line_no"]: each for each in _lines(connection, row["bill_no"])}
    return LineAmounts(gross if with_tax else net, net, tax, gross)


def _worth(line: sqlite3.Row, qty: Decimal, *, with_tax: bool) -> LineAmounts:
    return line_amounts(
        qty,
        Decimal(line["tax_price"] if with_tax else line["price"]),
        Decimal(line["discount_rate"]) / 100,
        Decimal(line["tax_rate"]) / 100,
        with_tax=with_tax,
    )


# -- questions -----------------------------------------------------------------------------------------------


def view(connection: sqlite3.Connection, fields: Fields) -> Answer:
    """Return one return."""
    return view_of(connection, find(connection, fields.text("BillNo")))


def query(connection: sqlite3.Connection, fields: Fields) -> Answer:
    """Return returns by delivery, order, or the number of the order's source."""
    rows = connection.execute(
        "SELECT sales_return.* FROM sales_return JOIN sales_order ON sales_order.id = order_id"
        " WHERE (:delivery IS NULL OR delivery_no = :delivery)"
        " AND (:order IS NULL OR sales_order.bill_no = :order)"
        " AND (:source IS NULL OR sales_order.source_bill_no = :source)"
        " AND (:request IS NULL OR sales_return.source_bill_no = :request)"
        " ORDER BY sales_return.bill_no LIMIT :limit OFFSET :start",
        {
            "delivery": fields.optional("DeliveryBillNo"),
            "order": fields.optional("OrderBillNo"),
            "source": fields.optional("SourceBillNo"),
            "request": fields.optional("RequestNo"),
            "limit": fields.whole("Limit", 100, low=1, high=2000),
            "start": fields.whole("StartRow", 0),
        },
    ).fetchall()
    return {"Rows": [view_of(connection, row) for row in rows]}
