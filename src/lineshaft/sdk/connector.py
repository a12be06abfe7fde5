"""The face of a connector, whether made from a manifest or written in Python."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from lineshaft.sdk.outcomes import ChangePage, CheckStep, ItemOutcome, Outcome, ProductFact
from lineshaft.sdk.spec import ConnectorSpec, ResourceSpec


@dataclass(frozen=True, slots=True)
class CallContext:
    """What a call carries besides its payload.

    ``sending`` must be called right before the first byte of a write leaves (after connecting, after
    logging in). It raises ``LeaseLost`` where this worker may not call any more, and it tells the engine that
    from now on a lost answer means *unknown*, not *unavailable*.
    """

    key: str
    """Idempotency key: the same for every repeat of the same effect."""
    attempt: int
    timeout_s: float
    sending: Callable[[], None]


class Connector(Protocol):
    """How to talk to one connected system. One object per system and worker; its methods may overlap.

    A connector never retries and never swallows: it returns an outcome or raises one of the six classes of
    ``ConnectorError``. It logs nothing in ordinary work and never a secret.
    """

    @property
    def spec(self) -> ConnectorSpec:
        """The declaration: resources, operations, triggers, limits."""
        ...

    async def open(self) -> None:
        """Make ready (sessions, pools); called once before any other method, connects lazily."""
        ...

    async def close(self) -> None:
        """Let go of everything; called once, last."""
        ...

    async def check(self) -> list[CheckStep]:
        """Test the connection step by step and change nothing; the first failing step is the last."""
        ...

    async def describe(self) -> list[ResourceSpec]:
        """Return the resources as the live system has them."""
        ...

    async def read(self, resource: str, record_id: str) -> Mapping[str, Any] | None:
        """Return one record, or ``None`` where there is none."""
        ...

    async def changes(self, resource: str, cursor: bytes | None) -> ChangePage:
        """Return what changed since ``cursor`` (``None``: from now, or from the start where declared so)."""
        ...

    async def call(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        """Carry out an operation once."""
        ...

    async def probe(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome | None:
        """Look whether an earlier call with this key was carried out; ``None``: it was not.

        Only asked for operations whose safety is ``probe``, after ``settles_within_s``.
        """
        ...

    async def write(
        self, operation: str, items: Sequence[Mapping[str, Any]], context: CallContext
    ) -> list[ItemOutcome]:
        """Carry out a batch; one result per item, in order. An error of the whole batch is raised."""
        ...


@runtime_checkable
class Listener(Protocol):
    """A connector whose system tells changes by itself (subscriptions, queues): apart from ``Connector``.

    Polling with ``changes`` works beside it, with the same cursors and the same ids, so that what was missed
    while nobody listened is found by one poll.
    """

    def listen(self, resource: str, cursor: bytes | None) -> AsyncIterator[ChangePage]:
        """Yield changes as they come, behind ``cursor`` (``None``: from now on, the present state first).

        It ends only by being closed (``aclose``) or by raising: a connector does not reconnect by itself.
        Whoever listens keeps the cursor of the last page it has stored, and listens again from there. What
        the target could not keep for us is never silent: the change after such a gap says so.

        The next page is asked for only when this one is durable: a protocol with acknowledgements
        acknowledges a page then, not when it is yielded.

        Raises:
            Unavailable: The connection is gone or could not be made.
            Invalid: There is no such resource, or the cursor is not one of this connector.
        """
        ...


@runtime_checkable
class Streamer(Protocol):
    """A connector that carries files piece by piece, however large: memory stays flat."""

    async def upload(
        self,
        operation: str,
        payload: Mapping[str, Any],
        context: CallContext,
        stream: Callable[[], AsyncIterator[bytes]],
    ) -> Outcome:
        """Carry out an operation whose body is a file's content."""
        ...

    def download(self, resource: str, record_id: str) -> AsyncIterator[bytes]:
        """Yield a file's content in pieces as they come."""
        ...


@runtime_checkable
class Versioned(Protocol):
    """A connector that can ask its system which version it is."""

    async def product(self) -> ProductFact | None:
        """Return what the system says it is now; ``None``: the definition names no versions.

        Raises:
            ConnectorError: It could not be asked.
        """
        ...
