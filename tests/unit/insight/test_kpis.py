"""Key figures equal what a person counts by hand, and lead to the records that they are made of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import lineshaft_packs
from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import DefinitionError
from lineshaft.insight.board import BoardBook
from lineshaft.insight.kpi_records import RecordTables, Row
from lineshaft.insight.kpis import Kpis, behind, compute, read_one
from lineshaft.sdk.kpis import read_kpis
from lineshaft.store.memory import MemoryDatabase, MemoryStore
from lineshaft.store.rows import DeadLetter, Effect, Task
from lineshaft.store.writes import InsertEffect, PutDeadLetter, PutTask, Unit, Write
from unit.insight.test_board import FIRM, SPEC, store_with
from unit.insight.test_trail import NOW, SCOPE

HANDLING = {"name": "handling", "of": "orders", "figure": "mean", "value": "handling_min", "target": 15}
WITHIN = {
    "name": "within",
    "of": "calls",
    "figure": "share",
    "good": "seconds <= 300",
    "target": 99,
    "better": "higher",
}


def rows(key: str, values: list[Any], **others: Any) -> list[Row]:
    return [
        Row(f"SO-{index}", NOW - timedelta(minutes=index), {"number": f"SO-{index}", key: value, **others})
        for index, value in enumerate(values)
    ]


def numbers(*values: str) -> list[Decimal]:
    return [Decimal(value) for value in values]


def test_mean_median_and_95th_percentile_are_those_of_the_numbers_that_are_there() -> None:
    found = rows("handling_min", [*numbers("10", "20", "60"), None])
    assert compute(read_one("handling", HANDLING), found) == (Decimal(30), 3)
    assert compute(read_one("handling", {**HANDLING, "figure": "median"}), found) == (Decimal(20), 3)
    many = rows("handling_min", [Decimal(each) for each in range(1, 21)])
    assert compute(read_one("handling", {**HANDLING, "figure": "p95"}), many) == (Decimal(19), 20)
    assert compute(read_one("handling", HANDLING), []) == (None, 0)


def test_of_a_hundred_calls_of_which_four_came_late_96_per_cent_came_within_five_minutes() -> None:
    found = rows("seconds", [Decimal(300)] * 96 + [Decimal(301)] * 4)
    spec = read_one("within", WITHIN)
    assert compute(spec, found) == (Decimal(96), 100)
    assert [each.row.number for each in behind(spec, found)] == ["SO-96", "SO-97", "SO-98", "SO-99"]


def test_error_rate_leads_to_what_failed_and_a_sum_adds_what_may_be_seen() -> None:
    failed = rows("failed", [True] * 3 + [False] * 197)
    spec = read_one("errors", {"name": "errors", "of": "calls", "figure": "share", "good": "failed"})
    assert compute(spec, failed) == (Decimal("1.5"), 200)
    assert len(behind(spec, failed)) == 3
    worth = rows("amount", [*numbers("100.10", "900.90"), None], abnormal=True)
    total = read_one(
        "sum", {"name": "sum", "of": "orders", "where": "abnormal", "figure": "sum", "value": "amount"}
    )
    assert compute(total, worth) == (Decimal("1001.00"), 2)
    assert compute(total, rows("amount", [None, None], abnormal=True)) == (None, 0), "nothing may be seen"
    assert compute(total, []) == (Decimal(0), 0)
    assert [each.row.number for each in behind(total, worth)] == ["SO-1", "SO-0"], "the worst first"


def test_money_of_another_currency_is_in_no_sum() -> None:
    definition = {"name": "worth", "of": "orders", "figure": "sum", "value": "amount", "unit": "CNY"}
    spec = read_one("worth", definition)
    assert spec.formula == 'sum(orders: amount | currency = "CNY")'
    yuan, dollars = (
        rows("amount", numbers("100"), currency="CNY"),
        rows("amount", numbers("100"), currency="USD"),
    )
    assert compute(spec, [*yuan, *dollars]) == (Decimal(100), 1)


def test_a_shipped_figure_counts_no_failure_as_synced() -> None:
    path = Path(lineshaft_packs.__file__).parent / "order_to_delivery" / "kpis" / "orders.yaml"
    spec = {each.name: each for each in read_kpis([(path.name, path.read_bytes())])}
    two = Decimal(2)
    calls = [*rows("status", ["done"], seconds=two), *rows("status", ["dead"] * 3, seconds=Decimal(400))]
    young = rows("status", ["attempted"], seconds=two)
    assert compute(spec["synced-within-5-min"], [*calls, *young]) == (Decimal(25), 4)
    assert compute(spec["sync-p95"], [*calls, *young]) == (two, 1)


@pytest.mark.parametrize(
    ("definition", "code"),
    [
        ({"value": "handling_minutes"}, "kpi_name"),
        ({"value": "1 +"}, "kpi_formula"),
        ({"figure": "share"}, "kpi_formula"),
        ({"target": "soon"}, "kpi_number"),
        ({"colour": "red"}, "unknown_key"),
        ({"days": 1000}, "kpi_days"),
    ],
)
def test_a_slip_in_a_definition_is_named(definition: dict[str, Any], code: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        read_one("handling", {**HANDLING, **definition})
    assert [each.code for each in caught.value.problems] == [code]


def effect(number: int, asked_at: datetime, seconds: int | None, status: str = "done") -> Write:
    settled = asked_at + timedelta(seconds=seconds) if seconds is not None else None
    row = Effect(
        "default", f"e{number}", 0, "erp", "erp.order.save", "key", f"k{number}", status, asked_at, asked_at,
        business_key=f"SO-{number}", attempted_at=asked_at, settled_at=settled, attempts=1,
    )  # type: ignore[arg-type]  # fmt: skip
    return InsertEffect(row)


def touched(number: int, order: str) -> list[Write]:
    at = NOW + timedelta(minutes=1)
    task = Task(
        "default", f"i{number}", 1, "check", "Check", "completed", NOW, business_key=order, ended_at=at,
        ended_by="wang",
    )  # fmt: skip
    letter = DeadLetter(
        "default", f"l{number}", "effect", f"e{number}", 0, "replayed", "refused", "c", "no", NOW,
        business_key=order, closed_at=at, closed_by="li",
    )  # fmt: skip
    return [PutTask(task), PutDeadLetter(letter)]


async def figures(store: MemoryStore, shipped: list[Mapping[str, Any]]) -> Kpis:
    clock = FixedClock(NOW + timedelta(hours=1))
    tables = RecordTables(store, BoardBook(store, clock), clock)
    specs = tuple(read_one(str(each["name"]), each) for each in shipped)
    return Kpis(store, tables, clock, "default", lambda: specs)


async def test_figures_of_orders_agree_with_the_board_and_count_what_people_did() -> None:
    store = await store_with(*FIRM, *touched(1, "A"), *touched(2, "A"))
    kpis = await figures(
        store,
        [
            {"name": "late", "of": "orders", "figure": "count", "good": "late"},
            {"name": "refused", "of": "orders", "figure": "count", "good": 'state = "refused"'},
            {
                "name": "on-time",
                "of": "orders",
                "where": "on_time != null",
                "figure": "share",
                "good": "on_time",
            },
            {"name": "touches", "of": "orders", "figure": "mean", "value": "touches"},
            {"name": "handling", "of": "orders", "figure": "mean", "value": "handling_min"},
            {"name": "by-hand", "of": "touches", "figure": "count"},
        ],
    )
    board = await BoardBook(store, FixedClock(NOW + timedelta(hours=1))).board(SCOPE, SPEC, "en")
    found = {each.spec.name: each.value for each in await kpis.all(SCOPE, SPEC, "en")}
    assert found["late"] == board.late
    assert found["refused"] == board.refused
    assert found["on-time"] == Decimal(100 * board.on_time) / board.due
    assert found["by-hand"] == 4
    assert found["handling"] == 1, "the ERP has each of its orders a minute later; two of six have none"
    assert found["touches"] == Decimal("0.6667"), "four of one of six orders"


async def test_period_before_is_told_and_a_changed_target_judges_anew() -> None:
    calls = [effect(number, NOW - timedelta(days=1), 10 if number else 400) for number in range(4)]
    calls += [effect(number, NOW - timedelta(days=8), 400) for number in range(10, 14)]
    store = MemoryStore(MemoryDatabase(), FixedClock(NOW))
    await store.open()
    await store.commit([Unit(calls)])
    kpis = await figures(store, [{**WITHIN, "days": 7, "baseline": 50}])
    kpi, behind_it = await kpis.one("within", SCOPE, SPEC, "en")
    assert (kpi.value, kpi.before, kpi.change, kpi.met) == (Decimal(75), Decimal(0), Decimal(50), False)
    assert [each.row.number for each in behind_it] == ["SO-0"]
    await kpis.put("within", {**WITHIN, "days": 7, "target": 70}, "boss", version=0, note=effect(99, NOW, 1))
    kpi, _ = await kpis.one("within", SCOPE, SPEC, "en")
    assert (kpi.met, kpi.version, kpi.changed_by, kpi.shipped) == (True, 1, "boss", True)
