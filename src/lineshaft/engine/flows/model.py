"""What a flow's definition says. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from lineshaft import feel
from lineshaft.base.text import Text
from lineshaft.engine.flows.agreement import Rules
from lineshaft.mapping import CompiledMapping

TriggerKind = Literal["poll", "capture", "event", "schedule", "manual"]
TRIGGERS: Final[tuple[TriggerKind, ...]] = ("poll", "capture", "event", "schedule", "manual")
BATCH: Final = 500
"""Records written at once, where the flow says nothing."""
BATCH_MAX: Final = 5_000


@dataclass(frozen=True, slots=True)
class Side:
    """Where records come from. Expressions see ``record``, and of the change what routes see of events."""

    system: str
    trigger: TriggerKind
    resource: str
    """The resource that is read; for events the pattern of their type."""
    key: feel.Expression
    record: feel.Expression | None = None
    """The record in the change; its whole data where not given."""
    version: feel.Expression | None = None
    """The source's own version or sequence of the record: a number or a time that grows."""
    when: feel.Expression | None = None
    """The filter: records for which it is not true are left alone."""
    fields: frozenset[str] | None = None
    """The only fields that go further; ``None``: all."""
    mapping: CompiledMapping | None = None
    """Into the shape that the sides of the flow share."""
    interval_s: float | None = None
    cycle: str | None = None
    """For ``schedule``: a cron expression or a repeating interval."""
    tells_all: bool = False
    """The feed tells every change in its order (a log), not only the present state."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where records go."""

    system: str
    operation: str
    mapping: CompiledMapping | None = None
    """From the shared shape into what the operation takes."""
    when: feel.Expression | None = None
    """Routing by content: only records for which it is true."""
    create: str | None = None
    """The operation for a record that is not there yet, where that is another one."""
    code: feel.Expression | None = None
    """What the target calls the record, over ``key``, ``payload``, ``number``, ``answer``: to be bound."""


@dataclass(frozen=True, slots=True)
class Flow:
    """One flow. In both directions it has two ``sides`` and two ``targets``, in the same order."""

    name: str
    label: Text
    sides: tuple[Side, ...]
    targets: tuple[Target, ...]
    rules: Rules | None = None
    """Only of a flow in both directions."""
    due_within_s: float | None = None
    on_stuck: Literal["hold_key", "supersede", "pass"] = "supersede"
    rate_per_s: float | None = None
    batch: int = BATCH
    object_type: str = ""
    """The business object, for the cross-reference."""
    retry_gaps_s: tuple[float, ...] = field(default=(2.0, 8.0, 30.0))

    @property
    def source(self) -> Side:
        """The side that a flow in one direction reads."""
        return self.sides[0]

    @property
    def systems(self) -> tuple[str, ...]:
        """Every system it reads or writes, once."""
        named = [side.system for side in self.sides if side.trigger != "event"]
        return tuple(dict.fromkeys([*named, *(target.system for target in self.targets)]))

    def side(self, system: str) -> Side:
        """Return a side by its system."""
        return next(side for side in self.sides if side.system == system)

    def target(self, system: str) -> Target:
        """Return a target by its system."""
        return next(target for target in self.targets if target.system == system)


Allowed = Mapping[str, Mapping[str, frozenset[str] | None]]
"""Per system the resources that flows may read, and of each the fields (``None``: all)."""
