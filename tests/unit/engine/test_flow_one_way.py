"""A flow in one direction, round by round: what is written, what is left alone, what waits for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import Invalid, OutcomeUnknown, Unavailable
from lineshaft.base.ids import CountingIds
from lineshaft.base.text import Text
from lineshaft.engine.config import EngineConfig
from lineshaft.engine.flows.desk import FlowDesk
from lineshaft.engine.flows.ground import Ground
from lineshaft.engine.flows.run import FlowRun
from lineshaft.engine.flows.state import FlowState, source_name
from lineshaft.engine.operations import Operations
from lineshaft.engine.releases import Releases, files_of
from lineshaft.engine.runtime import Runtime
from lineshaft.engine.systems import Systems
from lineshaft.feel import codec as values
from lineshaft.sdk import (
    CallContext,
    Change,
    ChangePage,
    ConnectorSpec,
    ItemOutcome,
    OperationSpec,
    Outcome,
    TriggerSpec,
)
from lineshaft.store.memory import MemoryDatabase, MemoryStore

FLOW = """format: 1
flows:
  - name: customers
    from: {system: crm, poll: account, key: record.no, version: record.version, when: record.yearly > 1000000,
      fields: [no, name, yearly, version, plant], interval_s: 1}
    to: {system: erp, write: customer.save, map: erp-customer}
    due_within_s: 300
"""
MAPPING = b"""format: 1
name: erp-customer
from: crm.account
to: erp.customer
fields:
  No: {value: record.no, required: true}
  Name: {value: record.name, required: true}
"""


class Watching:
    def bug(self, where: str, error: BaseException) -> None:
        raise error

    def trouble(self, where: str, error: BaseException) -> None:
        raise error


class Crm:
    """Tells what it is given."""

    spec = ConnectorSpec("crm", Text("c", "c"), triggers=(TriggerSpec("account", "poll"),))

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []

    async def changes(self, resource: str, cursor: bytes | None) -> ChangePage:
        since = int(cursor or b"0")
        changes = [
            Change(str(n), "account", str(row.get("no")), row)
            for n, row in enumerate(self.told[since:], since)
        ]
        return ChangePage(tuple(changes), str(len(self.told)).encode())


class Erp:
    """Keeps what is written; may fail."""

    def __init__(self, name: str = "erp") -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.batches: list[list[dict[str, Any]]] = []
        self.raises: list[Exception] = []
        self.spec = ConnectorSpec(
            name,
            Text("e", "e"),
            operations=(OperationSpec("customer.save", Text("s", "s"), safety="natural_key"),),
        )

    async def write(
        self, operation: str, items: Sequence[Mapping[str, Any]], context: CallContext
    ) -> list[ItemOutcome]:
        context.sending()
        if self.raises:
            raise self.raises.pop(0)
        self.batches.append([dict(item) for item in items])
        results = []
        for item in items:
            if item["Name"] == "bad":
                results.append(ItemOutcome(error=Invalid("no such name")))
                continue
            self.rows[item["No"]] = dict(item)
            results.append(ItemOutcome(outcome=Outcome()))
        return results


class Bench:
    """A hub's worth of parts around one flow."""

    def __init__(self, flow: str = FLOW, **targets: Erp) -> None:
        self.database = MemoryDatabase()
        self.clock = FixedClock()
        self.store = MemoryStore(self.database, self.clock)
        self.runtime = Runtime(self.store, self.clock, CountingIds(), "w", EngineConfig(), Watching())
        self.crm, self.erp = Crm(), Erp()
        self.systems = Systems({"crm": self.crm, "erp": self.erp, **targets})  # type: ignore[dict-item]
        self.files = {"flows/f.yaml": flow.encode(), "mappings/m.yaml": MAPPING}
        self.ids = CountingIds(1_000)

    async def open(self) -> Bench:
        await self.store.open()
        await self.deploy()
        return self

    async def deploy(self) -> None:
        releases = self.runtime.releases
        loaded = await releases.deploy(files_of(self.files), by="t", now=self.clock.now())
        self.run = FlowRun(Ground(self.runtime, self.systems), loaded.flows[0], lambda: None)

    async def rounds(self, *told: dict[str, Any], count: int = 1) -> FlowState:
        self.crm.told.extend({"version": len(self.crm.told) + n, **row} for n, row in enumerate(told, 1))
        for _ in range(count):
            self.run._next_read.clear()
            await self.run.round()
        return FlowState.of(await self.store.cursor(self.runtime.scope, source_name("customers")))

    def desk(self) -> FlowDesk:
        return FlowDesk(
            self.store, self.store, Releases(self.store, self.runtime.scope), self.clock, self.ids
        )

    @property
    def people(self) -> Operations:
        return Operations(self.store, self.clock, self.ids)


def account(no: str, name: str = "A", yearly: int = 2_000_000, **over: Any) -> dict[str, Any]:
    return {"no": no, "name": name, "yearly": yearly, "diary": "private", **over}


async def test_records_above_the_limit_are_written_once_and_later_when_they_rise_above_it() -> None:
    bench = await Bench().open()
    state = await bench.rounds(account("1"), account("2", yearly=999_999), account("3", yearly=1_000_001))
    assert set(bench.erp.rows) == {"1", "3"}
    assert state.counts["filtered"] == 1
    state = await bench.rounds(account("2", yearly=1_000_001), account("1"))
    assert set(bench.erp.rows) == {"1", "2", "3"}
    assert [len(batch) for batch in bench.erp.batches] == [2, 1]
    assert state.counts["unchanged"] == 1
    assert sum(state.delays) == 3


async def test_a_field_that_is_not_allowed_comes_neither_to_the_target_nor_into_the_store() -> None:
    bench = await Bench().open()
    await bench.rounds(account("1", name="bad"), account("2"))
    stored = repr([*bench.database.dead_letter.rows.values(), *bench.database.effect.rows.values()])
    assert "bad" in stored
    assert "private" not in stored
    assert "diary" not in stored


async def test_a_bad_record_stops_no_other_one_and_comes_again_corrected() -> None:
    bench = await Bench().open()
    state = await bench.rounds(account("1"), account("2", name="bad"), account("3", name=""))
    assert set(bench.erp.rows) == {"1"}
    letters = list(bench.database.dead_letter.rows.values())
    assert {letter.business_key for letter in letters} == {"2", "3"}
    assert state.counts["failed"] == 2
    letter = next(each for each in letters if each.business_key == "2")
    shown = values.decode(letter.payload)["payload"]
    await bench.people.replay(bench.runtime.scope, letter.id, by="li", payload={**shown, "name": "Good"})
    await bench.rounds()
    assert bench.erp.rows["2"]["Name"] == "Good"
    assert not bench.database.flow_item.rows
    assert bench.database.dead_letter.rows["default", letter.id].status == "replayed"


async def test_an_older_state_never_overwrites_a_newer_one_and_going_back_is_legitimate() -> None:
    bench = await Bench().open()
    await bench.rounds(account("1", name="shipped", version=7))
    state = await bench.rounds(account("1", name="stored", version=6))
    assert bench.erp.rows["1"]["Name"] == "shipped"
    assert state.counts["late"] == 1
    await bench.rounds(account("1", name="stored", version=8))
    assert bench.erp.rows["1"]["Name"] == "stored"


@pytest.mark.parametrize("error", [Unavailable("away"), OutcomeUnknown("no answer")])
async def test_a_batch_that_fails_as_a_whole_is_made_again_and_the_cursor_waits(error: Exception) -> None:
    bench = await Bench().open()
    bench.erp.raises.append(error)
    with pytest.raises(type(error)):
        await bench.rounds(account("1"))
    stored = FlowState.of(await bench.store.cursor(bench.runtime.scope, source_name("customers")))
    assert stored.side("crm").position is None
    state = await bench.rounds()
    assert set(bench.erp.rows) == {"1"}
    assert not state.open
    statuses = sorted(row.status for row in bench.database.effect.rows.values())
    assert statuses == ["cancelled", "done"]


async def test_where_every_state_counts_later_ones_wait_behind_one_that_failed() -> None:
    bench = await Bench(FLOW + "    on_stuck: hold_key\n").open()
    await bench.rounds(account("1", name="bad"), account("1", name="second"), account("2"))
    assert set(bench.erp.rows) == {"2"}
    assert [row.status for row in bench.database.flow_item.rows.values()] == ["held"]
    [letter] = bench.database.dead_letter.rows.values()
    shown = values.decode(letter.payload)["payload"]
    await bench.people.replay(bench.runtime.scope, letter.id, by="li", payload={**shown, "name": "first"})
    await bench.rounds(count=3)
    names = [item["Name"] for batch in bench.erp.batches for item in batch if item["No"] == "1"]
    assert names == ["bad", "first", "second"]


async def test_content_decides_the_target_and_no_target_is_an_exception_of_its_own() -> None:
    flow = FLOW.replace(
        "to: {system: erp, write: customer.save, map: erp-customer}",
        "to:\n"
        "      - {system: erp, write: customer.save, map: erp-customer, when: 'record.plant = \"SZ\"'}\n"
        "      - {system: mes, write: customer.save, map: erp-customer, when: 'record.plant != \"?\"'}",
    )
    mes = Erp("mes")
    bench = await Bench(flow, mes=mes).open()
    await bench.rounds(account("1", plant="SZ"), account("2", plant="WX"), account("3", plant="?"))
    assert set(bench.erp.rows) == {"1"}
    assert set(mes.rows) == {"1", "2"}
    [letter] = bench.database.dead_letter.rows.values()
    assert letter.business_key == "3"


async def test_a_paused_flow_reads_nothing_and_goes_on_and_a_rewind_writes_nothing_twice() -> None:
    bench = await Bench().open()
    desk, scope = bench.desk(), bench.runtime.scope
    await desk.pause(scope, "customers", by="li", reason="stocktaking")
    await bench.rounds(account("1"))
    assert not bench.erp.batches
    assert (await desk.standing(scope, "customers")).order.reason == "stocktaking"
    await desk.resume(scope, "customers", by="li")
    await bench.rounds()
    assert set(bench.erp.rows) == {"1"}
    await desk.rewind(scope, "customers", by="li")
    state = await bench.rounds(count=2)
    assert state.counts["read"] == 2
    assert len(bench.erp.batches) == 1
