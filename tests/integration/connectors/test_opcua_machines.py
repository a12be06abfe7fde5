"""Machines over a real OPC UA server on loopback: reading, writing, calling, listening."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import pytest_asyncio

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import Invalid, OutcomeUnknown, Refused, Unavailable
from lineshaft.connectors.opcua import OPCUA
from lineshaft.connectors.opcua.connector import OpcUaConnector
from lineshaft.sdk.connector import Listener
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import Gate, context, raised
from support.opcua_plant import Plant

MANIFEST = """\
format: 1
connector: opcua
name: machines
namespaces: {m: "urn:plant:machines"}
nodes:
  press: "m:s=Press"
  press_state: "m:s=Press.State"
  press_count: "m:s=Press.Count"
  press_target: "m:s=Press.Target"
  press_start: "m:s=Press.Start"
operations:
  press.look: {action: read, nodes: [press_state, press_count]}
  press.aim: {action: write, values: {press_target: payload.target}}
  press.start: {action: call, object: press, method: press_start, arguments: [payload.order]}
resources:
  machine:
    nodes: [press_state, press_count]
    type: machine.changed
    publishing_ms: 20
    sampling_ms: 0
    queue: 5
"""


# One server for all: to fill its address space with the standard's own nodes takes seconds.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_plant() -> AsyncIterator[Plant]:
    plant = Plant()
    await plant.start()
    yield plant
    await plant.server.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def plant(shared_plant: Plant) -> Plant:
    await shared_plant.reset()
    return shared_plant


@pytest_asyncio.fixture(loop_scope="module")
async def connector(plant: Plant) -> AsyncIterator[OpcUaConnector]:
    connector = connect(plant.url)
    yield connector
    await connector.close()


def connect(url: str, manifest: str = MANIFEST) -> OpcUaConnector:
    connection = Connection("machines", {"url": url}, {}.__getitem__, FixedClock())
    return OPCUA.read(manifest.encode(), "machines.yaml").connect(connection)


async def test_a_reading_has_value_source_time_and_status(plant: Plant, connector: OpcUaConnector) -> None:
    at = datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)
    await plant.set_count(480, at)
    outcome = await connector.call("press.look", {}, context())
    count = outcome.answer["press_count"]
    assert (count["value"], count["at"], count["good"]) == (Decimal(480), at, True)


async def test_a_write_arrives_in_the_nodes_own_type(plant: Plant, connector: OpcUaConnector) -> None:
    gate = Gate()
    await connector.call("press.aim", {"target": Decimal(500)}, context(gate=gate))
    assert await plant.target.read_value() == 500
    assert gate.calls == 1


async def test_a_value_that_does_not_fit_is_invalid_and_sends_nothing(
    plant: Plant, connector: OpcUaConnector
) -> None:
    gate = Gate()
    for value in (Decimal("0.5"), Decimal(40000), "many", None):
        await raised(Invalid, connector.call("press.aim", {"target": value}, context(gate=gate)))
    assert gate.calls == 0
    assert await plant.target.read_value() == 0


async def test_a_method_is_called_with_its_arguments(plant: Plant, connector: OpcUaConnector) -> None:
    outcome = await connector.call("press.start", {"order": "WO-7"}, context())
    assert outcome.answer == {"answer": "started WO-7"}
    assert plant.started == ["WO-7"]


async def test_a_methods_bad_status_is_refused_with_its_name(plant: Plant, connector: OpcUaConnector) -> None:
    error = await raised(Refused, connector.call("press.start", {"order": "blocked"}, context()))
    assert error.vendor_code == "BadInvalidState"


async def test_a_method_without_an_answer_in_time_is_unknown(plant: Plant, connector: OpcUaConnector) -> None:
    plant.hang.clear()
    work = connector.call("press.start", {"order": "WO-8"}, context(timeout_s=0.3))
    await raised(OutcomeUnknown, work)
    plant.hang.set()


async def test_an_unreachable_server_is_unavailable_and_nothing_was_announced() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"opc.tcp://127.0.0.1:{probe.getsockname()[1]}/plant"
    gate = Gate()
    connector = connect(url)
    await raised(Unavailable, connector.call("press.start", {"order": "x"}, context(gate=gate)))
    assert gate.calls == 0
    assert [step.ok for step in await connector.check()] == [False]


async def test_a_node_the_server_does_not_have_is_named_before_anything_is_sent(plant: Plant) -> None:
    connector = connect(plant.url, MANIFEST.replace("m:s=Press.Target", "m:s=Press.Goal"))
    gate = Gate()
    error = await raised(Invalid, connector.call("press.aim", {"target": 1}, context(gate=gate)))
    assert (error.code, gate.calls) == ("node_unknown", 0)
    await connector.close()


async def test_polling_tells_each_value_once(plant: Plant, connector: OpcUaConnector) -> None:
    first = await connector.changes("machine", None)
    assert {change.subject for change in first.changes} == {"press_state", "press_count"}
    assert (await connector.changes("machine", first.cursor)).changes == ()
    await plant.set_count(1)
    second = await connector.changes("machine", first.cursor)
    again = await connector.changes("machine", first.cursor)
    assert [change.data["value"] for change in second.changes] == [Decimal(1)]
    assert [change.id for change in again.changes] == [change.id for change in second.changes]


async def test_listening_tells_changes_with_their_source_time(
    plant: Plant, connector: OpcUaConnector
) -> None:
    assert isinstance(connector, Listener)
    pages = connector.listen("machine", None)
    page = await anext(pages)
    at = datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)
    await plant.set_count(7, at)
    while not (found := [one for one in page.changes if one.data["value"] == Decimal(7)]):
        page = await anext(pages)
    assert (found[0].occurred_at, found[0].data["gap"]) == (at, False)
    assert (await connector.changes("machine", page.cursor)).changes == ()
    await pages.aclose()


async def test_a_queue_that_overflowed_is_told_and_the_last_value_is_right(
    plant: Plant, connector: OpcUaConnector
) -> None:
    pages = connector.listen("machine", None)
    await anext(pages)
    for value in range(1, 41):
        await plant.set_count(value)
    values: list[Decimal] = []
    gaps: list[Decimal] = []
    while Decimal(40) not in gaps:
        for change in (await anext(pages)).changes:
            values.append(change.data["value"])
            gaps += [change.data["value"]] if change.data["gap"] else []
    assert len(values) < 40
    await pages.aclose()


async def test_what_changed_while_nobody_listened_is_told_as_a_gap(
    plant: Plant, connector: OpcUaConnector
) -> None:
    page = await connector.changes("machine", None)
    await plant.set_count(1)
    await plant.set_count(2)
    pages = connector.listen("machine", page.cursor)
    (change,) = (await anext(pages)).changes
    assert (change.data["value"], change.data["gap"]) == (Decimal(2), True)
    await pages.aclose()


async def test_a_server_that_came_back_is_used_again() -> None:
    plant = Plant()
    await plant.start()
    connector = connect(plant.url)
    await connector.call("press.look", {}, context())
    await plant.server.stop()
    await raised(Unavailable, connector.call("press.look", {}, context(timeout_s=2)))
    await plant.server.start()
    assert (await connector.call("press.look", {}, context())).answer["press_state"]["value"] == "idle"
    await connector.close()
    await plant.server.stop()
