"""The cross-reference 编码对照 as all others use it: look up, bind, re-key, merge, unbind.

Every change is one commit: the bindings, a line of their history (who, when, why), and the job that lets go
on what waited for them (``references.appeared``). Look-ups are one query per batch.

An id that is no longer used (re-keyed, of a merged object) stays as ``former``: whoever has it on paper still
finds the object, and nothing writes it anywhere any more. The id of an object that was merged away is kept in
the same way, as an id of the hub itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from lineshaft.base.clock import Clock
from lineshaft.base.errors import BadRow, Conflict, NotFound
from lineshaft.base.ids import Ids
from lineshaft.base.scope import Scope
from lineshaft.base.text import text
from lineshaft.engine.references import appeared
from lineshaft.mapping import Reference
from lineshaft.mapping.references import nearest
from lineshaft.store.port import Store
from lineshaft.store.rows import Binding, BindingChange, BindingChanged, CodeAsked
from lineshaft.store.writes import AddBindingChange, DeleteBinding, PutBinding, Unit, Write

HUB: Final = "hub"
"""The system of objects' own ids, where one of them has to be found after a merge."""
_UNIT_MAX: Final = 5_000
_CANDIDATES_FROM: Final = 20_000

Several = Callable[[str, str], bool]
"""Tells whether an object of a type may have several ids in a system at once."""


@dataclass(frozen=True, slots=True)
class Wish:
    """``local_id`` of ``system`` shall be the object ``object_id``.

    ``object_id`` empty: the object that the wish's ``siblings`` (or the id itself) belong to already, else a
    new one named ``system/local_id``.
    """

    object_type: str
    system: str
    local_id: str
    object_id: str = ""
    label: str = ""
    department: str | None = None
    siblings: tuple[tuple[str, str], ...] = field(default=())
    """(system, local id) pairs known to be the same object."""
    moves: bool = False
    """Take it from the object it belongs to now; refused where not said."""
    learned: bool = False
    """A system has told it itself: it is believed, also where it is a second id."""


@dataclass(frozen=True, slots=True)
class Likely:
    """An object that may be meant, and what of it was alike."""

    object_id: str
    label: str
    ids: Mapping[str, str]
    """Its id in each system."""
    score: float
    """1: the same letters and digits."""


class CrossReference:
    """The cross-reference of one tenant."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        ids: Ids,
        tenant: str = "default",
        several: Several = lambda object_type, system: False,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._scope = Scope.of_engine(tenant)
        self.several = several

    # -- looking up ----------------------------------------------------------------------------------------

    async def codes(
        self, references: Collection[Reference], scope: Scope | None = None
    ) -> Mapping[Reference, str]:
        """Return the codes that are known, one query for all; what has none is left out."""
        if not references:
            return {}
        asked = {CodeAsked(each.kind, each.source, each.id, each.target): each for each in references}
        found = await self._store.codes(scope or self._scope, list(asked))
        return {asked[each]: code for each, code in found.items()}

    async def likely(
        self, object_type: str, wanted: str, scope: Scope | None = None, *, most: int = 5
    ) -> list[Likely]:
        """Return the objects that may be meant by an id (or a name) that has no match, the likeliest first.

        Compared are the ids, labels and object ids of the 20,000 bindings of the type that were bound last;
        letters and digits alone count, and no 有限公司 or Ltd.
        """
        page = await self._store.list_bindings(
            scope or self._scope, object_type=object_type, limit=_CANDIDATES_FROM
        )
        return await asyncio.to_thread(_likely, page.items, wanted, most)

    # -- binding -------------------------------------------------------------------------------------------

    async def writes(
        self,
        wishes: Sequence[Wish],
        *,
        by: str,
        why: str = "",
        scope: Scope | None = None,
        again: bool = False,
    ) -> list[Write]:
        """Return what binds them, for the caller's own commit: bindings, history, and ``appeared``.

        What stands so already is left out (no write, no history); with ``again`` it is bound anew, so that
        what waits for it is tried once more. A first binding without a ``why`` is its
        own record (``bound_at``, ``bound_by``); everything else adds a line to the history.

        Raises:
            Conflict: An id is another object's and the wish does not say that it ``moves``, or the object has
                another id in a system where it may have one only; nothing is to be written then.
        """
        board = await self._board(wishes, scope or self._scope)
        for wish in wishes:
            board.bind(wish, by=by, why=why, again=again)
        return board.writes()

    async def bind(
        self,
        wishes: Sequence[Wish],
        *,
        by: str,
        why: str = "",
        scope: Scope | None = None,
        again: bool = False,
    ) -> int:
        """Write them, 5,000 in one commit; return how many bindings are new or changed.

        Raises:
            Conflict: As ``writes``; of the commit it belongs to nothing was written, those before stand.
        """
        count = 0
        for start in range(0, len(wishes), _UNIT_MAX):
            part = wishes[start : start + _UNIT_MAX]
            writes = await self.writes(part, by=by, why=why, scope=scope, again=again)
            await self._commit(writes)
            count += sum(isinstance(each, PutBinding) for each in writes)
        return count

    async def rekey(
        self,
        object_type: str,
        system: str,
        old: str,
        new: str,
        *,
        by: str,
        why: str = "",
        scope: Scope | None = None,
    ) -> Binding:
        """Say that ``system`` calls its record ``new`` from now on; the old id still finds the object.

        Raises:
            NotFound: There is no such binding.
            Conflict: The new id is another object's.
        """
        scope = scope or self._scope
        board = await self._board([Wish(object_type, system, old), Wish(object_type, system, new)], scope)
        made = board.rekey(object_type, system, old, new, by=by, why=why)
        await self._commit(board.writes())
        return made

    async def merge(
        self, object_type: str, keep: str, gone: str, *, by: str, why: str = "", scope: Scope | None = None
    ) -> list[Binding]:
        """Say that two objects are one: ``gone`` becomes part of ``keep``; return its bindings.

        Where ``keep`` has an id in a system in which it may have one only, the other's becomes a former one.

        Raises:
            NotFound: One of them has no binding.
            Conflict: They are the same.
        """
        scope = scope or self._scope
        rows = await self._store.object_bindings(scope, object_type, [keep, gone])
        board = _Board(self, scope, rows)
        board.merge(object_type, keep, gone, by=by, why=why)
        await self._commit(board.writes())
        return await self._store.object_bindings(scope, object_type, [keep])

    async def unbind(
        self,
        object_type: str,
        system: str,
        local_id: str,
        *,
        by: str,
        why: str = "",
        scope: Scope | None = None,
    ) -> None:
        """Take a binding away: the id finds nothing any more.

        Raises:
            NotFound: There is no such binding.
        """
        scope = scope or self._scope
        board = await self._board([Wish(object_type, system, local_id)], scope)
        row = board.rows.get((object_type, system, local_id))
        if row is None:
            raise _not_bound(object_type, system, local_id)
        tenant = scope.tenant
        change = board.change(row, "unbound", by=by, why=why)
        await self._commit([DeleteBinding(tenant, object_type, system, local_id), AddBindingChange(change)])

    # -- parts ---------------------------------------------------------------------------------------------

    async def _board(self, wishes: Iterable[Wish], scope: Scope) -> _Board:
        """Read all that stands about the ids and objects of wishes."""
        named: dict[tuple[str, str], set[str]] = {}
        objects: dict[str, set[str]] = {}
        for wish in wishes:
            for system, local_id in ((wish.system, wish.local_id), *wish.siblings):
                named.setdefault((wish.object_type, system), set()).add(local_id)
            if wish.object_id:
                objects.setdefault(wish.object_type, set()).add(wish.object_id)
                named.setdefault((wish.object_type, HUB), set()).add(wish.object_id)
        # The engine's own scope: an id that the caller may not see is taken all the same.
        for (object_type, system), ids in named.items():
            found = await self._store.bindings(self._scope, object_type, system, ids)
            objects.setdefault(object_type, set()).update(found.values())
            objects[object_type].update(f"{system}/{each}" for each in ids)
        rows: list[Binding] = []
        for object_type, ids in objects.items():
            rows += await self._store.object_bindings(self._scope, object_type, ids)
        return _Board(self, scope, rows)

    @property
    def clock(self) -> Clock:
        """The time."""
        return self._clock

    def new_id(self) -> str:
        """Return a new id."""
        return self._ids.new()

    async def _commit(self, writes: list[Write]) -> None:
        if not writes:
            return
        [result] = await self._store.commit([Unit(writes)])
        if isinstance(result.error, BadRow):
            await self._check_only(writes)
        if result.error is not None:
            raise result.error

    async def _check_only(self, writes: list[Write]) -> None:
        """Say so where somebody else has taken the only place of an object in a system meanwhile."""
        rows = [each.row for each in writes if isinstance(each, PutBinding) and each.row.state == "only"]
        for row in rows:
            stored = await self._store.object_bindings(self._scope, row.object_type, [row.object_id])
            for other in stored:
                if (other.system, other.state) == (row.system, "only") and other.local_id != row.local_id:
                    raise Conflict(
                        text(
                            "Somebody else has bound {object} to {id} of {system} meanwhile; look again.",
                            "他人刚将 {object} 对应到 {system} 的 {id},请刷新后再看。",
                            object=row.object_id,
                            id=other.local_id,
                            system=row.system,
                        ),
                        code="already_done",
                    )


def _likely(rows: Sequence[Binding], wanted: str, most: int) -> list[Likely]:
    texts = {
        (text_of, row.object_id)
        for row in rows
        for text_of in (row.local_id, row.label, row.object_id)
        if text_of
    }
    scores: dict[str, float] = {}
    for found in nearest(wanted, sorted(texts), most * 4):
        scores[found.code] = max(scores.get(found.code, 0.0), found.score)
    out = []
    for object_id, score in scores.items():
        mine = [row for row in rows if row.object_id == object_id]
        ids = {row.system: row.local_id for row in reversed(mine) if row.state != "former"}
        label = next((row.label for row in mine if row.label), "")
        out.append(Likely(object_id, label, ids, score))
    return sorted(out, key=lambda each: (-each.score, each.object_id))[:most]


_Key = tuple[str, str, str]
"""Type, system, local id."""


class _Board:
    """What stands, what is changed, and why; becomes writes at the end."""

    def __init__(self, owner: CrossReference, scope: Scope, rows: Iterable[Binding]) -> None:
        self._owner = owner
        self._scope = scope
        self._now = owner.clock.now()
        self.rows: dict[_Key, Binding] = {_key(row): row for row in rows}
        self._of_object: dict[tuple[str, str], set[_Key]] = {}
        for key, row in self.rows.items():
            self._of_object.setdefault((row.object_type, row.object_id), set()).add(key)
        self._put: dict[_Key, None] = {}
        self._changes: list[BindingChange] = []
        self._objects: set[tuple[str, str]] = set()

    def bind(self, wish: Wish, *, by: str, why: str, again: bool = False) -> None:
        """Take a wish in.

        Raises:
            Conflict: It cannot be.
        """
        key = (wish.object_type, wish.system, wish.local_id)
        stored = self.rows.get(key)
        object_id = self._object_of(wish, stored)
        if stored is not None and stored.object_id == object_id and stored.state != "former":
            label, department = wish.label or stored.label, wish.department or stored.department
            changed = (label, department) != (stored.label, stored.department)
            if changed or again:
                bound_at = self._now if again else stored.bound_at
                row = replace(stored, label=label, department=department, bound_at=bound_at)
                self._set(row, appears=again)
            return
        if stored is not None and stored.object_id != object_id and not wish.moves:
            raise Conflict(
                text(
                    "{id} of {system} is {stored} already, not {wished}.",
                    "{system} 的 {id} 已对应 {stored},不是 {wished}。",
                    id=wish.local_id,
                    system=wish.system,
                    stored=stored.object_id,
                    wished=object_id,
                ),
                code="bound_elsewhere",
                hint=text(
                    "Merge the two objects, or say that the id moves.", "请合并两个对象,或明确改绑该编码。"
                ),
            )
        if not wish.learned:
            self._only_one(wish.object_type, object_id, wish.system, wish.local_id)
        row = Binding(
            self._scope.tenant,
            wish.object_type,
            object_id,
            wish.system,
            wish.local_id,
            self._now,
            wish.label or (stored.label if stored is not None else ""),
            "several" if wish.learned or self._owner.several(wish.object_type, wish.system) else "only",
            by,
            wish.department or (stored.department if stored is not None else None),
        )
        self._set(row)
        if stored is not None and stored.object_id != object_id:
            self._note(row, "moved", by=by, why=why, other=stored.object_id)
        elif why or stored is not None:
            self._note(row, "bound", by=by, why=why)

    def rekey(self, object_type: str, system: str, old: str, new: str, *, by: str, why: str) -> Binding:
        """Let an object be called otherwise in a system."""
        stored = self.rows.get((object_type, system, old))
        if stored is None:
            raise _not_bound(object_type, system, old)
        taken = self.rows.get((object_type, system, new))
        if taken is not None and taken.object_id != stored.object_id:
            raise Conflict(
                text(
                    "{new} of {system} is {taken} already.",
                    "{system} 的 {new} 已对应 {taken}。",
                    new=new,
                    system=system,
                    taken=taken.object_id,
                ),
                code="bound_elsewhere",
                hint=text("Merge the two objects.", "请合并两个对象。"),
            )
        state = stored.state if stored.state != "former" else "several"
        self._set(replace(stored, state="former"), appears=False)
        made = replace(stored, local_id=new, state=state, bound_at=self._now, bound_by=by)
        self._set(made)
        self._note(stored, "rekeyed", by=by, why=why, other=new)
        return made

    def merge(self, object_type: str, keep: str, gone: str, *, by: str, why: str) -> None:
        """Make two objects one."""
        if keep == gone:
            raise Conflict(text("Both are {keep}.", "两者都是 {keep}。", keep=keep), code="same_object")
        for name in (keep, gone):
            if not self._of_object.get((object_type, name)):
                raise NotFound(
                    text(
                        "Nothing is bound to {type} {name}.",
                        "{type} {name} 没有编码对照。",
                        type=object_type,
                        name=name,
                    )
                )
        kept = [self.rows[key] for key in self._of_object[object_type, keep]]
        held = {row.system for row in kept if row.state != "former"}
        department = next((row.department for row in kept), None)
        for key in sorted(self._of_object[object_type, gone]):
            row = self.rows[key]
            state = row.state
            if state != "former" and row.system in held and not self._owner.several(object_type, row.system):
                state = "former"
            self._set(replace(row, object_id=keep, state=state, bound_at=self._now, bound_by=by))
        alias = Binding(
            self._scope.tenant, object_type, keep, HUB, gone, self._now, "", "former", by, department
        )
        self._set(alias)
        whole = replace(alias, object_id=gone, system="", local_id="")
        self._note(whole, "merged", by=by, why=why, other=keep)

    def writes(self) -> list[Write]:
        """Return all that is to be written; former ones first, so that their place is free."""
        rows = sorted((self.rows[key] for key in self._put), key=lambda row: row.state != "former")
        out: list[Write] = [PutBinding(row) for row in rows]
        out += [AddBindingChange(change) for change in self._changes]
        return out + appeared(self._scope.tenant, self._objects, self._now, self._owner.new_id())

    def change(
        self, row: Binding, what: BindingChanged, *, by: str, why: str, other: str = ""
    ) -> BindingChange:
        """Return a line of the history of a binding."""
        return BindingChange(
            tenant=self._scope.tenant,
            id=self._owner.new_id(),
            object_type=row.object_type,
            object_id=row.object_id,
            at=self._now,
            what=what,
            by=by,
            system=row.system,
            local_id=row.local_id,
            other=other,
            why=why,
            department=row.department,
        )

    def _note(self, row: Binding, what: BindingChanged, *, by: str, why: str, other: str = "") -> None:
        self._changes.append(self.change(row, what, by=by, why=why, other=other))

    def _set(self, row: Binding, *, appears: bool = True) -> None:
        key = _key(row)
        before = self.rows.get(key)
        if before is not None:
            self._of_object[before.object_type, before.object_id].discard(key)
        self.rows[key] = row
        self._of_object.setdefault((row.object_type, row.object_id), set()).add(key)
        self._put[key] = None
        if appears:
            self._objects.add((row.object_type, row.object_id))

    def _object_of(self, wish: Wish, stored: Binding | None) -> str:
        """Return the object that a wish is about; one that was merged away is what it became."""
        if wish.object_id:
            alias = self.rows.get((wish.object_type, HUB, wish.object_id))
            return alias.object_id if alias is not None else wish.object_id
        if stored is not None and wish.learned and not wish.moves:
            return stored.object_id
        if stored is not None and wish.learned and not wish.moves:
            return stored.object_id
        for system, local_id in wish.siblings:
            row = self.rows.get((wish.object_type, system, local_id))
            if row is not None:
                return row.object_id
        if stored is not None:
            return stored.object_id
        return f"{wish.system}/{wish.local_id}"

    def _only_one(self, object_type: str, object_id: str, system: str, local_id: str) -> None:
        if self._owner.several(object_type, system):
            return
        for key in self._of_object.get((object_type, object_id), ()):
            row = self.rows[key]
            if row.system == system and row.local_id != local_id and row.state != "former":
                raise Conflict(
                    text(
                        "{object} is {stored} in {system} already, and may have one id only there.",
                        "{object} 在 {system} 中已是 {stored},且只能有一个编码。",
                        object=object_id,
                        stored=row.local_id,
                        system=system,
                    ),
                    code="second_id",
                    hint=text(
                        "Re-key it if the system has renamed its record, or declare that several are real "
                        "(references/*.yaml, several).",
                        "若系统改了编码请用改码;若确有多个,请在 references/*.yaml 的 several 中声明。",
                    ),
                )


def _key(row: Binding) -> _Key:
    return (row.object_type, row.system, row.local_id)


def _not_bound(object_type: str, system: str, local_id: str) -> NotFound:
    return NotFound(
        text(
            "{type} {id} of {system} is bound to nothing.",
            "{system} 的 {type} {id} 没有编码对照。",
            type=object_type,
            id=local_id,
            system=system,
        )
    )
