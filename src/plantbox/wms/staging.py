"""Takes rows out of the IN_ tables, does what they ask, writes back how it went, fills the OUT_ tables."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from plantbox import accounts
from plantbox.database import next_number
from plantbox.faults import Fault, FaultBoard
from plantbox.money import trimmed
from plantbox.simtime import SimClock, real_seconds
from plantbox.wms.stock import Move, add, counting, known_item, on_hand, quantity, take
from plantbox.writes import Refusal

CARRIERS = ("自有车队", "公路专线", "铁路快运")
RETRY_HOURS = 1
KINDS = {
    "receipt": "IN_RECEIPT",
    "shipment": "IN_SHIPMENT",
    "change": "IN_CHANGE",
    "issue": "IN_ISSUE",
    "account": "IN_ACCOUNT",
}


@dataclass(frozen=True, slots=True)
class Yard:
    """What every write of the WMS needs; ``held`` are rows that a fault puts off, until which real second."""

    clock: SimClock
    faults: FaultBoard
    seed: int
    pick_hours: float
    held: dict[tuple[str, str], float]


def anything_due(connection: sqlite3.Connection, yard: Yard) -> bool:
    """Return whether rows wait to be taken or picks are due; a cheap read."""
    if counting(connection):
        where = "STATUS = 'N'"
    else:
        where = "STATUS IN ('N', 'W')"
        due = "SELECT 1 FROM PICK WHERE STATUS IN ('open', 'partial') AND DUE_AT <= ?"
        if connection.execute(due, (yard.clock.text(),)).fetchone() is not None:
            return True
    return any(
        connection.execute(f"SELECT 1 FROM {table} WHERE {where} LIMIT 1").fetchone() is not None  # noqa: S608
        for table in KINDS.values()
    )


def run(connection: sqlite3.Connection, yard: Yard) -> None:
    """Take every waiting row once, then ship what is due."""
    for kind, table in KINDS.items():
        rows = connection.execute(
            f"SELECT * FROM {table} WHERE STATUS IN ('N', 'W') ORDER BY ID LIMIT 500"  # noqa: S608
        ).fetchall()
        done: set[str] = set()
        for row in rows:
            if row["EXT_KEY"] not in done or kind != "shipment":
                done.add(row["EXT_KEY"])
                _take_row(connection, yard, kind, row)
    if not counting(connection):
        _ship_due(connection, yard)


WORKS: dict[str, Callable[[sqlite3.Connection, Yard, sqlite3.Row, Fault | None], str]]


def _take_row(connection: sqlite3.Connection, yard: Yard, kind: str, row: sqlite3.Row) -> None:
    operation = f"staging.{kind}"
    key = (kind, row["EXT_KEY"])
    if yard.held.get(key, 0.0) > real_seconds() or yard.faults.pick(operation, ("down", "reset")):
        return
    late = None if key in yard.held else yard.faults.pick(operation, ("slow", "late_commit"))
    if late is not None:
        yard.held[key] = real_seconds() + late.ms / 1000
        return
    if counting(connection):
        _answer(connection, yard, kind, row, ("W", "盘点中,暂不过账", None))
        return
    refused = yard.faults.pick(operation, ("ok_with_error",))
    if refused is not None and not refused.done:
        _answer(connection, yard, kind, row, ("E", refused.message or "系统错误", None))
        return
    changed = yard.faults.pick(operation, ("wrong_code", "duplicate_webhook"))
    connection.execute("SAVEPOINT row")
    try:
        number = WORKS[kind](connection, yard, row, changed)
        outcome: tuple[str, str | None, str | None] = (
            "S",
            "DUPLICATE" if number.startswith("=") else None,
            number.lstrip("="),
        )
    except Refusal as refusal:
        connection.execute("ROLLBACK TO row")
        outcome = (refusal.kind, refusal.message, None)
    connection.execute("RELEASE row")
    after = yard.faults.pick(operation, ("error_but_done", "lost_reply")) or refused
    if after is not None and after.kind == "lost_reply":
        return
    if after is not None:
        outcome = ("E", after.message or "系统错误", None)
    _answer(connection, yard, kind, row, outcome)


def _answer(
    connection: sqlite3.Connection,
    yard: Yard,
    kind: str,
    row: sqlite3.Row,
    outcome: tuple[str, str | None, str | None],
) -> None:
    where = "EXT_KEY = ? AND STATUS IN ('N', 'W')" if kind == "shipment" else "ID = ?"
    connection.execute(
        f"UPDATE {KINDS[kind]} SET STATUS = ?, ERR_TEXT = ?, WMS_NO = ?, PROCESSED_AT = ? WHERE {where}",  # noqa: S608
        (*outcome, yard.clock.text(), row["EXT_KEY"] if kind == "shipment" else row["ID"]),
    )


def _once(connection: sqlite3.Connection, kind: str, key: str, content: list[str | None]) -> str | None:
    """Return the number under which a key is posted already, None if it is new; refuse other content."""
    row = connection.execute("SELECT * FROM POSTED WHERE KIND = ? AND EXT_KEY = ?", (kind, key)).fetchone()
    if row is None:
        return None
    if json.loads(row["CONTENT"]) != content:
        raise Refusal("E", f"EXT_KEY {key} 已用于其他内容 ({row['WMS_NO']})")
    return str(row["WMS_NO"])


def _keep(
    connection: sqlite3.Connection, kind: str, key: str, content: list[str | None], number: str
) -> None:
    connection.execute(
        "INSERT INTO POSTED (KIND, EXT_KEY, CONTENT, WMS_NO) VALUES (?, ?, ?, ?)",
        (kind, key, json.dumps(content, ensure_ascii=False), number),
    )


def _suffix(changed: Fault | None) -> str:
    return "-UNKNOWN" if changed is not None and changed.kind == "wrong_code" else ""


def _times(changed: Fault | None) -> int:
    return 2 if changed is not None and changed.kind == "duplicate_webhook" else 1


def receive(connection: sqlite3.Connection, yard: Yard, row: sqlite3.Row, changed: Fault | None) -> str:
    """Post a receipt once per key; return its number, with ``=`` before it when it was there already."""
    qty = quantity(row["QTY"])
    content = [row["DOC_TYPE"], row["SOURCE_NO"], row["MATERIAL_CODE"], trimmed(qty), row["LOT_NO"] or None]
    first = _once(connection, "receipt", row["EXT_KEY"], content)
    if first is not None:
        return f"={first}"
    known_item(connection, row["MATERIAL_CODE"])
    now = yard.clock.now()
    number = f"RK{now:%y%m%d}{next_number(connection, 'receipt'):05d}"
    move = Move("RECEIPT", number, now, _suffix(changed))
    lot, location = add(connection, row["MATERIAL_CODE"], row["LOT_NO"] or None, qty, move)
    _keep(connection, "receipt", row["EXT_KEY"], content, number)
    connection.executemany(
        "INSERT INTO OUT_RECEIPT (EXT_KEY, WMS_NO, DOC_TYPE, SOURCE_NO, MATERIAL_CODE, QTY, LOT_NO, LOCATION,"
        " POSTED_AT) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                row["EXT_KEY"], number, row["DOC_TYPE"], row["SOURCE_NO"],
                row["MATERIAL_CODE"] + move.suffix, trimmed(qty), lot, location, now.isoformat(),
            )
        ] * _times(changed),
    )  # fmt: skip
    return number


def issue(connection: sqlite3.Connection, yard: Yard, row: sqlite3.Row, changed: Fault | None) -> str:
    """Issue material to a station once per key."""
    qty = quantity(row["QTY"])
    content = [row["MATERIAL_CODE"], trimmed(qty), row["WORK_ORDER_NO"], row["STATION"]]
    first = _once(connection, "issue", row["EXT_KEY"], content)
    if first is not None:
        return f"={first}"
    known_item(connection, row["MATERIAL_CODE"])
    now = yard.clock.now()
    number = f"LL{now:%y%m%d}{next_number(connection, 'issue'):05d}"
    take(connection, row["MATERIAL_CODE"], qty, Move("ISSUE", number, now, _suffix(changed)))
    _keep(connection, "issue", row["EXT_KEY"], content, number)
    return number


def account(connection: sqlite3.Connection, yard: Yard, row: sqlite3.Row, _: Fault | None) -> str:
    """Make a user account what the row says, once per key."""
    if row["ENABLED"] not in ("Y", "N"):
        raise Refusal("E", f"ENABLED 应为 Y 或 N: {row['ENABLED']}")
    content = [row["LOGIN"], row["USER_NAME"], row["ROLE_CODE"], row["ENABLED"]]
    first = _once(connection, "account", row["EXT_KEY"], content)
    if first is not None:
        return f"={first}"
    enabled = row["ENABLED"] == "Y"
    if enabled and not row["ROLE_CODE"]:
        raise Refusal("E", "ROLE_CODE 不能为空")
    wanted = accounts.Account(
        row["LOGIN"], row["USER_NAME"] or row["LOGIN"], row["ROLE_CODE"] or "", enabled
    )  # fmt: skip
    accounts.put(connection, yard.clock.text(), wanted)
    _keep(connection, "account", row["EXT_KEY"], content, row["LOGIN"])
    return str(row["LOGIN"])


def instruct(connection: sqlite3.Connection, yard: Yard, row: sqlite3.Row, _: Fault | None) -> str:
    """Take a shipment instruction with all its lines; goods are picked some hours later."""
    key = row["EXT_KEY"]
    lines = connection.execute(
        "SELECT * FROM IN_SHIPMENT WHERE EXT_KEY = ? AND STATUS IN ('N', 'W') ORDER BY ID", (key,)
    ).fetchall()
    count = quantity(row["LINE_COUNT"])
    by_line = {line["LINE_NO"]: line for line in lines}
    if len(by_line) < count:
        raise Refusal("W", f"等待其余行: {len(by_line)}/{trimmed(count)}")
    wanted = [
        (line["LINE_NO"], line["MATERIAL_CODE"], trimmed(quantity(line["QTY"])))
        for line in sorted(by_line.values(), key=lambda line: line["LINE_NO"])
    ]
    content: list[str | None] = ["|".join(line) for line in wanted]
    first = _once(connection, "shipment", key, content)
    if first is not None:
        return f"={first}"
    now = yard.clock.now()
    number = f"CK{now:%y%m%d}{next_number(connection, 'shipment'):05d}"
    share = random.Random(f"{yard.seed}:pick:{key}").uniform(0.5, 1.5)
    due = (now + timedelta(hours=yard.pick_hours * share)).replace(microsecond=0)
    for line in by_line.values():
        known_item(connection, line["MATERIAL_CODE"])
        if line["ALLOW_PARTIAL"] not in ("Y", "N"):
            raise Refusal("E", f"ALLOW_PARTIAL 应为 Y 或 N: {line['ALLOW_PARTIAL']}")
        connection.execute(
            "INSERT INTO PICK (EXT_KEY, LINE_NO, WMS_NO, ORDER_NO, ORDER_LINE, CUSTOMER_NAME, MATERIAL_CODE,"
            " QTY, PARTIAL, STATUS, DUE_AT) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', ?)",
            (
                key, line["LINE_NO"], number, line["ORDER_NO"], line["ORDER_LINE"], line["CUSTOMER_NAME"],
                line["MATERIAL_CODE"], trimmed(quantity(line["QTY"])), line["ALLOW_PARTIAL"],
                due.isoformat(),
            ),
        )  # fmt: skip
    _keep(connection, "shipment", key, content, number)
    return number


def change(connection: sqlite3.Connection, yard: Yard, row: sqlite3.Row, _: Fault | None) -> str:
    """Change or cancel lines of an instruction, or refuse below what has left."""
    qty = quantity(row["NEW_QTY"], zero=True)
    content = [row["REF_KEY"], row["LINE_NO"] or None, trimmed(qty)]
    first = _once(connection, "change", row["EXT_KEY"], content)
    if first is not None:
        return f"={first}"
    picks = connection.execute(
        "SELECT * FROM PICK WHERE EXT_KEY = ? AND (? IS NULL OR LINE_NO = ?)",
        (row["REF_KEY"], row["LINE_NO"] or None, row["LINE_NO"]),
    ).fetchall()
    if not picks:
        raise Refusal("E", f"发货指令不存在: {row['REF_KEY']} {row['LINE_NO'] or ''}")
    for pick in picks:
        shipped = Decimal(pick["SHIPPED"])
        if qty < shipped or pick["STATUS"] == "shipped":
            raise Refusal("E", f"第 {pick['LINE_NO']} 行已发货 {trimmed(shipped)},不能改为 {trimmed(qty)}")
        status = "cancelled" if qty == 0 else "shipped" if qty == shipped else pick["STATUS"]
        connection.execute(
            "UPDATE PICK SET QTY = ?, STATUS = ? WHERE EXT_KEY = ? AND LINE_NO = ?",
            (pick["QTY"] if qty == 0 else trimmed(qty), status, pick["EXT_KEY"], pick["LINE_NO"]),
        )
    number = str(picks[0]["WMS_NO"])
    _keep(connection, "change", row["EXT_KEY"], content, number)
    return number


def _ship_due(connection: sqlite3.Connection, yard: Yard) -> None:
    """Ship what is due and there: one shipment per instruction, with all of its lines that leave now."""
    now = yard.clock.now()
    left: dict[str, Decimal] = {}
    loads: dict[str, list[tuple[sqlite3.Row, Decimal]]] = {}
    for pick in connection.execute(
        "SELECT * FROM PICK WHERE STATUS IN ('open', 'partial') AND DUE_AT <= ?"
        " ORDER BY DUE_AT, EXT_KEY, LINE_NO",
        (now.isoformat(),),
    ).fetchall():
        material = pick["MATERIAL_CODE"]
        rest = Decimal(pick["QTY"]) - Decimal(pick["SHIPPED"])
        there = left.get(material)
        there = on_hand(connection, material) if there is None else there
        part = min(rest, there)
        if part <= 0 or (part < rest and pick["PARTIAL"] == "N"):
            later = (now + timedelta(hours=RETRY_HOURS)).isoformat()
            connection.execute(
                "UPDATE PICK SET DUE_AT = ? WHERE EXT_KEY = ? AND LINE_NO = ?",
                (later, pick["EXT_KEY"], pick["LINE_NO"]),
            )
            continue
        left[material] = there - part
        loads.setdefault(pick["EXT_KEY"], []).append((pick, part))
    for load in loads.values():
        _ship(connection, yard, load, now)


def _ship(
    connection: sqlite3.Connection, yard: Yard, load: list[tuple[sqlite3.Row, Decimal]], now: datetime
) -> None:
    changed = yard.faults.pick("staging.shipment", ("wrong_code", "duplicate_webhook"))
    first = load[0][0]["WMS_NO"]
    number = f"{first}-{next_number(connection, first)}"
    chance = random.Random(f"{yard.seed}:carrier:{number}")
    carrier, days = chance.choice(CARRIERS), str(chance.randint(1, 4))
    later = (now + timedelta(hours=RETRY_HOURS)).isoformat()
    for pick, part in load:
        move = Move("SHIPMENT", pick["WMS_NO"], now, _suffix(changed))
        lots = take(connection, pick["MATERIAL_CODE"], part, move)
        total = Decimal(pick["SHIPPED"]) + part
        final = total == Decimal(pick["QTY"])
        connection.execute(
            "UPDATE PICK SET SHIPPED = ?, STATUS = ?, DUE_AT = ? WHERE EXT_KEY = ? AND LINE_NO = ?",
            (trimmed(total), "shipped" if final else "partial", later, pick["EXT_KEY"], pick["LINE_NO"]),
        )
        values = (
            pick["EXT_KEY"], number, pick["LINE_NO"], pick["ORDER_NO"], pick["ORDER_LINE"],
            pick["MATERIAL_CODE"] + move.suffix, trimmed(part), trimmed(total), pick["QTY"],
            ",".join(lot for lot, _ in lots), "Y" if final else "N", str(len(load)), carrier, days,
            now.isoformat(),
        )  # fmt: skip
        connection.executemany(
            "INSERT INTO OUT_SHIPMENT (EXT_KEY, WMS_NO, LINE_NO, ORDER_NO, ORDER_LINE, MATERIAL_CODE, QTY,"
            " TOTAL_QTY, NOTICE_QTY, LOT_NO, FINAL, SHIPMENT_LINES, CARRIER, ETA_DAYS, SHIPPED_AT)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [values] * _times(changed),
        )


WORKS = {"receipt": receive, "shipment": instruct, "change": change, "issue": issue, "account": account}
