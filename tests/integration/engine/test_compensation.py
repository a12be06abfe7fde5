"""A later step fails: what earlier steps have done in other systems is undone by their declared undo."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from lineshaft.app.system_clock import SystemClock
from lineshaft.app.system_ids import SystemIds
from lineshaft.base.errors import Refused
from lineshaft.base.scope import Scope
from lineshaft.base.text import Text
from lineshaft.engine.config import EngineConfig
from lineshaft.engine.intake import Incoming, Intake
from lineshaft.engine.releases import Releases, files_of
from lineshaft.engine.worker import Worker
from lineshaft.sdk import CallContext, CheckStep, ConnectorSpec, OperationSpec, Outcome
from lineshaft.store.memory import MemoryDatabase, MemoryStore
from simulation.nodes import Watch
from simulation.processes import ON_REFUSED, REFUSED, Flow, file_of
from support.waiting import until

SCOPE = Scope.of_engine()
DONE_AND_UNDONE = {
    "order": ("srm.po.create", "srm.po.cancel"),
    "reserve": ("wms.stock.reserve", "wms.stock.release"),
    "bill": ("erp.invoice.create", "erp.invoice.reverse"),
}
ROUTE = b"""format: 1
routes:
  - {on: order, start: p, variables: "{order: data.order}"}
"""


def pack() -> dict[str, bytes]:
    flow = Flow().element("startEvent", "start").element("endEvent", "end").element("endEvent", "sorry")
    for step, (do, undo) in DONE_AND_UNDONE.items():
        flow.call(step, do)
        flow.boundary(f"undo_of_{step}", step, "<bpmn:compensateEventDefinition/>")
        inner = (
            f'<bpmn:extensionElements><zeebe:taskDefinition type="{undo}"/><zeebe:ioMapping>'
            f'<zeebe:input source="=number_{step}" target="number"/></zeebe:ioMapping>'
            "</bpmn:extensionElements>"
        )
        flow.element("serviceTask", f"undo_{step}", inner, ' isForCompensation="true"')
        flow.parts.append(
            f'<bpmn:association id="a_{step}" associationDirection="One" sourceRef="undo_of_{step}" '
            f'targetRef="undo_{step}"/>'
        )
    flow.call("ship", "tms.shipment.create").boundary("no", "ship", ON_REFUSED)
    flow.element("intermediateThrowEvent", "undo_all", "<bpmn:compensateEventDefinition/>")
    flow.chain("start", *DONE_AND_UNDONE, "ship", "end").chain("no", "undo_all", "sorry")
    return {"flows/a.yaml": ROUTE, "processes/p.bpmn": file_of("p", flow, REFUSED)}


class Book:
    """All systems, as one book of what they were asked for."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, str]] = []
        operations = [name for pair in DONE_AND_UNDONE.values() for name in pair] + ["tms.shipment.create"]
        self.systems = {
            system: _System(self, system, [name for name in operations if name.startswith(f"{system}.")])
            for system in {name.partition(".")[0] for name in operations}
        }


class _System:
    """One system: it numbers what it does; the carrier says no."""

    def __init__(self, book: Book, name: str, operations: list[str]) -> None:
        self._book, self._name = book, name
        specs = [
            OperationSpec(each.partition(".")[2], Text(each, each), "idempotency_key") for each in operations
        ]
        self.spec = ConnectorSpec(name, Text(name, name), operations=tuple(specs))

    async def check(self) -> list[CheckStep]:
        return []

    async def call(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        context.sending()
        if self._name == "tms":
            raise Refused("no lorry today")
        name = f"{self._name}.{operation}"
        self._book.entries.append((name, str(payload.get("number", ""))))
        return Outcome({"number": f"{self._name}-1"}, number=f"{self._name}-1")


@pytest.fixture
async def book() -> AsyncIterator[tuple[Book, MemoryStore, Intake]]:
    found, clock, watch = Book(), SystemClock(), Watch("test")
    store = MemoryStore(MemoryDatabase(), clock)
    await store.open()
    await Releases(store, SCOPE).deploy(files_of(pack()), by="test", now=clock.now())
    worker = Worker(
        store,
        found.systems,  # type: ignore[arg-type]
        clock=clock,
        ids=SystemIds(),
        name="w",
        config=EngineConfig(poll_s=0.05),
        observer=watch,
    )
    await worker.start()
    committer = worker.runtime.committer(None)
    yield found, store, Intake(committer, clock, "default", EngineConfig().limits, worker.offer_event)
    await worker.stop()
    assert not watch.bugs


async def test_what_was_done_is_undone_in_reverse_with_the_numbers_it_was_given(
    book: tuple[Book, MemoryStore, Intake],
) -> None:
    found, store, intake = book
    await intake.accept([Incoming("shop", "e1", "order", {"order": "SO-1"}, key="SO-1")])

    async def completed() -> bool:
        return bool((await store.instances(SCOPE, status="completed")).items)

    await until(completed)

    done = [name for name, _ in found.entries[:3]]
    undone = found.entries[3:]
    assert done == [do for do, _ in DONE_AND_UNDONE.values()]
    expected = [(undo, f"{undo.partition('.')[0]}-1") for _, undo in reversed(DONE_AND_UNDONE.values())]
    assert undone == expected
    ledger = (await store.effects(SCOPE, business_key="SO-1")).items
    assert {f"{each.system}.{each.operation}": each.status for each in ledger} == {
        **{name: "done" for pair in DONE_AND_UNDONE.values() for name in pair},
        "tms.shipment.create": "refused",
    }
