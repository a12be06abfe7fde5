"""What people do with alerts, and how well: how soon they are taken and mended, how many were noise.

Acknowledge 认领, assign 指派, comment 备注, resolve 关闭 (with the answer to "was this useful?"), mute 静默.
Each is noted in the alert, and in the audit log in the same transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from lineshaft.base.errors import InputError, NotFound
from lineshaft.base.scope import Scope
from lineshaft.base.text import text
from lineshaft.engine.runtime import Runtime
from lineshaft.feel import codec as values
from lineshaft.insight.alerting import KIND, REST, KeptAlert, Note, packed, unpacked
from lineshaft.security.records import TRIES, changed_meanwhile, written
from lineshaft.store.rows import Record
from lineshaft.store.writes import PutRecord, Write

Act = Literal["acknowledge", "assign", "comment", "resolve", "mute", "rate"]
TARGET: Final = "alert_target"
LOOKED_AT: Final = 20_000
"""So many alerts, the newest first, go into figures."""
_TEXT_MAX: Final = 2_000
_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody does with an alert."""

    act: Act
    by: str
    text: str = ""
    person: str = ""
    """To whom it is assigned, by login."""
    useful: bool | None = None
    """The answer to "was this useful?", with ``resolve`` and ``rate``."""
    until: datetime | None = None
    """Until when it is muted; ``None``: no longer."""


@dataclass(frozen=True, slots=True)
class AlertFigures:
    """How alerts are handled, over a time."""

    days: int
    opened: int
    open: int
    """Now."""
    unacknowledged: int
    """Of those."""
    acknowledge_s: float | None
    """Mean time to acknowledge, in seconds; ``None``: nobody did."""
    repair_s: float | None
    """Mean time from opening to the end."""
    target_s: float | None
    """What the firm wants that to be; ``None``: nobody has said."""
    rated: int
    """About so many somebody has said whether they were useful."""
    noise: float | None
    """The part of those that was not; ``None``: nobody has said."""
    noisy: tuple[tuple[str, int, int], ...]
    """Rules with useless alerts, the worst first: name, useless, rated."""


class AlertDesk:
    """Lets people handle alerts."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def one(self, scope: Scope, alert_id: str) -> KeptAlert:
        """Return an alert that ``scope`` may see; raises ``NotFound``."""
        row = await self._runtime.store.record(scope, KIND, alert_id)
        if row is None:
            raise NotFound(text("There is no such alert.", "没有这条预警。"), code="alert_missing")
        return unpacked(row)

    async def act(
        self, scope: Scope, alert_id: str, wish: Wish, note: Callable[[KeptAlert], Write]
    ) -> KeptAlert:
        """Do something with an alert; ``note`` returns the audit log's line.

        Raises:
            NotFound: There is none, or ``scope`` may not see it.
            InputError: It is closed, or something is missing.
        """
        for _ in range(TRIES):
            kept = await self.one(scope, alert_id)
            now = self._runtime.clock.now()
            row = self._after(kept, wish, now)
            writes: list[Write] = [PutRecord(row, kept.record.version), note(kept)]
            if wish.act == "resolve":
                writes += await self._rest(kept, now)
            if await written(self._runtime.store, *writes):
                return unpacked(row)
        raise changed_meanwhile(alert_id)

    def _after(self, kept: KeptAlert, wish: Wish, now: datetime) -> Record:
        _check(kept, wish)
        care = kept.care
        said = Note(now, wish.by, wish.act, (wish.person if wish.act == "assign" else wish.text)[:_TEXT_MAX])
        closed_at, state = kept.closed_at, kept.record.state
        # Whoever does anything about it knows of it.
        if wish.act not in ("mute", "rate") and care.acknowledged_at is None and closed_at is None:
            care = replace(care, acknowledged_at=now, acknowledged_by=wish.by)
        if wish.act == "acknowledge" and not care.assignee:
            care = replace(care, assignee=wish.by)
        elif wish.act == "assign":
            care = replace(care, assignee=wish.person)
        elif wish.act == "mute":
            care = replace(care, muted_until=wish.until)
        elif wish.act == "resolve":
            care = replace(care, resolved_by=wish.by)
            closed_at, state = now, "closed"
        if wish.useful is not None and wish.act in ("resolve", "rate"):
            care = replace(care, useful=wish.useful)
        care = replace(care, notes=(*care.notes, said))
        content = packed(kept.alert, care, closed_at)
        return replace(kept.record, version=kept.record.version + 1, state=state, content=content)

    async def _rest(self, kept: KeptAlert, now: datetime) -> list[Write]:
        """Return what lets a cause be that a person has closed, as long as it goes on."""
        alert = kept.alert
        if not alert.group:
            return []
        name = f"{alert.rule}/{alert.group}"
        known = await self._runtime.store.record(self._runtime.scope, REST, name)
        if known is not None:
            return []
        return [PutRecord(Record(self._runtime.tenant, REST, name, 1, now, owner=alert.rule), 0)]

    # -- figures -------------------------------------------------------------------------------------------

    async def figures(self, scope: Scope, days: int) -> AlertFigures:
        """Return how the alerts of the last ``days`` that ``scope`` may see were handled."""
        now = self._runtime.clock.now()
        since = now - timedelta(days=days)
        kept = await self._since(scope, since)
        opened = [each for each in kept if each.opened_at >= since]
        standing = [each for each in kept if each.closed_at is None]
        taken = [
            (each.care.acknowledged_at - each.opened_at).total_seconds()
            for each in opened
            if each.care.acknowledged_at is not None
        ]
        ended = [
            (each.closed_at - each.opened_at).total_seconds() for each in opened if each.closed_at is not None
        ]
        rated = [each for each in opened if each.care.useful is not None]
        useless = Counter(each.alert.rule for each in rated if each.care.useful is False)
        answers = Counter(each.alert.rule for each in rated)
        return AlertFigures(
            days,
            len(opened),
            len(standing),
            sum(1 for each in standing if each.care.acknowledged_at is None),
            _mean(taken),
            _mean(ended),
            await self.target(),
            len(rated),
            sum(useless.values()) / len(rated) if rated else None,
            tuple((rule, count, answers[rule]) for rule, count in useless.most_common(10)),
        )

    async def _since(self, scope: Scope, since: datetime) -> list[KeptAlert]:
        """Return what was opened since, and what is open."""
        found: dict[str, KeptAlert] = {}
        for state in (None, "open"):
            cursor: str | None = None
            looked = 0
            while looked < LOOKED_AT:
                page = await self._runtime.store.records(scope, KIND, state=state, cursor=cursor, limit=_PAGE)
                found.update((row.id, unpacked(row)) for row in page.items)
                looked += len(page.items)
                cursor = page.next
                if cursor is None or (state is None and page.items[-1].at < since):
                    break
        return list(found.values())

    async def target(self) -> float | None:
        """Return what the firm wants the mean time to repair to be, in seconds."""
        row = await self._runtime.store.record(self._runtime.scope, TARGET, "repair")
        return float(values.decode(row.content)) if row is not None else None

    async def set_target(self, seconds: int, note: Write) -> None:
        """Set it."""
        runtime = self._runtime
        known = await runtime.store.record(runtime.scope, TARGET, "repair")
        version, at = (known.version, known.at) if known is not None else (0, runtime.clock.now())
        row = Record(runtime.tenant, TARGET, "repair", version + 1, at, content=values.encode(seconds))
        if not await written(runtime.store, PutRecord(row, version), note):
            raise changed_meanwhile("repair")


def _check(kept: KeptAlert, wish: Wish) -> None:
    if kept.closed_at is not None and wish.act not in ("comment", "rate"):
        raise InputError(text("The alert is closed.", "该预警已关闭。"), code="alert_closed")
    if wish.act == "comment" and not wish.text.strip():
        raise InputError(text("Write a comment.", "请填写备注。"), code="alert_comment")
    if wish.act == "assign" and not wish.person:
        raise InputError(text("Say to whom.", "请选择处理人。"), code="alert_person")
    if wish.act == "rate" and wish.useful is None:
        raise InputError(text("Say whether it was useful.", "请选择是否有用。"), code="alert_useful")


def _mean(seconds: Sequence[float]) -> float | None:
    return sum(seconds) / len(seconds) if seconds else None
