"""Notices: the IT team is told once of an outage, once that it is over, and once per cause of dead letters.

What happened writes a job in its own transaction, so that a crash neither loses nor doubles it; the job
becomes a call of the operation that carries notices, one line of the effect ledger, named after the job. What
concerns that operation's own system is never told through it: an outage of the mail server makes no mail.

*Grouping.* The first dead letter of a cause waits ``notice_gather_s`` for others like it; then one notice
tells their number. What comes of the same cause in the next ``notice_quiet_s`` is told together after them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from lineshaft.base.errors import HubError
from lineshaft.base.ids import lane_of
from lineshaft.base.text import Text
from lineshaft.engine.node_notices import KIND as NODE
from lineshaft.engine.node_notices import PERSON, Contact, Contacts, by_channel
from lineshaft.engine.runtime import Runtime
from lineshaft.engine.transaction import Transaction
from lineshaft.engine.words import said
from lineshaft.feel import codec as values
from lineshaft.store.rows import Cursor, DeadLetter, Effect, Event, Job, SystemState
from lineshaft.store.writes import InsertEffect, PutCursor, PutJob, TakeJob

Compose = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Makes the operation's payload of a notice's facts (see ``Notices``)."""

Reach = Callable[[Sequence[str]], Awaitable[list[str]]]
"""Returns the mail addresses of people named by login, role, position, department or address."""

Conceal = Callable[[Effect | Event | Mapping[str, Any] | None, Text], Text]
"""Takes out of an error's words what whoever reads notices may not see; given what
the words are about: a call, an event, or named values."""

MAIL: Final = "mail"
"""The channel of the hub's own mails."""
SHOW: Final = "notice.send"
"""The operation by which a group robot shows a notice."""
COUNT_MAX: Final = 10_000
"""Dead letters of one cause are counted up to here."""
_PAGE: Final = 500


async def _mail_only(names: Sequence[str]) -> list[Contact]:
    return [Contact(name) for name in names if "@" in name]


async def _addresses_only(names: Sequence[str]) -> list[str]:
    return [name for name in names if "@" in name]


class Notices:
    """Owes notices and sends them.

    The facts of a notice: ``kind`` (``outage``, ``over``, ``dead_letters``, ``unknown``, ``task``,
    ``watch``, ``briefing``, ``node``), ``system``, ``at``, and where known ``operation``, ``process``,
    ``business_key``, ``error`` (by language), ``attempts``, ``letter``, ``effect``, ``instance``,
    ``count``, ``since``, ``waiting``.
    """

    def __init__(
        self, runtime: Runtime, again: Callable[[Effect, float], None], offer_job: Callable[[Job], None]
    ) -> None:
        self._runtime = runtime
        self._again = again
        self._offer_job = offer_job
        self.compose: Compose = lambda facts: facts
        self.conceal: Conceal = lambda subject, words: words
        self.reach: Reach = _addresses_only
        self.contacts: Contacts = _mail_only
        """Finds out how each of the people of a node's notification wants to be told."""
        self.reaches: Callable[[str], bool] = lambda channel: True
        """Tells whether there is a system of that name that shows notices (``notice.send``)."""

    # -- what happened -------------------------------------------------------------------------------------

    def outage(
        self, tx: Transaction, effect: Effect, error: HubError, state: SystemState, letter_id: str
    ) -> None:
        """A circuit opened: tell it, in the transaction that opens it."""
        facts = {**self._facts_of(effect, error), "kind": "outage", "letter": letter_id}
        self._owe(tx, f"outage/{state.system}/{state.version}", state.system, facts)

    def silent(self, tx: Transaction, state: SystemState, error: HubError) -> None:
        """A system that only tells has fallen silent: tell it, in the transaction that says so."""
        facts = {"error": self.conceal(None, said(error)).to_dict(), "kind": "outage"}
        self._owe(tx, f"outage/{state.system}/{state.version}", state.system, facts)

    def unknown(self, tx: Transaction, effect: Effect, error: HubError) -> None:
        """Nobody but a person can say what became of a call: tell it, with others of its system."""
        facts = {**self._facts_of(effect, error), "kind": "unknown", "effect": effect.id}
        delay_s = self._runtime.config.notice_gather_s
        key = f"unknown/{effect.system}"
        # A call that a person let repeat may become unknown once more: that is told once more.
        name = f"unknown/{effect.id}/{tx.now:%Y%m%d%H%M%S%f}"
        self._owe(tx, name, effect.system, facts, lane_key=key, delay_s=delay_s)

    def watched(self, tx: Transaction, facts: Mapping[str, Any]) -> bool:
        """Something did not happen in time: tell it, in the transaction that opens the alert.

        ``channels`` of the facts says where; what is about a system is not told through it. ``False``: by
        none of them can anybody be told.
        """
        told = {**facts, "kind": "watch"}
        if not self._routes(told):
            return False
        self._put(tx, f"watch/{facts['name']}", "", told, lane_key=str(facts["name"]))
        return True

    def briefing(self, tx: Transaction, facts: Mapping[str, Any]) -> bool:
        """The morning's briefing is due: send it, in the transaction that notes so; ``False``: to nobody."""
        told = {**facts, "kind": "briefing"}
        if not self._routes(told):
            return False
        self._put(tx, f"briefing/{facts['name']}", "", told, lane_key="briefing")
        return True

    def late_task(self, tx: Transaction, facts: Mapping[str, Any]) -> None:
        """A task is late: tell those of ``to`` (mail addresses), in the transaction that urges."""
        if self._carrier() is not None and facts["to"]:
            name = str(facts["name"])
            self._put(tx, f"task/{name}", "", {**facts, "kind": "task"}, lane_key=name)

    def node(self, tx: Transaction, name: str, facts: Mapping[str, Any]) -> None:
        """Something happened to an element whose people want to be told: in the transaction that says so."""
        self._put(tx, f"{NODE}/{name}", "", {**facts, "kind": NODE}, lane_key=name)

    def _routes(self, facts: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Return the operations by which an alert is told."""
        found = []
        for channel in facts.get("channels", (MAIL,)):
            if channel == MAIL:
                carrier = self._carrier()
            else:
                carrier = (channel, SHOW) if self.reaches(channel) else None
            if carrier is not None and carrier[0] != facts.get("about"):
                found.append(carrier)
        return found

    def over(self, tx: Transaction, state: SystemState, since: datetime | None, waiting: int) -> None:
        """A circuit closed: tell it, in the transaction that closes it."""
        facts = {"kind": "over", "system": state.system, "since": since, "waiting": waiting}
        self._owe(tx, f"over/{state.system}/{state.version}", state.system, facts)

    def dead_letter(
        self, tx: Transaction, letter: DeadLetter, subject: Effect | Event, error: HubError
    ) -> None:
        """A dead letter that is no outage's: tell it, together with others of its cause."""
        facts = {**self._facts_of(subject, error), "kind": "dead_letters", "letter": letter.id}
        delay_s = self._runtime.config.notice_gather_s
        self._owe(
            tx, f"letter/{letter.id}", letter.system or "", facts, lane_key=letter.cause, delay_s=delay_s
        )

    def _facts_of(self, subject: Effect | Event, error: HubError) -> dict[str, Any]:
        told = self.conceal(subject, said(error)).to_dict()
        facts: dict[str, Any] = {"error": told, "department": subject.department}
        if isinstance(subject, Event):
            return facts | {"operation": subject.type, "business_key": subject.key, "process": subject.type}
        live = self._runtime.instances.held(subject.instance_id) if subject.instance_id is not None else None
        return facts | {
            "operation": subject.operation,
            "business_key": subject.business_key,
            "process": (live.program.name or live.program.process_id) if live is not None else None,
            "instance": subject.instance_id,
            "attempts": subject.attempts,
        }

    def _owe(
        self,
        tx: Transaction,
        name: str,
        system: str,
        facts: dict[str, Any],
        *,
        lane_key: str | None = None,
        delay_s: float = 0.0,
    ) -> None:
        carrier = self._carrier()
        if carrier is not None and carrier[0] != system:
            self._put(tx, name, system, facts, lane_key=lane_key, delay_s=delay_s)

    def _put(
        self,
        tx: Transaction,
        name: str,
        system: str,
        facts: dict[str, Any],
        *,
        lane_key: str | None = None,
        delay_s: float = 0.0,
    ) -> None:
        tenant = self._runtime.tenant
        job = Job(
            tenant=tenant,
            id=f"notice/{name}",
            lane=lane_of(tenant, f"notice:{lane_key or system}"),
            kind="notice",
            due_at=tx.now + timedelta(seconds=delay_s),
            created_at=tx.now,
            payload=values.encode({**facts, "system": system, "at": tx.now}),
        )
        tx.add(PutJob(job))
        tx.then(lambda: self._offer_job(job))

    def _carrier(self) -> tuple[str, str] | None:
        """Return system and operation that carry notices; ``None``: nobody is told."""
        operation = self._runtime.config.notice_operation
        if operation is None:
            return None
        system, _, name = operation.partition(".")
        return system, name

    # -- telling -------------------------------------------------------------------------------------------

    async def tell(self, job: Job) -> None:
        """Carry out a job of kind ``notice``."""
        facts = values.decode(job.payload)
        if facts["kind"] == "dead_letters":
            await self._tell_letters(job, facts)
            return
        if facts["kind"] == "unknown":
            await self._tell_unknown(job, facts)
            return
        if facts["kind"] == NODE:
            await self._tell_node(job, facts)
            return
        tx = self._runtime.begin(job.lane)
        tx.add(TakeJob(job.tenant, job.id))
        if facts["kind"] in ("watch", "briefing"):
            carrier = self._carrier()
            for route in self._routes(facts):
                name = MAIL if route == carrier else route[0]
                self._send(tx, job, {**facts, "channel": name}, route)
        else:
            self._send(tx, job, facts)
        await self._runtime.write(tx)

    async def _tell_node(self, job: Job, facts: dict[str, Any]) -> None:
        """Tell each person of a node's notification by their own channel."""
        wanted = by_channel(await self.contacts(facts["to"]))
        told = dict(facts)
        used = told.pop("variables")
        for part in ("subject", "text"):
            words = self.conceal(used, Text(facts[part]["en"], facts[part]["zh"]))
            told[part] = words.to_dict()
        tx = self._runtime.begin(job.lane)
        tx.add(TakeJob(job.tenant, job.id))
        carrier = self._carrier()
        for channel, addresses in wanted.items():
            route = (channel, PERSON) if channel else carrier
            if route is not None:
                self._send(tx, job, {**told, "to": addresses, "channel": channel or MAIL}, route)
        await self._runtime.write(tx)

    async def _tell_letters(self, job: Job, facts: dict[str, Any]) -> None:
        runtime = self._runtime
        scope = runtime.scope
        letter = await runtime.store.dead_letter(scope, facts["letter"])
        known = None
        told_at: datetime | None = None
        if letter is not None:
            known = await runtime.store.cursor(scope, f"notice/{letter.cause}")
            told_at = values.decode(known.position) if known is not None else None
        if letter is None or letter.status != "open" or (told_at and letter.created_at <= told_at):
            tx = runtime.begin(job.lane)
            tx.add(TakeJob(job.tenant, job.id))
            await runtime.write(tx)
            return
        if await self._is_quiet(job, told_at):
            return
        count = await self._count(letter.cause, told_at)
        told = {**facts, "count": max(1, count), "cause": letter.cause}
        await self._tell_together(job, f"notice/{letter.cause}", known, told)

    async def _tell_unknown(self, job: Job, facts: dict[str, Any]) -> None:
        """Tell of outcomes to verify, unless somebody has found out meanwhile."""
        runtime = self._runtime
        effect = await runtime.store.effect(runtime.scope, facts["effect"])
        name = f"notice/unknown/{facts['system']}"
        known = await runtime.store.cursor(runtime.scope, name)
        told_at: datetime | None = values.decode(known.position) if known is not None else None
        called_at = (effect.attempted_at or effect.created_at) if effect is not None else None
        if effect is None or effect.status != "unknown" or (told_at and called_at and called_at <= told_at):
            tx = runtime.begin(job.lane)
            tx.add(TakeJob(job.tenant, job.id))
            await runtime.write(tx)
            return
        if await self._is_quiet(job, told_at):
            return
        page = await runtime.store.effects(runtime.scope, system=effect.system, status="unknown", limit=_PAGE)
        called = [each.attempted_at or each.created_at for each in page.items]
        count = sum(1 for each in called if told_at is None or each > told_at)
        await self._tell_together(job, name, known, {**facts, "count": max(1, count)})

    async def _is_quiet(self, job: Job, told_at: datetime | None) -> bool:
        """Tell whether the quiet time since the last notice still goes on; the job then waits for its end."""
        runtime = self._runtime
        if told_at is None:
            return False
        quiet_until = told_at + timedelta(seconds=runtime.config.notice_quiet_s)
        if runtime.clock.now() >= quiet_until:
            return False
        tx = runtime.begin(job.lane)
        tx.add(TakeJob(job.tenant, job.id))
        tx.add(PutJob(replace(job, due_at=quiet_until)))
        await runtime.write(tx)
        return True

    async def _tell_together(self, job: Job, name: str, known: Cursor | None, facts: dict[str, Any]) -> None:
        """Send a notice of several, and keep when it was."""
        runtime = self._runtime
        now = runtime.clock.now()
        tx = runtime.begin(job.lane)
        tx.add(TakeJob(job.tenant, job.id))
        version = known.version if known is not None else 0
        tx.add(PutCursor(Cursor(job.tenant, name, values.encode(now), version + 1, now), version))
        self._send(tx, job, facts)
        await runtime.write(tx)

    async def _count(self, cause: str, after: datetime | None) -> int:
        """Return how many open dead letters of a cause came after what was told last."""
        count = 0
        cursor: str | None = None
        while True:
            page = await self._runtime.store.dead_letters(
                self._runtime.scope, cause=cause, cursor=cursor, limit=_PAGE
            )
            count += sum(1 for each in page.items if after is None or each.created_at > after)
            cursor = page.next
            if cursor is None or count >= COUNT_MAX:
                return count

    def _send(
        self, tx: Transaction, job: Job, facts: dict[str, Any], route: tuple[str, str] | None = None
    ) -> None:
        carrier = route or self._carrier()
        if carrier is None:
            return
        # By several channels it is several calls; the mail has the job's own name.
        name = job.id if carrier == self._carrier() else f"{job.id}/{carrier[0]}"
        effect = Effect(
            tenant=job.tenant,
            id=name,
            lane=job.lane,
            system=carrier[0],
            operation=carrier[1],
            # A notice that came twice is better than none: it has the same identity both times.
            safety="idempotency_key",
            idempotency_key=name,
            status="intended",
            created_at=tx.now,
            due_at=tx.now,
            request=values.encode({"payload": dict(self.compose(facts)), "headers": {}}),
            department=facts.get("department"),
        )
        tx.add(InsertEffect(effect))
        tx.then(lambda: self._again(effect, 0.0))
