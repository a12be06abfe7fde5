"""Two simulated systems that people edit while a flow keeps them in step, with faults on the way.

``Journal`` tells every change in its order and takes any write; ``Sheet`` tells its present rows only and
writes under a condition. Every edit has a value of its own, so that the oracle can tell what became of it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lineshaft.base.errors import OutcomeUnknown, Refused, Unavailable
from lineshaft.base.text import Text
from lineshaft.engine.flows.ground import Ground
from lineshaft.engine.flows.service import Flows
from lineshaft.feel import codec as values
from lineshaft.sdk import (
    CallContext,
    Change,
    ChangePage,
    ConnectorSpec,
    ItemOutcome,
    OperationSpec,
    Outcome,
    TriggerSpec,
)
from simulation.nodes import Node
from simulation.stage import Stage
from simulation.targets import TargetConnector

FIELDS = ("name", "city", "phone")
FLOW = """
format: 1
flows:
  - name: customers
    two_way: true
    from: {system: journal, poll: customer, record: data, key: record.no, version: number(id),
           interval_s: 1, tells: changes, write: customer.save,
           fields: [no, name, city, phone]}
    to: {system: sheet, poll: customer, record: data, key: record.no, interval_s: 1, write: customer.save,
         fields: [no, name, city, phone]}
    CONFLICT
    batch: 7
    retry_gaps_s: [1, 2, 4, 8, 8, 8, 8, 8]
"""


def files(conflict: str = "person") -> dict[str, bytes]:
    """Return the pack of a flow in both directions."""
    flow = (
        FLOW.replace("CONFLICT", f"conflict: {conflict}")
        .replace("\n           ", " ")
        .replace("\n         ", " ")
    )
    return {"flows/customers.yaml": flow.encode()}


@dataclass
class Edit:
    """What a person has changed."""

    system: str
    key: str
    name: str
    value: str
    superseded: bool = False
    """A person has changed the field again, on the same side, before anything else did."""


@dataclass
class Office:
    """One system: its records, who has seen which value, and what it tells."""

    name: str
    tells_all: bool
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    changed: dict[str, int] = field(default_factory=dict)
    ever: dict[tuple[str, str], set[Any]] = field(default_factory=dict)
    edits: list[Edit] = field(default_factory=list)
    standing: dict[tuple[str, str], Edit] = field(default_factory=dict)
    written: int = 0
    trouble: float = 0.0
    is_down: bool = False

    def put(self, key: str, fields: Mapping[str, Any], by: Edit | None) -> bool:
        """Change a record; return whether anything has changed."""
        row = self.rows.setdefault(key, {"no": key})
        before = dict(row)
        row.update(fields)
        if row == before:
            return False
        for name in fields:
            self.ever.setdefault((key, name), set()).add(row[name])
            if before.get(name) != row[name]:
                former = self.standing.pop((key, name), None)
                if former is not None and by is not None:
                    former.superseded = True
                if by is not None:
                    self.standing[key, name] = by
        self.log.append((key, dict(row)))
        self.changed[key] = len(self.log)
        return True

    def edit(self, key: str, name: str, value: str) -> None:
        """Let a person change a field."""
        edit = Edit(self.name, key, name, value)
        self.edits.append(edit)
        self.put(key, {name: value}, edit)

    def page(self, cursor: bytes | None, size: int) -> ChangePage:
        """Tell what has changed."""
        since = int(cursor or b"0")
        if self.tells_all:
            told = [(n, key, row) for n, (key, row) in enumerate(self.log[since:], since + 1)]
        else:
            told = sorted((n, key, self.rows[key]) for key, n in self.changed.items() if n > since)
        some = told[:size]
        changes = tuple(Change(str(n), "customer.changed", key, dict(row)) for n, key, row in some)
        return ChangePage(changes, str(some[-1][0] if some else since).encode(), len(told) > size)


class OfficeConnector(TargetConnector):
    """One node's way to a system."""

    def __init__(self, office: Office, chance: random.Random) -> None:
        self.office = office
        self.chance = chance

    @property
    def spec(self) -> ConnectorSpec:
        return ConnectorSpec(
            self.office.name,
            Text("o", "o"),
            operations=(OperationSpec("customer.save", Text("s", "s"), safety="natural_key", timeout_s=5.0),),
            triggers=(TriggerSpec("customer", "poll", interval_s=1.0),),
        )

    async def _way(self) -> bool:
        """Return whether something goes wrong on the way."""
        await asyncio.sleep(self.chance.random() * 0.3)
        return self.office.is_down or self.chance.random() < self.office.trouble

    async def changes(self, resource: str, cursor: bytes | None) -> ChangePage:
        if await self._way():
            raise Unavailable("away")
        page = self.office.page(cursor, 5)
        if await self._way():
            raise Unavailable("the answer was lost")
        return page

    async def write(
        self, operation: str, items: Sequence[Mapping[str, Any]], context: CallContext
    ) -> list[ItemOutcome]:
        if await self._way():
            raise Unavailable("away")
        results = []
        for item in items:
            if await self._way():
                results.append(ItemOutcome(error=Unavailable("not this one")))
                continue
            # Each record is a call of its own, as with most interfaces.
            context.sending()
            results.append(self._save(item))
        if await self._way():
            raise OutcomeUnknown("the answer was lost")
        return results

    def _save(self, item: Mapping[str, Any]) -> ItemOutcome:
        office, key = self.office, item["key"]
        if not office.tells_all:
            row = office.rows.get(key)
            if row is not None and row == item["record"]:
                return ItemOutcome(outcome=Outcome(repeated=True))
            if row is not None and any(row.get(n) != v for n, v in item["expected"].items()):
                return ItemOutcome(error=Refused("somebody was faster", code="row_taken"))
        office.written += office.put(key, item["changed"], None)
        return ItemOutcome(outcome=Outcome())


class Offices:
    """The two systems and the people who edit them."""

    def __init__(self, stage: Stage, chance: random.Random) -> None:
        self.stage = stage
        self.chance = chance
        self.journal = Office("journal", tells_all=True)
        self.sheet = Office("sheet", tells_all=False)
        self.all = (self.journal, self.sheet)

    def read(self, node: Node) -> None:
        """Let a node run the flow, as the hub does."""

        async def work() -> None:
            while node.worker is None:
                await asyncio.sleep(0.05)
            worker = node.worker
            for office in self.all:
                seed = self.chance.getrandbits(64)
                worker.systems.put(office.name, OfficeConnector(office, random.Random(seed)))
            ground = Ground(worker.runtime, worker.systems)
            gates = worker.protection
            flows = Flows(ground, can_call=lambda system: not gates.gate(system).is_closed)
            node.flows = flows  # type: ignore[attr-defined]
            await flows.start()

        self.stage.loop.spawn(node.process, work())

    def open_decisions(self) -> dict[str, dict[str, Any]]:
        """Return the open fields of each record."""
        found = {}
        for row in self.stage.rows("flow_record"):
            known = values.decode(row.content)
            if known.get("open"):
                found[row.key] = known["open"]
        return found

    def faults(self) -> list[str]:
        """Return what is wrong at the end."""
        wrong = []
        decisions = self.open_decisions()
        for key in sorted({*self.journal.rows, *self.sheet.rows}):
            one, two = self.journal.rows.get(key, {}), self.sheet.rows.get(key, {})
            for name in FIELDS:
                shown = decisions.get(key, {}).get(name)
                if shown is None and one.get(name) != two.get(name):
                    wrong.append(f"{key}.{name}: {one.get(name)!r} and {two.get(name)!r}, nobody is asked")
                if shown is not None:
                    named = {shown["journal"], shown["sheet"]}
                    if named != {one.get(name), two.get(name)}:
                        wrong.append(f"{key}.{name}: {one.get(name)!r} and {two.get(name)!r}, but {shown}")
        for office, other in (self.all, self.all[::-1]):
            for edit in office.edits:
                shown = decisions.get(edit.key, {}).get(edit.name, {})
                named = [shown.get("journal"), shown.get("sheet")]
                named += [each["value"] for each in shown.get("covered", ())]
                carried = edit.value in other.ever.get((edit.key, edit.name), ())
                if not (carried or edit.superseded or edit.value in named):
                    wrong.append(f"lost: {edit}")
        edits = sum(len(office.edits) for office in self.all)
        written = sum(office.written for office in self.all)
        if written > edits:
            wrong.append(f"{written} writes for {edits} edits")
        return wrong
