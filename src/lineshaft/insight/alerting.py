"""Alerts 预警: something did not happen in time. Opened once per cause, closed when it came late.

An alert is a record of kind ``alert``; its owner is ``kind/watch`` and its id names the cause, so that a
sweep that runs twice opens it once. Of a watch at most one mail goes out in a quiet time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from lineshaft.base.scope import Scope
from lineshaft.base.text import Text
from lineshaft.engine.notices import Notices
from lineshaft.engine.runtime import Runtime
from lineshaft.feel import codec as values
from lineshaft.store.port import Page
from lineshaft.store.rows import Record
from lineshaft.store.writes import PutRecord, Unit

AlertKind = Literal["stuck", "delay", "missing", "drift"]
KINDS: Final[tuple[AlertKind, ...]] = ("stuck", "delay", "missing", "drift")
KIND: Final = "alert"
TOLD: Final = "alert_told"


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

    @property
    def id(self) -> str:
        """The record's id."""
        return f"{self.watch}/{self.cause}"


@dataclass(frozen=True, slots=True)
class KeptAlert:
    """An alert as it is stored."""

    alert: Alert
    opened_at: datetime
    closed_at: datetime | None
    record: Record


class Alerts:
    """Opens and closes alerts."""

    def __init__(self, runtime: Runtime, notices: Notices) -> None:
        self._runtime = runtime
        self._notices = notices

    async def open(self, alert: Alert) -> bool:
        """Open an alert; ``False`` where it is known already."""
        runtime = self._runtime
        known = await runtime.store.record(runtime.scope, KIND, alert.id)
        if known is not None:
            return False
        now = runtime.clock.now()
        row = Record(
            runtime.tenant,
            KIND,
            alert.id,
            1,
            now,
            f"{alert.kind}/{alert.watch}",
            "open",
            content=_packed(alert),
        )
        tx = runtime.begin(None)
        tx.add(PutRecord(row, 0))
        told = await runtime.store.record(runtime.scope, TOLD, alert.watch)
        quiet = timedelta(seconds=runtime.config.notice_quiet_s)
        if told is None or values.decode(told.content) + quiet <= now:
            version = told.version if told is not None else 0
            first_at = told.at if told is not None else now
            mark = Record(
                runtime.tenant, TOLD, alert.watch, version + 1, first_at, content=values.encode(now)
            )
            tx.add(PutRecord(mark, version))
            self._notices.watched(tx, self._facts(alert, now))
        result = (await runtime.store.commit([tx.finish()]))[0]
        if result.status == "written":
            for action in tx.after:
                action()
        return result.status == "written"

    def _facts(self, alert: Alert, now: datetime) -> dict[str, Any]:
        title = alert.title or Text(alert.watch, alert.watch)
        return {
            "name": f"{alert.id}/{now.timestamp():.0f}",
            "watch": title.to_dict(),
            "alert": alert.kind,
            "node": alert.node,
            "owner": alert.owner.to_dict(),
            "since": alert.since,
            "limit_s": alert.limit_s,
            "business_key": alert.key or None,
            "instance": alert.instance or None,
        }

    async def close(self, kept: Record) -> None:
        """It came, late."""
        runtime = self._runtime
        content = values.decode(kept.content) | {"closed_at": runtime.clock.now()}
        row = replace(kept, version=kept.version + 1, state="closed", content=values.encode(content))
        await runtime.store.commit([Unit([PutRecord(row, kept.version)])])

    async def of_cause(self, alert_id: str) -> Record | None:
        """Return the record of an alert."""
        return await self._runtime.store.record(self._runtime.scope, KIND, alert_id)

    async def opened(self, owner: str) -> list[Record]:
        """Return the open alerts of a watch (``kind/watch``)."""
        found: list[Record] = []
        cursor: str | None = None
        while True:
            page = await self._runtime.store.records(
                self._runtime.scope, KIND, owner=owner, state="open", cursor=cursor, limit=500
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


def _packed(alert: Alert) -> bytes:
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
            "closed_at": None,
        }
    )


def unpacked(row: Record) -> KeptAlert:
    """Return the alert of a record."""
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
    )
    return KeptAlert(alert, row.at, content["closed_at"], row)
