"""Dispatch notices (发货通知) and what a warehouse posts against them: the ERP with ``delivery: notice``."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from decimal import Decimal

from plantbox.database import next_number
from plantbox.erp import shipping
from plantbox.erp.masters import Office, refuse_while_counting
from plantbox.erp.notices import find_notice, notice_lines, notice_view, tell_notice
from plantbox.erp.postings import Posting, keep, known
from plantbox.erp.review import ZERO
from plantbox.erp.views import hold_of, order_lines
from plantbox.fields import BadField, Fields
from plantbox.money import trimmed
from plantbox.writes import Answer, Refusal


def leave(connection: sqlite3.Connection, office: Office, order_id: int) -> None:
    """Let an order's reserved goods go: by a delivery, or by a notice where others ship; held ones stay."""
    if hold_of(connection, order_id) is not None:
        connection.execute("UPDATE sales_order SET ship_at = NULL WHERE id = ?", (order_id,))
        return
    if office.policy.delivery != "notice":
        shipping.ship(connection, office, order_id)
        return
    noticed = shipping.noticed(connection, order_id)
    lines = [
        (line, Decimal(line["reserved"]) - noticed.get(line["line_no"], ZERO))
        for line in order_lines(connection, order_id)
    ]
    connection.execute("UPDATE sales_order SET ship_at = NULL WHERE id = ?", (order_id,))
    wanted = [(line, qty) for line, qty in lines if qty > 0]
    if not wanted:
        return
    bill_no = f"FHTZ-{next_number(connection, 'notice'):06d}"
    connection.execute(
        "INSERT INTO dispatch_notice (bill_no, order_id, status, created_at) VALUES (?, ?, 'Created', ?)",
        (bill_no, order_id, office.clock.text()),
    )
    connection.executemany(
        "INSERT INTO dispatch_line (notice_no, line_no, order_line_no, material_no, qty)"
        " VALUES (?, ?, ?, ?, ?)",
        [
            (bill_no, index, line["line_no"], line["material_no"], trimmed(qty))
            for index, (line, qty) in enumerate(wanted, start=1)
        ],
    )
    tell_notice(connection, office, bill_no, "Created")


def _decide(
    connection: sqlite3.Connection, office: Office, fields: Fields, status: str
) -> tuple[str, Answer]:
    row = find_notice(connection, fields.text("BillNo"))
    if row["status"] == status or (status == "Approved" and row["status"] == "Shipped"):
        return row["bill_no"], {**notice_view(connection, row), "AlreadyDone": True}
    if row["status"] != "Created":
        raise Refusal("2009", f"发货通知 {row['bill_no']} 状态为 {row['status']}", "BillNo")
    connection.execute(
        "UPDATE dispatch_notice SET status = ?, approver = ?, remark = ? WHERE bill_no = ?",
        (status, fields.optional("Approver"), fields.optional("Remark"), row["bill_no"]),
    )
    return row["bill_no"], {
        **tell_notice(connection, office, row["bill_no"], status),
        "AlreadyDone": False,
    }


def approve(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Approve a notice: from now on the warehouse may ship it."""
    return _decide(connection, office, fields, "Approved")


def reject(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Reject a notice: its goods stay reserved."""
    return _decide(connection, office, fields, "Rejected")


def renew(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Make a new notice after a rejection."""
    row = find_notice(connection, fields.text("BillNo"))
    if row["status"] == "Cancelled":
        return row["bill_no"], {**notice_view(connection, row), "AlreadyDone": True}
    if row["status"] != "Rejected":
        raise Refusal("2009", f"发货通知 {row['bill_no']} 状态为 {row['status']}", "BillNo")
    connection.execute("UPDATE dispatch_notice SET status = 'Cancelled' WHERE bill_no = ?", (row["bill_no"],))
    view = tell_notice(connection, office, row["bill_no"], "Cancelled")
    leave(connection, office, row["order_id"])
    return row["bill_no"], {**view, "AlreadyDone": False}


@dataclass(frozen=True, slots=True)
class Shipped:
    """What a warehouse says has left."""

    lines: list[tuple[int, Decimal, str | None]]
    carrier: str
    eta_days: int


def post_delivery(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Post what really left for an approved notice, once per key; ``Final`` gives the rest up."""
    notice_no, key = fields.text("NoticeBillNo"), fields.text("ExternalKey")
    row = find_notice(connection, notice_no, "NoticeBillNo")
    said = Shipped(
        [
            (line.whole("LineNo", 0, low=1), line.number("Qty", low="0"), line.optional("LotNo"))
            for line in fields.rows("Lines", most=500)
        ],
        fields.optional("Carrier") or shipping.CARRIERS[0],
        fields.whole("EtaDays", 2, high=365),
    )
    final = fields.flag("Final", default=False)
    content = {
        "Notice": notice_no,
        "Lines": [[no, trimmed(qty), lot] for no, qty, lot in said.lines],
        "Final": final,
    }
    again = known(connection, "Delivery", key, content)
    if again is not None:
        return notice_no, again
    refuse_while_counting(connection)
    if row["status"] != "Approved":
        raise Refusal("2009", f"发货通知 {notice_no} 状态为 {row['status']},不能发货", "NoticeBillNo")
    loads = _loads(connection, row, said)
    view = shipping.carry(
        connection, office, row["order_id"], shipping.Load(loads, said.carrier, said.eta_days, notice_no)
    )
    rest = any(Decimal(line["qty"]) > Decimal(line["shipped"]) for line in notice_lines(connection, row))
    if final or not rest:
        connection.execute("UPDATE dispatch_notice SET status = 'Shipped' WHERE bill_no = ?", (notice_no,))
        tell_notice(connection, office, notice_no, "Shipped")
    shipping.schedule(connection, office, row["order_id"])
    posting = Posting("Delivery", key, view["BillNo"], notice_no, content)
    return notice_no, keep(connection, office, posting, view)


def _loads(
    connection: sqlite3.Connection, notice: sqlite3.Row, said: Shipped
) -> dict[int, tuple[Decimal, str | None]]:
    """Check each line against the notice, note it as shipped, and return order line → quantity and lot."""
    lines = {line["line_no"]: line for line in notice_lines(connection, notice)}
    shipped = {no: Decimal(line["shipped"]) for no, line in lines.items()}
    loads: dict[int, tuple[Decimal, str | None]] = {}
    for no, qty, lot in said.lines:
        if no not in lines:
            raise BadField("Lines", f"Expected a line of {notice['bill_no']}, but it has none numbered {no}.")
        shipped[no] += qty
        if shipped[no] > Decimal(lines[no]["qty"]):
            raise Refusal(
                "4007", f"第 {no} 行发货 {trimmed(shipped[no])} 超过通知数量 {lines[no]['qty']}", "Lines"
            )
        before = loads.get(lines[no]["order_line_no"], (ZERO, None))[0]
        loads[lines[no]["order_line_no"]] = (before + qty, lot)
    connection.executemany(
        "UPDATE dispatch_line SET shipped = ? WHERE notice_no = ? AND line_no = ?",
        [(trimmed(qty), notice["bill_no"], no) for no, qty in shipped.items()],
    )
    return loads
