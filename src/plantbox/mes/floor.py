"""What simulated time does on the shop floor: machines take operations, report portions, stop and go on.

Events are done in the order of their times, so that a jump of the clock ends where a slow run would.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any

from plantbox.mes.reports import Said, end_rework, post
from plantbox.mes.shop import STEPS, Shop, find_work, machine_view, open_qty, operation_row, work_row
from plantbox.writes import Refusal

SETUP_MINUTES = 8
STOP_CODES = ("E-104", "E-207", "E-311")
BETWEEN_STOPS = (40.0, 160.0)
STOP_HOURS = (0.5, 3.0)
DUE = """
SELECT 'portion' AS what, ready_at AS at, work_id AS id, operation.seq AS seq
  FROM operation JOIN machine
  ON machine.code = operation.machine WHERE operation.status = 'running' AND machine.state <> 'fault'
UNION ALL SELECT 'rework', trouble.due_at, trouble.no, 0
  FROM trouble JOIN work_order ON work_order.id = work_id
  WHERE kind = 'rework' AND trouble.status = 'open' AND trouble.due_at IS NOT NULL AND mode = 'auto'
UNION ALL SELECT 'stop', next_stop, code, 0 FROM machine WHERE state <> 'fault' AND next_stop IS NOT NULL
UNION ALL SELECT 'resume', stop_until, code, 0 FROM machine WHERE state = 'fault' AND stop_until IS NOT NULL
ORDER BY 2, 1, 3 LIMIT 1
"""
READY = """
SELECT operation.*, no, priority FROM operation JOIN work_order ON work_order.id = work_id
  WHERE operation.status = 'ready' AND mode = 'auto' AND work_order.status IN ('accepted', 'inProgress')
  ORDER BY priority, ready_at, work_id
"""


def anything_due(connection: sqlite3.Connection, shop: Shop) -> bool:
    """Return whether time has made anything due, or an operation waits for a machine that is free."""
    row = connection.execute(DUE).fetchone()
    if row is not None and row["at"] <= shop.clock.text():
        return True
    unplanned = "SELECT 1 FROM machine WHERE next_stop IS NULL AND state <> 'fault'"
    if shop.settings.stops == "on" and connection.execute(unplanned).fetchone() is not None:
        return True
    if shop.settings.production != "auto":
        return False
    return any(_machine_for(connection, item) is not None for item in connection.execute(READY).fetchall())


def run_due(connection: sqlite3.Connection, shop: Shop, limit: int = 200) -> int:
    """Do a portion of what is due; return how many things were done."""
    now = shop.clock.now()
    _plan_stops(connection, shop, now)
    done = _start_ready(connection, shop, None, now)
    while done < limit:
        row = connection.execute(DUE).fetchone()
        if row is None or row["at"] > now.isoformat():
            break
        at = datetime.fromisoformat(row["at"])
        done += 1
        if row["what"] == "portion":
            _report_portion(connection, shop, row["id"], row["seq"], at)
        elif row["what"] == "rework":
            trouble = connection.execute("SELECT * FROM trouble WHERE no = ?", (row["id"],)).fetchone()
            scrap = Decimal(1) if shop.chance("rework", row["id"]).random() < 0.1 else Decimal(0)
            end_rework(connection, shop, trouble, min(scrap, Decimal(trouble["qty"])), at)
        elif row["what"] == "stop":
            _stop_by_chance(connection, shop, row["id"], at)
        else:
            resume(connection, shop, row["id"], at)
        _plan_stops(connection, shop, at)
        _start_ready(connection, shop, at, now)
    return done


def _machine_for(connection: sqlite3.Connection, operation: sqlite3.Row) -> sqlite3.Row | None:
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM machine WHERE place = ? AND state = 'idle' AND (? IS NULL OR code = ?)"
        " ORDER BY counter, code LIMIT 1",
        (STEPS[operation["seq"]].place, operation["assigned"], operation["assigned"]),
    ).fetchone()
    return row


def _start_ready(connection: sqlite3.Connection, shop: Shop, moment: datetime | None, now: datetime) -> int:
    """Give free machines to what is ready; ``moment`` is when one became free, None: now."""
    if shop.settings.production != "auto":
        return 0
    started = 0
    for operation in connection.execute(READY).fetchall():
        machine = _machine_for(connection, operation)
        if machine is None:
            continue
        ready = datetime.fromisoformat(operation["ready_at"])
        at = (
            max(ready, moment) if moment is not None else max(ready, datetime.fromisoformat(machine["since"]))
        )
        _start(connection, shop, operation, machine["code"], min(at, now))
        started += 1
    return started


def _minutes(shop: Shop, seq: int, qty: Decimal) -> float:
    return float(Decimal(STEPS[seq].minutes) * qty * shop.settings.pace)


def _start(
    connection: sqlite3.Connection, shop: Shop, operation: sqlite3.Row, machine: str, at: datetime
) -> None:
    half = (Decimal(operation["input"]) / 2).to_integral_value(ROUND_CEILING)
    portion = min(half, open_qty(operation))
    minutes = _minutes(shop, operation["seq"], portion) + SETUP_MINUTES * float(shop.settings.pace)
    end = (at + timedelta(minutes=minutes)).replace(microsecond=0)
    connection.execute(
        "UPDATE operation SET status = 'running', machine = ?, portion = ?, ready_at = ?,"
        " started_at = coalesce(started_at, ?) WHERE work_id = ? AND seq = ?",
        (
            machine, str(portion), end.isoformat(), at.isoformat(), operation["work_id"], operation["seq"],
        ),
    )  # fmt: skip
    connection.execute(
        "UPDATE machine SET state = 'running', work_order = ?, seq = ?, since = ? WHERE code = ?",
        (operation["no"], operation["seq"], at.isoformat(), machine),
    )


def _disposition(drawn: float, undecided: float) -> str:
    """Return what becomes of bad pieces; some are left to a person."""
    if drawn >= 1 - undecided:
        return "pending"
    return "scrap" if drawn < 0.25 else "rework"


def _report_portion(connection: sqlite3.Connection, shop: Shop, work_id: int, seq: int, at: datetime) -> None:
    """Report what a machine has made of its portion, and let it take the next one."""
    work, operation = work_row(connection, work_id), operation_row(connection, work_id, seq)
    portion = min(Decimal(operation["portion"] or "0"), open_qty(operation))
    if portion > 0:
        chance = shop.chance("report", work["external_no"], seq, operation["good"])
        share = min(2 * chance.random() * float(shop.settings.scrap), 0.5)
        bad = Decimal(int(float(portion) * share))
        said = Said(
            seq=seq,
            good=portion - bad,
            bad=bad,
            reason=STEPS[seq].trouble if bad else None,
            disposition=_disposition(chance.random(), float(shop.settings.undecided)),
            hours=Decimal(f"{_minutes(shop, seq, portion) / 60:.2f}"),
            machine=operation["machine"],
            role=STEPS[seq].role,
            materials=_used(connection, shop, work, seq, portion),
            kind="auto",
        )
        try:
            post(connection, shop, work, said, at)
        except Refusal:
            # A person has reported meanwhile; the machine only stops working on it.
            portion = Decimal(0)
    after = operation_row(connection, work_id, seq)
    if after["status"] != "running":
        return
    rest = min(open_qty(after), Decimal(operation["portion"] or "0"))
    if rest > 0:
        end = (at + timedelta(minutes=_minutes(shop, seq, rest))).replace(microsecond=0)
        connection.execute(
            "UPDATE operation SET portion = ?, ready_at = ? WHERE work_id = ? AND seq = ?",
            (str(rest), end.isoformat(), work_id, seq),
        )
        return
    # Only rework is missing: the machine is free for others meanwhile, the operation stays under way.
    connection.execute(
        "UPDATE operation SET portion = NULL, ready_at = NULL, assigned = machine, machine = NULL"
        " WHERE work_id = ? AND seq = ?",
        (work_id, seq),
    )
    connection.execute(
        "UPDATE machine SET state = 'idle', work_order = NULL, seq = NULL, since = ? WHERE code = ?",
        (at.isoformat(), operation["machine"]),
    )


def _used(
    connection: sqlite3.Connection, shop: Shop, work: sqlite3.Row, seq: int, portion: Decimal
) -> tuple[tuple[str, Decimal], ...]:
    """Return what a portion took: whole plates with some loss, all else as the bill says."""
    used = []
    for need in connection.execute(
        "SELECT material.*, unit FROM material JOIN item ON item.code = material.item"
        " WHERE work_id = ? AND seq = ? ORDER BY item",
        (work["id"], seq),
    ).fetchall():
        qty = Decimal(need["per_piece"]) * portion
        if need["unit"] == "块":
            loss = shop.chance("loss", work["external_no"], need["used"]).random() * 0.03
            qty += Decimal(int(float(qty) * loss))
        used.append((need["item"], qty))
    return tuple(used)


def _plan_stops(connection: sqlite3.Connection, shop: Shop, at: datetime) -> None:
    if shop.settings.stops == "off":
        connection.execute("UPDATE machine SET next_stop = NULL")
        return
    for row in connection.execute(
        "SELECT * FROM machine WHERE next_stop IS NULL AND state <> 'fault'"
    ).fetchall():
        hours = shop.chance("stop", row["code"], row["stops"]).uniform(*BETWEEN_STOPS)
        moment = (at + timedelta(hours=hours)).replace(microsecond=0)
        connection.execute(
            "UPDATE machine SET next_stop = ? WHERE code = ?", (moment.isoformat(), row["code"])
        )


def _stop_by_chance(connection: sqlite3.Connection, shop: Shop, code: str, at: datetime) -> None:
    row = connection.execute("SELECT * FROM machine WHERE code = ?", (code,)).fetchone()
    chance = shop.chance("length", code, row["stops"])
    stop(connection, shop, code, Stop(chance.choice(STOP_CODES), chance.uniform(*STOP_HOURS)), at)


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a machine stops and for how many hours."""

    code: str
    hours: float


def stop(connection: sqlite3.Connection, shop: Shop, code: str, why: Stop, at: datetime) -> dict[str, Any]:
    """Stop a machine for some hours; what runs on it takes so much longer."""
    until = (at + timedelta(hours=why.hours)).replace(microsecond=0)
    connection.execute(
        "UPDATE machine SET state = 'fault', stop_code = ?, since = ?, stop_until = ?, next_stop = NULL,"
        " stops = stops + 1 WHERE code = ?",
        (why.code, at.isoformat(), until.isoformat(), code),
    )
    return _tell_machine(connection, shop, code, "machine.stopped")


def resume(connection: sqlite3.Connection, shop: Shop, code: str, at: datetime) -> dict[str, Any]:
    """Let a stopped machine go on."""
    row = connection.execute("SELECT * FROM machine WHERE code = ?", (code,)).fetchone()
    stopped = at - datetime.fromisoformat(row["since"])
    for operation in connection.execute(
        "SELECT * FROM operation WHERE status = 'running' AND machine = ?", (code,)
    ).fetchall():
        end = datetime.fromisoformat(operation["ready_at"]) + stopped
        connection.execute(
            "UPDATE operation SET ready_at = ? WHERE work_id = ? AND seq = ?",
            (end.isoformat(), operation["work_id"], operation["seq"]),
        )
    connection.execute(
        "UPDATE machine SET state = CASE WHEN work_order IS NULL THEN 'idle' ELSE 'running' END,"
        " stop_code = NULL, stop_until = NULL, since = ? WHERE code = ?",
        (at.isoformat(), code),
    )
    return _tell_machine(connection, shop, code, "machine.resumed")


def _tell_machine(connection: sqlite3.Connection, shop: Shop, code: str, kind: str) -> dict[str, Any]:
    row = connection.execute("SELECT * FROM machine WHERE code = ?", (code,)).fetchone()
    work = find_work(connection, row["work_order"]) if row["work_order"] is not None else None
    view = {**machine_view(row), "currentExternalOrderNo": work["external_no"] if work is not None else None}
    shop.feed.tell(connection, kind, code, view)
    return view
