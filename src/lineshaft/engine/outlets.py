"""Subscriptions 订阅: what happens in the hub, sent to other programs, each fact at least once.

A subscription reads the event feed from where it stands; each fact it asks for becomes a delivery, in the
same transaction that moves it on. A delivery is tried until it is taken or its time is over; all of them
stay to be looked at, and to be sent again, for a while.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from lineshaft.base.clock import Clock
from lineshaft.base.errors import Conflict, HubError, InputError, NotFound
from lineshaft.base.ids import Ids
from lineshaft.base.scope import Scope
from lineshaft.base.text import text
from lineshaft.engine.facts import KINDS, FactBook, fact
from lineshaft.feel import codec as values
from lineshaft.store.port import Page, Store
from lineshaft.store.rows import Fact, Record
from lineshaft.store.writes import DeleteRecord, PutRecord, Unit, Write

SUBSCRIPTION: Final = "subscription"
DELIVERY: Final = "delivery"
GAPS_S: Final = (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800)
"""Pauses before each further try; about a day in all."""
KEPT_FOR: Final = timedelta(days=7)
"""How long a delivery that has ended is shown."""
OVERLAP: Final = timedelta(hours=24)
"""How long the former secret still signs after a new one was made."""
_AT_ONCE: Final = 100
_SUBSCRIPTIONS_MAX: Final = 200


class Subscription(msgspec.Struct, frozen=True):
    """Who is told what."""

    name: str
    url: str
    kinds: list[str]
    process_id: str | None
    by: str
    departments: list[str] | None
    position: int
    generation: int = 1
    former_until: datetime | None = None
    failing_since: datetime | None = None
    last_error: str = ""
    reason: str = ""
    """Why it is paused or disabled."""
    masked: list[str] = []
    """Classes of fields that whoever made it may not see."""

    def wants(self, row: Fact) -> bool:
        """Tell whether a fact is for it."""
        if self.kinds and row.kind not in self.kinds:
            return False
        return self.process_id is None or values.decode(row.payload).get("process_id") == self.process_id

    def scope(self, tenant: str) -> Scope:
        """Return what whoever made it may see."""
        departments = frozenset(self.departments) if self.departments is not None else None
        return Scope(tenant, departments, masked_fields=frozenset(self.masked))


class Delivery(msgspec.Struct, frozen=True):
    """One fact on its way to one receiver."""

    fact: str
    kind: str
    subject: str
    happened_at: datetime
    data: bytes
    tries: int = 0
    status: int = 0
    """What the receiver answered last; 0: nothing."""
    error: str = ""
    took_ms: int = 0
    tried_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A subscription as it stands."""

    id: str
    version: int
    state: str
    """``active``, ``paused`` (by a person) or ``disabled`` (by long failure)."""
    at: datetime
    what: Subscription


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery as it stands."""

    id: str
    subscription: str
    state: str
    """``waiting``, ``delivered`` or ``failed``."""
    at: datetime
    due_at: datetime | None
    what: Delivery


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one try."""

    status: int = 0
    error: str = ""
    took_ms: int = 0
    gone: bool = False
    """The receiver says that it wants no more (410)."""

    @property
    def ok(self) -> bool:
        """Tell whether it was taken."""
        return 200 <= self.status < 300


def check_url(url: str, hosts: tuple[str, ...]) -> None:
    """Raise ``InputError`` where the hub may not send to ``url``."""
    try:
        parts = urlsplit(url)
        place = parts.hostname or ""
        with_port = f"{place}:{parts.port}" if parts.port is not None else place
    except ValueError:
        place = with_port = ""
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not place or parts.username is not None:
        raise InputError(
            text("Expected an http(s) address without a login.", "应为不含登录信息的 http(s) 地址。"),
            code="url_invalid",
        )
    if place not in hosts and with_port not in hosts:
        raise InputError(
            text(
                "Expected one of the declared hosts, but it is {host}.",
                "目标主机须事先声明,实际为 {host}。",
                host=with_port,
            ),
            code="host_not_declared",
            hint=text(
                "An administrator adds it to subscriptions.hosts in the configuration.",
                "请管理员将其加入配置项 subscriptions.hosts。",
            ),
        )


class Outlets:
    """Subscriptions and their deliveries."""

    def __init__(
        self, store: Store, clock: Clock, ids: Ids, tenant: str, *, book: FactBook, hosts: tuple[str, ...]
    ) -> None:  # fmt: skip
        self._store = store
        self._clock = clock
        self._ids = ids
        self._tenant = tenant
        self._rows = Scope.of_engine(tenant)
        self._book = book
        self.hosts = hosts

    # -- subscriptions -------------------------------------------------------------------------------------

    async def make(self, scope: Scope, wish: Subscription, *, wanted_id: str | None = None) -> Kept:
        """Make a subscription to all that happens from now on.

        Raises:
            InputError: Its host is not declared, or it names a kind that there is not.
        """
        self._check(wish)
        page = await self._store.records(self._rows, SUBSCRIPTION, limit=_SUBSCRIPTIONS_MAX)
        if len(page.items) >= _SUBSCRIPTIONS_MAX:
            raise Conflict(
                text(
                    "There are {count} subscriptions already.", "订阅已达 {count} 个。", count=len(page.items)
                )
            )
        name = wanted_id or self._ids.new()
        known = await self._store.record(self._rows, SUBSCRIPTION, name)
        if known is not None:
            return _kept(known)
        departments = sorted(scope.departments) if scope.departments is not None else None
        what = msgspec.structs.replace(
            wish,
            position=await self._book.last(),
            departments=departments,
            masked=sorted(scope.masked_in(None)),
        )
        row = Record(
            tenant=self._tenant,
            kind=SUBSCRIPTION,
            id=name,
            version=1,
            at=self._clock.now(),
            state="active",
            content=msgspec.json.encode(what),
        )
        await self._write([PutRecord(row, 0)])
        return _kept(row)

    async def find(self, name: str) -> Kept:
        """Return a subscription; raises ``NotFound``."""
        return _kept(await self._row(name))

    async def all(self, *, state: str | None, cursor: str | None, limit: int) -> Page[Kept]:
        """Return subscriptions, newest first."""
        page = await self._store.records(self._rows, SUBSCRIPTION, state=state, cursor=cursor, limit=limit)
        return Page([_kept(each) for each in page.items], page.next)

    async def change(self, name: str, expected: int, wish: Subscription, state: str) -> Kept:
        """Change a subscription; raises ``Conflict`` where it is not at version ``expected`` any more."""
        row = await self._row(name)
        if row.version != expected:
            raise Conflict(
                text("The subscription was changed meanwhile.", "该订阅已被他人修改。"),
                code="version_changed",
            )
        self._check(wish)
        former = _what(row)
        what = msgspec.structs.replace(
            former,
            name=wish.name,
            url=wish.url,
            kinds=wish.kinds,
            process_id=wish.process_id,
            reason=wish.reason,
            failing_since=None if state == "active" else former.failing_since,
        )
        return await self._put(row, what, state)

    async def rotate(self, name: str) -> Kept:
        """Make a new secret; the former one goes on signing for a while."""
        row = await self._row(name)
        what = _what(row)
        until = self._clock.now() + OVERLAP
        changed = msgspec.structs.replace(what, generation=what.generation + 1, former_until=until)
        return await self._put(row, changed, row.state)

    async def remove(self, name: str) -> None:
        """End a subscription; what waits to be sent is not sent any more."""
        row = await self._row(name)
        await self._write([DeleteRecord(self._tenant, SUBSCRIPTION, row.id)])

    # -- deliveries ----------------------------------------------------------------------------------------

    async def deliveries(self, name: str, *, state: str | None, cursor: str | None, limit: int) -> Page[Sent]:
        """Return the deliveries of a subscription, newest first."""
        await self._row(name)
        page = await self._store.records(
            self._rows, DELIVERY, owner=name, state=state, cursor=cursor, limit=limit
        )
        return Page([_sent(each) for each in page.items], page.next)

    async def send_again(self, name: str, delivery_id: str) -> Sent:
        """Send a delivery once more, whatever became of it; raises ``NotFound``."""
        row = await self._store.record(self._rows, DELIVERY, delivery_id)
        if row is None or row.owner != name:
            raise NotFound(text("There is no delivery {id}.", "没有推送记录 {id}。", id=delivery_id))
        again = replace(row, version=row.version + 1, state="waiting", due_at=self._clock.now())
        await self._write([PutRecord(again, row.version)])
        return _sent(again)

    async def spread(self) -> int:
        """Turn new facts into deliveries; return how many facts were read."""
        count = 0
        page = await self._store.records(self._rows, SUBSCRIPTION, limit=_SUBSCRIPTIONS_MAX)
        for row in page.items:
            if row.state == "disabled":
                continue
            what = _what(row)
            facts = await self._store.facts(what.scope(self._tenant), what.position, _AT_ONCE)
            if not facts:
                continue
            count += len(facts)
            now = self._clock.now()
            moved = replace(
                row,
                version=row.version + 1,
                content=msgspec.json.encode(msgspec.structs.replace(what, position=facts[-1].seq or 0)),
            )
            new = [PutRecord(self._delivery(row.id, each, now), 0) for each in facts if what.wants(each)]
            # Somebody who changes it at this moment goes first; the next look tries again.
            await self._store.commit([Unit([PutRecord(moved, row.version), *new])])
        return count

    async def due(self) -> list[tuple[Sent, Kept]]:
        """Return what is to be sent now, with its subscription; forget what has been kept long enough."""
        now = self._clock.now()
        out: list[tuple[Sent, Kept]] = []
        known: dict[str, Record | None] = {}
        for row in await self._store.due_records(self._rows, DELIVERY, now, _AT_ONCE):
            if row.owner not in known:
                known[row.owner] = await self._store.record(self._rows, SUBSCRIPTION, row.owner)
            owner = known[row.owner]
            if row.state != "waiting" or owner is None:
                await self._store.commit([Unit([DeleteRecord(self._tenant, DELIVERY, row.id)])])
            elif owner.state == "active":
                out.append((_sent(row), _kept(owner)))
            else:
                later = replace(row, version=row.version + 1, due_at=now + timedelta(minutes=1))
                await self._store.commit([Unit([PutRecord(later, row.version)])])
        return out

    async def settle(self, sent: Sent, outcome: Outcome, give_up: timedelta) -> None:
        """Write down what came of a try."""
        row = await self._store.record(self._rows, DELIVERY, sent.id)
        owner = await self._store.record(self._rows, SUBSCRIPTION, sent.subscription)
        if row is None or owner is None:
            return
        now = self._clock.now()
        what = msgspec.json.decode(row.content, type=Delivery)
        tries = what.tries + 1
        gap = GAPS_S[tries - 1] if tries <= len(GAPS_S) else None
        state = "delivered" if outcome.ok else "waiting" if gap is not None and not outcome.gone else "failed"
        due_at = now + (timedelta(seconds=gap) if state == "waiting" and gap is not None else KEPT_FOR)
        tried = msgspec.structs.replace(
            what,
            tries=tries,
            status=outcome.status,
            error=outcome.error[:500],
            took_ms=outcome.took_ms,
            tried_at=now,
        )
        ended = replace(
            row, version=row.version + 1, state=state, due_at=due_at, content=msgspec.json.encode(tried)
        )
        writes: list[Write] = [PutRecord(ended, row.version)]
        writes += self._health(owner, outcome, now, give_up)
        result = (await self._store.commit([Unit(writes)]))[0]
        if result.error is not None and len(writes) > 1:
            # The subscription was changed meanwhile; what came of the try holds all the same.
            await self._store.commit([Unit(writes[:1])])

    def _health(self, owner: Record, outcome: Outcome, now: datetime, give_up: timedelta) -> list[Write]:
        """Return what a try says about the subscription: it works (again), it fails, it is given up."""
        what = _what(owner)
        if outcome.ok:
            if what.failing_since is None:
                return []
            changed = msgspec.structs.replace(what, failing_since=None, last_error="")
            return [self._changed(owner, changed, owner.state)]
        since = what.failing_since or now
        error = outcome.error or f"HTTP {outcome.status}"
        failing = msgspec.structs.replace(what, failing_since=since, last_error=error[:500])
        if owner.state != "active" or not (outcome.gone or now - since >= give_up):
            return [self._changed(owner, failing, owner.state)] if failing != what else []
        reason = "410" if outcome.gone else f"failing since {since.isoformat(timespec='seconds')}"
        disabled = msgspec.structs.replace(failing, reason=reason)
        about = {"subscription_id": owner.id, "name": what.name, "since": since.isoformat(), "error": error}
        return [
            self._changed(owner, disabled, "disabled"),
            fact(self._tenant, "subscription.disabled", owner.id, now, about),
        ]

    # -- rows ----------------------------------------------------------------------------------------------

    def _check(self, wish: Subscription) -> None:
        check_url(wish.url, self.hosts)
        unknown = sorted(set(wish.kinds) - set(KINDS))
        if unknown:
            raise InputError(
                text(
                    "Expected kinds among {known}, but there is {found}.",
                    "事件类型应为 {known} 之一,实际为 {found}。",
                    known=", ".join(KINDS),
                    found=", ".join(unknown),
                ),
                code="kind_unknown",
            )

    def _delivery(self, name: str, row: Fact, now: datetime) -> Record:
        what = Delivery(fact=row.id, kind=row.kind, subject=row.subject, happened_at=row.at, data=row.payload)
        return Record(
            tenant=self._tenant,
            kind=DELIVERY,
            id=f"{name}.{row.id}",
            version=1,
            at=now,
            owner=name,
            state="waiting",
            due_at=now,
            content=msgspec.json.encode(what),
        )

    async def _row(self, name: str) -> Record:
        row = await self._store.record(self._rows, SUBSCRIPTION, name)
        if row is None:
            raise NotFound(text("There is no subscription {id}.", "没有订阅 {id}。", id=name))
        return row

    def _changed(self, row: Record, what: Subscription, state: str) -> PutRecord:
        changed = replace(row, version=row.version + 1, state=state, content=msgspec.json.encode(what))
        return PutRecord(changed, row.version)

    async def _put(self, row: Record, what: Subscription, state: str) -> Kept:
        write = self._changed(row, what, state)
        await self._write([write])
        return _kept(write.row)

    async def _write(self, writes: list[Write]) -> None:
        result = (await self._store.commit([Unit(writes)]))[0]
        if result.error is not None:
            error: HubError = result.error
            raise error


def body_of(delivery: Delivery, encode: Any) -> bytes:
    """Return what is sent: type, time and data, as Standard Webhooks has it."""
    content: bytes = encode(
        {
            "type": delivery.kind,
            "timestamp": delivery.happened_at,
            "data": {**values.decode(delivery.data), "subject": delivery.subject},
        }
    )
    return content


def _what(row: Record) -> Subscription:
    return msgspec.json.decode(row.content, type=Subscription)


def _kept(row: Record) -> Kept:
    return Kept(row.id, row.version, row.state, row.at, _what(row))


def _sent(row: Record) -> Sent:
    what = msgspec.json.decode(row.content, type=Delivery)
    return Sent(row.id, row.owner, row.state, row.at, row.due_at, what)
