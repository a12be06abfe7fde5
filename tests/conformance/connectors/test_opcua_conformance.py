"""The OPC UA connector passes the connector suite on a real server, behind a proxy that loses answers.

A machine has values and methods, no records: left out are numbers and documents, keys by which a repeat is
known, references, rate limits, files, and fields that change their names.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import ConnectorError, Invalid, OutcomeUnknown, Refused
from lineshaft.connectors.opcua import OPCUA
from lineshaft.sdk.connector import Connector
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import Behaviour, Bench, ConnectorSuite, context, order, raised
from support.opcua_plant import Plant
from support.wire_proxy import WireProxy
from tools.postgres import free_port

# One server for all: to fill its address space with the standard's own nodes takes seconds.
pytestmark = pytest.mark.asyncio(loop_scope="module")

PASSWORD = "machine-s3cret"
MANIFEST = """\
format: 1
connector: opcua
name: machines
auth: {user: secret:user, password: secret:password}
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
  press.start:
    action: call
    object: press
    method: press_start
    arguments: ['payload.number + "/" + payload.item']
  press.block: {action: call, object: press, method: press_start, arguments: ['"blocked"']}
resources:
  machine: {nodes: [press_state, press_count], type: machine.changed}
"""


class MachineBench:
    """A real OPC UA server behind a proxy."""

    operation = "press.start"
    reading = "press.look"
    resource = "machine"
    file_operation = file_resource = ""
    secret_values: Sequence[str] = (PASSWORD,)

    def __init__(self, plant: Plant, caplog: pytest.LogCaptureFixture) -> None:
        self.plant = plant
        self._caplog = caplog
        self._open: list[Connector] = []
        mark = re.compile(rb"/M-1")
        port = int(plant.url.rsplit(":", 1)[1].split("/")[0])
        self.proxy = WireProxy("127.0.0.1", port, counted=mark, marked=re.compile(rb"/M-1|Press\.Count"))
        self.port = 0

    async def connect(self, *, wrong_secret: bool = False, unreachable: bool = False) -> Connector:
        known = {"user": "hub", "password": "wr0ng-" + PASSWORD[::-1] if wrong_secret else PASSWORD}
        port = free_port() if unreachable else self.port
        settings = {"url": f"opc.tcp://127.0.0.1:{port}/plant"}
        connection = Connection("machines", settings, known.__getitem__, FixedClock())
        connector = OPCUA.read(MANIFEST.encode(), "machines.yaml").connect(connection)
        await connector.open()
        self._open.append(connector)
        return connector

    def behave(self, *behaviours: Behaviour) -> None:
        self.proxy.plans[:] = behaviours

    def expire_session(self) -> None:
        self.proxy.cut()

    async def upgrade(self) -> str:
        raise AssertionError("a machine's values have no fields")

    @property
    def done(self) -> Sequence[Mapping[str, Any]]:
        pairs = [started.rpartition("/") for started in self.plant.started]
        return [{"number": number, "item": item} for number, _, item in pairs]

    @property
    def arrived(self) -> int:
        return self.proxy.arrived

    @property
    def logged(self) -> str:
        # What server and client of the library say of themselves stands in the same log.
        records = (one for one in self._caplog.records if not one.name.startswith("asyncua"))
        return "\n".join(one.getMessage() for one in records)

    async def close(self) -> None:
        for connector in self._open:
            await connector.close()
        await self.proxy.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def plant() -> AsyncIterator[Plant]:
    plant = Plant(PASSWORD)
    await plant.start()
    yield plant
    await plant.server.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def bench(plant: Plant, caplog: pytest.LogCaptureFixture) -> AsyncIterator[MachineBench]:
    await plant.reset()
    bench = MachineBench(plant, caplog)
    bench.port = await bench.proxy.start()
    caplog.set_level("DEBUG")
    caplog.clear()
    yield bench
    await bench.close()


class TestOpcUa(ConnectorSuite):
    test_a_write_tells_the_document_that_stands_now = None
    test_repeating_with_the_same_key_does_nothing_twice = None
    test_an_error_inside_a_good_status_is_found = None
    test_done_in_spite_of_an_error_status_is_done = None
    test_an_item_the_target_does_not_know_is_a_missing_reference = None
    test_a_token_that_ends_among_many_calls_fails_none_and_doubles_none = None
    test_a_rate_limit_tells_how_long_to_wait = None
    test_a_target_that_says_it_did_nothing_is_unavailable = None
    test_fifty_megabytes_pass_in_pieces_with_flat_memory = None
    test_a_field_that_has_another_name_is_seen_and_stops_what_uses_it = None

    async def test_opens_and_closes_again_and_again(self, bench: Bench) -> None:
        for number in range(3):
            connector = await bench.connect()
            await connector.call(bench.operation, order(f"S-{number}"), context())
            await connector.close()
        assert [write["number"] for write in bench.done] == ["S-0", "S-1", "S-2"]

    async def test_a_write_is_done_once_and_tells_its_number(self, bench: Bench) -> None:
        """A method has no number; it has an answer."""
        connector = await bench.connect()
        outcome = await connector.call(bench.operation, order(), context())
        assert outcome.answer == {"answer": "started S-1/M-1"}
        assert len(bench.done) == 1

    async def test_a_business_no_is_refused_with_the_targets_words(self, bench: Bench) -> None:
        connector = await bench.connect()
        error = await raised(Refused, connector.call("press.block", {}, context()))
        assert error.vendor_code == "BadInvalidState"
        assert not bench.done

    async def test_wrong_data_is_invalid(self, bench: Bench) -> None:
        connector = await bench.connect()
        await raised(Invalid, connector.call("press.aim", {"target": "many"}, context()))

    async def test_a_session_that_ends_in_mid_run_is_renewed(self, bench: Bench) -> None:
        """The end is met by a reading or by a write that is unknown; from then on there is a new session."""
        connector = await bench.connect()
        await connector.call(bench.operation, order("S-1"), context("a"))
        bench.expire_session()
        with pytest.raises(ConnectorError):
            await connector.call(bench.reading, {}, context(timeout_s=2))
        await connector.call(bench.operation, order("S-2"), context("b"))
        assert [write["number"] for write in bench.done] == ["S-1", "S-2"]

    async def test_the_connector_never_retries_by_itself(self, bench: Bench) -> None:
        connector = await bench.connect()
        planned: tuple[Behaviour, ...] = ("server_error", "lost_reply")
        for behaviour in planned:
            before = bench.arrived
            bench.behave(behaviour)
            await raised(OutcomeUnknown, connector.call(bench.operation, order(), context()))
            assert bench.arrived == before + 1, behaviour

    async def test_decimals_arrive_and_return_exactly(self, bench: Bench) -> None:
        assert isinstance(bench, MachineBench)
        connector = await bench.connect()
        await connector.call("press.aim", {"target": Decimal("500")}, context())
        assert await bench.plant.target.read_value() == 500
        await bench.plant.set_count(480)
        record = await connector.read(bench.resource, "press_count")
        assert record is not None
        assert (record["value"], type(record["value"])) == (Decimal(480), Decimal)

    async def test_unicode_travels_unharmed(self, bench: Bench) -> None:
        connector = await bench.connect()
        number = "订单 €/½?#&'\"\u00a0𠮷-1"
        outcome = await connector.call(bench.operation, order(number), context("键/1"))
        assert bench.done[0]["number"] == number
        assert outcome.answer == {"answer": f"started {number}/M-1"}

    async def test_changes_are_read_without_a_gap_across_a_restart(self, bench: Bench) -> None:
        """Each reading tells the values that are others now; the last one is never lost."""
        assert isinstance(bench, MachineBench)
        connector = await bench.connect()
        first = await connector.changes(bench.resource, None)
        await connector.close()
        await bench.plant.set_count(7)
        again = await bench.connect()
        page = await again.changes(bench.resource, first.cursor)
        assert [(one.subject, one.data["value"]) for one in page.changes] == [("press_count", Decimal(7))]
        assert (await again.changes(bench.resource, page.cursor)).changes == ()

    async def test_a_change_has_the_same_id_whenever_it_is_read(self, bench: Bench) -> None:
        connector = await bench.connect()
        first, second = [await connector.changes(bench.resource, None) for _ in range(2)]
        assert [one.id for one in first.changes] == [one.id for one in second.changes] != []

    async def test_secrets_are_in_no_log_and_no_error(
        self, bench: Bench, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Not in the library's own log either, at its finest."""
        connector = await bench.connect()
        words = []
        planned: tuple[Behaviour, ...] = ("garbage", "half_answer", "lost_reply")
        for behaviour in planned:
            bench.behave(behaviour)
            error = await raised(OutcomeUnknown, connector.call(bench.operation, order(), context()))
            words += [str(error), error.vendor_text or "", repr(error)]
        denied = await bench.connect(wrong_secret=True)
        with pytest.raises(ConnectorError) as caught:
            await denied.call(bench.operation, order(), context())
        everything = "\n".join([caplog.text, *words, str(caught.value), repr(connector)])
        assert PASSWORD not in everything
        assert PASSWORD[::-1] not in everything

    async def test_ordinary_work_logs_nothing(self, bench: Bench) -> None:
        connector = await bench.connect()
        await connector.call(bench.operation, order(), context())
        await connector.changes(bench.resource, None)
        assert bench.logged == ""
