"""The state of one instance: rows of scopes, and variables beside them.

A *token* is one element instance. A *scope* is an element instance that has tokens inside it (the process,
a sub-process, a loop and each of its rounds); it has the number of its token, the process has number 1.
Variables belong to the number of a scope or token. Rows are small and independent, so that a step writes
only those it changed: a loop over ten thousand items has one row per item, and its own row only counts.

This module holds data and its index; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import msgspec

ROOT: Final = 1
"""The number of the process's own scope."""

HELD: Final = 0
"""The number under which an instance on hold keeps commands, by their order."""

# Kinds of scopes; part of the stored format.
PROCESS: Final = 0
EMBEDDED: Final = 1
LOOP: Final = 2
ITERATION: Final = 3
FLOW: Final = 4
"""One activation inside an ad-hoc sub-process, with the chain that follows it; it has no token of its own."""

# States of tokens; part of the stored format. ``lifecycle`` says which may follow which.
CREATED: Final = 0
ENTERING: Final = 1
ACTIVE: Final = 2
LEAVING: Final = 3


class Wait(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A timer or subscription that a token or scope has open.

    ``kind``: timer, message, signal or condition. ``element`` is the event that would catch it and
    ``index`` which of its definitions. ``repeats`` is how often a cycle fires after this time (-1: for ever).
    ``fired`` holds a condition's last value.
    """

    number: int
    kind: str
    element: str
    index: int = 0
    name: str | None = None
    key: str | None = None
    due: datetime | None = None
    cycle: str | None = None
    repeats: int = 0
    fired: bool = False


class Incident(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The instance cannot go on at ``token`` without a person."""

    number: int
    token: int
    element: str
    code: str
    message: str
    message_zh: str
    scope: int


class Token(msgspec.Struct, array_like=True, gc=False):
    """One element instance. Everything in it but ``number`` and ``element`` may change."""

    number: int
    element: str
    state: int = CREATED
    flow: str | None = None
    attempt: int = 0
    waits: tuple[Wait, ...] = ()
    extra: dict[str, Any] | None = None
    """Small plain values of the element's own: text, numbers, lists of them."""


class Done(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A completed activity that can be compensated; its variables are kept under ``snapshot``."""

    number: int
    element: str
    snapshot: int = 0
    inner: tuple[Any, ...] = ()


class ScopeState(msgspec.Struct, array_like=True, gc=False):
    """One row: a scope with the tokens directly in it."""

    id: int
    parent: int
    element: str
    kind: int = EMBEDDED
    tokens: dict[int, Token] = {}
    waits: tuple[Wait, ...] = ()
    arrivals: dict[str, list[str]] = {}
    """Joining element -> flows by which tokens have come and wait."""
    incidents: dict[int, Incident] = {}
    done: tuple[Done, ...] = ()
    counts: dict[str, int] = {}
    """A loop's figures."""

    def copy(self) -> ScopeState:
        """Return a copy that can be changed without changing this one."""
        return ScopeState(
            self.id,
            self.parent,
            self.element,
            self.kind,
            {number: copy(token) for number, token in self.tokens.items()},
            self.waits,
            {key: list(value) for key, value in self.arrivals.items()} if self.arrivals else {},
            dict(self.incidents) if self.incidents else {},
            self.done,
            dict(self.counts) if self.counts else {},
        )


@dataclass(slots=True)
class Delta:
    """What a step changed. ``header`` holds the changed fields of the instance's own row."""

    scopes_changed: dict[int, ScopeState] = field(default_factory=dict)
    scopes_removed: set[int] = field(default_factory=set)
    variables_set: dict[tuple[int, str], Any] = field(default_factory=dict)
    variables_removed: set[tuple[int, str]] = field(default_factory=set)
    header: dict[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(
            self.scopes_changed
            or self.scopes_removed
            or self.variables_set
            or self.variables_removed
            or self.header
        )


class InstanceState:
    """One process instance.

    ``status``: ``new`` before ``StartInstance``, then ``active``, ``suspended``, ``completed`` or
    ``terminated``. ``incidents`` holds the open ones by number.
    """

    __slots__ = (
        "business_key",
        "catches",
        "children",
        "condition_scopes",
        "digest",
        "held",
        "incidents",
        "instance_id",
        "next_number",
        "owners",
        "process_id",
        "scopes",
        "status",
        "variables",
        "version_tag",
    )

    def __init__(self, instance_id: str) -> None:
        self.instance_id = instance_id
        self.status = "new"
        self.process_id = ""
        self.digest = ""
        self.version_tag: str | None = None
        self.business_key: str | None = None
        self.catches: tuple[str, ...] = ()
        """Codes of errors (``error:…``) and escalations (``escalation:…``) that a caller would catch."""
        self.next_number = ROOT + 1
        self.held = 0
        """How many commands wait for ``Resume``."""
        self.scopes: dict[int, ScopeState] = {}
        self.variables: dict[int, dict[str, Any]] = {}
        self.incidents: dict[int, Incident] = {}
        self.owners: dict[int, tuple[int, int]] = {}
        """Number of a token, timer or subscription -> its scope and token (0: the scope's own)."""
        self.children: dict[int, set[int]] = {}
        """The scope of a loop or ad-hoc sub-process -> the scopes of its rounds or of the flows in it."""
        self.condition_scopes: set[int] = set()
        """Scopes in which somebody waits for a condition."""

    @classmethod
    def empty(cls, *, instance_id: str) -> InstanceState:
        """Return the state before ``StartInstance``."""
        return cls(instance_id)

    def apply(self, delta: Delta) -> None:
        """Move on by what a step decided, in place, at the cost of what changed."""
        for name, value in delta.header.items():
            setattr(self, name, value)
        for scope_id in delta.scopes_removed:
            old = self.scopes.pop(scope_id, None)
            if old is not None:
                self._unindex(old)
        for scope_id, scope in delta.scopes_changed.items():
            old = self.scopes.get(scope_id)
            if old is not None:
                self._unindex(old)
            self.scopes[scope_id] = scope
            self._index(scope)
        variables = self.variables
        for scope_id, name in delta.variables_removed:
            values = variables.get(scope_id)
            if values is not None:
                values.pop(name, None)
                if not values:
                    del variables[scope_id]
        for (scope_id, name), value in delta.variables_set.items():
            found = variables.get(scope_id)
            if found is None:
                variables[scope_id] = {name: value}
            else:
                found[name] = value

    def load(self, scopes: Mapping[int, ScopeState], variables: Mapping[tuple[int, str], Any]) -> None:
        """Fill an empty state from stored rows."""
        for scope_id in sorted(scopes):
            self.scopes[scope_id] = scopes[scope_id]
            self._index(scopes[scope_id])
        for (number, name), value in variables.items():
            self.variables.setdefault(number, {})[name] = value

    def _index(self, scope: ScopeState) -> None:
        owners = self.owners
        scope_id = scope.id
        conditions = False
        for number, token in scope.tokens.items():
            owner = (scope_id, number)
            owners[number] = owner
            for wait in token.waits:
                owners[wait.number] = owner
                if wait.kind == "condition":
                    conditions = True
        for wait in scope.waits:
            owners[wait.number] = (scope_id, 0)
            if wait.kind == "condition":
                conditions = True
        if conditions:
            self.condition_scopes.add(scope_id)
        if scope.incidents:
            self.incidents.update(scope.incidents)
        if scope.kind >= ITERATION:
            self.children.setdefault(scope.parent, set()).add(scope_id)

    def _unindex(self, scope: ScopeState) -> None:
        owners = self.owners
        for number, token in scope.tokens.items():
            owners.pop(number, None)
            for wait in token.waits:
                owners.pop(wait.number, None)
        for wait in scope.waits:
            owners.pop(wait.number, None)
        self.condition_scopes.discard(scope.id)
        for number in scope.incidents:
            self.incidents.pop(number, None)
        if scope.kind >= ITERATION:
            siblings = self.children.get(scope.parent)
            if siblings is not None:
                siblings.discard(scope.id)
                if not siblings:
                    del self.children[scope.parent]
