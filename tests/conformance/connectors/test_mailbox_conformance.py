"""The mailbox connector passes the connector suite on a real Dovecot.

What it writes is where a message lies and how it is marked; the messages come from others. So the cases that
write file a message that was delivered before, and a proxy loses what the suite wants lost. Left out is what
no mailbox has: an error inside a good answer, a rate limit, documents, references, fields of its own.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from email.message import EmailMessage
from typing import Any

import pytest
import pytest_asyncio

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import ConnectorError, Invalid, LeaseLost, OutcomeUnknown, Refused, Unavailable
from lineshaft.connectors.mailbox import MAILBOX
from lineshaft.sdk.connector import Connector
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import Behaviour, Bench, ConnectorSuite, Gate, context, raised
from support.dovecot import Dovecot
from support.wire_proxy import WireProxy
from tools.postgres import free_port

pytestmark = pytest.mark.needs("dovecot")

PASSWORD = "mailbox-s3cret"
MANIFEST = """
format: 1
connector: mailbox
name: orders_mail
auth: {user: secret:user, password: secret:password}
resources:
  mail: {page: 3, type: '"mail.received"', subject: item.subject, event_types: [mail.received]}
operations:
  mail.file: {action: move, resource: mail, id: payload.id, to: '"已处理"'}
  mail.find: {action: find, resource: mail, where: {subject: payload.subject}}
"""
WORDS = {
    "refuse": "NO [OVERQUOTA] 超信用额度",
    "invalid": "NO [CANNOT] not a name of a folder",
    "busy": "NO [UNAVAILABLE] try again later",
    "echo_secret": f"NO you sent {PASSWORD}",
}


class MailboxBench:
    """A real mailbox behind a proxy."""

    operation = "mail.file"
    reading = "mail.find"
    resource = "mail"
    file_operation = file_resource = ""
    secret_values: Sequence[str] = (PASSWORD,)

    def __init__(self, server: Dovecot, caplog: pytest.LogCaptureFixture) -> None:
        self.server = server
        self._caplog = caplog
        self._open: list[Connector] = []
        self._delivered = 0
        self.proxy = WireProxy(
            "127.0.0.1",
            server.port,
            counted=re.compile(rb"UID MOVE"),
            marked=re.compile(rb"UID MOVE|UID SEARCH.*SUBJECT", re.S),
            says=lambda plan, chunk: chunk.partition(b" ")[0] + f" {WORDS[plan]}\r\n".encode(),
        )
        self.port = 0

    async def start(self) -> None:
        self.port = await self.proxy.start()

    async def connect(self, *, wrong_secret: bool = False, unreachable: bool = False) -> Connector:
        known = {"user": "orders", "password": "wrong-" + PASSWORD[::-1] if wrong_secret else PASSWORD}
        port = free_port() if unreachable else self.port
        connection = Connection(
            "orders_mail", {"host": "127.0.0.1", "port": port}, known.__getitem__, FixedClock()
        )
        connector = MAILBOX.read(MANIFEST.encode(), "mail.yaml").connect(connection)
        await connector.open()
        self._open.append(connector)
        return connector

    def deliver(self, subject: str) -> None:
        """Let a message of that subject arrive."""
        made = EmailMessage()
        made["From"], made["To"], made["Subject"] = "a@customer.example", "orders@firm.example", subject
        made["Message-ID"] = f"<{subject.encode().hex()}@customer.example>"
        made.set_content("正文\n")
        self._delivered += 1
        self.server.put(f"m{self._delivered}-{id(self)}", made.as_bytes())

    async def ids(self, connector: Connector, *subjects: str) -> list[dict[str, Any]]:
        """Deliver messages; return the payloads that file them."""
        for subject in subjects:
            self.deliver(subject)
        found = {change.subject: change.data["id"] for change in await all_of(connector)}
        return [{"id": found[subject]} for subject in subjects]

    def behave(self, *behaviours: Behaviour) -> None:
        self.proxy.plans[:] = behaviours

    def expire_session(self) -> None:
        self.proxy.cut()

    @property
    def done(self) -> Sequence[Mapping[str, Any]]:
        folder = self.server.mail / ".&XfJZBHQG-"
        return [{"file": path.name} for place in ("cur", "new") for path in (folder / place).glob("*")]

    @property
    def arrived(self) -> int:
        return self.proxy.arrived

    @property
    def logged(self) -> str:
        return self._caplog.text

    async def close(self) -> None:
        for connector in self._open:
            await connector.close()
        await self.proxy.stop()


async def all_of(connector: Connector, cursor: bytes | None = None) -> list[Any]:
    found: list[Any] = []
    while True:
        page = await connector.changes("mail", cursor)
        found += page.changes
        cursor = page.cursor
        if not page.more:
            return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Dovecot]:
    server = Dovecot(tmp_path_factory.mktemp("dovecot"), "orders", PASSWORD)
    await server.start()
    yield server
    server.stop()


@pytest_asyncio.fixture
async def bench(server: Dovecot, caplog: pytest.LogCaptureFixture) -> AsyncIterator[MailboxBench]:
    for folder in (server.mail, server.mail / ".&XfJZBHQG-"):
        for path in (*folder.glob("cur/*"), *folder.glob("new/*")):
            path.unlink()
    bench = MailboxBench(server, caplog)
    await bench.start()
    caplog.set_level("DEBUG")
    caplog.clear()
    yield bench
    await bench.close()


class TestMailbox(ConnectorSuite):
    test_a_write_tells_the_document_that_stands_now = None
    test_an_error_inside_a_good_status_is_found = None
    test_done_in_spite_of_an_error_status_is_done = None
    test_an_item_the_target_does_not_know_is_a_missing_reference = None
    test_a_rate_limit_tells_how_long_to_wait = None
    test_decimals_arrive_and_return_exactly = None
    test_a_token_that_ends_among_many_calls_fails_none_and_doubles_none = None
    # Out of a mailbox a large message comes in pieces too: tests/integration/connectors/test_mailbox.py.
    test_fifty_megabytes_pass_in_pieces_with_flat_memory = None
    test_a_field_that_has_another_name_is_seen_and_stops_what_uses_it = None

    async def test_opens_and_closes_again_and_again(self, bench: Bench) -> None:
        assert isinstance(bench, MailboxBench)
        payload: dict[str, Any] = {}
        for number in range(3):
            connector = await bench.connect()
            payload = payload or (await bench.ids(connector, "S-1"))[0]
            outcome = await connector.call(bench.operation, payload, context())
            assert outcome.repeated is (number > 0)
            await connector.close()
        assert len(bench.done) == 1

    async def test_a_write_is_done_once_and_tells_its_number(self, bench: Bench) -> None:
        assert isinstance(bench, MailboxBench)
        connector = await bench.connect()
        (payload,) = await bench.ids(connector, "S-1")
        outcome = await connector.call(bench.operation, payload, context())
        assert (outcome.number, outcome.repeated) == (payload["id"], False)
        assert len(bench.done) == 1

    async def test_sending_is_announced_once_before_a_write(self, bench: Bench) -> None:
        assert isinstance(bench, MailboxBench)
        connector = await bench.connect()
        (payload,) = await bench.ids(connector, "S-1")
        gate = Gate()
        await connector.call(bench.operation, payload, context(gate=gate))
        assert gate.calls == 1

    async def test_no_byte_leaves_where_sending_refuses(self, bench: Bench) -> None:
        assert isinstance(bench, MailboxBench)
        connector = await bench.connect()
        (payload,) = await bench.ids(connector, "S-1")
        for _ in range(2):
            await raised(LeaseLost, connector.call(bench.operation, payload, context(gate=Gate(closed=True))))
        assert (bench.arrived, len(bench.done)) == (0, 0)

    async def test_repeating_with_the_same_key_does_nothing_twice(self, bench: Bench) -> None:
        assert isinstance(bench, MailboxBench)
        connector = await bench.connect()
        (payload,) = await bench.ids(connector, "S-1")
        first = await connector.call(bench.operation, payload, context("k-7"))
        second = await connector.call(bench.operation, payload, context("k-7"))
        assert (second.number, second.repeated) == (first.number, True)
        assert (bench.arrived, len(bench.done)) == (1, 1)

    async def test_a_business_no_is_refused_with_the_targets_words(self, bench: Bench) -> None:
        assert isinstance(bench, MailboxBench)
        connector = await bench.connect()
        (payload,) = await bench.ids(connector, "S-1")
        bench.behave("refuse")
        error = await raised(Refused, connector.call(bench.operation, payload, context()))
        assert error.vendor_code == "OVERQUOTA"
        assert "超信用额度" in (error.vendor_text or "")
        assert not bench.done

    @pytest.mark.parametrize(("behaviour", "kind"), [("invalid", Invalid), ("busy", Unavailable)])
    async def test_the_servers_codes_say_what_it_is(
        self, bench: Bench, behaviour: Behaviour, kind: type[ConnectorError]
    ) -> None:
        assert isinstance(bench, MailboxBench)
        connector = await bench.connect()
        (payload,) = await bench.ids(connector, "S-1")
        bench.behave(behaviour)
        await raised(kind, connector.call(bench.operation, payload, context()))

    async def test_wrong_data_is_invalid(self, bench: Bench) -> None:
        connector = await bench.connect()
        await raised(Invalid, connector.call(bench.operation, {"id": "no number"}, context()))

    async def test_a_target_that_says_it_did_nothing_is_unavailable(self, bench: Bench) -> None:
        await self.test_the_servers_codes_say_what_it_is(bench, "busy", Unavailable)

    async def test_an_unreachable_target_is_unavailable_and_nothing_was_announced(self, bench: Bench) -> None:
        connector = await bench.connect(unreachable=True)
        gate = Gate()
        await raised(Unavailable, connector.call(bench.operation, {"id": "1/1"}, context(gate=gate)))
        assert gate.calls == 0

    async def test_wrong_credentials_are_unavailable_and_say_so(self, bench: Bench) -> None:
        connector = await bench.connect(wrong_secret=True)
        error = await raised(Unavailable, connector.call(bench.operation, {"id": "1/1"}, context()))
        assert error.code == "wrong_credentials"

    async def test_a_session_that_ends_in_mid_run_is_renewed(self, bench: Bench) -> None:
        assert isinstance(bench, MailboxBench)
        connector = await bench.connect()
        first, second = await bench.ids(connector, "S-1", "S-2")
        await connector.call(bench.operation, first, context("a"))
        bench.expire_session()
        await connector.call(bench.operation, second, context("b"))
        assert len(bench.done) == 2

    async def lost(self, bench: Bench, behaviour: Behaviour, timeout_s: float = 10.0) -> None:
        assert isinstance(bench, MailboxBench)
        connector = await bench.connect()
        (payload,) = await bench.ids(connector, "S-1")
        bench.behave(behaviour)
        gate = Gate()
        await raised(OutcomeUnknown, connector.call(bench.operation, payload, context("k", timeout_s, gate)))
        assert (gate.calls, bench.arrived) == (1, 1)

    async def test_no_answer_in_time_is_unknown(self, bench: Bench) -> None:
        await self.lost(bench, "hang", 0.5)

    async def test_a_lost_answer_is_unknown_though_it_was_done(self, bench: Bench) -> None:
        await self.lost(bench, "lost_reply")
        assert len(bench.done) == 1

    async def test_half_an_answer_is_unknown(self, bench: Bench) -> None:
        await self.lost(bench, "half_answer")

    async def test_garbage_in_a_good_status_is_unknown(self, bench: Bench) -> None:
        await self.lost(bench, "garbage")

    async def test_a_server_error_without_a_word_is_unknown(self, bench: Bench) -> None:
        await self.lost(bench, "server_error")

    async def test_a_write_on_a_dead_connection_is_never_sent_twice(self, bench: Bench) -> None:
        await self.lost(bench, "dead_connection")

    async def test_a_reading_that_gets_no_answer_is_only_unavailable(self, bench: Bench) -> None:
        connector = await bench.connect()
        planned: tuple[Behaviour, ...] = ("lost_reply", "half_answer", "garbage", "server_error")
        for behaviour in planned:
            bench.behave(behaviour)
            await raised(Unavailable, connector.call(bench.reading, {"subject": "S-1"}, context()))

    async def test_the_connector_never_retries_by_itself(self, bench: Bench) -> None:
        assert isinstance(bench, MailboxBench)
        connector = await bench.connect()
        (payload,) = await bench.ids(connector, "S-1")
        planned: tuple[Behaviour, ...] = ("busy", "server_error", "refuse", "invalid")
        for behaviour in planned:
            before = bench.arrived
            bench.behave(behaviour)
            with pytest.raises(ConnectorError):
                await connector.call(bench.operation, payload, context())
            assert bench.arrived == before + 1, behaviour

    async def test_unicode_travels_unharmed(self, bench: Bench) -> None:
        assert isinstance(bench, MailboxBench)
        subject = "订单 €/½?#&'\"𠮷-1"
        connector = await bench.connect()
        (payload,) = await bench.ids(connector, subject)
        record = await connector.read(bench.resource, payload["id"])
        assert record is not None
        assert record["subject"] == subject
        found = await connector.call(bench.reading, {"subject": "订单 €"}, context())
        assert [each["subject"] for each in found.answer["records"]] == [subject]

    async def test_reading_what_is_not_there_gives_nothing(self, bench: Bench) -> None:
        assert isinstance(bench, MailboxBench)
        connector = await bench.connect()
        (payload,) = await bench.ids(connector, "S-1")
        assert await connector.read(bench.resource, f"{payload['id'].partition('/')[0]}/404") is None

    async def test_a_payload_that_lacks_a_field_is_invalid_and_sends_nothing(self, bench: Bench) -> None:
        connector = await bench.connect()
        gate = Gate()
        await raised(Invalid, connector.call(bench.operation, {}, context(gate=gate)))
        assert (bench.arrived, gate.calls) == (0, 0)

    async def test_changes_are_read_without_a_gap_across_a_restart(self, bench: Bench) -> None:
        assert isinstance(bench, MailboxBench)
        connector = await bench.connect()
        for number in range(7):
            bench.deliver(f"S-{number}")
        page = await connector.changes(bench.resource, None)
        await connector.close()
        again = await bench.connect()
        seen = [*page.changes, *await all_of(again, page.cursor)]
        assert sorted(change.subject for change in seen) == [f"S-{number}" for number in range(7)]

    async def test_a_change_has_the_same_id_whenever_it_is_read(self, bench: Bench) -> None:
        assert isinstance(bench, MailboxBench)
        bench.deliver("S-1")
        first, second = [await all_of(await bench.connect()) for _ in range(2)]
        assert [change.id for change in first] == [change.id for change in second] != []

    async def test_a_batch_has_one_result_per_item_in_order(self, bench: Bench) -> None:
        assert isinstance(bench, MailboxBench)
        connector = await bench.connect()
        first, third = await bench.ids(connector, "S-1", "S-3")
        results = await connector.write(bench.operation, [first, {}, third], context())
        assert [result.outcome is not None for result in results] == [True, False, True]
        assert isinstance(results[1].error, Invalid)
        assert len(bench.done) == 2

    async def test_secrets_are_in_no_log_and_no_error(self, bench: Bench) -> None:
        assert isinstance(bench, MailboxBench)
        connector = await bench.connect()
        first, second = await bench.ids(connector, "S-1", "S-2")
        words = []
        planned: tuple[Behaviour, ...] = ("echo_secret", "refuse", "garbage", "lost_reply")
        for behaviour, payload in zip(planned, (first, first, first, second), strict=True):
            bench.behave(behaviour)
            with pytest.raises(ConnectorError) as caught:
                await connector.call(bench.operation, payload, context())
            words += [str(caught.value), caught.value.vendor_text or "", repr(caught.value)]
        denied = await bench.connect(wrong_secret=True)
        with pytest.raises(ConnectorError) as caught:
            await denied.call(bench.operation, first, context())
        everything = "\n".join([bench.logged, *words, str(caught.value), repr(connector)])
        assert PASSWORD not in everything
        assert PASSWORD[::-1] not in everything

    async def test_ordinary_work_logs_nothing(self, bench: Bench) -> None:
        assert isinstance(bench, MailboxBench)
        connector = await bench.connect()
        (payload,) = await bench.ids(connector, "S-1")
        await connector.call(bench.operation, payload, context())
        await asyncio.sleep(0)
        assert bench.logged == ""
