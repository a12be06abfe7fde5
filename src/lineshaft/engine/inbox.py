"""The inbox 待办: what people do with tasks. Each act is one commit: the act, its audit line, what follows.

Who may act: whom the task is assigned to, or, where nobody is, its candidates; whoever stands in for them;
and whoever looks after all runs. A task that somebody else was asked to agree to is finished only then.
What waits in the process is moved by commands to the instance, as an operator's moves are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from lineshaft.base.clock import Clock
from lineshaft.base.errors import Conflict, InputError, NotAllowed, NotFound
from lineshaft.base.ids import Ids
from lineshaft.base.scope import Scope
from lineshaft.base.text import text
from lineshaft.bpmn.kernel import Command, codec, commands, events
from lineshaft.engine.facts import fact
from lineshaft.engine.steps import encode_command
from lineshaft.engine.task_acts import (
    ACT,
    DELEGATION,
    DESK,
    SLIP,
    Act,
    ActKind,
    Box,
    Delegation,
    Desk,
    Person,
    Signer,
    Slip,
    key_of,
)
from lineshaft.engine.words import storable
from lineshaft.feel import codec as values
from lineshaft.security.audit import Audit
from lineshaft.security.fields import restored
from lineshaft.security.records import Kept, Shelf
from lineshaft.store.port import Page, Store
from lineshaft.store.rows import History, Instance, Job, Task
from lineshaft.store.writes import EndTask, PutJob, Write

URGE_AGAIN: Final = timedelta(minutes=30)
"""So long nobody urges the same task again."""
DELEGATION_LONGEST: Final = timedelta(days=180)
_SCAN: Final = 500
_SCANNED_MAX: Final = 5_000
_NOTE_MAX: Final = 1_000
_JUST_BEHIND: Final = timedelta(milliseconds=1)
_SAID: Final[Mapping[ActKind, str]] = {
    "approved": "task.approved",
    "submitted": "task.submitted",
    "returned": "task.returned",
    "handed_over": "task.handed_over",
    "approver_added": "task.approver_added",
    "agreed": "task.agreed",
    "commented": "task.commented",
    "copied": "task.copied",
    "urged": "task.urged",
}


@dataclass(frozen=True, slots=True)
class Found:
    """A task with its desk and its run."""

    task: Task
    desk: Kept[Desk] | None
    instance: Instance

    @property
    def key(self) -> str:
        """The id of its desk."""
        return key_of(self.task.instance_id, self.task.token)

    @property
    def known(self) -> Desk:
        """What is known beside its row."""
        return self.desk.value if self.desk is not None else Desk()

    def asked(self, person: Person) -> Signer | None:
        """Return the request to agree that waits for this person."""
        return next((each for each in self.known.missing if each.person in person.names), None)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants done with a task."""

    note: str = ""
    values: Mapping[str, Any] | None = None
    to: Person | None = None
    step: str = ""
    """An element: where to return to."""
    submits: bool = False
    """To finish it was to say something in its form, not to agree."""
    chose: tuple[str, str] | None = None
    """What was chosen in the form, in Chinese and in English."""


class Inbox:
    """What people do with tasks."""

    def __init__(self, store: Store, shown: Store, clock: Clock, ids: Ids, audit: Audit) -> None:
        """Make it over the store with nothing masked; ``shown`` is the same as people see it."""
        self._store = store
        self._shown = shown
        self._clock = clock
        self._ids = ids
        self._audit = audit
        self._desks = Shelf(store, audit.tenant, DESK, Desk)
        self._acts = Shelf(store, audit.tenant, ACT, Act)
        self._slips = Shelf(store, audit.tenant, SLIP, Slip)
        self._delegations = Shelf(store, audit.tenant, DELEGATION, Delegation)

    # -- looking -------------------------------------------------------------------------------------------

    async def find(self, scope: Scope, instance_id: str, token: int, *, masked: bool = False) -> Found:
        """Return a task, open or ended, ``masked`` where it is to be shown; raises ``NotFound``."""
        store = self._shown if masked else self._store
        loaded = await self._store.load_instances(scope, [instance_id])
        for status in ("open", "completed", "cancelled") if instance_id in loaded else ():
            page = await store.tasks(scope, status=status, instance_id=instance_id, limit=1000)
            for task in page.items:
                if task.token == token:
                    desk = await self._desks.get(key_of(instance_id, token))
                    return Found(task, desk, loaded[instance_id].instance)
        raise NotFound(text("There is no such task.", "没有该待办。"))

    async def desk_of(self, task: Task) -> Desk:
        """Return what is known of a task beside its row."""
        kept = await self._desks.get(key_of(task.instance_id, task.token))
        return kept.value if kept is not None else Desk()

    async def acts(self, instance_id: str) -> list[Act]:
        """Return what was done with the tasks of a run, oldest first."""
        return [each.value for each in reversed(await self._acts.all(owner=instance_id))]

    async def todo(
        self, scope: Scope, person: Person, cursor: str | None, limit: int
    ) -> Page[tuple[Task, str]]:
        """Return the open tasks that wait for a person, oldest first, each with whom they stand in for.

        First what they were asked to agree to and what was escalated to them; then what is theirs. A page may
        be short before the end: after 5,000 tasks of others it says where to go on.
        """
        items: list[tuple[Task, str]] = []
        if cursor is None:
            items = [(task, "") for task in await self._sent(scope, person)]
        known = {(task.instance_id, task.token) for task, _ in items}
        scanned = 0
        while len(items) < limit and scanned < _SCANNED_MAX:
            wanted = min(_SCAN, max(limit - len(items), 50))
            page = await self._shown.tasks(scope, cursor=cursor, limit=wanted)
            cursor, scanned = page.next, scanned + len(page.items)
            for task in page.items:
                stands_for = person.acts_for(task)
                if stands_for is not None and (task.instance_id, task.token) not in known:
                    items.append((task, stands_for))
            if cursor is None:
                break
        return Page(items, cursor)

    async def _sent(self, scope: Scope, person: Person) -> list[Task]:
        owners = [f"asked:{name}" for name in sorted(person.names)]
        owners += [f"escalated:{name}" for name in sorted(person.names | person.groups)]
        found: dict[tuple[str, int], Task] = {}
        for owner in owners:
            page = await self._slips.page(owner=owner, state="", limit=200)
            for each in page.items:
                slip = each.value
                rows = await self._shown.tasks(scope, instance_id=slip.instance_id, limit=1000)
                found |= {(row.instance_id, row.token): row for row in rows.items if row.token == slip.token}
        return list(found.values())

    async def box(self, scope: Scope, person: Person, box: Box, cursor: str | None, limit: int) -> Page[Slip]:
        """Return what lies in a box of a person, newest first, as far as they still see it."""
        page = await self._slips.page(owner=f"{box}:{person.id}", cursor=cursor, limit=limit)
        items = [each.value for each in page.items if box == "started" or scope.sees(each.value.department)]
        return Page(items, page.next)

    async def earlier_steps(self, scope: Scope, found: Found) -> list[str]:
        """Return the user tasks of the same scope that ended before: where one may return to."""
        history = await self._store.history(scope, found.task.instance_id)
        return earlier_steps(history, found.task)

    # -- acting --------------------------------------------------------------------------------------------

    async def finish(self, person: Person, found: Found, wish: Wish) -> None:
        """Approve: the process goes on with what was filled in. Whoever was asked to agree, agrees only."""
        self._check_open(found)
        asked = found.asked(person)
        now = self._clock.now()
        if asked is not None:
            signers = tuple(
                msgspec.structs.replace(each, agreed_at=now) if each is asked else each
                for each in found.known.signers
            )
            desk = msgspec.structs.replace(found.known, signers=signers)
            slips = [self._slips.remove(f"{asked.person}/asked/{found.key}")]
            await self._write(person, found, "agreed", wish, desk=desk, more=slips)
            return
        stands_for = self._check_mine(person, found)
        if found.known.missing:
            names = ", ".join(each.name for each in found.known.missing)
            raise Conflict(
                text("It waits for {names} to agree.", "尚待 {names} 同意(加签)。", names=names),
                code="waits_for_approver",
            )
        shown = values.decode(found.task.payload) if found.task.payload else None
        filled = restored(dict(wish.values or {}), shown)
        command = commands.CompleteTask(found.task.token, filled, person.name)
        more: list[Write] = [self._ended(found, "completed", person), self._command(found, command)]
        kind: ActKind = "submitted" if wish.submits else "approved"
        await self._write(person, found, kind, wish, more=more, stands_for=stands_for)

    async def send_back(self, scope: Scope, person: Person, found: Found, wish: Wish) -> None:
        """Return it 退回: an earlier step is done again, and this one ends without going on."""
        self._check_open(found)
        stands_for = self._check_mine(person, found)
        note = self._note(wish)
        steps = await self.earlier_steps(scope, found)
        if not steps:
            raise Conflict(
                text("Nobody had it before: there is no step to return to.", "这是第一个人工环节,无处可退。"),
                code="nowhere_to_return",
            )
        step = wish.step or steps[0]
        if step not in steps:
            raise InputError(text("There is no such step before this one.", "之前没有该环节。"))
        why = f"{person.name}: {note}"
        begun = self._command(found, commands.ActivateElement(step, reason=why))
        # Behind the other: an instance whose last step ends first would end with it.
        ended = self._command(
            found, commands.CancelElement(found.task.token, why, returned=True), _JUST_BEHIND
        )
        more: list[Write] = [self._ended(found, "cancelled", person), begun, ended]
        await self._write(
            person, found, "returned", replace(wish, step=step), more=more, stands_for=stands_for
        )

    async def hand_over(self, person: Person, found: Found, wish: Wish) -> None:
        """Hand it over 转办: from now on it is somebody else's."""
        self._check_open(found)
        stands_for = self._check_mine(person, found)
        to = self._to(wish, person)
        note = self._note(wish)
        command = commands.ChangeTask(found.task.token, {"assignee": to.id}, f"{person.name}: {note}")
        await self._write(
            person, found, "handed_over", wish, more=[self._command(found, command)], stands_for=stands_for
        )

    async def add_approver(self, person: Person, found: Found, wish: Wish) -> None:
        """Ask somebody else to agree too 加签: it is not finished before they have."""
        self._check_open(found)
        stands_for = self._check_mine(person, found)
        to = self._to(wish, person)
        if any(each.person == to.id for each in found.known.missing):
            raise Conflict(text("{name} is asked already.", "已请 {name} 加签。", name=to.name))
        now = self._clock.now()
        signer = Signer(to.id, to.name, person.name, now)
        desk = msgspec.structs.replace(found.known, signers=(*found.known.signers, signer))
        key = f"{to.id}/asked/{found.key}"
        slip = self._slip(found, "asked", "approver_added", person, now)
        over = await self._slips.get(key)
        more: list[Write] = [self._slips.put(key, slip, over, now, owner=f"asked:{to.id}")]
        await self._write(person, found, "approver_added", wish, desk=desk, more=more, stands_for=stands_for)

    async def comment(self, person: Person, found: Found, wish: Wish) -> None:
        """Write a remark 批注."""
        self._note(wish)
        await self._write(person, found, "commented", wish)

    async def copy(self, person: Person, found: Found, wish: Wish) -> None:
        """Let somebody know of it 抄送: it lies in their box, and nothing is asked of them."""
        to = self._to(wish, person)
        now = self._clock.now()
        key = f"{to.id}/copied/{found.key}"
        slip = self._slip(found, "copied", "copied", person, now)
        over = await self._slips.get(key)
        put = self._slips.put(key, slip, over, now, owner=f"copied:{to.id}")
        await self._write(person, found, "copied", wish, more=[put])

    async def urge(self, person: Person, found: Found, wish: Wish) -> None:
        """Urge whoever has it 催办; again only after a while."""
        self._check_open(found)
        now = self._clock.now()
        last = found.known.urged_at
        if last is not None and now - last < URGE_AGAIN:
            raise Conflict(
                text(
                    "It was urged a moment ago; again after {n} minutes.",
                    "刚刚已催办,请 {n} 分钟后再试。",
                    n=max(1, int((last + URGE_AGAIN - now).total_seconds() // 60) + 1),
                ),
                code="urged_lately",
            )
        desk = msgspec.structs.replace(found.known, urges=found.known.urges + 1, urged_at=now)
        task = found.task
        told = fact(
            task.tenant,
            "task.urged",
            found.key,
            now,
            {
                "token": task.token,
                "name": task.name,
                "instance_id": task.instance_id,
                "process_id": task.process_id,
                "business_key": task.business_key,
                "assignee": task.assignee,
                "due_at": task.due_at,
                "to": None,
            },
            department=task.department,
        )
        await self._write(person, found, "urged", wish, desk=desk, more=[told])

    async def started(self, person: Person, instance_id: str, process_id: str, key: str | None) -> None:
        """Remember who started a run by hand."""
        now = self._clock.now()
        slip = Slip(
            box="started",
            instance_id=instance_id,
            token=0,
            name="",
            process_id=process_id,
            at=now,
            by=person.name,
            kind="started",
            business_key=key,
        )
        put = self._slips.put(
            f"{person.id}/started/{instance_id}", slip, None, now, owner=f"started:{person.id}"
        )
        await self._audit.write(put)

    # -- standing in ---------------------------------------------------------------------------------------

    async def delegations(self, person: Person) -> list[Kept[Delegation]]:
        """Return what a person gave and took, newest first, while it is not over."""
        now = self._clock.now()
        taken = await self._delegations.all(owner=person.id)
        given = [each for each in await self._delegations.all() if each.value.giver == person.id]
        found = {each.id: each for each in (*given, *taken) if each.value.ends_at > now}
        return sorted(found.values(), key=lambda each: each.at, reverse=True)

    async def givers(self, person_id: str) -> list[str]:
        """Return for whom a person acts now."""
        now = self._clock.now()
        return sorted(
            {
                each.value.giver
                for each in await self._delegations.all(owner=person_id)
                if each.value.holds(now)
            }
        )

    async def delegate(
        self, person: Person, to: Person, begins_at: datetime, ends_at: datetime, note: str
    ) -> str:
        """Let somebody do one's tasks for a while; what they do says for whom."""
        now = self._clock.now()
        if to.id == person.id or ends_at <= max(begins_at, now) or ends_at - begins_at > DELEGATION_LONGEST:
            raise InputError(
                text(
                    "Expected somebody else, and an end in the future within 180 days of the beginning.",
                    "请选择他人,且结束时间须在未来、不超过开始后 180 天。",
                ),
                code="delegation_invalid",
            )
        delegation = Delegation(
            giver=person.id,
            giver_name=person.name,
            taker=to.id,
            taker_name=to.name,
            begins_at=begins_at,
            ends_at=ends_at,
            note=storable(note[:_NOTE_MAX]),
        )
        key = self._ids.new()
        put = self._delegations.put(key, delegation, None, now, owner=to.id, due_at=ends_at)
        detail = {"to": to.id, "from": begins_at.isoformat(), "until": ends_at.isoformat()}
        await self._audit.write(
            put, self._audit.line("task.delegated", subject_type="person", subject=person.id, detail=detail)
        )
        return key

    async def end_delegation(self, person: Person, key: str) -> None:
        """Take a delegation of one's own back; raises ``NotFound``."""
        kept = await self._delegations.get(key)
        if kept is None or (kept.value.giver != person.id and not person.operates):
            raise NotFound(text("There is no such delegation.", "没有该代理。"))
        line = self._audit.line(
            "task.delegation_ended", subject_type="person", subject=kept.value.giver, detail={"id": key}
        )
        await self._audit.write(self._delegations.remove(key), line)

    # -- parts ---------------------------------------------------------------------------------------------

    def _check_open(self, found: Found) -> None:
        if found.task.status != "open":
            raise Conflict(text("The task is not open any more.", "该待办已不在办理中。"))

    def _check_mine(self, person: Person, found: Found) -> str:
        """Return for whom the person acts; raises ``NotAllowed`` where it is not their task."""
        stands_for = person.acts_for(found.task, found.known.also)
        if stands_for is None:
            if person.operates:
                return ""
            raise NotAllowed(
                text("This task is somebody else's.", "该待办由他人办理。"),
                code="not_your_task",
                hint=text("Urge whoever has it, or comment.", "可以催办或批注。"),
            )
        return stands_for

    @staticmethod
    def _note(wish: Wish) -> str:
        said = wish.note.strip()
        if not said or len(said) > _NOTE_MAX:
            raise InputError(
                text("Say why, in 1 to {n} characters.", "请填写意见(1 至 {n} 个字符)。", n=_NOTE_MAX),
                code="reason_missing",
            )
        return storable(said)

    @staticmethod
    def _to(wish: Wish, person: Person) -> Person:
        if wish.to is None or wish.to.id == person.id:
            raise InputError(text("Name somebody else.", "请选择其他人。"), code="person_missing")
        return wish.to

    def _ended(self, found: Found, status: Any, person: Person) -> Write:
        task = found.task
        return EndTask(task.tenant, task.instance_id, task.token, status, self._clock.now(), person.name)

    def _command(self, found: Found, command: Command, later: timedelta = timedelta(0)) -> Write:
        now = self._clock.now()
        return PutJob(
            Job(
                tenant=found.task.tenant,
                id=f"command/{self._ids.new()}",
                lane=found.instance.lane,
                kind="command",
                due_at=now + later,
                created_at=now,
                instance_id=found.task.instance_id,
                payload=encode_command(command),
            )
        )

    def _slip(self, found: Found, box: Box, kind: ActKind, person: Person, now: datetime) -> Slip:
        task = found.task
        return Slip(
            box=box,
            instance_id=task.instance_id,
            token=task.token,
            name=task.name,
            process_id=task.process_id,
            at=now,
            by=person.name,
            kind=kind,
            business_key=task.business_key,
            department=task.department,
            release=found.instance.release,
        )

    async def _write(
        self,
        person: Person,
        found: Found,
        kind: ActKind,
        wish: Wish,
        *,
        desk: Desk | None = None,
        more: Collection[Write] = (),
        stands_for: str = "",
    ) -> None:
        """Commit an act with all that belongs to it.

        Raises:
            Conflict: Somebody else acted on the task at the same time.
        """
        now = self._clock.now()
        if len(wish.note) > _NOTE_MAX:
            self._note(wish)
        act = Act(
            kind,
            found.task.token,
            found.task.name,
            now,
            person.name,
            person.id,
            storable(wish.note.strip()),
            wish.step or (wish.to.name if wish.to is not None else ""),
            stands_for,
            wish.chose,
        )
        key = f"{person.id}/done/{found.key}"
        done = [] if kind in ("commented", "copied", "urged") else [await self._slips.get(key)]
        detail = {"task": found.task.name, "note": act.note, "to": act.to, "stands_for": stands_for}
        writes: list[Write] = [
            self._desks.put(found.key, desk or found.known, found.desk, now, owner=found.task.instance_id),
            self._acts.put(f"{found.key}/{self._ids.new()}", act, None, now, owner=found.task.instance_id),
            *(
                self._slips.put(
                    key, self._slip(found, "done", kind, person, now), over, now, owner=f"done:{person.id}"
                )
                for over in done
            ),
            *more,
            self._audit.line(
                _SAID[kind],
                subject_type="task",
                subject=found.key,
                detail={name: value for name, value in detail.items() if value},
            ),
        ]
        await self._audit.write(*writes)


def earlier_steps(history: list[History], task: Task) -> list[str]:
    """Return the user tasks that ended in the scope of ``task``, the newest first, each once."""
    scopes: dict[int, int] = {}
    ended: dict[str, int] = {}
    finished: list[tuple[str, int]] = []
    for step in history:
        for event in codec.decode_events(step.events):
            if isinstance(event, events.ElementActivated):
                scopes[event.token] = event.scope
            elif isinstance(event, events.TaskCompleted):
                finished.append((event.element, event.token))
    here = scopes.get(task.token)
    for place, (element, token) in enumerate(finished):
        if element != task.element and scopes.get(token) == here:
            ended[element] = place
    return sorted(ended, key=lambda element: -ended[element])
