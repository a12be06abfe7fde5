"""Alerts 预警: something did not happen in time. Opened once per cause, closed when it came late.

An alert is a record of kind ``alert``; its owner is the rule (``kind/watch``) and its id names the cause, so
that a sweep that runs twice opens it once. What many items have in common is one alert with their number.

*Told* means: a notice to the rule's people by the rule's channels. One goes out when an alert opens; of the
same cause no other in the quiet time, and what opened meanwhile is told together after it. While nobody
acknowledges, it is told again a few times, and in the end to somebody else. What is muted is told to nobody,
and once the time is over, if it is still open, it is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from lineshaft.base.scope import Scope
from lineshaft.base.text import Text
from lineshaft.engine.notices import Notices
from lineshaft.engine.runtime import Runtime
from lineshaft.engine.transaction import Transaction
from lineshaft.feel import codec as values
from lineshaft.insight.alert_rules import AlertRules
from lineshaft.sdk.alert_rules import MAIL, USUAL, Tell
from lineshaft.store.port import Page
from lineshaft.store.rows import Record
from lineshaft.store.writes import DeleteRecord, PutRecord, Unit

AlertKind = Literal[
    "stuck",
    "delay",
    "missing",
    "drift",
    "state",
    "order",
    "stock",
    "receipt",
    "approvals",
    "sync",
    "interface",
]
KINDS: Final[tuple[AlertKind, ...]] = (
    "order",
    "stock",
    "receipt",
    "approvals",
    "sync",
    "interface",
    "stuck",
    "delay",
    "missing",
    "drift",
    "state",
)
KIND: Final = "alert"
TOLD: Final = "alert_told"
REST: Final = "alert_rest"
"""A person has closed it though it still goes on: it is let be until it is over."""
KEYS_MAX: Final = 20
"""Documents that an alert of many names."""
_OTHERS_TELL: Final = ("sync", "interface")
"""Of these the hub's own mail tells the IT team already; a rule tells those whom it names."""
_MEANWHILE: Final = 5


@dataclass(frozen=True, slots=True)
class Alert:
    """What did not happen in time."""

    kind: AlertKind
    watch: str
    cause: str
    """Names the cause within the watch."""
    node: str
    """Where it stands: element, operation, or what was expected."""
    owner: Text
    since: datetime
    limit_s: float
    key: str = ""
    instance: str = ""
    title: Text | None = None
    """What people call the watch; its name where not given."""
    department: str | None = None
    """Whose document it is about; ``None``: seen only by whoever sees all departments."""
    group: str = ""
    """What the items have in common; empty: it is about one."""
    count: int = 1
    keys: tuple[str, ...] = ()
    """Of many: the first documents."""
    to: tuple[str, ...] = ()
    """Who has it in hand, by login or group, where the data say so."""
    system: str = ""
    """The system in trouble; nothing is told through it."""

    @property
    def id(self) -> str:
        """The record's id."""
        return f"{self.watch}/{self.cause}"

    @property
    def rule(self) -> str:
        """The rule's name among all."""
        return f"{self.kind}/{self.watch}"

    @property
    def mark(self) -> str:
        """Of what no second notice comes in the quiet time."""
        return f"{self.watch}/{self.group}" if self.group else self.watch


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody did with an alert."""

    at: datetime
    by: str
    act: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Care:
    """What has become of an alert."""

    severity: str = "warning"
    told: int = 0
    """Notices that went out."""
    told_at: datetime | None = None
    escalated_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    assignee: str = ""
    resolved_by: str = ""
    """Who closed it; empty: it closed by itself."""
    useful: bool | None = None
    """The answer to "was this useful?"; ``None``: nobody has said."""
    muted_until: datetime | None = None
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptAlert:
    """An alert as it is stored."""

    alert: Alert
    opened_at: datetime
    closed_at: datetime | None
    record: Record
    care: Care = field(default_factory=Care)


class Alerts:
    """Opens, tells and closes alerts."""

    def __init__(self, runtime: Runtime, notices: Notices) -> None:
        self._runtime = runtime
        self._notices = notices
        self.rules: AlertRules | None = None
        """What users have set; ``None``: nothing."""

    # -- opening and closing -------------------------------------------------------------------------------

    async def open(self, alert: Alert) -> bool:
        """Open an alert; ``False`` where it is known already."""
        runtime = self._runtime
        known = await runtime.store.record(runtime.scope, KIND, alert.id)
        if known is not None:
            return False
        now = runtime.clock.now()
        tell = self._tell(alert)
        tx = runtime.begin(None)
        care = Care(tell.severity)
        mark = await self._loud_mark(alert, tell, now)
        if mark is not None:
            tx.add(mark)
            care = await self._owe(tx, [KeptAlert(alert, now, None, _row(alert), care)], tell, "opened")
        row = replace(_row(alert), tenant=runtime.tenant, at=now, content=packed(alert, care))
        tx.add(PutRecord(row, 0))
        return await self._commit(tx)

    async def settle(self, rule: str, found: Mapping[str, Alert]) -> None:
        """Let the alerts of a rule be those that were ``found`` (by group): open, count anew, close."""
        runtime = self._runtime
        known = {_group_of(row): row for row in await self.opened(rule)}
        resting = {row.id for row in await self._all(REST, rule, None)}
        for group, alert in found.items():
            row = known.get(group)
            if row is not None:
                await self._count_anew(row, alert)
            elif f"{rule}/{group}" not in resting:
                await self.open(alert)
        for group, row in known.items():
            if group not in found:
                await self.close(row)
        over = [each for each in resting if each.removeprefix(f"{rule}/") not in found]
        if over:
            gone = [DeleteRecord(runtime.tenant, REST, each) for each in over]
            await runtime.store.commit([Unit(list(gone))])

    async def _count_anew(self, row: Record, alert: Alert) -> None:
        kept = unpacked(row)
        if (kept.alert.count, kept.alert.keys) != (alert.count, alert.keys):
            grown = replace(kept.alert, count=alert.count, keys=alert.keys, to=alert.to)
            await self._put(kept, grown, kept.care)

    async def close(self, kept: Record) -> None:
        """It came, late."""
        runtime = self._runtime
        content = values.decode(kept.content) | {"closed_at": runtime.clock.now()}
        row = replace(kept, version=kept.version + 1, state="closed", content=values.encode(content))
        await runtime.store.commit([Unit([PutRecord(row, kept.version)])])

    # -- telling -------------------------------------------------------------------------------------------

    async def nudge(self) -> None:
        """Tell what was held back, remind of what nobody acknowledges, and escalate it."""
        now = self._runtime.clock.now()
        untold: dict[str, list[KeptAlert]] = {}
        for row in await self._all(KIND, None, "open"):
            kept = unpacked(row)
            if self._is_muted(kept, now):
                continue
            if kept.care.told_at is None:
                untold.setdefault(kept.alert.mark, []).append(kept)
            elif kept.care.acknowledged_at is None:
                await self._press(kept, kept.care.told_at, now)
        for alerts in untold.values():
            await self._tell_held_back(alerts, now)

    async def _press(self, kept: KeptAlert, told_at: datetime, now: datetime) -> None:
        care, tell = kept.care, self._tell(kept.alert)
        escalates = tell.escalate_s is not None and care.escalated_at is None
        tx = self._runtime.begin(None)
        if escalates and now - kept.opened_at >= timedelta(seconds=tell.escalate_s or 0):
            care = await self._owe(tx, [kept], replace(tell, to=tell.escalate_to), "escalated")
            note = Note(now, "", "escalated", ", ".join(tell.escalate_to))
            care = replace(care, escalated_at=now, severity="critical", notes=(*care.notes, note))
        elif (
            tell.remind_s is not None
            and care.told <= tell.remind_most
            and now - told_at >= timedelta(seconds=tell.remind_s)
        ):
            care = await self._owe(tx, [kept], tell, "reminder")
        else:
            return
        tx.add(self._changed(kept, kept.alert, care))
        await self._commit(tx)

    async def _tell_held_back(self, alerts: list[KeptAlert], now: datetime) -> None:
        """Tell together what opened in a quiet time or while it was muted."""
        alert = alerts[0].alert
        tell = self._tell(alert)
        mark = await self._loud_mark(alert, tell, now)
        if mark is None:
            return
        tx = self._runtime.begin(None)
        tx.add(mark)
        told = (await self._owe(tx, alerts, tell, "opened")).told - alerts[0].care.told
        for kept in alerts:
            care = replace(kept.care, told=kept.care.told + told, told_at=now)
            tx.add(self._changed(kept, kept.alert, care))
        await self._commit(tx)

    async def _loud_mark(self, alert: Alert, tell: Tell, now: datetime) -> PutRecord | None:
        """Return what notes that it is told now; ``None``: it is muted, or its quiet time goes on."""
        runtime = self._runtime
        if self.rules is not None and self.rules.is_muted(alert.rule, now):
            return None
        told = await runtime.store.record(runtime.scope, TOLD, alert.mark)
        quiet_s = tell.quiet_s if tell.quiet_s is not None else runtime.config.notice_quiet_s
        if told is not None and values.decode(told.content) + timedelta(seconds=quiet_s) > now:
            return None
        version, first_at = (told.version, told.at) if told is not None else (0, now)
        content = values.encode(now)
        row = Record(runtime.tenant, TOLD, alert.mark, version + 1, first_at, content=content)
        return PutRecord(row, version)

    async def _owe(self, tx: Transaction, alerts: Sequence[KeptAlert], tell: Tell, why: str) -> Care:
        """Owe a notice in a transaction; return the care of the first alert as it is then."""
        kept = alerts[0]
        alert, now = kept.alert, tx.now
        count = sum(each.alert.count for each in alerts)
        keys = [key for each in alerts for key in (each.alert.keys or (each.alert.key,)) if key]
        # Whom the rule names; else who has it in hand; else whom the configuration names.
        named = tell.to or tuple(dict.fromkeys(name for each in alerts for name in each.alert.to))
        addresses = await self._notices.reach(named) if named else []
        silent = MAIL if alert.kind in _OTHERS_TELL and not addresses else ""
        title = alert.title or Text(alert.watch, alert.watch)
        facts: dict[str, Any] = {
            "name": f"{alert.id}/{now.timestamp():.0f}/{why}",
            "watch": title.to_dict(),
            "alert": alert.kind,
            "node": alert.node,
            "owner": alert.owner.to_dict(),
            "since": alert.since,
            "limit_s": alert.limit_s,
            "business_key": alert.key or None,
            "instance": alert.instance or None,
            "why": why,
            "severity": "critical" if why == "escalated" else kept.care.severity,
            "count": count,
            "keys": keys[:_MEANWHILE],
            "to": addresses,
            "persons": list(named),
            "channels": [each for each in tell.channels if each != silent],
            "about": alert.system,
        }
        is_told = self._notices.watched(tx, facts)
        return replace(kept.care, told=kept.care.told + is_told, told_at=now)

    def _tell(self, alert: Alert) -> Tell:
        return self.rules.tell_of(alert.rule) if self.rules is not None else USUAL

    def _is_muted(self, kept: KeptAlert, now: datetime) -> bool:
        until = kept.care.muted_until
        if until is not None and until > now:
            return True
        return self.rules is not None and self.rules.is_muted(kept.alert.rule, now)

    # -- rows ----------------------------------------------------------------------------------------------

    def _changed(self, kept: KeptAlert, alert: Alert, care: Care) -> PutRecord:
        row = kept.record
        content = packed(alert, care, kept.closed_at)
        return PutRecord(replace(row, version=row.version + 1, content=content), row.version)

    async def _put(self, kept: KeptAlert, alert: Alert, care: Care) -> bool:
        result = await self._runtime.store.commit([Unit([self._changed(kept, alert, care)])])
        return result[0].status == "written"

    async def _commit(self, tx: Transaction) -> bool:
        result = (await self._runtime.store.commit([tx.finish()]))[0]
        if result.status != "written":
            return False
        for action in tx.after:
            action()
        return True

    async def of_cause(self, alert_id: str) -> Record | None:
        """Return the record of an alert."""
        return await self._runtime.store.record(self._runtime.scope, KIND, alert_id)

    async def opened(self, owner: str) -> list[Record]:
        """Return the open alerts of a watch (``kind/watch``)."""
        return await self._all(KIND, owner, "open")

    async def _all(self, kind: str, owner: str | None, state: str | None) -> list[Record]:
        found: list[Record] = []
        cursor: str | None = None
        while True:
            page = await self._runtime.store.records(
                self._runtime.scope, kind, owner=owner, state=state, cursor=cursor, limit=500
            )
            found += page.items
            cursor = page.next
            if cursor is None:
                return found

    async def page(
        self, scope: Scope, state: str | None, owner: str | None, cursor: str | None, limit: int
    ) -> Page[KeptAlert]:
        """Return alerts for people, newest first."""
        page = await self._runtime.store.records(
            scope, KIND, owner=owner, state=state, cursor=cursor, limit=limit
        )
        return Page([unpacked(row) for row in page.items], page.next)


def together(alerts: Iterable[Alert]) -> dict[str, Alert]:
    """Return alerts by group: of several of one group the first, with their number and documents."""
    found: dict[str, Alert] = {}
    for each in alerts:
        first = found.get(each.group)
        if first is None:
            found[each.group] = replace(each, keys=(each.key,) if each.key else ())
            continue
        keys = first.keys
        if each.key and each.key not in keys and len(keys) < KEYS_MAX:
            keys = (*keys, each.key)
        found[each.group] = replace(first, count=first.count + each.count, keys=keys)
    return found


def _row(alert: Alert) -> Record:
    at = alert.since
    return Record("", KIND, alert.id, 1, at, alert.rule, "open", department=alert.department)


def _group_of(row: Record) -> str:
    return str(values.decode(row.content).get("group", ""))


def packed(alert: Alert, care: Care, closed_at: datetime | None = None) -> bytes:
    """Return what the record of an alert holds."""
    return values.encode(
        {
            "kind": alert.kind,
            "watch": alert.watch,
            "cause": alert.cause,
            "node": alert.node,
            "owner": alert.owner.to_dict(),
            "since": alert.since,
            "limit_s": alert.limit_s,
            "key": alert.key,
            "instance": alert.instance,
            "title": (alert.title or Text(alert.watch, alert.watch)).to_dict(),
            "group": alert.group,
            "count": alert.count,
            "keys": list(alert.keys),
            "to": list(alert.to),
            "system": alert.system,
            "closed_at": closed_at,
            "severity": care.severity,
            "told": care.told,
            "told_at": care.told_at,
            "escalated_at": care.escalated_at,
            "acknowledged_at": care.acknowledged_at,
            "acknowledged_by": care.acknowledged_by,
            "assignee": care.assignee,
            "resolved_by": care.resolved_by,
            "useful": care.useful,
            "muted_until": care.muted_until,
            "notes": [{"at": n.at, "by": n.by, "act": n.act, "text": n.text} for n in care.notes],
        }
    )


def unpacked(row: Record) -> KeptAlert:
    """Return the alert of a record; one of an earlier version lacks what came later."""
    content: Mapping[str, Any] = values.decode(row.content)
    alert = Alert(
        content["kind"],
        content["watch"],
        content["cause"],
        content["node"],
        Text(content["owner"]["en"], content["owner"]["zh"]),
        content["since"],
        float(content["limit_s"]),
        content["key"],
        content["instance"],
        Text(content["title"]["en"], content["title"]["zh"]),
        row.department,
        content.get("group", ""),
        int(content.get("count", 1)),
        tuple(content.get("keys", ())),
        tuple(content.get("to", ())),
        content.get("system", ""),
    )
    care = Care(
        content.get("severity", "warning"),
        int(content.get("told", 1)),
        # What an earlier version opened was told then, or in the quiet time: it is not told again.
        content.get("told_at", row.at),
        content.get("escalated_at"),
        content.get("acknowledged_at"),
        content.get("acknowledged_by", ""),
        content.get("assignee", ""),
        content.get("resolved_by", ""),
        content.get("useful"),
        content.get("muted_until"),
        tuple(Note(n["at"], n["by"], n["act"], n["text"]) for n in content.get("notes", ())),
    )
    return KeptAlert(alert, row.at, content["closed_at"], row, care)
