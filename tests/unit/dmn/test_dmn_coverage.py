"""Gaps and overlaps are found, only where they are certain, and said in words."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from lineshaft import dmn
from unit.dmn.dmn_xml import component, decision, input_data, item, knowledge, model, table

TIER = item("tTier", "string", allowed='"A", "B", "C"')


def findings(logic: str, types: dict[str, str | None], *parts: str) -> list[tuple[str, str]]:
    inputs = [input_data(name, ref) for name, ref in types.items()]
    loaded = dmn.loads(model(TIER, *parts, *inputs, decision("D", logic, inputs=list(types))))
    assert [problem for problem in loaded.problems if problem.severity == "error"] == []
    return [(problem.code.removeprefix("dmn_"), str(problem.message)) for problem in dmn.analyse(loaded)]


def one(cells: Sequence[str], type_ref: str | None = "number", **more: Any) -> list[tuple[str, str]]:
    rules = [(cell, str(number)) for number, cell in enumerate(cells)]
    return findings(table(["x"], ["y"], rules, more.pop("policy", "UNIQUE"), **more), {"x": type_ref})


def test_complete_table_has_no_findings() -> None:
    assert one(["< 10", "[10..20)", ">= 20"]) == []
    assert one(['"A"', '"B"', '"C"'], "tTier") == []
    assert one(["true", "false"], "boolean") == []
    assert one(['"A"', 'not("A")'], "string") == []


def test_gaps_are_said_in_feel() -> None:
    assert one(["< 10", "(10..20)", "> 20"]) == [("gap", "No rule matches for x: 10, 20.")]
    assert one(["< 10", "[15..20]"]) == [("gap", "No rule matches for x: [10..15), > 20.")]
    assert one(['"A"', '"B"'], "tTier") == [("gap", 'No rule matches for x: "C".')]
    assert one(['"A"', '"B"'], "string") == [("gap", "No rule matches for x: any other text.")]
    assert one(["true"], "boolean") == [("gap", "No rule matches for x: false.")]


def test_dates_have_nothing_between_two_days() -> None:
    assert one(['<= date("2026-01-05")', '>= @"2026-01-06"'], "date") == []
    assert one(['< date("2026-01-05")', '> date("2026-01-05")'], "date") == [
        ("gap", 'No rule matches for x: @"2026-01-05".')
    ]


def test_gaps_of_several_columns_name_the_combination() -> None:
    rules = [("< 10", '"A"', "1"), ("< 10", '"B"', "2"), (">= 10", "-", "3")]
    found = findings(table(["x", "t"], ["y"], rules), {"x": "number", "t": "tTier"})
    assert found == [("gap", 'No rule matches for x: < 10; t: "C".')]


@pytest.mark.parametrize("policy", ["COLLECT", "RULE ORDER", "OUTPUT ORDER"])
def test_tables_with_many_hits_have_no_gaps_or_overlaps(policy: str) -> None:
    assert one(["< 10", "< 5"], policy=policy) == []


def test_default_fills_gaps() -> None:
    assert one(["< 10"], defaults={0: "1"}) == []


def test_overlaps_are_errors_under_unique() -> None:
    assert one(["<= 10", ">= 10"]) == [("overlap", "Rules 1 and 2 both match for x: 10.")]
    loaded = dmn.loads(model(decision("D", table(["x"], ["y"], [("-", "1"), ("> 1", "2")]))))
    assert [problem.severity for problem in dmn.check(loaded)] == ["error"]
    assert dmn.check(loaded)[0].message.in_language("zh") == "规则 1 与规则 2 同时命中：x: > 1。"


def test_overlaps_under_any_are_none_where_outputs_are_the_same() -> None:
    rules = [("<= 10", "1+1"), (">= 10", "1 + 1")]
    assert findings(table(["x"], ["y"], rules, "ANY"), {"x": "number"}) == []
    rules = [("<= 10", "1"), (">= 10", "2")]
    assert [code for code, _ in findings(table(["x"], ["y"], rules, "ANY"), {"x": "number"})] == ["overlap"]


def test_rules_that_never_answer_are_found_under_first() -> None:
    found = one(["< 10", "< 20", "[3..12]", "-"], policy="FIRST")
    assert found == [("never", "Rule 3 never answers: the rules before it take all of its values.")]


def test_cells_that_are_more_than_literals_are_named() -> None:
    found = one(["< 10", "? > x2", ">= 10"])
    assert [code for code, _ in found] == ["not_analysable"]
    assert "`? > x2`" in found[0][1]


def test_domains_come_from_components_and_parameters() -> None:
    person = item("tPerson", None, component("tier", "tTier"))
    rules = [('"A"', "1"), ('"B"', "2")]
    found = findings(table(["p.tier"], ["y"], rules), {"p": "tPerson"}, person)
    assert found == [("gap", 'No rule matches for p.tier: "C".')]
    loaded = dmn.loads(model(TIER, knowledge("K", {"t": "tTier"}, table(["t"], ["y"], rules))))
    assert [problem.code for problem in dmn.analyse(loaded)] == ["dmn_gap"]


def test_text_without_quotation_marks_is_doubted() -> None:
    loaded = dmn.loads(
        model(input_data("x"), decision("D", table(["x"], ["y"], [("gold", '"a"')]), inputs=["x"]))
    )
    assert [(found.code, found.severity, str(found.hint)) for found in loaded.problems] == [
        ("dmn_name_undeclared", "warning", 'text is written in quotation marks: "gold"')
    ]


def test_output_without_quotation_marks_is_doubted() -> None:
    text = model(
        input_data("x"), decision("D", table(["x"], ["y"], [("1", "gold"), ("2", "x")]), inputs=["x"])
    )
    assert [found.code for found in dmn.loads(text).problems] == ["dmn_name_undeclared"]


def test_large_tables_are_analysed_in_bounds() -> None:
    chance = random.Random(5)
    rules = [(*(f"[{low}..{low + 30}]" for low in chance.choices(range(100), k=8)), "1") for _ in range(80)]
    found = findings(table([f"x{n}" for n in range(8)], ["y"], rules), {f"x{n}": "number" for n in range(8)})
    assert found


@pytest.mark.parametrize("seed", range(15))
def test_findings_agree_with_trying_every_value(seed: int) -> None:
    chance = random.Random(seed)

    def cell() -> str:
        low = chance.randint(0, 4)
        return chance.choice(["-", f"< {low}", f">= {low}", f"[{low}..{low + 2})", f"{low}", f"not({low})"])

    rules = [
        (cell(), chance.choice(["-", '"A"', '"B"', 'not("A")']), "1") for _ in range(chance.randint(1, 5))
    ]
    logic = table(["x", "t"], ["y"], rules)
    codes = {code for code, _ in findings(logic, {"x": "number", "t": "tTier"})}
    text = model(TIER, input_data("x"), input_data("t"), decision("D", logic, inputs=["x", "t"]))
    loaded = dmn.loads(text)
    values = itertools.product([Decimal(n) / 2 for n in range(-3, 16)], "ABC")
    hits = [len(loaded.evaluate("D", {"x": x, "t": t}).matched) for x, t in values]
    assert ("gap" in codes) is (0 in hits)
    assert ("overlap" in codes) is any(count > 1 for count in hits)
