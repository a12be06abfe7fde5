"""The conformance suite that every connector passes: subclass it in a test and give it a bench.

The cases are the ways in which real targets fail. They run against a real server over a real connection,
which the bench starts and steers. It imports no test framework; ``pytest-asyncio`` runs it as it is. Not for
what only one kind of connector can do.
"""

from __future__ import annotations

import asyncio
import hashlib
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, Literal, Protocol, TypeVar

from lineshaft.base.errors import (
    ConnectorError,
    HubError,
    Invalid,
    LeaseLost,
    MissingReference,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Unavailable,
)
from lineshaft.sdk.connector import CallContext, Connector, Streamer
from lineshaft.sdk.drift import compare, schema_of, uses_of

E = TypeVar("E", bound=HubError)

_FILE_BYTES: Final = 50 * 1024 * 1024

Behaviour = Literal[
    "ok",
    "refuse",
    "invalid",
    "unknown_item",
    "ok_with_error",
    "error_but_done",
    "busy",
    "rate_limit",
    "hang",
    "lost_reply",
    "half_answer",
    "garbage",
    "server_error",
    "dead_connection",
    "echo_secret",
]
"""How the target treats one request: see the case of the same name."""


class Bench(Protocol):
    """A target that can be steered, and the connector under test."""

    operation: str
    """A write with an idempotency key: payload ``number``, ``item``, ``quantity``, ``price``."""
    reading: str
    """An operation that only reads: payload ``number``."""
    resource: str
    """A resource that can be read by number and polled for changes."""
    file_operation: str
    """An operation that takes a file's content; of targets that keep files."""
    file_resource: str
    """A resource whose content can be read under the number that the operation gave."""
    secret_values: Sequence[str]
    """What must never be seen in a log or an error."""

    async def connect(self, *, wrong_secret: bool = False, unreachable: bool = False) -> Connector:
        """Return a connector, opened; the bench closes it at the end."""
        ...

    def behave(self, *behaviours: Behaviour) -> None:
        """Treat the next business requests so, one after another; then ``ok``."""
        ...

    def expire_session(self) -> None:
        """End every session, as a restart of the target does; nothing where there are none."""
        ...

    async def upgrade(self) -> str:
        """Give the quantity in the records another name; return the name that it had in the target."""
        ...

    @property
    def done(self) -> Sequence[Mapping[str, Any]]:
        """The writes that the target has carried out, in order."""
        ...

    @property
    def arrived(self) -> int:
        """Business requests of which at least one byte arrived."""
        ...

    @property
    def logged(self) -> str:
        """Everything logged so far, all levels."""
        ...


def order(number: str = "S-1", **changes: Any) -> dict[str, Any]:
    """Return a payload for the bench's write."""
    record: dict[str, Any] = {
        "number": number,
        "item": "M-1",
        "quantity": Decimal("0.10"),
        "price": Decimal("1234567890.12345678901"),
    }
    return record | changes


class Gate:
    """Counts the calls of ``sending``; may refuse as an engine without a lease does."""

    def __init__(self, *, closed: bool = False) -> None:
        self.calls = 0
        self.closed = closed

    def __call__(self) -> None:
        """Count one, or refuse.

        Raises:
            LeaseLost: The gate is closed.
        """
        self.calls += 1
        if self.closed:
            raise LeaseLost("the lane belongs to another worker")


def context(key: str = "k-1", timeout_s: float = 10.0, gate: Gate | None = None) -> CallContext:
    """Return a call context for one try."""
    return CallContext(key, 1, timeout_s, gate if gate is not None else Gate())


async def raised(kind: type[E], work: Awaitable[Any]) -> E:
    """Return the error that ``work`` raises, which must be of exactly this class."""
    try:
        result = await work
    except HubError as error:
        assert type(error) is kind, f"Expected {kind.__name__}, but {type(error).__name__}: {error}"
        assert isinstance(error, kind)
        return error
    raise AssertionError(f"Expected {kind.__name__}, but it returned {result!r}")


class ConnectorSuite:
    """The cases. A subclass brings a fixture ``bench``."""

    async def test_opens_and_closes_again_and_again(self, bench: Bench) -> None:
        for _ in range(3):
            connector = await bench.connect()
            await connector.call(bench.operation, order(), context("same"))
            await connector.close()
        assert len(bench.done) == 1

    async def test_a_write_is_done_once_and_tells_its_number(self, bench: Bench) -> None:
        connector = await bench.connect()
        outcome = await connector.call(bench.operation, order(), context())
        assert outcome.number
        assert not outcome.repeated
        assert len(bench.done) == 1

    async def test_a_write_tells_the_document_that_stands_now(self, bench: Bench) -> None:
        connector = await bench.connect()
        outcome = await connector.call(bench.operation, order(), context())
        (document,) = outcome.documents
        assert document.number == outcome.number
        assert document.local_id
        assert [(line.item, line.quantity) for line in document.lines] == [("M-1", Decimal("0.10"))]

    async def test_sending_is_announced_once_before_a_write(self, bench: Bench) -> None:
        connector = await bench.connect()
        gate = Gate()
        await connector.call(bench.operation, order(), context(gate=gate))
        assert gate.calls == 1

    async def test_no_byte_leaves_where_sending_refuses(self, bench: Bench) -> None:
        connector = await bench.connect()
        for _ in range(2):  # on a new connection, and on one that waits in the pool
            await raised(LeaseLost, connector.call(bench.operation, order(), context(gate=Gate(closed=True))))
        assert bench.arrived == 0
        await connector.call(bench.operation, order(), context())
        before = bench.arrived
        await raised(LeaseLost, connector.call(bench.operation, order(), context(gate=Gate(closed=True))))
        assert bench.arrived == before

    async def test_repeating_with_the_same_key_does_nothing_twice(self, bench: Bench) -> None:
        connector = await bench.connect()
        first = await connector.call(bench.operation, order(), context("k-7"))
        second = await connector.call(bench.operation, order(), context("k-7"))
        assert second.number == first.number
        assert second.repeated
        assert len(bench.done) == 1

    async def test_a_business_no_is_refused_with_the_targets_words(self, bench: Bench) -> None:
        connector = await bench.connect()
        bench.behave("refuse")
        error = await raised(Refused, connector.call(bench.operation, order(), context()))
        assert error.vendor_code
        assert "超信用额度" in (error.vendor_text or "")
        assert not bench.done

    async def test_wrong_data_is_invalid(self, bench: Bench) -> None:
        connector = await bench.connect()
        bench.behave("invalid")
        await raised(Invalid, connector.call(bench.operation, order(), context()))

    async def test_an_error_inside_a_good_status_is_found(self, bench: Bench) -> None:
        connector = await bench.connect()
        bench.behave("ok_with_error")
        error = await raised(Refused, connector.call(bench.operation, order(), context()))
        assert error.vendor_code
        assert not bench.done

    async def test_done_in_spite_of_an_error_status_is_done(self, bench: Bench) -> None:
        connector = await bench.connect()
        bench.behave("error_but_done")
        outcome = await connector.call(bench.operation, order(), context())
        assert outcome.number
        assert len(bench.done) == 1

    async def test_an_item_the_target_does_not_know_is_a_missing_reference(self, bench: Bench) -> None:
        connector = await bench.connect()
        bench.behave("unknown_item")
        error = await raised(MissingReference, connector.call(bench.operation, order(), context()))
        assert error.reference.endswith("M-1")

    async def test_an_unreachable_target_is_unavailable_and_nothing_was_announced(self, bench: Bench) -> None:
        connector = await bench.connect(unreachable=True)
        gate = Gate()
        await raised(Unavailable, connector.call(bench.operation, order(), context(gate=gate)))
        assert gate.calls == 0

    async def test_wrong_credentials_are_unavailable_and_say_so(self, bench: Bench) -> None:
        connector = await bench.connect(wrong_secret=True)
        error = await raised(Unavailable, connector.call(bench.operation, order(), context()))
        assert error.code == "wrong_credentials"
        assert not bench.done

    async def test_a_session_that_ends_in_mid_run_is_renewed(self, bench: Bench) -> None:
        connector = await bench.connect()
        await connector.call(bench.operation, order("S-1"), context("a"))
        bench.expire_session()
        await connector.call(bench.operation, order("S-2"), context("b"))
        assert [write["number"] for write in bench.done] == ["S-1", "S-2"]

    async def test_a_token_that_ends_among_many_calls_fails_none_and_doubles_none(self, bench: Bench) -> None:
        connector = await bench.connect()
        for turn in range(3):
            calls = [
                asyncio.create_task(
                    connector.call(bench.operation, order(f"S-{turn}-{index}"), context(f"{turn}/{index}"))
                )
                for index in range(4)
            ]
            await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
            bench.expire_session()
            await asyncio.gather(*calls)
        assert sorted(write["number"] for write in bench.done) == [
            f"S-{turn}-{index}" for turn in range(3) for index in range(4)
        ]

    async def test_a_rate_limit_tells_how_long_to_wait(self, bench: Bench) -> None:
        connector = await bench.connect()
        bench.behave("rate_limit")
        error = await raised(RateLimited, connector.call(bench.operation, order(), context()))
        assert error.wait_s == 7

    async def test_a_target_that_says_it_did_nothing_is_unavailable(self, bench: Bench) -> None:
        connector = await bench.connect()
        bench.behave("busy")
        await raised(Unavailable, connector.call(bench.operation, order(), context()))

    async def test_no_answer_in_time_is_unknown(self, bench: Bench) -> None:
        connector = await bench.connect()
        bench.behave("hang")
        await raised(OutcomeUnknown, connector.call(bench.operation, order(), context(timeout_s=0.2)))

    async def test_a_lost_answer_is_unknown_though_it_was_done(self, bench: Bench) -> None:
        connector = await bench.connect()
        bench.behave("lost_reply")
        await raised(OutcomeUnknown, connector.call(bench.operation, order(), context()))
        assert len(bench.done) == 1

    async def test_half_an_answer_is_unknown(self, bench: Bench) -> None:
        connector = await bench.connect()
        bench.behave("half_answer")
        await raised(OutcomeUnknown, connector.call(bench.operation, order(), context()))

    async def test_garbage_in_a_good_status_is_unknown(self, bench: Bench) -> None:
        connector = await bench.connect()
        bench.behave("garbage")
        await raised(OutcomeUnknown, connector.call(bench.operation, order(), context()))

    async def test_a_server_error_without_a_word_is_unknown(self, bench: Bench) -> None:
        connector = await bench.connect()
        bench.behave("server_error")
        await raised(OutcomeUnknown, connector.call(bench.operation, order(), context()))

    async def test_a_write_on_a_dead_connection_is_never_sent_twice(self, bench: Bench) -> None:
        connector = await bench.connect()
        await connector.call(bench.operation, order("S-1"), context("a"))
        before = bench.arrived
        bench.behave("dead_connection")
        gate = Gate()
        await raised(OutcomeUnknown, connector.call(bench.operation, order("S-2"), context("b", gate=gate)))
        assert gate.calls == 1
        assert bench.arrived == before + 1

    async def test_a_reading_that_gets_no_answer_is_only_unavailable(self, bench: Bench) -> None:
        connector = await bench.connect()
        for behaviour in ("lost_reply", "half_answer", "garbage", "server_error"):
            bench.behave(behaviour)
            error = await _connector_error(connector.call(bench.reading, {"number": "S-1"}, context()))
            assert type(error) is Unavailable, behaviour

    async def test_the_connector_never_retries_by_itself(self, bench: Bench) -> None:
        connector = await bench.connect()
        for behaviour in ("busy", "rate_limit", "server_error", "refuse", "invalid"):
            before = bench.arrived
            bench.behave(behaviour)
            await _connector_error(connector.call(bench.operation, order(), context()))
            assert bench.arrived == before + 1, behaviour

    async def test_decimals_arrive_and_return_exactly(self, bench: Bench) -> None:
        connector = await bench.connect()
        await connector.call(bench.operation, order(), context())
        (write,) = bench.done
        assert write["price"] == Decimal("1234567890.12345678901")
        assert write["quantity"] == Decimal("0.10")
        record = await connector.read(bench.resource, "S-1")
        assert record is not None
        assert isinstance(record["price"], Decimal)
        assert str(record["price"]) == "1234567890.12345678901"

    async def test_unicode_travels_unharmed(self, bench: Bench) -> None:
        connector = await bench.connect()
        number = "订单 €/½?#&'\"\u00a0𠮷-1"
        await connector.call(bench.operation, order(number), context("键/1"))
        assert bench.done[0]["number"] == number
        record = await connector.read(bench.resource, number)
        assert record is not None
        assert record["number"] == number

    async def test_reading_what_is_not_there_gives_nothing(self, bench: Bench) -> None:
        connector = await bench.connect()
        assert await connector.read(bench.resource, "S-404") is None

    async def test_an_unknown_operation_is_invalid_and_sends_nothing(self, bench: Bench) -> None:
        connector = await bench.connect()
        await raised(Invalid, connector.call("no.such.operation", {}, context()))
        assert bench.arrived == 0

    async def test_a_payload_that_lacks_a_field_is_invalid_and_sends_nothing(self, bench: Bench) -> None:
        connector = await bench.connect()
        payload = order()
        del payload["item"]
        gate = Gate()
        await raised(Invalid, connector.call(bench.operation, payload, context(gate=gate)))
        assert bench.arrived == 0
        assert gate.calls == 0

    async def test_changes_are_read_without_a_gap_across_a_restart(self, bench: Bench) -> None:
        connector = await bench.connect()
        seen, cursor = await _poll(connector, bench.resource, None)
        for index in range(7):
            await connector.call(bench.operation, order(f"S-{index}"), context(f"k-{index}"))
        page = await connector.changes(bench.resource, cursor)
        seen += [change.subject for change in page.changes]
        cursor = page.cursor
        await connector.close()
        again = await bench.connect()
        more, cursor = await _poll(again, bench.resource, cursor)
        seen += more
        assert set(seen) == {f"S-{index}" for index in range(7)}
        await again.call(bench.operation, order("S-late"), context("k-late"))
        late, _ = await _poll(again, bench.resource, cursor)
        assert "S-late" in late

    async def test_a_change_has_the_same_id_whenever_it_is_read(self, bench: Bench) -> None:
        connector = await bench.connect()
        _, cursor = await _poll(connector, bench.resource, None)
        await connector.call(bench.operation, order("S-1"), context())
        first = await connector.changes(bench.resource, cursor)
        second = await connector.changes(bench.resource, cursor)
        assert [change.id for change in first.changes] == [change.id for change in second.changes]
        assert first.changes

    async def test_a_batch_has_one_result_per_item_in_order(self, bench: Bench) -> None:
        connector = await bench.connect()
        items = [order("S-1"), {"number": "S-2"}, order("S-3")]
        results = await connector.write(bench.operation, items, context())
        assert [result.outcome is not None for result in results] == [True, False, True]
        assert isinstance(results[1].error, Invalid)
        assert sorted(write["number"] for write in bench.done) == ["S-1", "S-3"]

    async def test_fifty_megabytes_pass_in_pieces_with_flat_memory(self, bench: Bench) -> None:
        connector = await bench.connect()
        assert isinstance(connector, Streamer)
        piece = bytes(range(256)) * 1024
        sent, came = hashlib.sha256(), hashlib.sha256()

        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(_FILE_BYTES // len(piece)):
                sent.update(piece)
                yield piece

        tracemalloc.start()
        try:
            outcome = await connector.upload(bench.file_operation, {}, context(timeout_s=60.0), pieces)
            async for part in connector.download(bench.file_resource, outcome.number or ""):
                came.update(part)
            assert tracemalloc.get_traced_memory()[1] < 8 * 1024 * 1024
        finally:
            tracemalloc.stop()
        assert came.digest() == sent.digest()

    async def test_a_field_that_has_another_name_is_seen_and_stops_what_uses_it(self, bench: Bench) -> None:
        connector = await bench.connect()
        for number in ("S-1", "S-2"):
            await connector.call(bench.operation, order(number), context(number))
        accepted = schema_of(await connector.describe())
        former = await bench.upgrade()
        live = schema_of(await connector.describe())
        found = {each.field: each for each in compare(accepted, live, uses_of(connector.spec))}
        assert found[former].kind == "removed"
        assert found[former].stops
        assert [each for each in found.values() if each.kind == "added"]

    async def test_a_check_changes_nothing_and_ends_at_the_first_failure(self, bench: Bench) -> None:
        good = await (await bench.connect()).check()
        assert good
        assert all(step.ok for step in good)
        unreachable = await (await bench.connect(unreachable=True)).check()
        assert [step.ok for step in unreachable] == [False]
        denied = await (await bench.connect(wrong_secret=True)).check()
        assert not denied[-1].ok
        assert all(step.ok for step in denied[:-1])
        assert not bench.done

    async def test_secrets_are_in_no_log_and_no_error(self, bench: Bench) -> None:
        connector = await bench.connect()
        words = []
        for behaviour in ("echo_secret", "garbage", "refuse", "lost_reply"):
            bench.behave(behaviour)
            error = await _connector_error(connector.call(bench.operation, order(), context()))
            words += [str(error), error.message.in_language("zh"), error.vendor_text or "", repr(error)]
        denied = await bench.connect(wrong_secret=True)
        error = await _connector_error(denied.call(bench.operation, order(), context()))
        words += [str(error), error.vendor_text or ""]
        everything = "\n".join([bench.logged, *words, repr(connector)])
        for secret in bench.secret_values:
            assert secret not in everything

    async def test_ordinary_work_logs_nothing(self, bench: Bench) -> None:
        connector = await bench.connect()
        await connector.call(bench.operation, order(), context())
        await connector.read(bench.resource, "S-1")
        assert bench.logged == ""


async def _connector_error(work: Awaitable[Any]) -> ConnectorError:
    try:
        result = await work
    except ConnectorError as error:
        return error
    raise AssertionError(f"Expected a connector error, but it returned {result!r}")


async def _poll(connector: Connector, resource: str, cursor: bytes | None) -> tuple[list[str], bytes]:
    """Read until there is no more; return the subjects and the last cursor."""
    subjects: list[str] = []
    for _ in range(100):
        page = await connector.changes(resource, cursor)
        subjects += [change.subject for change in page.changes]
        cursor = page.cursor
        if not page.more:
            return subjects, cursor
    raise AssertionError("Expected the changes to end, but 100 pages did not")
