"""What the API answers about alerts, their rules and how they are handled; see ``views``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Field

from lineshaft.api.views import TitleView
from lineshaft.base.text import Text
from lineshaft.insight.alert_acts import AlertFigures
from lineshaft.insight.alert_rules import KeptRule, RuleVersion
from lineshaft.insight.alerting import KeptAlert, Note

Name = Annotated[str, Field(min_length=1, max_length=300)]


@dataclass(frozen=True, slots=True)
class AlertView:
    """Something that did not happen in time."""

    id: str
    kind: str
    """``order``: an order is overdue; ``stock``: stock is low; ``receipt``: a customer's money is overdue;
    ``approvals``: work piles up; ``sync``: documents fail; ``interface``: a system is away; ``stuck``: a run
    stands still; ``delay``: a write is late; ``missing``: what should have followed; ``drift``: a system's
    interface has changed; ``state``: a state is in no map."""
    watch: str
    title: TitleView
    node: str
    owner: TitleView
    key: str
    instance: str
    since: datetime
    limit_s: float
    opened_at: datetime
    closed_at: datetime | None
    """When it came, late, or somebody closed it; ``null``: it is open."""
    rule: str
    """Its rule, ``kind/name``."""
    severity: str
    """``info``, ``warning`` or ``critical``."""
    count: int
    """So many documents, tasks or failures have the same cause."""
    keys: list[str]
    """Of many: the first documents."""
    to: list[str]
    """Who has it in hand, where the data say so."""
    told: int
    """Notices that went out."""
    escalated_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str
    assignee: str
    resolved_by: str
    """Who closed it; empty: it closed by itself."""
    useful: bool | None
    """Whether somebody said that it was useful; ``null``: nobody said anything."""
    muted_until: datetime | None

    @classmethod
    def of(cls, kept: KeptAlert) -> AlertView:
        """Return the view of an alert."""
        alert, care = kept.alert, kept.care
        title = alert.title or Text(alert.watch, alert.watch)
        return cls(
            kept.record.id,
            alert.kind,
            alert.watch,
            TitleView.of(title),
            alert.node,
            TitleView.of(alert.owner),
            alert.key,
            alert.instance,
            alert.since,
            alert.limit_s,
            kept.opened_at,
            kept.closed_at,
            alert.rule,
            care.severity,
            alert.count,
            list(alert.keys),
            list(alert.to),
            care.told,
            care.escalated_at,
            care.acknowledged_at,
            care.acknowledged_by,
            care.assignee,
            care.resolved_by,
            care.useful,
            care.muted_until,
        )


@dataclass(frozen=True, slots=True)
class AlertPage:
    """Alerts, newest first."""

    items: list[AlertView]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class AlertNoteView:
    """What somebody did with an alert."""

    at: datetime
    by: str
    """Empty: the hub."""
    act: str
    """``acknowledge``, ``assign`` (``text`` says to whom), ``comment``, ``resolve``, ``mute``, ``rate`` or
    ``escalated`` (``text`` says to whom)."""
    text: str

    @classmethod
    def of(cls, note: Note) -> AlertNoteView:
        """Return the view of a note."""
        return cls(note.at, note.by, note.act, note.text)


@dataclass(frozen=True, slots=True)
class AlertDetail:
    """An alert and what was done with it, oldest first."""

    alert: AlertView
    notes: list[AlertNoteView]


@dataclass(frozen=True, slots=True)
class WishedAct:
    """What shall be done with alerts."""

    ids: Annotated[list[Name], Field(min_length=1, max_length=100)]
    act: Literal["acknowledge", "assign", "comment", "resolve", "mute", "rate"]
    text: Annotated[str, Field(max_length=2_000)] = ""
    person: Annotated[str, Field(max_length=64)] = ""
    """With ``assign``: the login of whom it is given to."""
    useful: bool | None = None
    """With ``resolve`` and ``rate``: was this useful?"""
    mute_s: Annotated[int, Field(ge=0, le=31_536_000)] = 0
    """With ``mute``: for how long, in seconds; 0: no longer."""


@dataclass(frozen=True, slots=True)
class ActedAlerts:
    """The alerts as they are then."""

    items: list[AlertView]


@dataclass(frozen=True, slots=True)
class NoisyRuleView:
    """A rule some of whose alerts were of no use."""

    rule: str
    useless: int
    rated: int


@dataclass(frozen=True, slots=True)
class AlertFiguresView:
    """How alerts are handled, over a time."""

    days: int
    opened: int
    open: int
    """Now."""
    unacknowledged: int
    acknowledge_s: float | None
    """Mean time from opening to acknowledging, in seconds; ``null``: nobody did."""
    repair_s: float | None
    """Mean time from opening to the end, in seconds."""
    target_s: float | None
    """What the firm wants the latter to be; ``null``: nobody has said."""
    rated: int
    """About so many somebody said whether they were useful."""
    noise: float | None
    """The part of those that was not, 0 to 1."""
    noisy: list[NoisyRuleView]
    """The worst first."""

    @classmethod
    def of(cls, figures: AlertFigures) -> AlertFiguresView:
        """Return the view of figures."""
        return cls(
            figures.days,
            figures.opened,
            figures.open,
            figures.unacknowledged,
            figures.acknowledge_s,
            figures.repair_s,
            figures.target_s,
            figures.rated,
            figures.noise,
            [NoisyRuleView(*each) for each in figures.noisy],
        )


@dataclass(frozen=True, slots=True)
class WishedTarget:
    """What the mean time to repair shall be."""

    repair_s: Annotated[int, Field(ge=1, le=31_536_000)]


@dataclass(frozen=True, slots=True)
class AlertRuleView:
    """A rule as it holds now."""

    id: str
    """``kind/name``."""
    kind: str
    title: TitleView
    owner: TitleView
    severity: str
    to: list[str]
    told: list[TitleView]
    """The same in words."""
    channels: list[str]
    enabled: bool
    shipped: bool
    """The active release has a rule of this name."""
    version: int
    """How often users changed it; 0: never. To be sent along with a change."""
    changed_at: datetime | None
    changed_by: str
    muted_until: datetime | None
    definition: dict[str, Any]
    """As in a pack's file ``watches/*.yaml``."""

    @classmethod
    def of(cls, kept: KeptRule, words: Mapping[str, Text] = MappingProxyType({})) -> AlertRuleView:
        """Return the view of a rule."""
        rule = kept.rule
        return cls(
            rule.id,
            rule.id.partition("/")[0],
            TitleView.of(rule.title),
            TitleView.of(rule.owner),
            rule.tell.severity,
            list(rule.tell.to),
            [TitleView.of(words.get(name) or Text(name, name)) for name in rule.tell.to],
            list(rule.tell.channels),
            rule.tell.enabled,
            kept.shipped,
            kept.version,
            kept.changed_at,
            kept.changed_by,
            kept.muted_until,
            dict(rule.definition),
        )


@dataclass(frozen=True, slots=True)
class AlertChannelView:
    """By what people can be told."""

    name: str
    title: TitleView


@dataclass(frozen=True, slots=True)
class AlertRulePage:
    """All rules, and the channels they can name."""

    items: list[AlertRuleView]
    channels: list[AlertChannelView]


@dataclass(frozen=True, slots=True)
class WishedRule:
    """What a rule shall be."""

    definition: Mapping[str, Any]
    """As in a pack's file ``watches/*.yaml``, one entry of the kind's section."""
    version: Annotated[int | None, Field(ge=0)] = None
    """Of the rule that was read; ``null``: whatever there is."""


@dataclass(frozen=True, slots=True)
class WishedMute:
    """A rule of whose alerts nobody shall be told for a time."""

    rule: Name
    mute_s: Annotated[int, Field(ge=0, le=31_536_000)]
    """For how long, in seconds; 0: no longer."""


@dataclass(frozen=True, slots=True)
class RuleVersionView:
    """What users made of a rule once."""

    version: int
    at: datetime
    by: str
    definition: dict[str, Any] | None
    """``null``: the pack's held again."""

    @classmethod
    def of(cls, version: RuleVersion) -> RuleVersionView:
        """Return the view of a version."""
        definition = dict(version.definition) if version.definition is not None else None
        return cls(version.version, version.at, version.by, definition)


@dataclass(frozen=True, slots=True)
class RuleVersionPage:
    """Versions, newest first."""

    items: list[RuleVersionView]
