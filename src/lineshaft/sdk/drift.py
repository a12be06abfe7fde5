"""Drift 接口变更: what a live system's records look like now, against what a person has accepted. Pure.

A system is upgraded, and a field has another name. Whatever uses the field must stop before wrong data go on;
whatever does not need not care. So a difference names what it stops, and one that stops nothing is only told.

Fields that were *told* (a metadata address, a database's catalogue) are compared strictly. Fields that were
*guessed* from records are not: an optional field may merely be empty in all of them, and a text may look like
a date by chance. There a field counts as removed only where every record had it before.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from lineshaft.base.text import Text, text
from lineshaft.sdk.spec import ConnectorSpec, ResourceSpec

DifferenceKind = Literal["removed", "retyped", "required", "added", "unseen", "version"]
_TEXTS: Final = frozenset({"string", "date", "time", "date and time", "days and time duration"})
_WORD: Final = re.compile(r"[^\W\d]\w*")
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_OURS: Final = re.compile(r"\b(?:payload|settings|secrets)(?:\.[^\W\d]\w*)*")


@dataclass(frozen=True, slots=True)
class FieldState:
    """One field of a resource."""

    type: str
    required: bool = False
    """Told: it must be given. Guessed: every record had it."""


@dataclass(frozen=True, slots=True)
class ResourceState:
    """The fields of one kind of record, by name; nested ones as ``lines.item``."""

    fields: Mapping[str, FieldState]
    guessed: bool = False


Schema = Mapping[str, ResourceState]
"""Everything that a system showed, by resource."""


@dataclass(frozen=True, slots=True)
class Use:
    """An operation, or the reading of a resource, and the fields it cannot do without."""

    name: str
    """The operation's name; of a reading the resource's."""
    resource: str
    fields: frozenset[str] | None
    """``None``: any of them."""
    reads: bool
    """It is the reading of a resource (a poll), not an operation."""
    writes: bool = False

    def touches(self, field: str) -> bool:
        """Tell whether a field is one of those; of a nested one every part of its path has to be."""
        return self.fields is None or field in self.fields or set(field.split(".")) <= self.fields


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that is not as it was."""

    resource: str
    field: str
    kind: DifferenceKind
    before: str
    """Its type before; ``""``: there was none."""
    now: str
    operations: tuple[str, ...] = ()
    """Operations that it stops."""
    readings: tuple[str, ...] = ()
    """Resources that are not read any more because of it."""

    @property
    def stops(self) -> bool:
        """Tell whether anything has to stop."""
        return bool(self.operations or self.readings)

    @property
    def words(self) -> Text:
        """What happened, for people."""
        return text(
            *_WORDS[self.kind], field=f"{self.resource}.{self.field}", before=self.before, now=self.now
        )


_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "removed": ("the field {field} is gone (it was {before})", "字段 {field} 已不存在(原类型 {before})"),
    "retyped": (
        "the field {field} is {now} now (it was {before})",
        "字段 {field} 的类型由 {before} 变为 {now}",
    ),
    "required": ("the field {field} ({now}) must be given now", "字段 {field}({now})已变为必填"),
    "added": ("the field {field} ({now}) is new", "新增字段 {field}({now})"),
    "unseen": ("no record had the field {field} this time", "本次抽样中未见字段 {field}"),
    "version": (
        "it is version {now}, but the manifest was made for {before}",
        "版本为 {now},清单仅支持 {before}",
    ),
}


def schema_of(resources: Iterable[ResourceSpec]) -> dict[str, ResourceState]:
    """Return what ``describe`` found; what could not be seen is left out."""
    found = {}
    for each in resources:
        if each.live is not None and (each.live or not each.guessed):
            states = {field.name: FieldState(field.type, field.required) for field in each.live}
            found[each.name] = ResourceState(states, each.guessed)
    return found


def uses_of(spec: ConnectorSpec) -> list[Use]:
    """Return what a connector does with the fields of its resources."""
    declared = {each.name: frozenset(field.name for field in each.fields) for each in spec.resources}
    found = []
    for operation in spec.operations:
        if operation.resource:
            use = Use(operation.name, operation.resource, operation.fields, False, not operation.reads_only)
            found.append(use)
    for trigger in spec.triggers:
        resource = trigger.resource
        if trigger.kind == "poll" and resource is not None:
            fields = trigger.fields
            # Where records are handed on whole, the declared fields are the ones that matter.
            named = declared.get(resource) or None
            fields = named if fields is None else fields | (named or frozenset())
            found.append(Use(resource, resource, fields, True))
    return found


def compare(accepted: Schema, live: Schema, uses: Collection[Use]) -> list[Difference]:
    """Return every difference, by resource and field, with what it stops."""
    found = []
    for name, now in sorted(live.items()):
        before = accepted.get(name)
        if before is None:
            continue
        own = [use for use in uses if use.resource == name]
        if before.guessed or now.guessed:
            # Nobody has named these fields, and they are only guessed: that is too little to stop for.
            own = [use for use in own if use.fields is not None]
        for field in sorted({*before.fields, *now.fields}):
            there = _difference(field, before, now)
            if there is not None:
                kind, was, is_now = there
                found.append(_with_stops(Difference(name, field, kind, was, is_now), own, before))
    return found


def _difference(
    field: str, before: ResourceState, now: ResourceState
) -> tuple[DifferenceKind, str, str] | None:
    guessed = before.guessed or now.guessed
    was, there = before.fields.get(field), now.fields.get(field)
    if there is None:
        assert was is not None
        return ("removed" if was.required or not guessed else "unseen"), was.type, ""
    if was is None:
        return ("required" if there.required and not guessed else "added"), "", there.type
    same = was.type == there.type or "Any" in (was.type, there.type)
    if not same and not (guessed and {was.type, there.type} <= _TEXTS):
        return "retyped", was.type, there.type
    if there.required and not was.required and not guessed:
        return "required", was.type, there.type
    return None


def _with_stops(found: Difference, uses: Iterable[Use], before: ResourceState) -> Difference:
    if found.kind in ("added", "unseen"):
        return found
    needed = [name for name, state in before.fields.items() if state.required]
    stopped = []
    for use in uses:
        touched = use.touches(found.field)
        if found.kind == "required":
            # What makes a record gives the other required fields; what only changes one need not.
            makes = use.writes and (not needed or any(use.touches(name) for name in needed))
            touched = makes and not touched
        if touched:
            stopped.append(use)
    return Difference(
        found.resource,
        found.field,
        found.kind,
        found.before,
        found.now,
        tuple(use.name for use in stopped if not use.reads),
        tuple(use.name for use in stopped if use.reads),
    )


def settled(accepted: Schema, live: Schema, stopped: Iterable[Difference]) -> dict[str, ResourceState]:
    """Return what counts as accepted from now on: harmless news are in it, what stops something is not."""
    waiting = {each.resource for each in stopped if each.stops}
    found = dict(accepted)
    for name, now in live.items():
        if name in waiting:
            continue
        before = accepted.get(name)
        guessed = before is not None and now.guessed
        found[name] = _grown(before, now) if guessed and before is not None else now
    return found


def _grown(before: ResourceState, now: ResourceState) -> ResourceState:
    """Return what is known of guessed fields after one more look: what was not seen is not forgotten."""
    fields = dict(before.fields)
    for name, there in now.fields.items():
        was = fields.get(name)
        kind = there.type if was is None or there.type != "Any" else was.type
        fields[name] = FieldState(kind, there.required and (was is None or was.required))
    for name in before.fields.keys() - now.fields.keys():
        fields[name] = FieldState(before.fields[name].type, required=False)
    return ResourceState(fields, True)


def names_in(plain: Any, *, keys: bool) -> frozenset[str]:
    """Return the names that a tree of FEEL expressions reads, with its own keys where they count too.

    What stands behind ``payload.`` is ours, not the target's, and does not count.
    """
    found: set[str] = set()
    if isinstance(plain, Mapping):
        for key, value in plain.items():
            if keys:
                found.update(_WORD.findall(str(key)))
            found |= names_in(value, keys=keys)
    elif isinstance(plain, list | tuple):
        for value in plain:
            found |= names_in(value, keys=keys)
    elif isinstance(plain, str):
        found.update(_WORD.findall(_OURS.sub("", _QUOTED.sub("", plain))))
    return frozenset(found)
