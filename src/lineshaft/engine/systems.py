"""The connected systems as the engine sees them: a connector each, and how a task type names an operation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lineshaft.sdk import Connector, OperationSpec


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of a connected system."""

    system: str
    name: str
    spec: OperationSpec

    @property
    def is_repeatable(self) -> bool:
        """Tell whether a repeat with the same key (or of a mere reading) does nothing twice."""
        return self.spec.reads_only or self.spec.safety in ("idempotency_key", "natural_key")


class Systems:
    """The connectors by system name."""

    def __init__(self, connectors: Mapping[str, Connector]) -> None:
        self._connectors = dict(connectors)
        self._operations: dict[str, Operation | None] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._connectors)

    def connector(self, system: str) -> Connector | None:
        """Return the connector of a system."""
        return self._connectors.get(system)

    def operation(self, task_type: str) -> Operation | None:
        """Return the operation that ``system.operation`` names; ``None``: a type for outside workers."""
        if task_type in self._operations:
            return self._operations[task_type]
        system, _, name = task_type.partition(".")
        connector = self._connectors.get(system)
        spec = connector.spec.operation(name) if connector is not None and name else None
        found = Operation(system, name, spec) if spec is not None else None
        self._operations[task_type] = found
        return found

    def put(self, system: str, connector: Connector) -> None:
        """Add or exchange a system."""
        self._connectors[system] = connector
        self._operations.clear()
