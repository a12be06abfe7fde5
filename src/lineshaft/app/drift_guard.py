"""A connector that asks before each call and reading whether the system's interface is still the one known.

It stands between the engine and the connector and changes nothing else. See ``lineshaft.insight.drift``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from typing import Any, Protocol, cast

from lineshaft.base.errors import ConnectorError
from lineshaft.sdk import (
    CallContext,
    ChangePage,
    CheckStep,
    Connector,
    ConnectorSpec,
    ItemOutcome,
    Listener,
    Outcome,
    ResourceSpec,
)


class Hindrances(Protocol):
    """Says what may not be done now."""

    def of_call(self, system: str, operation: str) -> ConnectorError | None:
        """Return why an operation may not be called."""
        ...

    def of_reading(self, system: str, resource: str) -> ConnectorError | None:
        """Return why a resource may not be read."""
        ...


class Guarded:
    """A connector behind the guard."""

    def __init__(self, system: str, connector: Connector, hindrances: Hindrances) -> None:
        self._system = system
        self._connector = connector
        self._hindrances = hindrances

    @property
    def spec(self) -> ConnectorSpec:
        """The declaration."""
        return self._connector.spec

    def open(self) -> Coroutine[Any, Any, None]:
        """Make ready."""
        return self._connector.open()

    def close(self) -> Coroutine[Any, Any, None]:
        """Let go."""
        return self._connector.close()

    def check(self) -> Coroutine[Any, Any, list[CheckStep]]:
        """Test the connection."""
        return self._connector.check()

    def describe(self) -> Coroutine[Any, Any, list[ResourceSpec]]:
        """Return the resources as the live system has them."""
        return self._connector.describe()

    def read(self, resource: str, record_id: str) -> Coroutine[Any, Any, Mapping[str, Any] | None]:
        """Return one record: a person may look, whatever has changed."""
        return self._connector.read(resource, record_id)

    async def changes(self, resource: str, cursor: bytes | None) -> ChangePage:
        """Return what changed; raises ``Unavailable`` where a field that is used has changed."""
        self._may_read(resource)
        return await self._connector.changes(resource, cursor)

    async def call(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        """Carry out an operation; raises ``MissingReference`` where a field that it uses has changed."""
        self._may_call(operation)
        return await self._connector.call(operation, payload, context)

    def probe(
        self, operation: str, payload: Mapping[str, Any], context: CallContext
    ) -> Coroutine[Any, Any, Outcome | None]:
        """Look for an earlier write: that changes nothing."""
        return self._connector.probe(operation, payload, context)

    async def write(
        self, operation: str, items: Sequence[Mapping[str, Any]], context: CallContext
    ) -> list[ItemOutcome]:
        """Carry out a batch; raises ``MissingReference`` as ``call`` does."""
        self._may_call(operation)
        return await self._connector.write(operation, items, context)

    def _may_call(self, operation: str) -> None:
        hindrance = self._hindrances.of_call(self._system, operation)
        if hindrance is not None:
            raise hindrance

    def _may_read(self, resource: str) -> None:
        hindrance = self._hindrances.of_reading(self._system, resource)
        if hindrance is not None:
            raise hindrance


class GuardedListener(Guarded):
    """One whose system tells changes by itself."""

    def listen(self, resource: str, cursor: bytes | None) -> AsyncIterator[ChangePage]:
        """Yield changes as they come; raises ``Unavailable`` where a field that is used has changed."""
        self._may_read(resource)
        return cast(Listener, self._connector).listen(resource, cursor)


def guarded(system: str, connector: Connector, hindrances: Hindrances) -> Connector:
    """Return a connector behind the guard, where anything of it could drift."""
    spec = connector.spec
    if not spec.resources and not any(each.resource for each in spec.operations):
        return connector
    kind = GuardedListener if isinstance(connector, Listener) else Guarded
    return kind(system, connector, hindrances)
