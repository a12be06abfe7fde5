"""FEEL beside other expression engines and Python by hand: a condition and a 15-field order mapping.

Each engine gets what a user would give it: Python values as JSON gives them (ints, floats, strings). FEEL is
measured a second time with ``Decimal`` numbers, beside hand-written Python on the same. Engines that are not
installed are left out visibly. All in one run, CPU time, the best of five.

    python -m bench.run feel_bench
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from lineshaft import feel

CONDITION = 'amount > 1000 and customer.tier = "A"'
MAPPING = """{
  docNo: orderNo, total: amount, cur: currency, custId: customer.id, custName: upper case(customer.name),
  mail: customer.email, street: customer.address.street, city: customer.address.city,
  zip: customer.address.zip, country: customer.address.country, date: date, vip: customer.tier = "A",
  lineCount: count(lines),
  items: for l in lines return {code: l.sku, quantity: l.qty, value: l.qty * l.price},
  net: sum(for l in lines return l.qty * l.price)
}"""
ZEN = (
    "{docNo:orderNo,total:amount,cur:currency,custId:customer.id,custName:upper(customer.name),"
    "mail:customer.email,street:customer.address.street,city:customer.address.city,"
    "zip:customer.address.zip,country:customer.address.country,date:date,vip:customer.tier=='A',"
    "lineCount:len(lines),items:map(lines,{code:#.sku,quantity:#.qty,value:#.qty*#.price}),"
    "net:sum(map(lines,#.qty*#.price))}"
)
JSONATA = (
    "{'docNo':orderNo,'total':amount,'cur':currency,'custId':customer.id,"
    "'custName':$uppercase(customer.name),'mail':customer.email,'street':customer.address.street,"
    "'city':customer.address.city,'zip':customer.address.zip,'country':customer.address.country,"
    "'date':date,'vip':customer.tier='A','lineCount':$count(lines),"
    "'items':lines.{'code':sku,'quantity':qty,'value':qty*price},'net':$sum(lines.(qty*price))}"
)
CEL = (
    '{"docNo":orderNo,"total":amount,"cur":currency,"custId":customer.id,"custName":customer.name,'
    '"mail":customer.email,"street":customer.address.street,"city":customer.address.city,'
    '"zip":customer.address.zip,"country":customer.address.country,"date":date,"vip":customer.tier=="A",'
    '"lineCount":size(lines),"items":lines.map(l,{"code":l.sku,"quantity":l.qty,"value":l.price}),"net":1.0}'
)


def order(number: Callable[[str], Any]) -> dict[str, Any]:
    """Return the order that is mapped, its numbers made by ``number``."""
    return {
        "orderNo": "SO-1001",
        "amount": number("1500.0"),
        "currency": "EUR",
        "customer": {
            "id": "C42",
            "name": "Example GmbH",
            "tier": "A",
            "email": "a@example.org",
            "address": {"street": "Main 1", "city": "Berlin", "zip": "10115", "country": "DE"},
        },
        "lines": [{"sku": f"S{i}", "qty": i + 1, "price": number(str(9.5 + i))} for i in range(5)],
        "date": "2026-01-05",
        "paid": True,
    }


def by_hand_condition(o: dict[str, Any]) -> Any:
    return o["amount"] > 1000 and o["customer"]["tier"] == "A"


def by_hand_mapping(o: dict[str, Any]) -> dict[str, Any]:
    c = o["customer"]
    a = c["address"]
    lines = o["lines"]
    return {
        "docNo": o["orderNo"],
        "total": o["amount"],
        "cur": o["currency"],
        "custId": c["id"],
        "custName": c["name"].upper(),
        "mail": c["email"],
        "street": a["street"],
        "city": a["city"],
        "zip": a["zip"],
        "country": a["country"],
        "date": o["date"],
        "vip": c["tier"] == "A",
        "lineCount": len(lines),
        "items": [{"code": x["sku"], "quantity": x["qty"], "value": x["qty"] * x["price"]} for x in lines],
        "net": sum(x["qty"] * x["price"] for x in lines),
    }


def microseconds(function: Callable[[], Any], seconds: float) -> float:
    """Return the CPU time of one call, the best of five runs."""
    function()
    best = float("inf")
    for _ in range(5):
        count, start = 0, time.process_time()
        while time.process_time() - start < seconds:
            for _ in range(20):
                function()
            count += 20
        best = min(best, (time.process_time() - start) / count)
    return best * 1e6


def engines(floats: dict[str, Any], decimals: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return for each engine the two functions to be timed; a missing engine is ``(None, None)``."""
    condition, mapping = feel.compile(CONDITION), feel.compile(MAPPING)
    expected = by_hand_mapping(floats)
    assert mapping.evaluate(floats) == expected
    assert condition.evaluate(floats) is True
    found: dict[str, tuple[Any, Any]] = {
        "python by hand, floats": (lambda: by_hand_condition(floats), lambda: by_hand_mapping(floats)),
        "python by hand, decimals": (lambda: by_hand_condition(decimals), lambda: by_hand_mapping(decimals)),
        "feel, floats": (lambda: condition.evaluate(floats), lambda: mapping.evaluate(floats)),
        "feel, floats, strict": (
            lambda: condition.evaluate(floats, strict=True),
            lambda: mapping.evaluate(floats, strict=True),
        ),
        "feel, decimals": (lambda: condition.evaluate(decimals), lambda: mapping.evaluate(decimals)),
    }
    for name, make in (("zen-engine", _zen), ("jsonata-python", _jsonata), ("cel-python", _cel)):
        try:
            found[name] = make(floats, expected)
        except ImportError:
            found[name] = (None, None)
    return found


def _zen(floats: dict[str, Any], expected: dict[str, Any]) -> tuple[Any, Any]:
    import zen

    condition = zen.compile_expression('amount > 1000 and customer.tier == "A"')
    mapping = zen.compile_expression(ZEN)
    assert mapping.evaluate(floats) == expected
    return (lambda: condition.evaluate(floats)), (lambda: mapping.evaluate(floats))


def _jsonata(floats: dict[str, Any], expected: dict[str, Any]) -> tuple[Any, Any]:
    import jsonata

    condition, mapping = jsonata.Jsonata(CONDITION), jsonata.Jsonata(JSONATA)
    assert mapping.evaluate(floats) == expected
    return (lambda: condition.evaluate(floats)), (lambda: mapping.evaluate(floats))


def _cel(floats: dict[str, Any], expected: dict[str, Any]) -> tuple[Any, Any]:
    import celpy

    environment = celpy.Environment()
    condition = environment.program(environment.compile('amount > 1000.0 && customer.tier == "A"'))
    mapping = environment.program(environment.compile(CEL))
    return (
        lambda: condition.evaluate(celpy.json_to_cel(floats)),
        lambda: mapping.evaluate(celpy.json_to_cel(floats)),
    )


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.2, help="CPU time of one run of one engine")
    options = parser.parse_args(argv)
    results: dict[str, dict[str, float | None]] = {}
    print(f"{'':26s} {'condition':>12s}  {'mapping':>12s}")
    for name, (condition, mapping) in engines(order(float), order(Decimal)).items():
        row = results[name] = {
            "condition": None if condition is None else round(microseconds(condition, options.seconds), 2),
            "mapping": None if mapping is None else round(microseconds(mapping, options.seconds), 2),
        }
        shown = (
            "not installed" if row["condition"] is None else f"{row['condition']:9} us  {row['mapping']:9} us"
        )
        print(f"{name:26s} {shown}", flush=True)
    ratios: dict[str, dict[str, Any]] = {
        "times faster than jsonata-python (must be >= 30)": _ratio(results, "jsonata-python", "feel, floats"),
        "times faster than zen-engine (aim > 1)": _ratio(results, "zen-engine", "feel, floats"),
        "times faster than cel-python": _ratio(results, "cel-python", "feel, floats"),
        "times slower than Python by hand on decimals (aim <= 5)": _ratio(
            results, "feel, decimals", "python by hand, decimals"
        ),
    }
    for name, ratio in ratios.items():
        print(f"{name:58s} condition {ratio['condition']}  mapping {ratio['mapping']}")
    compile_us: dict[str, float | None] = {
        "condition": round(microseconds(lambda: feel.compile(CONDITION), options.seconds), 1),
        "mapping": round(microseconds(lambda: feel.compile(MAPPING), options.seconds), 1),
    }
    figures = {
        f"{task}: {name}, µs": value
        for name, row in [*results.items(), ("compiling", compile_us)]
        for task, value in row.items()
        if value is not None
    }
    figures |= {
        f"{task}: {name}": value
        for name, ratio in ratios.items()
        for task, value in ratio.items()
        if value is not None
    }
    print(json.dumps({"figures": figures}, ensure_ascii=False))


def _ratio(results: dict[str, dict[str, float | None]], top: str, bottom: str) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for key in ("condition", "mapping"):
        one, other = results[top][key], results[bottom][key]
        found[key] = None if one is None or other is None else round(one / other, 2)
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
