"""The cap of a system holds over all nodes together, also where there are more nodes than places."""

from __future__ import annotations

import pytest

from lineshaft.engine.intake import Incoming
from lineshaft.sdk import ConnectorSpec
from simulation.processes import Flow, file_of
from simulation.stage import Stage

pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")


def staged(cap: int, nodes: int) -> Stage:
    flow = Flow().element("startEvent", "start").element("endEvent", "end").call("a", "alpha.keyed")
    routes = b'format: 1\nroutes:\n  - {on: order, start: p, variables: "={order: data.order}"}\n'
    stage = Stage(
        {"processes/p.bpmn": file_of("p", flow.chain("start", "a", "end")), "flows/r.yaml": routes}, nodes
    )
    alpha = stage.targets["alpha"]
    alpha.spec = ConnectorSpec(
        "alpha", alpha.spec.label, operations=alpha.spec.operations, concurrency_max=cap
    )
    alpha.script["keyed"] = ["slow"] * 500
    return stage


async def send(stage: Stage, first: int, count: int) -> None:
    events = [
        Incoming("shop", f"o{number}", "order", {"order": f"o{number}"}, key=f"o{number}")
        for number in range(first, first + count)
    ]
    assert await stage.nodes[-1].accept(events)


@pytest.mark.parametrize(("cap", "nodes"), [(1, 3), (2, 3), (5, 2), (9, 2)])
def test_all_nodes_together_keep_the_cap_and_every_node_gets_its_turn(cap: int, nodes: int) -> None:
    stage = staged(cap, nodes)

    async def plot(stage: Stage) -> None:
        await stage.at(5)
        await send(stage, 0, 60)
        await stage.until(lambda: len(stage.instances("p")) == 60)
        await stage.until(lambda: all(row.status == "completed" for row in stage.instances("p")), 240)

    stage.play(plot)
    assert stage.targets["alpha"].calling_max == cap


def test_node_that_joins_takes_no_more_than_the_cap_leaves() -> None:
    stage = staged(4, 1)

    async def plot(stage: Stage) -> None:
        await stage.at(2)
        await send(stage, 0, 60)
        await stage.at(4)
        stage.start_node()
        await stage.at(8)
        stage.start_node()
        await stage.until(lambda: len(stage.instances("p")) == 60)
        await stage.until(lambda: all(row.status == "completed" for row in stage.instances("p")), 240)

    stage.play(plot)
    assert stage.targets["alpha"].calling_max == 4


def test_slices_of_a_dead_node_go_on_with_the_others() -> None:
    stage = staged(2, 2)

    async def plot(stage: Stage) -> None:
        await stage.at(5)
        await send(stage, 0, 30)
        await stage.at(7)
        stage.nodes[0].kill()
        await stage.until(lambda: len(stage.instances("p")) == 30)
        await stage.until(lambda: all(row.status == "completed" for row in stage.instances("p")), 240)

    stage.play(plot)
    assert stage.targets["alpha"].calling_max == 2
