"""Declarations: from these come validation, forms, element templates, reference pages and fakes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lineshaft.base.text import Text

Safety = Literal["idempotency_key", "natural_key", "probe", "none"]


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field of a resource or of an operation's payload. ``type`` is a FEEL type name."""

    name: str
    type: str
    label: Text | None = None
    required: bool = False
    sample: str = ""
    """A value as the live system has it; only in what ``describe`` returns."""


@dataclass(frozen=True, slots=True)
class ResourceSpec:
    """A kind of record in a system."""

    name: str
    label: Text
    fields: tuple[FieldSpec, ...] = ()
    live: tuple[FieldSpec, ...] | None = None
    """The fields as the target itself shows them, undeclared; only in what ``describe`` returns.

    ``None``: the connector cannot see them, so nothing is said about drift.
    """
    guessed: bool = False
    """``live`` was seen in records, not told by the target: a field may only have been empty in them."""


@dataclass(frozen=True, slots=True)
class OperationSpec:
    """Something a system can be asked to do, and how a lost answer is made safe."""

    name: str
    label: Text
    safety: Safety = "none"
    settles_within_s: float = 0.0
    """For ``probe``: a late commit can follow an early "no" within this time after the call."""
    timeout_s: float = 30.0
    reads_only: bool = False
    """It changes nothing: repeating it is always safe."""
    input: tuple[FieldSpec, ...] = ()
    output: tuple[FieldSpec, ...] = ()
    resource: str = ""
    """The kind of record that it writes or reads; ``""``: none that is declared."""
    fields: frozenset[str] = frozenset()
    """Names of fields of that resource that it sends or reads; see ``lineshaft.sdk.drift``."""


@dataclass(frozen=True, slots=True)
class TriggerSpec:
    """A way events come in: a webhook the system sends, or a resource to poll."""

    name: str
    kind: Literal["webhook", "poll"]
    event_types: tuple[str, ...] = ()
    resource: str | None = None
    interval_s: float = 10.0
    listens: bool = False
    """Its connector is a ``Listener`` and can be told of changes as they happen, beside being polled."""
    fields: frozenset[str] | None = None
    """Names of the fields of its resource that its events are made of; ``None``: any of them."""


@dataclass(frozen=True, slots=True)
class ConnectorSpec:
    """One kind of application."""

    name: str
    label: Text
    version: str = "1"
    resources: tuple[ResourceSpec, ...] = ()
    operations: tuple[OperationSpec, ...] = ()
    triggers: tuple[TriggerSpec, ...] = ()
    concurrency_max: int = 8
    """Calls at the same time, over all workers."""
    rate_per_s_max: float | None = None

    def operation(self, name: str) -> OperationSpec | None:
        """Return the operation of that name."""
        return next((operation for operation in self.operations if operation.name == name), None)
