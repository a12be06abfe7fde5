"""What a pack says about its calls is what happens: retries, the urgent first, only the newest state."""

from __future__ import annotations

from typing import Any

import pytest

from lineshaft.engine.intake import Incoming
from simulation.processes import Flow, file_of
from simulation.stage import Stage

pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")


def staged(policies: str) -> Stage:
    order = 'variables: "={order: data.order, group: data.group}"'
    flows = f"""format: 1
routes:
  - {{on: order, start: ordinary, key: data.group, {order}}}
  - {{on: rush, start: rush, key: data.group, {order}}}
policies:
{policies}"""
    files = {"flows/r.yaml": flows.encode()}
    for name in ("ordinary", "rush"):
        flow = Flow().element("startEvent", "start").element("endEvent", "end")
        inputs = "".join(f'<zeebe:input source="={each}" target="{each}"/>' for each in ("order", "group"))
        inner = (
            '<bpmn:extensionElements><zeebe:taskDefinition type="alpha.keyed"/><zeebe:ioMapping>'
            f'{inputs}<zeebe:input source="=&quot;a&quot;" target="step"/></zeebe:ioMapping>'
            "</bpmn:extensionElements>"
        )
        flow.element("serviceTask", "a", inner)
        files[f"processes/{name}.bpmn"] = file_of(name, flow.chain("start", "a", "end"))
    return Stage(files)


async def send(stage: Stage, kind: str, *orders: str, group: str | None = None) -> None:
    events = [
        Incoming("shop", each, kind, {"order": each, "group": group or each}, key=each) for each in orders
    ]
    assert await stage.nodes[0].accept(events)


def test_system_is_tried_as_often_as_its_policy_says() -> None:
    stage = staged("  - {system: alpha, retry_gaps_s: [0.2]}\n")
    alpha = stage.targets["alpha"]

    async def plot(stage: Stage) -> None:
        await stage.at(1)
        alpha.is_down = True
        await send(stage, "order", "o1")
        await stage.until(lambda: bool(stage.rows("dead_letter")))
        assert alpha.faults["down"] == 2
        alpha.is_down = False
        await stage.until(lambda: stage.instances("ordinary")[0].status == "completed")

    stage.play(plot)


def test_urgent_process_goes_first_when_a_system_has_much_to_do() -> None:
    stage = staged("  - {process: rush, priority: urgent}\n")
    alpha = stage.targets["alpha"]
    alpha.spec = alpha.spec.__class__(
        "alpha", alpha.spec.label, operations=alpha.spec.operations, concurrency_max=1
    )

    async def plot(stage: Stage) -> None:
        await stage.at(1)
        await send(stage, "order", *(f"o{number:02}" for number in range(20)))
        await stage.until(lambda: len(stage.instances("ordinary")) == 20)
        await send(stage, "rush", "r1")
        await stage.until(lambda: len(alpha.answers) == 21)

    stage.play(plot)
    rush: Any = next(row for row in stage.rows("effect") if row.instance_id == stage.instances("rush")[0].id)
    later = [row for row in stage.rows("effect") if row.attempted_at and row.attempted_at > rush.attempted_at]
    assert rush.priority == 0
    assert len(later) >= 10


def test_only_the_newest_of_superseded_states_goes_out_after_an_outage() -> None:
    stage = staged("  - {operation: alpha.keyed, on_stuck: supersede}\n")
    alpha = stage.targets["alpha"]

    async def plot(stage: Stage) -> None:
        await stage.at(1)
        await stage.people.pause(stage.scope, "alpha", by="it", reason="maintenance")
        await stage.at(4)
        for number in range(5):
            await send(stage, "order", f"state{number}", group="SO-1")
            await stage.until(lambda n=number: len(stage.instances("ordinary")) == n + 1)  # type: ignore[misc]
        await stage.people.resume(stage.scope, "alpha", by="it")
        await stage.until(lambda: bool(alpha.answers))
        await stage.at(stage.loop.time() + 5)

    stage.play(plot)
    assert alpha.order == {"SO-1": ["state4"]}
    assert sorted(row.status for row in stage.rows("effect")) == ["done"] + ["superseded"] * 4
    # What was overtaken waits for nothing any more.
    assert [row.status for row in stage.instances("ordinary")] == ["completed"] * 5
