"""Two versions of a model, compared in words."""

from __future__ import annotations

from lineshaft import dmn
from unit.dmn.dmn_xml import context, decision, input_data, item, knowledge, literal, model, table

RULES = [("< 10", '"A"', '"low"'), ("[10..20]", "-", '"mid"'), ("> 20", "-", '"high"')]


def changes(old: str, new: str, language: str = "en") -> list[str]:
    found = dmn.compare(dmn.loads(old), dmn.loads(new))
    return [
        f"{change.element}: {change.text.in_language('zh' if language == 'zh' else 'en')}" for change in found
    ]


def tables(*rules: tuple[str, ...], **more: object) -> str:
    return model(decision("D", table(["x", "tier"], ["route"], rules, **more)))  # type: ignore[arg-type]


def test_same_meaning_is_no_change() -> None:
    spelled = [(" <10 ", '"A"', '"low"'), *RULES[1:]]
    assert changes(tables(*RULES), tables(*spelled)) == []


def test_changed_cell_is_told_with_its_rule_and_column() -> None:
    new = [RULES[0], ("[10..20]", "-", '"middle"'), RULES[2]]
    assert changes(tables(*RULES), tables(*new)) == ['D: rule 2, `route`: `"mid"` → `"middle"`']
    assert changes(tables(*RULES), tables(*new), "zh") == ['D: 规则 2，`route`：`"mid"` → `"middle"`']


def test_changed_bound_is_a_change_of_the_rule() -> None:
    new = [("< 15", '"A"', '"low"'), *RULES[1:]]
    assert changes(tables(*RULES), tables(*new)) == ["D: rule 1, `x`: `< 10` → `< 15`"]


def test_new_removed_and_moved_rules_are_told() -> None:
    added = ("100", '"Z"', '"extra"')
    assert changes(tables(*RULES), tables(*RULES, added)) == [
        'D: rule 4 is new: x: 100; tier: "Z"; route: "extra"'
    ]
    assert changes(tables(*RULES, added), tables(*RULES)) == [
        'D: rule 4 is gone: x: 100; tier: "Z"; route: "extra"'
    ]
    assert changes(tables(*RULES), tables(RULES[1], RULES[2], RULES[0])) == ["D: rule 1 is now rule 3"]


def test_policy_columns_and_defaults_are_told() -> None:
    new = model(decision("D", table(["x", "region"], ["route"], RULES, "FIRST", defaults={0: '"none"'})))
    assert changes(tables(*RULES), new) == [
        "D: the hit policy: `U` → `F`",
        "D: the input column `tier` is gone",
        "D: the input column `region` is new",
        'D: the default of `route`: - → `"none"`',
    ]


def test_elements_types_and_requirements_are_told() -> None:
    old = model(
        item("tTier", "string", allowed='"A", "B"'),
        input_data("x", "number"),
        decision("D", literal("x + 1"), inputs=["x"]),
        decision("Gone", literal("1")),
    )
    new = model(
        item("tTier", "string", allowed='"A","B","C"'),
        input_data("x", "tTier"),
        knowledge("K", {"a": None}, literal("a")),
        decision("D", literal("x + 2"), inputs=["x"], knowledge=["K"]),
    )
    assert changes(old, new) == [
        'tTier: the allowed values: `"A", "B"` → `"A", "B", "C"`',
        "Gone: the decision is gone",
        "x: the type: `number` → `tTier`",
        "K: the knowledge model is new",
        "D: the use of `K` is new",
        "D: the expression: `x + 1` → `x + 2`",
    ]


def test_other_logic_is_told_as_different() -> None:
    old = model(decision("D", context(("a", literal("1")))))
    assert changes(old, model("\n", decision("D", context(("a", literal("1")))))) == []
    assert changes(old, model(decision("D", context(("a", literal("2")))))) == ["D: the logic is different"]
