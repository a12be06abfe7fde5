"""The mail connector passes the connector suite on a real SMTP server.

SMTP only takes: left out is everything that reads. It has no key either; a repeat carries the same
Message-ID, by which a mailbox knows the second copy.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import ConnectorError, OutcomeUnknown, Refused
from lineshaft.connectors.mail import MAIL
from lineshaft.sdk.connector import Connector
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import Behaviour, Bench, ConnectorSuite, context, order, raised
from support.mail_server import PASSWORD, MailServer
from tools.postgres import free_port

MANIFEST = """\
format: 1
connector: mail
name: notices
auth: {user: secret:mail_user, password: secret:mail_password}
messages:
  order.notice:
    to: '"buyer@example.com"'
    subject:
      zh: "{payload.number}"
      en: "{payload.number}"
    text:
      zh: "{payload.item};{payload.quantity};{payload.price}"
      en: "{payload.item};{payload.quantity};{payload.price}"
"""


class MailBench:
    """A real SMTP server that is told how to fail."""

    operation = "order.notice"
    reading = resource = file_operation = file_resource = ""
    secret_values: Sequence[str] = (PASSWORD,)

    def __init__(self, server: MailServer, caplog: pytest.LogCaptureFixture) -> None:
        self.server = server
        self._caplog = caplog

    async def connect(self, *, wrong_secret: bool = False, unreachable: bool = False) -> Connector:
        known = {"mail_user": "hub", "mail_password": "wr0ng" + PASSWORD[::-1] if wrong_secret else PASSWORD}
        port = free_port() if unreachable else self.server.port
        settings = {"host": "127.0.0.1", "port": port, "sender": "hub@plant.example"}
        connection = Connection("notices", settings, known.__getitem__, FixedClock())
        connector = MAIL.read(MANIFEST.encode(), "notices.yaml").connect(connection)
        await connector.open()
        return connector

    def behave(self, *behaviours: Behaviour) -> None:
        (self.server.plan,) = behaviours

    def expire_session(self) -> None:
        """Each message has a connection of its own."""

    async def upgrade(self) -> str:
        raise AssertionError("nothing is read from it")

    @property
    def done(self) -> Sequence[Mapping[str, Any]]:
        found = []
        for message in self.server.received:
            item, quantity, price = message.get_content().strip().split(";")
            number = str(message["Subject"])
            found.append({"number": number, "item": item, "quantity": quantity, "price": price})
        return found

    @property
    def arrived(self) -> int:
        return self.server.arrived

    @property
    def logged(self) -> str:
        # What the server itself says stands in the same log.
        return "\n".join(one.getMessage() for one in self._caplog.records if one.name != "mail.log")


@pytest_asyncio.fixture
async def bench(caplog: pytest.LogCaptureFixture) -> AsyncIterator[MailBench]:
    server = MailServer()
    server.lasting = False
    await server.start()
    caplog.set_level("DEBUG")
    caplog.clear()
    yield MailBench(server, caplog)
    await server.stop()


class TestMail(ConnectorSuite):
    test_a_write_tells_the_document_that_stands_now = None
    test_an_error_inside_a_good_status_is_found = None
    test_done_in_spite_of_an_error_status_is_done = None
    test_an_item_the_target_does_not_know_is_a_missing_reference = None
    test_a_rate_limit_tells_how_long_to_wait = None
    test_a_token_that_ends_among_many_calls_fails_none_and_doubles_none = None
    test_a_session_that_ends_in_mid_run_is_renewed = None
    test_a_reading_that_gets_no_answer_is_only_unavailable = None
    test_reading_what_is_not_there_gives_nothing = None
    test_changes_are_read_without_a_gap_across_a_restart = None
    test_a_change_has_the_same_id_whenever_it_is_read = None
    test_fifty_megabytes_pass_in_pieces_with_flat_memory = None
    test_a_field_that_has_another_name_is_seen_and_stops_what_uses_it = None

    async def test_opens_and_closes_again_and_again(self, bench: Bench) -> None:
        for number in range(3):
            connector = await bench.connect()
            await connector.call(bench.operation, order(f"S-{number}"), context())
            await connector.close()
        assert len(bench.done) == 3

    async def test_repeating_with_the_same_key_does_nothing_twice(self, bench: Bench) -> None:
        """Both copies carry the same Message-ID."""
        assert isinstance(bench, MailBench)
        connector = await bench.connect()
        numbers = [(await connector.call(bench.operation, order(), context(key))).number for key in "aab"]
        assert numbers == [message["Message-ID"] for message in bench.server.received]
        assert numbers[0] == numbers[1] != numbers[2]

    async def test_a_business_no_is_refused_with_the_targets_words(self, bench: Bench) -> None:
        connector = await bench.connect()
        bench.behave("refuse")
        error = await raised(Refused, connector.call(bench.operation, order(), context()))
        assert (error.vendor_code, error.vendor_text) == ("554", "5.7.1 content refused")
        assert not bench.done

    async def test_no_answer_in_time_is_unknown(self, bench: Bench) -> None:
        """Each message has a connection of its own: to make it takes a part of the time."""
        connector = await bench.connect()
        bench.behave("hang")
        await raised(OutcomeUnknown, connector.call(bench.operation, order(), context(timeout_s=0.5)))

    async def test_the_connector_never_retries_by_itself(self, bench: Bench) -> None:
        connector = await bench.connect()
        planned: tuple[Behaviour, ...] = ("busy", "server_error", "refuse")
        for behaviour in planned:
            before = bench.arrived
            bench.behave(behaviour)
            with pytest.raises(ConnectorError):
                await connector.call(bench.operation, order(), context())
            assert bench.arrived == before + 1, behaviour

    async def test_decimals_arrive_and_return_exactly(self, bench: Bench) -> None:
        connector = await bench.connect()
        await connector.call(bench.operation, order(), context())
        (write,) = bench.done
        assert (Decimal(write["quantity"]), write["price"]) == (Decimal("0.10"), "1234567890.12345678901")

    async def test_unicode_travels_unharmed(self, bench: Bench) -> None:
        connector = await bench.connect()
        number = "订单 €/½?#&'\"𠮷-1"
        await connector.call(bench.operation, order(number), context("键/1"))
        assert bench.done[0]["number"] == number

    async def test_ordinary_work_logs_nothing(self, bench: Bench) -> None:
        connector = await bench.connect()
        await connector.call(bench.operation, order(), context())
        assert bench.logged == ""
