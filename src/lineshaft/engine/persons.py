"""The rights of one person: everything about them exported, or erased, wherever the hub keeps it.

A search goes through all tables in bounded steps, so that a hub with ten million rows goes on working beside
it; whoever asks carries the position from step to step. What is under way is shown but not erased: the work
still needs it; it is counted, and the erasure can be repeated when it has ended. The erasure itself is
recorded: when, by whom, why, and how many rows of which tables; of the person only a salted digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from lineshaft.base.clock import Clock
from lineshaft.base.errors import InputError, NotFound
from lineshaft.base.ids import Ids
from lineshaft.base.scope import Scope
from lineshaft.base.text import text
from lineshaft.engine.scrubbing import LENGTH_MIN, Person
from lineshaft.feel import codec as values
from lineshaft.sdk.persons import PersonKind
from lineshaft.store.persons import NAMES
from lineshaft.store.port import Store
from lineshaft.store.rows import Record
from lineshaft.store.upkeep import FoundRow, Rewrite
from lineshaft.store.writes import PutRecord, Unit

KIND: Final = "erasure"
ROWS_AT_ONCE: Final = 2_000
STEP_S: Final = 2.0
"""How long one step may go on."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a search has come."""

    table: int = 0
    after: str | None = None
    erasure: str = ""

    def encode(self) -> str:
        """Return it as text."""
        return msgspec.json.encode([self.table, self.after, self.erasure]).decode()

    @classmethod
    def decode(cls, given: str | None) -> Position:
        """Return what ``encode`` made; raises ``InputError``."""
        if not given:
            return cls()
        try:
            return cls(*msgspec.json.decode(given, type=tuple[int, str | None, str]))
        except (msgspec.MsgspecError, TypeError) as error:
            raise InputError(
                text("Expected `next` of the step before.", "应为上一步返回的 `next`。"),
                code="position_wrong",
            ) from error


@dataclass(slots=True)
class PersonStep:
    """What one step found or did. ``next`` goes on; ``None``: everything has been looked through."""

    examined: int = 0
    found: dict[str, int] = field(default_factory=dict)
    """Rows by table."""
    erased: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    """Rows that work under way still needs."""
    items: list[dict[str, Any]] = field(default_factory=list)
    next: str | None = None
    erasure: str | None = None
    """Under which the erasure is recorded."""


class Persons:
    """Finds, exports and erases one person's data."""

    def __init__(
        self, store: Store, clock: Clock, ids: Ids, kinds: Callable[[], Sequence[PersonKind]]
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._kinds = kinds

    def kinds(self) -> Sequence[PersonKind]:
        """Return what the active release declares."""
        return self._kinds()

    async def export(self, scope: Scope, known_by: Sequence[str], after: str | None) -> PersonStep:
        """Return what the next rows hold about a person, with its place."""
        person = self._person(known_by)

        async def take(step: PersonStep, rows: Sequence[FoundRow]) -> None:
            for row in rows:
                theirs: dict[str, Any] = {}
                for column, content in row.values.items():
                    for place, item in person.look(content).items():
                        theirs[f"{column}.{place}" if isinstance(content, bytes) else column] = item
                if theirs:
                    _count(step.found, row.table)
                    key = {name: str(value) for name, value in row.key.items()}
                    step.items.append({"table": row.table, "key": key, "data": _shown(theirs)})

        return await self._step(scope, person, Position.decode(after), take)

    async def erase(
        self, scope: Scope, known_by: Sequence[str], after: str | None, *, by: str, reason: str
    ) -> PersonStep:
        """Erase what the next rows hold about a person, and record it."""
        person = self._person(known_by)
        if not reason.strip():
            raise InputError(text("Expected a reason.", "请填写原因。"), code="reason_missing")
        position = Position.decode(after)
        record = await self._record(scope, position.erasure, person, by, reason)

        async def take(step: PersonStep, rows: Sequence[FoundRow]) -> None:
            changes = []
            for row in rows:
                new = {name: person.scrub(content) for name, content in row.values.items()}
                new = {name: content for name, content in new.items() if content is not None}
                if not new:
                    continue
                _count(step.found, row.table)
                if row.is_live:
                    _count(step.kept, row.table)
                else:
                    changes.append(Rewrite(row, new))
            for change in changes:
                # One by one, so that a row that moved on meanwhile is the only one that stays.
                done = await self._store.rewrite(scope, [change])
                _count(step.erased if done else step.kept, change.row.table)

        step = await self._step(scope, person, replace(position, erasure=record.id), take)
        await self._note(record, step)
        step.erasure = record.id
        return step

    async def _step(self, scope: Scope, person: Person, position: Position, take: Any) -> PersonStep:
        step = PersonStep()
        until = self._clock.monotonic() + STEP_S
        table, after = position.table, position.after
        while table < len(NAMES) and self._clock.monotonic() < until:
            found = await self._store.find_text(scope, NAMES[table], person.texts(), ROWS_AT_ONCE, after)
            step.examined += found.examined
            await take(step, found.rows)
            after = found.next
            if after is None:
                table += 1
        if table < len(NAMES):
            step.next = Position(table, after, position.erasure).encode()
        return step

    def _person(self, known_by: Sequence[str]) -> Person:
        given = [value.strip() for value in known_by if value.strip()]
        if not given or any(len(value) < LENGTH_MIN for value in given):
            raise InputError(
                text(
                    "Expected what the person is known by: values of at least {least} characters.",
                    "请给出可识别此人的值,每个至少 {least} 个字符。",
                    least=LENGTH_MIN,
                ),
                code="person_unknown",
            )
        return Person(given, self._kinds())

    # -- the record ----------------------------------------------------------------------------------------

    async def _record(self, scope: Scope, known: str, person: Person, by: str, reason: str) -> Record:
        if known:
            found = await self._store.record(scope, KIND, known)
            if found is None:
                raise NotFound(text("There is no erasure {id}.", "没有清除记录 {id}。", id=known))
            return found
        salt = self._ids.new()
        digest = hashlib.sha256("\n".join([salt, *sorted(person.values)]).encode()).hexdigest()
        content: dict[str, Any] = {
            "by": by, "reason": person.scrub(reason) or reason, "salt": salt, "digest": digest,
            "erased": {}, "kept": {}, "complete": False,
        }  # fmt: skip
        return Record(
            scope.tenant, KIND, self._ids.new(), 0, self._clock.now(), content=values.encode(content)
        )

    async def _note(self, record: Record, step: PersonStep) -> None:
        content = values.decode(record.content)
        for name, counts in (("erased", step.erased), ("kept", step.kept)):
            for table, count in counts.items():
                content[name][table] = int(content[name].get(table, 0)) + count
        content["complete"] = step.next is None
        state = "done" if step.next is None else "begun"
        row = replace(record, version=record.version + 1, state=state, content=values.encode(content))
        result = (await self._store.commit([Unit([PutRecord(row, record.version)])]))[0]
        if result.error is not None:
            raise result.error

    async def erasures(self, scope: Scope, limit: int = 50) -> list[Mapping[str, Any]]:
        """Return what was erased, newest first: when, by whom, why, how much."""
        page = await self._store.records(scope, KIND, limit=limit)
        return [{"id": row.id, "at": row.at, **values.decode(row.content)} for row in page.items]


def _count(counts: dict[str, int], table: str) -> None:
    counts[table] = counts.get(table, 0) + 1


def _shown(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as JSON can carry them; encoded numbers and dates as their text."""
    return {
        place: bytes(item.data).decode(errors="replace") if isinstance(item, msgspec.msgpack.Ext) else item
        for place, item in found.items()
    }
