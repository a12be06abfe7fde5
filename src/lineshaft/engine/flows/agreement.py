"""What two systems agree on about one record: pure decisions, the heart of a flow in both directions.

For each side there is what its feed has told (``seen``) and what was written to it and not heard back yet
(``sent``); together that is what is *believed* of it. ``agreed`` is what both had at the same time. A field
that differs from it on one side only is an edit, to be carried over; one that differs on both is a conflict,
decided by the flow's rule or left open for a person. What we wrote and hear back is no edit.

A feed that tells every change in its order (a log) shows an edit that our own write has covered meanwhile:
it is a conflict, too, so no edit is lost in silence. A feed that tells states only is written to under a
condition (the values that are believed), so that nothing can be covered there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

Fields = Mapping[str, Any]
_NONE: Final = object()


@dataclass(frozen=True, slots=True)
class Rules:
    """Who decides. A field without an entry of its own goes by ``""``, and without that by a person."""

    sides: tuple[str, str]
    owners: Mapping[str, str] = field(default_factory=dict)
    """The only side that may change a field; what another one does to it is taken back."""
    conflicts: Mapping[str, str] = field(default_factory=dict)
    """``person``, ``latest``, or the side that wins, where both sides have changed a field."""

    def owner(self, name: str) -> str | None:
        """Return the side that owns a field."""
        return self.owners.get(name, self.owners.get(""))

    def conflict(self, name: str) -> str:
        """Return the rule for a field that both sides have changed."""
        return self.conflicts.get(name, self.conflicts.get("", "person"))

    def other(self, side: str) -> str:
        """Return the other side."""
        first, second = self.sides
        return second if side == first else first


@dataclass(slots=True)
class Sent:
    """Fields that were written to a side, and when its answer was there."""

    at: datetime
    fields: dict[str, Any]
    is_sure: bool = True
    """Otherwise it may have been written, or written once more: to be recognised, not to be relied on."""


@dataclass(frozen=True, slots=True)
class Covered:
    """An edit that our own write has covered before we knew of it."""

    side: str
    name: str
    value: Any


@dataclass(slots=True)
class Known:
    """What is known of one record."""

    seen: dict[str, dict[str, Any]] = field(default_factory=dict)
    sent: dict[str, list[Sent]] = field(default_factory=dict)
    agreed: dict[str, Any] = field(default_factory=dict)
    edits: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    """By side and field: an edit that is not agreed yet; ``value``, ``was`` and ``at``."""
    open: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Fields that a person decides, with the two values by side; ``covered``: edits that our own writes have
    covered, with their sides."""
    ruled: dict[str, Any] = field(default_factory=dict)
    """Values that were decided on and are not on both sides yet."""
    versions: dict[str, int] = field(default_factory=dict)

    def believed(self, side: str) -> dict[str, Any] | None:
        """Return a side's record as it should stand there now; ``None``: there is none."""
        seen, sent = self.seen.get(side), self.sent.get(side)
        if seen is None and not any(each.is_sure for each in sent or ()):
            return None
        found = dict(seen or {})
        for each in sent or ():
            if each.is_sure:
                found.update(each.fields)
        return found

    def plain(self) -> dict[str, Any]:
        """Return it as values that can be stored."""
        sent = {
            side: [{"at": each.at, "fields": each.fields, "sure": each.is_sure} for each in found]
            for side, found in self.sent.items()
            if found
        }
        named = {"seen": self.seen, "sent": sent, "agreed": self.agreed, "edits": self.edits}
        named |= {"open": self.open, "ruled": self.ruled, "versions": self.versions}
        return {name: value for name, value in named.items() if value}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Known:
        """Return what ``plain`` gave."""
        sent = {
            side: [Sent(each["at"], dict(each["fields"]), each["sure"]) for each in found]
            for side, found in stored.get("sent", {}).items()
        }
        versions = {side: int(version) for side, version in stored.get("versions", {}).items()}
        named = {name: stored.get(name, {}) for name in ("seen", "agreed", "edits", "open", "ruled")}
        return cls(sent=sent, versions=versions, **named)


@dataclass(frozen=True, slots=True)
class Overruled:
    """An edit that a rule has taken back."""

    side: str
    name: str
    value: Any
    kept: Any
    rule: str


@dataclass(frozen=True, slots=True)
class Settled:
    """What follows: the fields to write to each side, and what was decided."""

    wanted: Mapping[str, Mapping[str, Any]]
    overruled: tuple[Overruled, ...] = ()
    opened: tuple[str, ...] = ()


def hear(
    known: Known,
    side: str,
    record: Fields,
    at: datetime,
    *,
    log: bool,
    drained: datetime | None = None,
    version: int | None = None,
) -> list[Covered] | None:
    """Take in a record as a side's feed tells it.

    Args:
        known: What is known; changed here.
        side: Who tells.
        record: The fields.
        at: When it was changed there.
        log: Whether the feed tells every change in its order; otherwise it tells the present state.
        drained: When the last reading that reached the feed's end began: what was written before is heard.
        version: The source's own; one that is not greater than the last is old news.

    Returns:
        Edits that our own writes have covered; ``None``: it was old news.
    """
    if version is not None:
        if version <= known.versions.get(side, version - 1):
            return None
        known.versions[side] = version
    if log and drained is not None and side in known.sent:
        known.sent[side] = [each for each in known.sent[side] if each.at >= drained]
    before = known.seen.get(side) if log else known.believed(side)
    covered: list[Covered] = []
    for name, value in record.items():
        was = (before or {}).get(name, _NONE)
        if was is not _NONE and was == value:
            continue
        if log and _is_echo(known.sent.get(side, []), name, value):
            continue
        if log and any(name in each.fields for each in known.sent.get(side, ())):
            covered.append(Covered(side, name, value))
            continue
        known.ruled.pop(name, None)
        edit = known.edits.setdefault(side, {}).get(name)
        first = edit["was"] if edit is not None else (None if was is _NONE else was)
        known.edits[side][name] = {"value": value, "was": first, "at": at}
    known.seen[side] = dict(record)
    if log:
        known.sent[side] = [each for each in known.sent.get(side, []) if each.fields]
    else:
        known.sent.pop(side, None)
    return covered


def _is_echo(sent: list[Sent], name: str, value: Any) -> bool:
    """Tell whether we wrote this; then it is heard, and so is what was written to the field before."""
    for number, each in enumerate(sent):
        if name in each.fields and each.fields[name] == value:
            for older in sent[: number + 1]:
                older.fields.pop(name, None)
            return True
    return False


def settle(known: Known, rules: Rules, covered: list[Covered] | None = None) -> Settled:
    """Decide for every field; what is to be written is found anew each time until it stands there."""
    first, second = rules.sides
    left, right = known.believed(first), known.believed(second)
    wanted: dict[str, dict[str, Any]] = {first: {}, second: {}}
    overruled: list[Overruled] = []
    opened: list[str] = []
    for each in covered or ():
        _settle_covered(known, rules, each, overruled, opened)
    names = dict.fromkeys((*(left or {}), *(right or {})))
    for name in names:
        a, b = (left or {}).get(name, _NONE), (right or {}).get(name, _NONE)
        if name in known.open:
            # Both may have gone on since: the decision shows what stands there now.
            shown = known.open[name]
            shown |= {first: _shown(a), second: _shown(b)}
            if a == b and not shown.get("covered"):
                _agree(known, name, a)
            continue
        if name in known.ruled:
            value = known.ruled[name]
            if a == value and b == value:
                _agree(known, name, value)
            else:
                wanted[first] |= {} if a == value else {name: value}
                wanted[second] |= {} if b == value else {name: value}
            continue
        if a == b:
            _agree(known, name, a)
            continue
        winner = _winner(known, rules, name, (a, b), overruled)
        if winner is None:
            known.open[name] = {first: _shown(a), second: _shown(b)}
            opened.append(name)
        else:
            other = rules.other(winner)
            value = a if winner == first else b
            if value is not _NONE:
                wanted[other][name] = value
    return Settled(
        {side: fields for side, fields in wanted.items() if fields}, tuple(overruled), tuple(opened)
    )


def _winner(
    known: Known, rules: Rules, name: str, values: tuple[Any, Any], overruled: list[Overruled]
) -> str | None:
    """Return the side whose value of a field goes to the other one; ``None``: a person decides."""
    first, second = rules.sides
    by_side = dict(zip(rules.sides, values, strict=True))
    if by_side[first] is _NONE:
        return second
    if by_side[second] is _NONE:
        return first
    agreed = known.agreed.get(name, _NONE)
    owner = rules.owner(name)
    if owner is not None:
        other = rules.other(owner)
        if agreed is not _NONE and by_side[other] != agreed:
            overruled.append(Overruled(other, name, by_side[other], by_side[owner], f"owner {owner}"))
        return owner
    if agreed is not _NONE and by_side[first] == agreed:
        return second
    if agreed is not _NONE and by_side[second] == agreed:
        return first
    rule = rules.conflict(name)
    if rule == "latest":
        one, two = (known.edits.get(side, {}).get(name, {}).get("at") for side in rules.sides)
        if one is None or two is None or one == two:
            return None
        rule = first if one > two else second
    if rule not in rules.sides:
        return None
    loser = rules.other(rule)
    overruled.append(Overruled(loser, name, by_side[loser], by_side[rule], f"conflict {rule}"))
    return rule


def _settle_covered(
    known: Known, rules: Rules, edit: Covered, overruled: list[Overruled], opened: list[str]
) -> None:
    """Decide about an edit that our own write has covered."""
    name, side = edit.name, edit.side
    stands = (known.believed(side) or {}).get(name)
    if stands == edit.value:
        return
    owner = rules.owner(name) or rules.conflict(name)
    if owner == side:
        known.ruled[name] = edit.value
        return
    if owner in rules.sides:
        overruled.append(Overruled(side, name, edit.value, stands, f"owner {owner}"))
        return
    shown = known.open.setdefault(name, {side: stands, rules.other(side): stands})
    shown["covered"] = [*shown.get("covered", ()), {"side": side, "value": edit.value}]
    opened.append(name)


def _agree(known: Known, name: str, value: Any) -> None:
    known.agreed[name] = value
    known.open.pop(name, None)
    known.ruled.pop(name, None)
    for edits in known.edits.values():
        edits.pop(name, None)


def _shown(value: Any) -> Any:
    return None if value is _NONE else value


def wrote(
    known: Known, side: str, fields: Fields, at: datetime, *, log: bool, times: int = 1, is_sure: bool = True
) -> None:
    """Take note that fields now stand on a side because we wrote them.

    Args:
        known: What is known; changed here.
        side: Where.
        fields: What.
        at: When the answer was there.
        log: Whether the side's feed tells every change.
        times: How often it may have been written: each may be told by the feed.
        is_sure: Whether it was written at all.
    """
    if log:
        sent = known.sent.setdefault(side, [])
        # The first that is heard is the sure one: what a person did after it is then seen as it is.
        sent.append(Sent(at, dict(fields), is_sure))
        sent.extend(Sent(at, dict(fields), is_sure=False) for _ in range(times - 1))
    elif is_sure:
        known.seen[side] = {**(known.seen.get(side) or {}), **fields}


def decide(known: Known, name: str, choice: Literal["value"] | str, value: Any = None) -> bool:
    """Take a person's decision about an open field: a side's value, or (``value``) another one.

    Returns:
        Whether it was open.
    """
    shown = known.open.pop(name, None)
    if shown is None:
        return False
    known.ruled[name] = value if choice == "value" else shown.get(choice)
    return True
