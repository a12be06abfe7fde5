"""What changed in a directory since a cursor: sweeps over a time of change or a counter.

A sweep reads page by page on one line, because a page's cookie belongs to it; where the line is lost, or the
hub starts again, the sweep begins once more from the cursor that was kept. The position moves only at a
sweep's end, and every sweep goes back by an overlap, because times have seconds only and replicas tell late.
The hub drops what it has seen by the change's id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import blake2b
from typing import Any, Final

import msgspec

from lineshaft.base.errors import ExpressionError, Invalid
from lineshaft.base.text import text
from lineshaft.connectors.ldap.lines import Found, Line
from lineshaft.connectors.ldap.model import ChangesRule, ResourceRule
from lineshaft.connectors.ldap.values import moment_of, record_of, written
from lineshaft.sdk.outcomes import Change

KNOWN_MAX: Final = 50_000
"""Entries whose deletion can be told: the cursor remembers each."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where polling stands: the greatest marker of the last whole sweep, and the page of this one."""

    since: str = ""
    sweep: str = ""
    page: int = 0
    known: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """``deleted``: DN and subject of each entry that stood at the end of the last sweep, by its own id."""


def encode_position(position: Position) -> bytes:
    """Return the cursor's bytes: versioned JSON."""
    known = {"known": position.known} if position.known else {}
    return msgspec.json.encode(
        {"v": 1, "since": position.since, "sweep": position.sweep, "page": position.page, **known}
    )


def decode_position(cursor: bytes) -> Position:
    """Return what a cursor says.

    Raises:
        Invalid: It is not a cursor of this connector.
    """
    try:
        raw = msgspec.json.decode(cursor)
        if raw["v"] != 1:
            raise KeyError("v")
        known = {name: (str(dn), str(subject)) for name, (dn, subject) in raw.get("known", {}).items()}
        return Position(str(raw["since"]), str(raw["sweep"]), int(raw["page"]), known)
    except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        raise Invalid(
            text("Expected a cursor of the LDAP connector", "游标不是 LDAP 连接器的格式"),
            code="cursor_unreadable",
        ) from error


@dataclass(slots=True)
class Sweep:
    """A sweep under way, on a line of its own."""

    name: str
    line: Line
    wanted: str
    since: str
    high: str
    cookie: bytes = b""
    page: int = 0
    before: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """What the last whole sweep knew."""
    known: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The same, with what this one has met."""


def marker_filter(rule: ResourceRule, changes: ChangesRule, since: str) -> str:
    """Return the filter of a sweep that begins an overlap before ``since``."""
    if not since:
        return rule.filter
    if changes.by == "uSNChanged":
        start = str(max(0, int(since) - int(changes.overlap_s)))
    else:
        moment = moment_of(since)
        assert moment is not None, "only what was read as a time is kept"
        back = moment.replace(microsecond=0) - timedelta(seconds=changes.overlap_s)
        start = written(back)
        if changes.by == "whenChanged":
            start = start.replace("Z", ".0Z")
    return f"(&{rule.filter}({changes.by}>={start}))"


def greater(changes: ChangesRule, first: str, second: str) -> str:
    """Return the later of two markers; an empty one is before all others."""
    if not first or not second:
        return first or second
    if changes.by == "uSNChanged":
        return max(first, second, key=int)
    one, other = moment_of(first), moment_of(second)
    if one is None or other is None:
        return first if other is None else second
    return first if one >= other else second


def marker_of(changes: ChangesRule, entry: Found) -> str:
    """Return an entry's own marker, empty where it shows none."""
    small = {name.lower(): values for name, values in entry.attributes.items()}
    values = small.get(changes.by.lower(), ())
    shown = values[0].decode("utf-8", "replace") if values else ""
    readable = shown.isdigit() if changes.by == "uSNChanged" else moment_of(shown) is not None
    return shown if readable else ""


def change_of(
    rule: ResourceRule, changes: ChangesRule, entry: Found, resources: Mapping[str, ResourceRule]
) -> Change:
    """Return the event of one entry.

    Raises:
        Unfit: A value is not as declared.
        ExpressionError: The manifest's expressions do not fit the entry.
    """
    item = record_of(rule, entry.attributes, resources)
    marker = marker_of(changes, entry)
    names: dict[str, Any] = {"item": item, "dn": entry.dn}
    subject = changes.subject.words(names)
    if not subject:
        raise ExpressionError(
            text("{source} is empty for {dn}", "{dn} 的 {source} 为空", source=changes.subject.source,
                 dn=entry.dn)
        )  # fmt: skip
    if changes.id is not None:
        identity = changes.id.words({**names, "changed": marker})
    else:
        # Within one second the marker stays: what the entry says tells two changes apart.
        identity = f"{rule.name}/{own_id(entry)}/{marker}/{_digest(rule, entry)}"
    occurred = None if changes.by == "uSNChanged" else moment_of(marker)
    return Change(identity, changes.type.words(names), subject, {**item, "dn": entry.dn}, occurred)


def meet(sweep: Sweep, entry: Found, change: Change) -> None:
    """Remember an entry that this sweep has met."""
    sweep.known[own_id(entry)] = (entry.dn, change.subject)


def departed(
    rule: ResourceRule, changes: ChangesRule, sweep: Sweep, standing: Mapping[str, str]
) -> tuple[list[Change], dict[str, tuple[str, str]]]:
    """Return the events of the entries that are gone, and what is known from now on.

    Args:
        rule: The resource.
        changes: How it is polled.
        sweep: The sweep that ends.
        standing: The DN of every entry that stands now, by its own id.

    Raises:
        Invalid: None stands any more, or there are too many.
    """
    if sweep.known and not standing:
        raise Invalid(
            text(
                "Expected some of the {count} known entries, but the directory shows none",
                "应有已知的 {count} 个条目,目录却一个也未返回",
                count=len(sweep.known),
            ),
            code="records_gone",
            hint=text(
                "look at `base`, `filter` and the account's right to read", "请核对 base、filter 与读取权限"
            ),
        )
    if len(standing) > KNOWN_MAX:
        raise Invalid(
            text(
                "Expected at most {limit} entries where deletions are told, but there are {count}",
                "报告删除时条目不得超过 {limit} 个,实际 {count} 个",
                limit=KNOWN_MAX,
                count=len(standing),
            ),
            code="records_too_many",
            hint=text("narrow `filter`, or take `deleted` away", "缩小 filter 范围,或去掉 deleted"),
        )
    gone = [
        Change(f"{rule.name}/{own}/gone/{sweep.since}", changes.deleted, subject, {"dn": dn}, None)
        for own, (dn, subject) in sweep.known.items()
        if own not in standing
    ]
    known = {own: (dn, sweep.known.get(own, ("", dn))[1]) for own, dn in standing.items()}
    return gone, known


def own_id(entry: Found) -> str:
    """Return what an entry is known by for ever: a rename changes its DN."""
    small = {name.lower(): values for name, values in entry.attributes.items()}
    values: Sequence[bytes] = small.get("entryuuid") or small.get("objectguid") or ()
    if not values:
        return entry.dn.lower()
    return values[0].decode() if len(values[0]) == 36 else values[0].hex()


def _digest(rule: ResourceRule, entry: Found) -> str:
    small = {name.lower(): values for name, values in entry.attributes.items()}
    digest = blake2b(entry.dn.encode(), digest_size=8)
    for attribute in (each.attribute.lower() for each in rule.fields.values()):
        digest.update(b"\0" + attribute.encode())
        for value in sorted(small.get(attribute, ())):
            digest.update(len(value).to_bytes(4, "big") + value)
    return digest.hexdigest()
