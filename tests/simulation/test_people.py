"""What people do with failed calls, and what an instance shows while it waits for them."""

from __future__ import annotations

import pytest

from lineshaft.bpmn.kernel import commands
from lineshaft.engine.intake import Incoming
from simulation.processes import Flow, file_of
from simulation.stage import Stage

pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")


def stage_with(operation: str, on_stuck: str | None = None) -> Stage:
    flow = Flow().element("startEvent", "start").element("endEvent", "end")
    flow.call("a", operation, on_stuck=on_stuck)
    routes = (
        b'format: 1\nroutes:\n  - {on: order, start: p, key: data.group, variables: "={order: data.order}"}\n'
    )
    return Stage({"processes/p.bpmn": file_of("p", flow.chain("start", "a", "end")), "flows/r.yaml": routes})


async def send(stage: Stage, order: str, group: str | None = None) -> None:
    data = {"order": order, "group": group or order}
    assert await stage.nodes[0].accept([Incoming("shop", order, "order", data, key=group or order)])


def test_discarded_dead_letter_becomes_an_incident_that_names_it_and_can_be_resolved() -> None:
    stage = stage_with("alpha.keyed")
    stage.targets["alpha"].script["keyed"] = ["invalid"]

    async def plot(stage: Stage) -> None:
        await stage.at(1)
        await send(stage, "o1")
        await stage.until(lambda: bool(stage.rows("dead_letter")))
        [letter] = stage.rows("dead_letter")
        await stage.people.discard(stage.scope, letter.id, by="Wei")
        await stage.until(lambda: bool(stage.rows("incident")))
        [incident] = stage.rows("incident")
        assert incident.code == "discarded"
        assert "Wei" in incident.message
        assert "a field is wrong" in incident.message
        [effect] = [each for each in stage.rows("effect") if each.system == "alpha"]
        assert effect.status == "cancelled"
        stage.targets["alpha"].deeds.clear()
        await stage.people.command(
            stage.scope, incident.instance_id, commands.ResolveIncident(incident.number)
        )
        await stage.until(lambda: stage.instances("p")[0].status == "completed")

    stage.play(plot)
    assert len([each for each in stage.rows("effect") if each.system == "alpha"]) == 2


def test_discarded_dead_letter_lets_the_later_items_of_its_key_go_on() -> None:
    stage = stage_with("alpha.keyed", on_stuck="hold_key")
    stage.targets["alpha"].script["keyed"] = ["invalid"]

    async def plot(stage: Stage) -> None:
        await stage.at(1)
        await send(stage, "o1", "g")
        await stage.until(lambda: bool(stage.rows("dead_letter")))
        await send(stage, "o2", "g")
        await stage.at(stage.loop.time() + 5)
        assert ("o2", "a") not in stage.targets["alpha"].deeds
        [letter] = stage.rows("dead_letter")
        await stage.people.discard(stage.scope, letter.id, by="Wei")
        await stage.until(lambda: ("o2", "a") in stage.targets["alpha"].deeds)

    stage.play(plot)


def test_refusal_that_no_boundary_event_catches_is_an_incident_with_the_targets_reason() -> None:
    stage = stage_with("alpha.keyed")
    stage.targets["alpha"].script["keyed"] = ["refused"]

    async def plot(stage: Stage) -> None:
        await stage.at(1)
        await send(stage, "o1")
        await stage.until(lambda: bool(stage.rows("incident")))

    stage.play(plot)
    [incident] = stage.rows("incident")
    assert "信用额度不足" in incident.message
    assert "refused" in incident.code + incident.message
    assert stage.instances("p")[0].status == "active"
    assert not stage.rows("dead_letter")
