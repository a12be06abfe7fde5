"""How many times a second one core evaluates a decision table of 50 rules, beside zen-engine.

Two tables: one as firms have it (customer tier, region, amount, overdue days; strings and bounds of numbers),
and one whose cells must each be run (they compare with other inputs). Inputs are Python values as JSON gives
them, a new set for every evaluation; FEEL calculates in exact decimals, zen in its own.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from lineshaft import dmn

COLUMNS = ["tier", "region", "amount", "overdue"]
RULES = 50


def rules() -> list[list[str]]:
    """Return 50 rules that exclude each other, so that the hit policy can be U."""
    found = []
    for number in range(RULES):
        tier, region, band = number % 5, number // 5 % 2, number // 10
        amount = f"[{band * 10000}..{(band + 1) * 10000})" if band < 4 else f">= {band * 10000}"
        found.append(
            [f'"T{tier}"', f'"R{region}"', amount, "-" if number % 2 else "< 1000", f'"route {number}"']
        )
    return found


def samples() -> list[dict[str, Any]]:
    return [
        {"tier": f"T{n % 5}", "region": f"R{n // 5 % 2}", "amount": n * 613 % 50000, "overdue": n % 90}
        for n in range(200)
    ]


def xml(columns: list[str], rows: list[list[str]]) -> str:
    names = [*columns, "limit"]
    inputs = "".join(
        f'<inputData id="{name}" name="{name}"><variable name="{name}"/></inputData>' for name in names
    )
    needs = "".join(
        f'<informationRequirement><requiredInput href="#{name}"/></informationRequirement>' for name in names
    )
    clauses = "".join(
        f"<input><inputExpression><text>{name}</text></inputExpression></input>" for name in columns
    )
    body = "".join(
        "<rule>"
        + "".join(f"<inputEntry><text>{escape(cell)}</text></inputEntry>" for cell in row[:-1])
        + f"<outputEntry><text>{escape(row[-1])}</text></outputEntry></rule>"
        for row in rows
    )
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="Bench" '
        'namespace="urn:bench">'
        f'{inputs}<decision id="D" name="Route"><variable name="Route"/>{needs}'
        f"<decisionTable>{clauses}<output/>{body}</decisionTable></decision></definitions>"
    )


def zen_table(rows: list[list[str]]) -> dict[str, Any]:
    """Return the same table as a zen decision graph."""
    inputs = [{"id": f"i{position}", "name": name, "field": name} for position, name in enumerate(COLUMNS)]
    content = {
        "hitPolicy": "first",
        "inputs": inputs,
        "outputs": [{"id": "o", "name": "route", "field": "route"}],
        "rules": [
            {
                "_id": str(number),
                **{f"i{position}": "" if cell == "-" else cell for position, cell in enumerate(row[:-1])},
                "o": row[-1],
            }
            for number, row in enumerate(rows)
        ],
    }
    return {
        "nodes": [
            {"id": "in", "type": "inputNode", "name": "in"},
            {"id": "t", "type": "decisionTableNode", "name": "t", "content": content},
            {"id": "out", "type": "outputNode", "name": "out"},
        ],
        "edges": [
            {"id": "1", "type": "edge", "sourceId": "in", "targetId": "t"},
            {"id": "2", "type": "edge", "sourceId": "t", "targetId": "out"},
        ],
    }


def per_second(function: Callable[[dict[str, Any]], Any], seconds: float) -> float:
    """Return evaluations per second of CPU time, the best of three runs."""
    given = samples()
    best = 0.0
    for _ in range(3):
        count, start = 0, time.process_time()
        while (spent := time.process_time() - start) < seconds:
            for sample in given:
                function(sample)
            count += len(given)
        best = max(best, count / spent)
    return best


def main(argv: list[str]) -> None:
    seconds = float(argv[0]) if argv else 1.0
    figures: dict[str, int] = {}
    rows = rules()
    model = dmn.loads(xml(COLUMNS, rows))
    expected = [model.evaluate("Route", sample) for sample in samples()]
    assert all(result.value and not result.errors for result in expected)
    figures["50 rules of literals, evaluations/s"] = round(
        per_second(lambda s: model.evaluate("Route", s), seconds)
    )
    compared = [[*row[:3], f"< limit + {number}", row[-1]] for number, row in enumerate(rows)]
    general = dmn.loads(xml(COLUMNS, compared))
    given = {"limit": 1000}
    assert general.evaluate("Route", {**samples()[7], **given}).value == expected[7].value
    figures["50 rules, one column to be run, evaluations/s"] = round(
        per_second(lambda s: general.evaluate("Route", {**s, **given}), seconds)
    )
    try:
        import zen
    except ImportError:
        print("zen-engine is not installed: left out")
    else:
        decision = zen.ZenEngine().create_decision(json.dumps(zen_table(rows)))
        for sample, result in zip(samples(), expected, strict=True):
            assert decision.evaluate(sample)["result"]["route"] == result.value
        figures["zen-engine, 50 rules of literals, evaluations/s"] = round(
            per_second(decision.evaluate, seconds)
        )
    for name, figure in figures.items():
        print(f"{figure:>10,}  {name}")
    print(json.dumps({"figures": figures}))


if __name__ == "__main__":
    main(sys.argv[1:])
