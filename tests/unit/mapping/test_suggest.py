"""What the shipped mappings do would have been suggested."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lineshaft.canonical import TYPES
from lineshaft.mapping import CompiledMapping, read_mapping
from lineshaft.mapping.model import ObjectRule
from lineshaft.mapping.suggest import FieldInfo, fields_of_object, fields_of_records, suggest

PACKS = Path(__file__).resolve().parents[3] / "src" / "lineshaft_packs"
SHIPPED = [
    read_mapping(path.read_bytes(), path.name)
    for path in sorted(PACKS.glob("*/mappings/*.yaml"))
    if not path.name.endswith(".tests.yaml")
]


def used(rule: ObjectRule, target: str, places: dict[str, str]) -> Iterator[tuple[str, set[str]]]:
    """Yield each target field with the source fields that it is made of."""
    for name, field in rule.fields:
        path = f"{target}{name}"
        if isinstance(field.rule, ObjectRule):
            inner, stem = places, f"{path}."
            if field.rule.each is not None:
                listed = field.rule.each.path or ("record", "rows")
                inner = {
                    **places,
                    field.rule.name: f"{'.'.join([places[listed[0]], *listed[1:]]).strip('.')}[]",
                }
                stem = f"{path}[]."
            yield from used(field.rule, stem, inner)
            continue
        reads = [path for formula in field.rule.formulas() for path in formula.reads if path[0] in places]
        found = {".".join([places[read[0]], *read[1:]]).strip(".") for read in reads}
        if found:
            yield path, found


def wanted(mapping: CompiledMapping) -> dict[str, set[str]]:
    return dict(used(mapping.root, "", {"record": ""}))


def pool(mapping: CompiledMapping) -> list[FieldInfo]:
    """All fields of the business object, or all that any shipped mapping reads of the source's system."""
    if mapping.source in TYPES:
        return fields_of_object(mapping.source)
    system = mapping.source.partition(".")[0]
    paths = {
        path
        for each in SHIPPED
        if each.source.partition(".")[0] == system
        for found in wanted(each).values()
        for path in found
    }
    return [FieldInfo(path) for path in sorted(paths)]


def test_four_of_five_fields_of_the_shipped_mappings_are_among_the_first_three_suggestions() -> None:
    hits, misses = 0, []
    for mapping in SHIPPED:
        expected = wanted(mapping)
        found = suggest(
            [FieldInfo(path) for path in expected],
            pool(mapping),
            target=mapping.target,
            source=mapping.source,
        )
        for path, sources in expected.items():
            suggested = {each.source for each in found[path]}
            if suggested & sources:
                hits += 1
            else:
                misses.append(f"{mapping.name} {path}: {sorted(sources)}, suggested {sorted(suggested)}")
    share = hits / (hits + len(misses))
    print(f"{hits} of {hits + len(misses)} ({share:.0%})", *misses, sep="\n")
    assert hits + len(misses) > 100
    assert share >= 0.8


def test_names_in_chinese_in_english_and_in_initials_find_each_other() -> None:
    sources = fields_of_records(
        [
            {
                "客户名称": "华东机电",
                "客户编码": "KH-1001",
                "交期": "2026-05-04",
                "明细": [{"物料编码": "M-1", "数量": 3}],
            }
        ]
    )
    targets = [
        FieldInfo(path) for path in ("customerName", "khbm", "due_date", "lines[].item_no", "lines[].qty")
    ]
    found = suggest(targets, sources)
    assert {path: each[0].source for path, each in found.items()} == {
        "customerName": "客户名称", "khbm": "客户编码", "due_date": "交期",
        "lines[].item_no": "明细[].物料编码",
        "lines[].qty": "明细[].数量",
    }  # fmt: skip
    assert "customer" in str(found["customerName"][0].why)


def test_samples_of_the_same_form_tell_two_like_names_apart() -> None:
    targets = [FieldInfo("partner_no", samples=("KH-2001",))]
    sources = [FieldInfo("ref_no_1", samples=("XS-77",)), FieldInfo("ref_no_2", samples=("KH-1001",))]
    assert suggest(targets, sources)["partner_no"][0].source == "ref_no_2"


def test_nothing_is_suggested_for_a_field_that_is_like_none() -> None:
    assert suggest([FieldInfo("水温")], [FieldInfo("customer_name"), FieldInfo("qty")]) == {"水温": ()}
