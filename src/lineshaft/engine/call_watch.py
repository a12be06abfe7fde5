"""What is noted of one call: its time and how it ended, as figures and as a span of its trace."""

from __future__ import annotations

from datetime import timedelta
from types import TracebackType
from typing import Self

from lineshaft.base.errors import HubError
from lineshaft.engine.runtime import Runtime
from lineshaft.engine.traces import Span, span_id, trace_id, traceparent
from lineshaft.sdk.trace import TRACEPARENT
from lineshaft.store.cursors import micros_of
from lineshaft.store.rows import Effect


class CallWatch:
    """Use it in a ``with`` statement around the call."""

    def __init__(self, runtime: Runtime, effect: Effect) -> None:
        self._runtime = runtime
        self._effect = effect
        self._trace = trace_id(effect.tenant, effect.business_key or effect.instance_id or effect.id)
        self._span = span_id(effect.id, effect.attempts)

    def __enter__(self) -> Self:
        self._began_at = self._runtime.clock.now()
        self._began = self._runtime.clock.monotonic()
        self._token = TRACEPARENT.set(traceparent(self._trace, self._span))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Note how it ended."""
        TRACEPARENT.reset(self._token)
        if error is None:
            outcome = "done"
        elif isinstance(error, HubError):
            outcome = error.default_code
        else:
            outcome = "timeout" if isinstance(error, TimeoutError) else "broken_off"
        effect, seconds = self._effect, self._runtime.clock.monotonic() - self._began
        self._runtime.figures.called(effect.system, outcome, seconds)
        if self._runtime.spans is None:
            return
        ended_at = self._began_at + timedelta(seconds=seconds)
        attributes: dict[str, str | int] = {
            "lineshaft.system": effect.system,
            "lineshaft.operation": effect.operation,
            "lineshaft.effect": effect.id,
            "lineshaft.attempt": effect.attempts,
            "lineshaft.business_key": effect.business_key or "",
        }
        self._runtime.spans.add(
            Span(
                self._trace,
                self._span,
                f"{effect.system}.{effect.operation}",
                "call",
                micros_of(self._began_at) * 1000,
                micros_of(ended_at) * 1000,
                "" if outcome == "done" else outcome,
                attributes,
            )
        )
