"""Traces: from the intake through the call to a target and a collector."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from lineshaft.app.logs import LogObserver
from lineshaft.app.otlp import OtlpSpans
from lineshaft.app.system_clock import SystemClock
from lineshaft.app.system_ids import SystemIds
from lineshaft.base.errors import Unavailable
from lineshaft.connectors.http.transport import Prepared, Transport
from lineshaft.engine.call_watch import CallWatch
from lineshaft.engine.config import EngineConfig
from lineshaft.engine.runtime import Runtime
from lineshaft.engine.traces import Span, parts, span_id, trace_id, traceparent
from lineshaft.sdk.trace import TRACEPARENT
from lineshaft.store.memory import MemoryDatabase, MemoryStore
from support.store_rows import effect


@pytest.fixture
async def collector() -> AsyncIterator[tuple[str, list[Any]]]:
    taken: list[Any] = []

    async def take(request: web.Request) -> web.Response:
        taken.append((dict(request.headers), json.loads(await request.read())))
        return web.Response()

    app = web.Application()
    app.router.add_post("/v1/traces", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield f"http://127.0.0.1:{port}/v1/traces", taken
    await runner.cleanup()


async def test_spans_reach_a_collector_in_otlp(collector: tuple[str, list[Any]]) -> None:
    url, taken = collector
    spans = OtlpSpans(url, {"Authorization": "Bearer key"}, {"service.name": "hub"})
    trace = trace_id("default", "SO-1")
    cause = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    spans.add(Span(trace, span_id("e1"), "crm.order", "intake", 1, 2, link=cause))
    spans.add(Span(trace, span_id("i1/3", 2), "erp.create", "call", 3, 4, "unavailable", {"n": 1}))
    sending = asyncio.create_task(spans.run())
    await asyncio.sleep(0)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    [(headers, body)] = taken
    assert headers["Authorization"] == "Bearer key"
    [resource] = body["resourceSpans"]
    assert resource["resource"]["attributes"] == [{"key": "service.name", "value": {"stringValue": "hub"}}]
    intake, call = resource["scopeSpans"][0]["spans"]
    assert intake["traceId"] == call["traceId"] == trace
    assert intake["links"] == [{"traceId": cause[3:35], "spanId": cause[36:52]}]
    assert call["status"] == {"code": 2, "message": "unavailable"}
    assert (spans.sent, spans.dropped) == (2, 0)


@pytest.mark.parametrize("wrong", ["", "x", "00-" + "0" * 32 + "-00f067aa0ba902b7-01", "01-ab-cd-01"])
def test_what_is_no_trace_context_is_left_out(wrong: str) -> None:
    assert parts(wrong) is None


def test_all_work_of_a_key_is_one_trace_and_each_attempt_a_span() -> None:
    assert trace_id("default", "SO-1") == trace_id("default", "SO-1") != trace_id("other", "SO-1")
    assert span_id("i1/3", 1) != span_id("i1/3", 2)
    assert parts(traceparent(trace_id("t", "k"), span_id("e"))) == (trace_id("t", "k"), span_id("e"))
    assert TRACEPARENT.get() == ""


class _Kept:
    def __init__(self) -> None:
        self.spans: list[Span] = []

    def add(self, span: Span) -> None:
        self.spans.append(span)


async def test_call_is_counted_and_its_target_continues_the_trace(collector: tuple[str, list[Any]]) -> None:
    url, taken = collector
    store = MemoryStore(MemoryDatabase(), SystemClock())
    runtime = Runtime(store, SystemClock(), SystemIds(), "w1", EngineConfig(), LogObserver())
    runtime.spans = kept = _Kept()
    transport = Transport(
        "target", url.removesuffix("/v1/traces"), concurrency_max=1, connect_timeout_s=1, keep_alive_s=1
    )
    transport.open()
    called = effect("i1/3", instance_id="i1", business_key="SO-1", attempts=2)
    with CallWatch(runtime, called):
        await transport.exchange(Prepared("POST", "/v1/traces", body=b"{}"), timeout_s=5, reads_only=False)
    with pytest.raises(Unavailable), CallWatch(runtime, called):
        raise Unavailable("away")
    await transport.close()
    done, failed = kept.spans
    [(headers, _)] = taken
    assert headers["traceparent"] == traceparent(done.trace_id, done.span_id)
    assert done.trace_id == failed.trace_id == trace_id("default", "SO-1")
    assert (done.name, done.error, failed.error) == ("erp.sales_order.create", "", "unavailable")
    assert dict(runtime.figures.outcomes) == {("erp", "done"): 1, ("erp", "unavailable"): 1}
    assert TRACEPARENT.get() == ""
