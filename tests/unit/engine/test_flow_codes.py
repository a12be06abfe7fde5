"""What a flow writes is bound in the cross-reference, and what a source cannot tell is shown as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from lineshaft.base.errors import DefinitionError
from lineshaft.base.text import text
from lineshaft.engine.crossref import CrossReference, Wish
from lineshaft.engine.flows.reading import read_flows
from lineshaft.feel import codec as values
from lineshaft.mapping import Reference
from lineshaft.sdk import CallContext, Change, ChangePage, ItemOutcome, Outcome
from unit.engine.test_flow_one_way import FLOW, Bench, Crm, Erp, account

CODED = FLOW.replace("map: erp-customer}", "map: erp-customer, code: number}") + "    object: customer\n"


class Numbering(Erp):
    """Gives numbers of its own."""

    async def write(
        self, operation: str, items: Sequence[Mapping[str, Any]], context: CallContext
    ) -> list[ItemOutcome]:
        results = await super().write(operation, items, context)
        return [
            each if each.error is not None else ItemOutcome(outcome=Outcome(number=f"C-{item['No']}"))
            for each, item in zip(results, items, strict=True)
        ]


async def bench_with_codes() -> tuple[Bench, CrossReference]:
    bench = Bench(CODED)
    bench.erp = Numbering()
    bench.systems = type(bench.systems)({"crm": bench.crm, "erp": bench.erp})  # type: ignore[dict-item]
    await bench.open()
    crossref = CrossReference(bench.store, bench.clock, bench.ids)
    bench.run.ground.bind = lambda wishes, by: crossref.writes(wishes, by=by)
    return bench, crossref


def asked(no: str) -> Reference:
    return Reference("customer", "crm", no, "erp")


async def test_codes_are_bound_with_the_evidence_and_once() -> None:
    bench, crossref = await bench_with_codes()
    await bench.rounds(account("1"), account("2", name="bad"))
    known = await crossref.codes([asked("1"), asked("2")])
    assert known == {asked("1"): "C-1"}
    await bench.rounds(account("1", name="renamed"))
    assert len(bench.database.binding_change.rows) == 0
    assert bench.database.binding.rows["default", "customer", "erp", "C-1"].bound_by == "flow/customers"


async def test_a_code_of_another_object_is_listed_and_stops_no_other_one() -> None:
    bench, crossref = await bench_with_codes()
    await crossref.bind([Wish("customer", "erp", "C-1", object_id="somebody-else")], by="li")
    await crossref.bind([Wish("customer", "crm", "1", object_id="the-first")], by="li")
    state = await bench.rounds(account("1"), account("2"))
    assert set(bench.erp.rows) == {"1", "2"}
    assert state.counts["unbound"] == 1
    assert [each["key"] for each in state.errors] == ["1"]
    assert await crossref.codes([asked("2")]) == {asked("2"): "C-2"}


async def test_what_a_source_cannot_tell_is_a_failure_with_its_words_and_its_end_is_none() -> None:
    class Files(Crm):
        async def changes(self, resource: str, cursor: bytes | None) -> ChangePage:
            told = text("Line 3: 12,x is no number", "第 3 行:12,x 不是数字")
            data = {"line": 3, "values": {"diary": "private"}}
            bad = Change("f:3", "account", "f:3", data, problem=told)
            end = Change("f", "done", "f", {"rows": 2}, is_record=False)
            return ChangePage((bad, end), b"1") if cursor is None else ChangePage((), cursor)

    bench = Bench()
    bench.crm = Files()
    bench.systems = type(bench.systems)({"crm": bench.crm, "erp": bench.erp})  # type: ignore[dict-item]
    await bench.open()
    state = await bench.rounds()
    assert (state.counts["read"], state.counts["failed"]) == (1, 1)
    [letter] = bench.database.dead_letter.rows.values()
    assert "12,x is no number" in letter.error_text
    assert "不是数字" in letter.error_text
    assert values.decode(letter.payload)["payload"] == {"line": 3}


def test_code_without_a_type_of_object_is_told() -> None:
    with pytest.raises(DefinitionError, match="object"):
        read_flows(
            "f.yaml",
            CODED.replace("    object: customer\n", "").replace("map: erp-customer, ", "").encode(),
            {},
        )
