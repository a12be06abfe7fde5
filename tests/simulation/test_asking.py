"""Look-ups within a call pass the gate of the system that they ask."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from lineshaft.base.text import Text
from lineshaft.engine.intake import Incoming
from lineshaft.engine.worker import Worker
from lineshaft.sdk import CallContext, ConnectorSpec, OperationSpec, Outcome
from simulation.processes import Flow, file_of
from simulation.stage import Stage
from simulation.targets import TargetConnector

pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")


class Desk(TargetConnector):
    """The system ``hub``: its ``map`` asks alpha first."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    @property
    def spec(self) -> ConnectorSpec:
        operation = OperationSpec("map", Text("m", "m"), reads_only=True)
        return ConnectorSpec("hub", Text("hub", "hub"), operations=(operation,), concurrency_max=64)

    async def call(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        question = {"order": payload["order"], "step": "look"}
        return Outcome(await self.worker.asking.ask("alpha", "look", question, context.key))


def staged() -> Stage:
    flow = Flow().element("startEvent", "start").element("endEvent", "end").call("a", "hub.map")
    routes = b'format: 1\nroutes:\n  - {on: order, start: p, variables: "={order: data.order}"}\n'
    return Stage({"processes/p.bpmn": file_of("p", flow.chain("start", "a", "end")), "flows/r.yaml": routes})


async def send(stage: Stage, *orders: str) -> None:
    worker = stage.nodes[0].worker
    assert worker is not None
    worker.systems.put("hub", Desk(worker))
    events = [Incoming("shop", each, "order", {"order": each}, key=each) for each in orders]
    assert await stage.nodes[0].accept(events)


def test_outage_of_the_asked_system_is_its_own_outage_and_one_event() -> None:
    stage = staged()
    alpha = stage.targets["alpha"]

    async def plot(stage: Stage) -> None:
        await stage.at(1)
        alpha.is_down = True
        await send(stage, *(f"o{number}" for number in range(12)))
        await stage.at(30)
        assert alpha.faults["down"] <= 12 + 3
        states = {row.system: row.circuit for row in stage.rows("system_state")}
        assert states == {"alpha": "open"}
        assert {(row.system, row.outage) for row in stage.rows("dead_letter")} == {("alpha", True)}
        # Whoever looks sees them wait for the system that is off, not for the one whose call asks.
        assert {(row.held_by, row.status) for row in stage.rows("effect") if row.operation == "map"} == {
            ("alpha", "intended"),
            ("alpha", "dead"),
        }
        before = alpha.calls
        await send(stage, "late")
        await stage.at(50)
        assert alpha.calls == before
        alpha.is_down = False
        await stage.until(lambda: all(row.status == "completed" for row in stage.instances("p")))
        await stage.at(stage.loop.time() + 5)

    stage.play(plot)
    assert len(stage.instances("p")) == 13
    assert not [row for row in stage.rows("dead_letter") if row.status == "open"]
    notices = [row for row in stage.rows("effect") if row.operation == "notify"]
    assert [row.id.split("/")[1] for row in notices] == ["outage", "over"]


@pytest.mark.parametrize("first", ["question", "write"])
def test_a_question_and_a_write_knock_together_no_oftener_than_one_of_them(first: str) -> None:
    flow = Flow().element("startEvent", "start").element("endEvent", "end").call("a", "hub.map")
    other = Flow("w").element("startEvent", "start").element("endEvent", "end").call("w", "alpha.look")
    routes = (
        b'format: 1\nroutes:\n  - {on: order, start: p, variables: "={order: data.order}"}\n'
        b'  - {on: write, start: q, variables: "={order: data.order}"}\n'
    )
    stage = Stage(
        {
            "processes/p.bpmn": file_of("p", flow.chain("start", "a", "end")),
            "processes/q.bpmn": file_of("q", other.chain("start", "w", "end")),
            "flows/r.yaml": routes,
        }
    )
    alpha = stage.targets["alpha"]
    kinds = {"question": "order", "write": "write"}
    second = next(each for each in kinds if each != first)

    async def plot(stage: Stage) -> None:
        await stage.at(1)
        worker = stage.nodes[0].worker
        assert worker is not None
        worker.systems.put("hub", Desk(worker))
        alpha.is_down = True
        node = stage.nodes[0]
        assert await node.accept([Incoming("shop", "1", kinds[first], {"order": "o1"}, key="o1")])
        await stage.until(lambda: alpha.faults["down"] == 1)
        await stage.at(1.7)
        assert await node.accept([Incoming("shop", "2", kinds[second], {"order": "o2"}, key="o2")])
        await stage.until(lambda: any(row.circuit == "open" for row in stage.rows("system_state")))
        assert alpha.faults["down"] == 1 + len(worker.config.retry.gaps_s)
        alpha.is_down = False
        done = {"p", "q"}
        await stage.until(
            lambda: all(row.status == "completed" for each in done for row in stage.instances(each))
        )

    stage.play(plot)
    assert [len(stage.instances(each)) for each in ("p", "q")] == [1, 1]


def test_questions_keep_the_cap_of_the_asked_system() -> None:
    stage = staged()
    alpha = stage.targets["alpha"]
    alpha.spec = ConnectorSpec("alpha", alpha.spec.label, operations=alpha.spec.operations, concurrency_max=2)
    alpha.script["look"] = ["slow"] * 40

    async def plot(stage: Stage) -> None:
        await stage.at(1)
        await send(stage, *(f"o{number}" for number in range(40)))
        await stage.until(lambda: len(stage.instances("p")) == 40)
        await stage.until(lambda: all(row.status == "completed" for row in stage.instances("p")), 120)

    stage.play(plot)
    assert len(stage.instances("p")) == 40
    assert alpha.calling_max == 2


def test_nothing_is_asked_of_a_paused_system() -> None:
    stage = staged()

    async def plot(stage: Stage) -> None:
        await stage.at(1)
        await stage.people.pause(stage.scope, "alpha", by="it", reason="maintenance")
        await asyncio.sleep(3)
        await send(stage, "o1")
        await stage.at(20)
        assert stage.targets["alpha"].calls == 0
        await stage.people.resume(stage.scope, "alpha", by="it")
        await stage.until(lambda: stage.instances("p")[0].status == "completed")

    stage.play(plot)
    assert not stage.rows("dead_letter")
