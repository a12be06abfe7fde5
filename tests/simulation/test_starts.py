"""Start events: schedules fire once per due time on any number of nodes; events start by their parts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from lineshaft.base.text import text
from lineshaft.engine.intake import Incoming
from lineshaft.store.rows import Instance
from simulation.loop import START
from simulation.processes import Flow, file_of
from simulation.stage import Stage

pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")


def timer(kind: str, value: str) -> str:
    return (
        f'<bpmn:timerEventDefinition><bpmn:{kind} xsi:type="bpmn:tFormalExpression">{value}</bpmn:{kind}>'
        "</bpmn:timerEventDefinition>"
    )


def started_by(definitions: str, process_id: str = "p", outside: str = "", attributes: str = "") -> bytes:
    flow = Flow().element("startEvent", "begin", definitions, attributes).element("endEvent", "end")
    return file_of(process_id, flow.chain("begin", "end"), outside)


def incoming(name: str, data: dict[str, object]) -> Incoming:
    return Incoming("shop", name, "order", data, key=name)


def pack(*processes: bytes, routes: bytes = b"") -> dict[str, bytes]:
    files = {f"processes/{number}.bpmn": content for number, content in enumerate(processes)}
    return files | ({"flows/routes.yaml": b"format: 1\nroutes:\n" + routes} if routes else {})


def seconds(stage: Stage, rows: list[Instance]) -> list[float]:
    start = stage.clock.now().timestamp() - stage.loop.time()
    return [round(row.started_at.timestamp() - start, 1) for row in rows]


@pytest.mark.parametrize("nodes", [1, 3])
def test_cycle_starts_one_instance_per_due_time_on_any_number_of_nodes(nodes: int) -> None:
    stage = Stage(pack(started_by(timer("timeCycle", "R4/PT3S"))), nodes)

    async def plot(stage: Stage) -> None:
        await stage.at(30)

    stage.play(plot)
    rows = stage.instances("p")
    assert [row.business_key[-3:] for row in rows if row.business_key] == ["03Z", "06Z", "09Z", "12Z"]
    assert seconds(stage, rows) == pytest.approx([3, 6, 9, 12], abs=0.2)
    assert {row.status for row in rows} == {"completed"}
    assert not stage.rows("job")


def test_date_starts_once_and_every_start_of_a_process_counts() -> None:
    soon = (START + timedelta(seconds=2)).isoformat()
    flow = Flow().element("endEvent", "end")
    flow.element("startEvent", "soon", timer("timeDate", soon)).link("soon", "end")
    flow.element("startEvent", "past", timer("timeDate", "2020-01-01T00:00:00Z")).link("past", "end")
    flow.element("startEvent", "both", timer("timeCycle", "R1/PT5S") + timer("timeCycle", "R2/PT4S"))
    stage = Stage(pack(file_of("p", flow.link("both", "end"))), 2)

    async def plot(stage: Stage) -> None:
        await stage.at(20)
        # The same content again is no new schedule: a date that has been is not again.
        await stage.deploy(stage.files)
        await stage.at(40)

    stage.play(plot)
    assert seconds(stage, stage.instances("p")) == pytest.approx([0, 2, 4, 5, 8], abs=0.3)


def test_downtime_is_made_up_for_once_and_the_schedule_goes_on_in_the_future() -> None:
    stage = Stage(pack(started_by(timer("timeCycle", "R/PT10S"))))

    async def plot(stage: Stage) -> None:
        await stage.at(12)
        stage.nodes[0].kill()
        await stage.at(57)
        stage.start_node()
        await stage.at(75)

    stage.play(plot)
    times = seconds(stage, stage.instances("p"))
    assert len(times) == 4
    assert times[0] == pytest.approx(10, abs=0.3)
    assert 57 <= times[1] < 60 + 3
    assert times[2:] == pytest.approx([60, 70], abs=0.3)


def test_node_that_dies_while_it_fires_neither_loses_nor_doubles_a_due_time() -> None:
    for dies_in in (1, 2, 4, 8, 16, 32):
        stage = Stage(pack(started_by(timer("timeCycle", "R2/PT4S"))), 2)

        async def plot(stage: Stage, dies_in: int = dies_in) -> None:
            await stage.at(3.99)
            for node in stage.nodes:
                node.process.dies_in = dies_in
            await stage.at(5)
            for node in stage.nodes:
                node.kill()
            stage.start_node()
            await stage.at(30)

        stage.play(plot)
        keys = [row.business_key for row in stage.instances("p")]
        # The new node has the lanes at the end of the dead ones' leases: after the second due time.
        assert len(keys) == len(set(keys))
        assert keys[0] is not None
        assert keys[0].endswith("04Z")
        assert not stage.rows("job")


def test_deployment_moves_schedules_and_ends_those_that_are_gone() -> None:
    kept, changed = timer("timeCycle", "R/PT10S"), timer("timeCycle", "R/PT3S")
    gone = started_by(timer("timeCycle", "R/PT2S"), "gone")
    stage = Stage(pack(started_by(kept, "kept"), started_by(changed, "moved"), gone), 2)

    async def plot(stage: Stage) -> None:
        await stage.at(7)
        await stage.deploy(pack(started_by(kept, "kept"), started_by(timer("timeCycle", "R/PT20S"), "moved")))
        await stage.at(32)

    stage.play(plot)
    assert seconds(stage, stage.instances("kept")) == pytest.approx([10, 20, 30], abs=0.3)
    assert seconds(stage, stage.instances("moved")) == pytest.approx([3, 6, 27], abs=0.3)
    assert seconds(stage, stage.instances("gone")) == pytest.approx([2, 4, 6], abs=0.3)
    releases = {row.release for row in stage.instances("kept")}
    assert len(releases) == 1
    assert releases == {row.release for row in stage.instances("moved")[2:]}


MESSAGES = (
    '<bpmn:message id="m1" name="first"/><bpmn:message id="m2" name="second"/>'
    '<bpmn:signal id="s1" name="third"/>'
)
PARTS = (
    '<bpmn:messageEventDefinition messageRef="m1"/><bpmn:messageEventDefinition messageRef="m2"/>'
    '<bpmn:signalEventDefinition signalRef="s1"/>'
)


def test_multiple_start_event_starts_with_each_of_its_parts() -> None:
    stage = Stage(pack(started_by(PARTS, outside=MESSAGES)))

    async def plot(stage: Stage) -> None:
        await stage.at(1)
        await stage.people.publish(stage.scope, "first", "k1", {"a": 1})
        await stage.people.publish(stage.scope, "second", "k2", {"b": 2})
        await stage.people.signal(stage.scope, "third", {"c": 3})
        await stage.at(8)

    stage.play(plot)
    assert len(stage.instances("p")) == 3


@pytest.mark.parametrize("nodes", [1, 3])
def test_message_for_a_key_whose_process_still_runs_starts_the_next_run_when_that_has_ended(
    nodes: int,
) -> None:
    flow = Flow().element("startEvent", "begin", '<bpmn:messageEventDefinition messageRef="m1"/>')
    flow.element("intermediateCatchEvent", "wait", timer("timeDuration", "PT5S")).element("endEvent", "end")
    files = pack(file_of("p", flow.chain("begin", "wait", "end"), '<bpmn:message id="m1" name="first"/>'))
    stage = Stage(files, nodes)

    async def plot(stage: Stage) -> None:
        await stage.at(3)
        for turn in range(2):
            await stage.people.publish(stage.scope, "first", "k1", {"turn": turn})
        await stage.people.publish(stage.scope, "first", "k2", {"turn": 0})
        await stage.at(25)

    stage.play(plot)
    first, second = [row for row in stage.instances("p") if row.business_key == "k1"]
    assert first.ended_at is not None
    assert second.started_at >= first.ended_at
    assert [row.status for row in stage.instances("p")] == ["completed"] * 3
    assert not stage.rows("job")
    assert not stage.rows("message")


def test_parallel_multiple_start_event_waits_for_all_of_its_parts_wherever_they_arrive() -> None:
    stage = Stage(pack(started_by(PARTS, outside=MESSAGES, attributes=' parallelMultiple="true"')), 3)

    async def plot(stage: Stage) -> None:
        await stage.at(3)
        for turn in range(2):
            await stage.people.publish(stage.scope, "first", "k1", {"a": 1})
            await stage.people.signal(stage.scope, "third", {"c": 3})
            await stage.at(stage.loop.time() + 8)
            assert len(stage.instances("p")) == turn
            for node in stage.nodes[:1]:
                node.kill()
            stage.nodes.pop(0)
            stage.start_node()
            await stage.people.publish(stage.scope, "second", "k2", {"b": 2})
            await stage.at(stage.loop.time() + 12)
            assert len(stage.instances("p")) == turn + 1

    stage.play(plot)
    names = {(row.instance_id, row.name) for row in stage.rows("variable")}
    assert {name for _, name in names} == {"a", "b", "c"}


def test_conditional_start_event_starts_where_its_condition_is_true() -> None:
    condition = (
        '<bpmn:conditionalEventDefinition><bpmn:condition xsi:type="bpmn:tFormalExpression">=total &gt; 100'
        "</bpmn:condition></bpmn:conditionalEventDefinition>"
    )
    route = b'  - {on: order, start: p, variables: "={total: data.total}"}\n'
    stage = Stage(pack(started_by(condition), routes=route))

    async def plot(stage: Stage) -> None:
        await stage.at(1)
        for number, total in enumerate((50, 150)):
            await stage.nodes[0].accept([incoming(f"o{number}", {"total": total})])
        await stage.at(6)

    stage.play(plot)
    assert [row.business_key for row in stage.instances("p")] == ["o1"]
    assert {row.id: row.note for row in stage.rows("event")} == {"o0": "condition not met", "o1": None}


def test_event_of_which_not_everything_could_be_read_goes_its_way_with_a_note() -> None:
    stage = Stage(pack(started_by(""), routes=b"  - {on: order, start: p}\n"))

    async def plot(stage: Stage) -> None:
        await stage.at(1)
        doubted = replace(incoming("o1", {}), doubt=text("follows is null", "follows 为空"))
        await stage.nodes[0].accept([doubted])
        await stage.at(6)

    stage.play(plot)
    assert len(stage.instances("p")) == 1
    [note] = [row.note for row in stage.rows("event")]
    assert note == "follows 为空 | follows is null"


def test_event_for_a_process_that_cannot_begin_so_is_a_dead_letter_with_the_reason() -> None:
    route = b"  - {on: order, start: p}\n"
    stage = Stage(pack(started_by(timer("timeDate", "2050-01-01T00:00:00Z")), routes=route))

    async def plot(stage: Stage) -> None:
        await stage.at(1)
        await stage.nodes[0].accept([incoming("o1", {})])
        await stage.at(6)

    stage.play(plot)
    assert not stage.instances("p")
    [letter] = stage.rows("dead_letter")
    assert "none start event" in letter.error_text
