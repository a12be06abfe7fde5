"""Drift 接口变更: looks at what systems' records look like, and holds back what a change would harm.

A look is taken now and then, before a new release is used, and when a person asks. What is seen first counts
as accepted. Later a difference that touches a field in use stops the operations and readings that use it:
calls are parked under ``schema:system:resource`` and go on by themselves when a person accepts what is new,
when a release does without the field, or when the system is as it was. Nothing is lost, the rest goes on.

What was accepted, and what stands against it, is a record of kind ``schema-snapshot`` per system.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import msgspec

from lineshaft.base.errors import Conflict, ConnectorError, HubError, MissingReference, NotFound, Unavailable
from lineshaft.base.text import Text, text
from lineshaft.engine.held import HeldSource
from lineshaft.engine.references import RELEASE, release_lane
from lineshaft.engine.runtime import Runtime
from lineshaft.feel import codec as values
from lineshaft.insight.alerting import Alert, Alerts
from lineshaft.sdk import Connector, drift
from lineshaft.sdk.connector import Versioned
from lineshaft.sdk.drift import Difference, ResourceState
from lineshaft.sdk.outcomes import ProductFact
from lineshaft.security.records import TRIES, Kept, Shelf, changed_meanwhile, written
from lineshaft.store.rows import Job
from lineshaft.store.writes import PutJob, Unit

KIND: Final = "schema-snapshot"
SOURCE: Final = "drift"
SWEEP_S: Final = 15.0
LOOK_S: Final = 60.0
"""How long describing a system may take."""
FIRST_S: Final = 15.0
"""How long a new release waits for a look before it is used."""
AGAIN_S: Final = 300.0
"""After a look that failed."""
NOTES_MAX: Final = 50
_SETTLE_S: Final = 0.5
"""What was under way when a hold ended has been parked by then."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A connected system: its connector as it is, and a digest of the definition it was made from."""

    connector: Connector
    definition: str


class Note(msgspec.Struct, frozen=True):
    """Something that changed and harms nothing."""

    at: datetime
    en: str
    zh: str


class Snapshot(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of one system's records."""

    definition: str
    looked_at: datetime
    accepted_at: datetime
    accepted: dict[str, ResourceState]
    accepted_by: str = ""
    """``""``: it was the first look, or nothing but harmless news."""
    live: dict[str, ResourceState] = msgspec.field(default_factory=dict)
    """What the last look saw."""
    differences: tuple[Difference, ...] = ()
    """Those that stop something."""
    found_at: datetime | None = None
    notes: tuple[Note, ...] = ()
    """Newest first."""
    product: str = ""
    version: str = ""


@dataclass(slots=True)
class _Held:
    """What is held back of one system, by the name of the operation or of the resource that is read."""

    operations: dict[str, Difference] = field(default_factory=dict)
    readings: dict[str, Difference] = field(default_factory=dict)

    def lifted(self, now: _Held) -> set[str]:
        """Return the resources under which calls are parked that may go by now."""
        return {each.resource for name, each in self.operations.items() if name not in now.operations}


class Drift:
    """Looks, holds back, and lets go.

    Args:
        runtime: The worker's.
        alerts: Where alerts go.
        systems: Returns the connected systems that can be described.
        every_s: How long after a look the next one is due.
    """

    def __init__(
        self, runtime: Runtime, alerts: Alerts, systems: Callable[[], Mapping[str, Watched]], every_s: float
    ) -> None:
        self._runtime = runtime
        self._alerts = alerts
        self._systems = systems
        self._every = timedelta(seconds=every_s)
        self._shelf: Shelf[Snapshot] = Shelf(runtime.store, runtime.tenant, KIND, Snapshot)
        self._lease = HeldSource(runtime, SOURCE)
        self._held: dict[str, _Held] = {}
        self._again_at: dict[str, float] = {}

    # -- what is held back ---------------------------------------------------------------------------------

    def of_call(self, system: str, operation: str) -> MissingReference | None:
        """Return why an operation may not be called now."""
        held = self._held.get(system)
        found = held.operations.get(operation) if held is not None else None
        if found is None:
            return None
        return MissingReference(
            _reason(system, found), reference=reference_of(system, found.resource), code="schema_drift"
        )

    def of_reading(self, system: str, resource: str) -> Unavailable | None:
        """Return why a resource may not be read now; its cursor stays where it is."""
        held = self._held.get(system)
        found = held.readings.get(resource) if held is not None else None
        return Unavailable(_reason(system, found), code="schema_drift") if found is not None else None

    async def refresh(self) -> None:
        """Take over what any worker has found or let go."""
        held: dict[str, _Held] = {}
        cursor: str | None = None
        while True:
            page = await self._shelf.page(state="stopped", cursor=cursor, limit=500)
            for kept in page.items:
                held[kept.id] = _held_by(kept.value.differences)
            cursor = page.next
            if cursor is None:
                break
        before, self._held = self._held, held
        for system, was in before.items():
            for resource in was.lifted(held.get(system, _Held())):
                await self._release(system, resource)

    async def _release(self, system: str, resource: str) -> None:
        """Let parked calls go on: those of this worker too, which parked them a moment ago."""
        runtime = self._runtime
        now = runtime.clock.now()
        reference = reference_of(system, resource)
        job = Job(
            tenant=runtime.tenant,
            id=f"{RELEASE}/{reference}",
            lane=release_lane(runtime.tenant),
            kind=RELEASE,
            due_at=now + timedelta(seconds=_SETTLE_S),
            created_at=now,
            payload=values.encode({"reference": reference}),
        )
        await runtime.store.commit([Unit([PutJob(job)])])

    # -- looking -------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Look now and then; runs until it is cancelled."""
        while True:
            try:
                await self.sweep()
            except Conflict:
                pass
            except HubError as error:
                self._runtime.observer.trouble("drift", error)
            await asyncio.sleep(SWEEP_S)

    async def let_go(self) -> None:
        """Let another worker look at once."""
        await self._lease.let_go()

    async def sweep(self) -> None:
        """Look at every system whose time has come; raises ``Conflict`` where another worker does."""
        await self._lease.hold()
        now, steady = self._runtime.clock.now(), self._runtime.clock.monotonic()
        for system, watched in self._systems().items():
            kept = await self._shelf.get(system)
            fresh = kept is not None and kept.value.definition == watched.definition
            if kept is not None and fresh and now - kept.value.looked_at < self._every:
                continue
            if steady < self._again_at.get(system, 0.0):
                continue
            await self._lease.hold()
            try:
                await self.look(system)
            except (ConnectorError, TimeoutError) as error:
                # It is away, or says no: that is told by its calls.
                self._again_at[system] = steady + AGAIN_S
                self._runtime.observer.trouble(f"look at {system}", error)

    async def before_use(self) -> None:
        """Look at systems whose definition is new, before it is used; nobody waits long for an answer."""
        await self.refresh()

        async def one(system: str) -> None:
            try:
                async with asyncio.timeout(FIRST_S):
                    await self.look(system)
            except (HubError, TimeoutError) as error:
                self._runtime.observer.trouble(f"look at {system}", error)

        due = []
        for system, watched in self._systems().items():
            kept = await self._shelf.get(system)
            # Without anything accepted there is nothing that could have changed.
            if kept is not None and kept.value.definition != watched.definition:
                due.append(one(system))
        await asyncio.gather(*due)

    async def look(self, system: str) -> Kept[Snapshot]:
        """Look at one system now, and hold back or let go what follows.

        Raises:
            NotFound: There is no such system, or it cannot be described.
            ConnectorError: It could not be asked.
        """
        watched = self._systems().get(system)
        if watched is None:
            raise NotFound(text("There is no system {name}.", "没有系统 {name}。", name=system))
        connector = watched.connector
        try:
            async with asyncio.timeout(LOOK_S):
                live = drift.schema_of(await connector.describe())
                product = await connector.product() if isinstance(connector, Versioned) else None
        except TimeoutError as error:
            message = text("{name} did not answer in time.", "{name} 未及时应答。", name=system)
            raise Unavailable(message, code="timeout") from error
        self._again_at.pop(system, None)
        for _ in range(TRIES):
            kept = await self._shelf.get(system)
            now = self._runtime.clock.now()
            found = self._judged(kept.value if kept is not None else None, watched, live, product, now)
            if await self._put(system, found, kept, now):
                return await self._told(system, kept, found)
        raise changed_meanwhile(system)

    def _judged(
        self,
        before: Snapshot | None,
        watched: Watched,
        live: dict[str, ResourceState],
        product: ProductFact | None,
        now: datetime,
    ) -> Snapshot:
        spec = watched.connector.spec
        name, version = (product.name, product.version) if product is not None else ("", "")
        accepted = before.accepted if before is not None else {}
        found = drift.compare(accepted, live, drift.uses_of(spec))
        stopping = [each for each in found if each.stops]
        if product is not None and not product.supported:
            writes = tuple(each.name for each in spec.operations if not each.reads_only)
            reads = tuple(each.resource for each in spec.triggers if each.resource is not None)
            known = ", ".join(product.versions)
            stopping.append(Difference("", name, "version", known, version, writes, reads))
        notes = [_note(now, each.words) for each in found if not each.stops]
        if before is not None and before.version and version and before.version != version:
            changed = text(
                "{product} is version {now} now (it was {before})",
                "{product} 版本由 {before} 变为 {now}",
                product=name,
                now=version,
                before=before.version,
            )
            notes.append(_note(now, changed))
        return Snapshot(
            definition=watched.definition,
            looked_at=now,
            accepted_at=before.accepted_at if before is not None else now,
            accepted=drift.settled(accepted, live, stopping),
            accepted_by=before.accepted_by if before is not None else "",
            live=live,
            differences=tuple(stopping),
            found_at=(before.found_at if before is not None else None) or now if stopping else None,
            notes=(*notes, *(before.notes if before is not None else ()))[:NOTES_MAX],
            product=name,
            version=version,
        )

    # -- deciding ------------------------------------------------------------------------------------------

    async def accept(self, system: str, by: str, version: int | None = None) -> Kept[Snapshot]:
        """Take what the system shows now as right; what was held back goes on.

        Args:
            system: Its name.
            by: Who says so.
            version: Of the snapshot that was looked at; ``None``: whichever there is.

        Raises:
            NotFound: It was never looked at.
            Conflict: It has changed since, or is of a version that its manifest does not support.
        """
        kept = await self.find(system)
        if version is not None and kept.version != version:
            raise changed_meanwhile(system)
        value = kept.value
        unsupported = [each for each in value.differences if each.kind == "version"]
        if unsupported:
            raise Conflict(
                _reason(system, unsupported[0]),
                code="version_unsupported",
                hint=text(
                    "Publish a manifest that names this version under `product.versions`.",
                    "请发布在 `product.versions` 中写明此版本的清单。",
                ),
            )
        now = self._runtime.clock.now()
        accepted = {**value.accepted, **value.live}
        found = msgspec.structs.replace(
            value, accepted=accepted, accepted_at=now, accepted_by=by, differences=(), found_at=None
        )
        if not await self._put(system, found, kept, now):
            raise changed_meanwhile(system)
        return await self._told(system, kept, found)

    async def find(self, system: str) -> Kept[Snapshot]:
        """Return what is known of a system; raises ``NotFound`` where nobody has looked at it yet."""
        kept = await self._shelf.get(system)
        if kept is None:
            command = f"`lineshaft connector drift {system} --look`"
            raise NotFound(
                text("Nobody has looked at {name} yet.", "尚未检查系统 {name} 的接口。", name=system),
                code="never_looked",
                hint=text("{command} does it.", "可用 {command}。", command=command),
            )
        return kept

    async def all(self) -> list[Kept[Snapshot]]:
        """Return what is known of every system, by name."""
        known = self._systems()
        return sorted(
            (each for each in await self._shelf.all() if each.id in known), key=lambda each: each.id
        )

    # -- parts ---------------------------------------------------------------------------------------------

    async def _put(self, system: str, found: Snapshot, over: Kept[Snapshot] | None, now: datetime) -> bool:
        state = "stopped" if found.differences else "ok"
        return await written(
            self._runtime.store, self._shelf.put(system, found, over, now, owner=system, state=state)
        )

    async def _told(self, system: str, before: Kept[Snapshot] | None, found: Snapshot) -> Kept[Snapshot]:
        """Tell people, and let this worker know at once."""
        if before is not None:
            lifted = _held_by(before.value.differences).lifted(_held_by(found.differences))
            for resource in lifted:
                await self._release(system, resource)
        await self.refresh()
        causes = {_cause(each, found): each for each in found.differences}
        watch = f"schema/{system}"
        if before is not None or causes:
            for row in await self._alerts.opened(f"drift/{watch}"):
                if row.id.removeprefix(f"{watch}/") not in causes:
                    await self._alerts.close(row)
        for cause, each in causes.items():
            await self._alerts.open(self._alert(system, watch, cause, each, found))
        return await self.find(system)

    def _alert(self, system: str, watch: str, cause: str, found: Difference, snapshot: Snapshot) -> Alert:
        watched = self._systems().get(system)
        owner = watched.connector.spec.label if watched is not None else Text(system, system)
        stopped = ", ".join((*found.operations, *found.readings))
        return Alert(
            "drift",
            watch,
            cause,
            stopped,
            owner,
            snapshot.found_at or snapshot.looked_at,
            0.0,
            f"{found.resource}.{found.field}".strip("."),
            title=_reason(system, found),
        )


def reference_of(system: str, resource: str) -> str:
    """Return under what calls are parked that a changed resource holds back."""
    return f"schema:{system}:{resource}"


def _held_by(differences: tuple[Difference, ...]) -> _Held:
    held = _Held()
    for each in differences:
        for name in each.operations:
            held.operations.setdefault(name, each)
        for name in each.readings:
            held.readings.setdefault(name, each)
    return held


def _reason(system: str, found: Difference) -> Text:
    told = found.words.to_dict()
    return Text(
        f"{system}: {told['en']}; what uses it waits until somebody accepts that or a release does without",
        f"{system}:{told['zh']};使用它的操作已暂停,待人工确认或发布新版本后继续",
    )


def _note(at: datetime, words: Text) -> Note:
    told = words.to_dict()
    return Note(at, told["en"], told["zh"])


def _cause(found: Difference, snapshot: Snapshot) -> str:
    at = snapshot.found_at or snapshot.looked_at
    return f"{found.resource}.{found.field}/{found.kind}/{at.timestamp():.0f}"[:200]


__all__ = ["Drift", "Note", "Snapshot", "Watched", "reference_of"]
