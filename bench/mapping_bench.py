"""How fast an order of 40 fields with 10 lines is mapped, beside the same mapping written by hand in Python.

The order has 40 fields: 24 in its head and 16 in each of its 10 lines, 184 values in all. Both sides compute
on decimals, read dates, translate states by a table, look codes up, and hold every required value to be
there. They take turns in one run; both results are compared first. What is measured is a call with the
record in memory.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from lineshaft.mapping import Reference, read_mapping

ROUNDS, CALLS = 15, 60
HEAD = [f"Text{number}" for number in range(1, 13)]
TEXTS = [f"Word{number}" for number in range(1, 7)]
MAPPING = f"""
format: 1
name: order
from: crm.order
to: erp.order
fields:
  No: {{value: record.no, required: true}}
  Customer: {{lookup: {{kind: customer, from: crm, to: erp, id: record.account}}}}
  Status: {{value: record.status, map: states}}
  Currency: {{value: record.currency, default: '"CNY"'}}
  OrderDate: date(record.order_date)
  DueDate: date(record.due_date)
  Rate: record.rate
  Gross: record.net + record.tax
  Title: record.no + " " + record.name
  Owner: {{value: record.owner, optional: true}}
  Remark: {{value: record.remark, optional: true}}
  Taxed: record.taxed
{chr(10).join(f"  {name}: record.{name.lower()}" for name in HEAD)}
  Lines:
    each: record.lines
    as: line
    least: 1
    fields:
      LineNo: line.no
      Material: {{lookup: {{kind: product, from: crm, to: erp, id: line.model}}}}
      Unit: {{value: line.unit, map: units}}
      Qty: line.quantity
      Price: line.price
      Discount: {{value: line.discount, default: 0}}
      Amount: {{value: line.quantity * line.price, convert: {{round: 2}}}}
      TaxRate: line.tax_rate * 100
      DueDate: date(line.due_date)
      Lot: {{value: line.lot, optional: true}}
{chr(10).join(f"      {name}: line.{name.lower()}" for name in TEXTS)}
maps:
  states: {{open: A, closed: Z}}
  units: {{pcs: PCE, kg: KGM}}
"""
STATES = {"open": "A", "closed": "Z"}
UNITS = {"pcs": "PCE", "kg": "KGM"}
CENTS = Decimal("0.01")


def record() -> dict[str, Any]:
    line = {
        "no": Decimal(1), "model": "BX-1", "unit": "pcs", "quantity": Decimal("12.5"),
        "price": Decimal("3.335"),
        "discount": None, "tax_rate": Decimal("0.13"),
        "due_date": "2026-06-01", "lot": None,
        **{name.lower(): f"text of {name}" for name in TEXTS},
    }  # fmt: skip
    return {
        "no": "SO-1", "account": "KH-1", "status": "open", "currency": None, "order_date": "2026-05-04",
        "due_date": "2026-06-01", "rate": Decimal("7.1"), "net": Decimal("416.88"), "tax": Decimal("54.19"),
        "name": "华东机电", "owner": "王", "remark": None, "taxed": True,
        **{name.lower(): f"text of {name}" for name in HEAD},
        "lines": [{**line, "no": Decimal(number), "model": f"BX-{number}"} for number in range(1, 11)],
    }  # fmt: skip


class Missing(Exception):
    pass


def there(value: Any, name: str) -> Any:
    if value is None or value == "":
        raise Missing(name)
    return value


def by_hand(order: dict[str, Any], codes: dict[tuple[str, str], str]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "No": there(order["no"], "no"),
        "Customer": codes["customer", there(order["account"], "account")],
        "Status": STATES[there(order["status"], "status")],
        "Currency": order.get("currency") or "CNY",
        "OrderDate": date.fromisoformat(there(order["order_date"], "order_date")),
        "DueDate": date.fromisoformat(there(order["due_date"], "due_date")),
        "Rate": there(order["rate"], "rate"),
        "Gross": there(order["net"], "net") + there(order["tax"], "tax"),
        "Title": there(order["no"], "no") + " " + there(order["name"], "name"),
    }
    if order.get("owner"):
        made["Owner"] = order["owner"]
    if order.get("remark"):
        made["Remark"] = order["remark"]
    made["Taxed"] = there(order["taxed"], "taxed")
    for name in HEAD:
        made[name] = there(order[name.lower()], name)
    lines = []
    for line in order["lines"]:
        quantity, price = there(line["quantity"], "quantity"), there(line["price"], "price")
        entry = {
            "LineNo": there(line["no"], "no"),
            "Material": codes["product", there(line["model"], "model")],
            "Unit": UNITS[there(line["unit"], "unit")],
            "Qty": quantity,
            "Price": price,
            "Discount": line.get("discount") or Decimal(0),
            "Amount": (quantity * price).quantize(CENTS, rounding=ROUND_HALF_UP),
            "TaxRate": there(line["tax_rate"], "tax_rate") * 100,
            "DueDate": date.fromisoformat(there(line["due_date"], "due_date")),
        }
        if line.get("lot"):
            entry["Lot"] = line["lot"]
        for name in TEXTS:
            entry[name] = there(line[name.lower()], name)
        lines.append(entry)
    if not lines:
        raise Missing("lines")
    made["Lines"] = lines
    return made


def seconds(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - started) / CALLS


def main(argv: list[str]) -> None:
    mapping = read_mapping(MAPPING.encode(), "order.yaml")
    order = record()
    found = {Reference("customer", "crm", "KH-1", "erp"): "C-1"}
    found |= {Reference("product", "crm", f"BX-{number}", "erp"): f"M-{number}" for number in range(1, 11)}
    codes = {(each.kind, each.id): code for each, code in found.items()}
    mapped = mapping.apply(order, found)
    assert mapped.record == by_hand(order, codes), mapped.problems
    ours, hand, ratios, traced = [], [], [], []
    for _ in range(ROUNDS):
        ours.append(seconds(lambda: mapping.apply(order, found)))
        hand.append(seconds(lambda: by_hand(order, codes)))
        traced.append(seconds(lambda: mapping.apply(order, found, trace=True)))
        ratios.append(ours[-1] / hand[-1])
    mine, theirs, ratio = statistics.median(ours), statistics.median(hand), statistics.median(ratios)
    print(f"mapping {mine * 1e6:.0f} µs, by hand {theirs * 1e6:.0f} µs: {ratio:.1f} ×")
    figures = {
        "order of 40 fields and 10 lines, µs": round(mine * 1e6),
        "the same with the origin of each value, µs": round(statistics.median(traced) * 1e6),
        "the same by hand on decimals, µs": round(theirs * 1e6),
        "mapping ÷ by hand": round(ratio, 1),
        "orders/s": round(1 / mine),
    }
    print(json.dumps({"figures": figures}, ensure_ascii=False))
