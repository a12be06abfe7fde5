"""A flow in both directions: what is heard of a side, what follows from it, and what was written.

All that is known of a record stands in one row (``agreement.Known``). A target is given the record as it is
to be (``record``), the fields that change (``changed``) and the values that should stand there now
(``expected``): one that can write under a condition must, and says *refused* where somebody was faster; the
record then waits until that edit has been heard.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from lineshaft.base.errors import Refused
from lineshaft.engine.flows.agreement import Covered, Known, decide, hear, settle, wrote
from lineshaft.engine.flows.batch import Batch, Outgoing, digest_of
from lineshaft.engine.flows.ground import Deed, Ground, bury, commit, resolved, waits_for
from lineshaft.engine.flows.model import Flow, Side
from lineshaft.engine.flows.oneway import Carried, is_still
from lineshaft.engine.flows.sending import Guard, batches_of, evidence, send_all
from lineshaft.engine.flows.state import FlowState
from lineshaft.engine.flows.taking import Taken, error_of, made_by, mapped
from lineshaft.feel import codec as values
from lineshaft.sdk import ItemOutcome
from lineshaft.store.rows import FlowItem, FlowRecord
from lineshaft.store.writes import DeleteFlowItem, PutFlowItem, PutFlowRecord

GUARDED: Final = frozenset({"row_taken", "key_taken", "row_missing"})
"""How a target says that the record is not as it was expected to be."""
_AGAIN_S: Final = 1.0
_AGAIN_MAX: Final = 60
"""So often a record is tried again for which a target's condition does not hold."""


class Round:
    """The records of one page and what is known of them."""

    def __init__(self, ground: Ground, flow: Flow, deed: Deed) -> None:
        assert flow.rules is not None
        self.ground, self.flow, self.deed, self.rules = ground, flow, deed, flow.rules
        self.known: dict[str, Known] = {}
        self.rows: dict[str, FlowRecord] = {}
        self.covered: dict[str, list[Covered]] = {}
        self.taken: dict[str, Taken] = {}
        self.tries: dict[str, int] = {}
        self.dead: set[str] = set()
        self.changed: set[str] = set()

    async def load(self, keys: Sequence[str]) -> None:
        """Read what is known of records."""
        runtime = self.ground.runtime
        wanted = [key for key in dict.fromkeys(keys) if key not in self.known]
        self.rows |= await runtime.store.flow_records(runtime.scope, self.flow.name, "", wanted)
        for key in wanted:
            row = self.rows.get(key)
            self.known[key] = (
                Known.of(values.decode(row.content)) if row is not None and row.content else Known()
            )

    def hear(self, side: Side, taken: Sequence[Taken], drained: datetime | None) -> None:
        """Take in what a side tells, in its order."""
        counts = self.deed.state.counts
        for each in taken:
            if each.error is not None or each.missing:
                self._set_aside(side, each)
                continue
            known = self.known[each.key]
            edits = repr(known.edits)
            covered = hear(
                known,
                side.system,
                each.record,
                each.at,
                log=side.tells_all,
                drained=drained,
                version=each.version,
            )
            if covered is None:
                counts["late"] += 1
                continue
            self.covered.setdefault(each.key, []).extend(covered)
            self.taken[each.key] = each
            is_news = bool(covered) or repr(known.edits) != edits
            counts["heard" if is_news else "echoes"] += 1
            if is_news:
                self.changed.add(each.key)

    def _set_aside(self, side: Side, each: Taken) -> None:
        target = self.flow.target(self.rules.other(side.system))
        if each.error is None:
            waits_for(self.ground, self.flow, self.deed, each, side=side.system, operation=target.operation)
            return
        bury(
            self.ground,
            self.flow,
            self.deed,
            each,
            system=target.system,
            operation=target.operation,
            error=each.error,
        )
        if each.key in self.known:
            self.dead.add(each.key)

    async def outgoing(self) -> dict[str, list[Outgoing]]:
        """Decide, and return what is to be written to each side."""
        now = self.ground.runtime.clock.now()
        found: dict[str, list[Outgoing]] = {}
        wanted: dict[str, list[tuple[str, Mapping[str, Any], tuple[str, ...]]]] = {}
        counts = self.deed.state.counts
        for key, known in self.known.items():
            row = self.rows.get(key)
            if row is not None and row.status == "dead" and key not in self.changed:
                # A person has it in hand; the same again would fail the same way.
                self.dead.add(key)
                continue
            settled = settle(known, self.rules, self.covered.get(key))
            counts["overruled"] += len(settled.overruled)
            counts["conflicts"] += len(settled.opened)
            notes = tuple(f"{e.name}: {e.rule}, {e.value!r} of {e.side} not kept" for e in settled.overruled)
            for system, fields in settled.wanted.items():
                wanted.setdefault(system, []).append((key, fields, notes))
        for system, some in wanted.items():
            target = self.flow.target(system)
            before = [self.known[key].believed(system) for key, _, _ in some]
            after = [{**(was or {}), **fields} for was, (_, fields, _) in zip(before, some, strict=True)]
            olds = await made_by(target.mapping, [was or new for was, new in zip(before, after, strict=True)],
                                 self.ground.resolve, now)  # fmt: skip
            news = await made_by(target.mapping, after, self.ground.resolve, now)
            for (key, fields, notes), was, old, new in zip(some, before, olds, news, strict=True):
                each = self._taken(key)
                if new.record is None:
                    each.missing = new.missing
                    if new.problems and target.mapping is not None:
                        each.error = error_of(target.mapping, new)
                    self._set_aside(self.flow.side(self.rules.other(system)), each)
                    continue
                # A field that was not there is expected to be empty still.
                named = old.record if old.record is not None else new.record
                expected = {name: named.get(name) for name in {**named, **new.record}}
                changed = {
                    name: value
                    for name, value in new.record.items()
                    if was is None or expected[name] != value
                }
                payload: dict[str, Any] = {
                    "key": key,
                    "record": new.record,
                    "changed": changed,
                    "expected": expected,
                }
                payload["is_new"] = was is None
                found.setdefault(system, []).append(
                    Outgoing(key, payload, digest_of(changed), each, fields, notes)
                )
        return found

    def _taken(self, key: str) -> Taken:
        each = self.taken.get(key)
        if each is None:
            believed = next((b for s in self.rules.sides if (b := self.known[key].believed(s))), {})
            each = Taken(key, believed, believed, self.ground.runtime.clock.now())
            self.taken[key] = each
        return each

    def results(self, batch: Batch) -> None:
        """Take note of what was written, and of what was not."""
        now = self.ground.runtime.clock.now()
        side = self.flow.side(batch.system)
        state = self.deed.state
        assert batch.results is not None
        for item, result in zip(batch.items, batch.results, strict=True):
            if result.error is None:
                wrote(
                    self.known[item.key],
                    batch.system,
                    item.fields or {},
                    now,
                    log=side.tells_all,
                    times=batch.attempts,
                )
                settle(self.known[item.key], self.rules)
                state.counts["written"] += 1
                if item.taken is not None:
                    delay_s = max(0.0, (now - item.taken.at).total_seconds())
                    state.delayed(item.key, delay_s, self.flow.due_within_s, now)
                row = self.rows.get(item.key)
                if row is not None and row.status == "dead":
                    resolved(self.ground, self.flow, self.deed, batch.system, item.key)
            else:
                if result.error.default_code == "unknown" or batch.attempts > 1:
                    # An earlier attempt may have been carried out.
                    fields = item.fields or {}
                    times = batch.attempts
                    wrote(
                        self.known[item.key],
                        batch.system,
                        fields,
                        now,
                        log=side.tells_all,
                        times=times,
                        is_sure=False,
                    )
                self._not_written(item, batch, result)

    def _not_written(self, item: Outgoing, batch: Batch, result: ItemOutcome) -> None:
        error = result.error
        assert error is not None
        tries = self.tries.get(item.key, 0)
        is_guarded = isinstance(error, Refused) and error.code in GUARDED
        limit = _AGAIN_MAX if is_guarded else len(self.flow.retry_gaps_s)
        comes_again = is_guarded or error.default_code in ("unavailable", "rate_limited", "unknown")
        if comes_again and (tries < limit or error.default_code == "rate_limited"):
            gap_s = _AGAIN_S if is_guarded else self.flow.retry_gaps_s[min(tries, limit - 1)]
            self.deed.writes.append(PutFlowItem(self._again(item.key, tries + 1, gap_s)))
            self.deed.state.counts["guarded" if is_guarded else "repeated"] += 1
            return
        each = self._taken(item.key)
        each = Taken(item.key, each.record, item.payload["record"], each.at, attempts=tries)
        bury(
            self.ground,
            self.flow,
            self.deed,
            each,
            system=batch.system,
            operation=batch.operation,
            error=error,
        )
        self.dead.add(item.key)

    def _again(self, key: str, tries: int, gap_s: float) -> FlowItem:
        runtime = self.ground.runtime
        now = runtime.clock.now()
        payload = values.encode({"kind": "settle", "key": key, "attempts": tries})
        due_at = now + timedelta(seconds=gap_s)
        return FlowItem(runtime.tenant, self.flow.name, f"settle/{key}", key, "due", now, due_at, "", payload)

    def write_rows(self) -> None:
        """Put down what is known now."""
        runtime = self.ground.runtime
        now = runtime.clock.now()
        for key, known in self.known.items():
            content = values.encode(known.plain())
            status = "dead" if key in self.dead else "conflict" if known.open else "agreed"
            row = self.rows.get(key)
            if row is not None and row.content == content and row.status == status:
                continue
            made = FlowRecord(runtime.tenant, self.flow.name, "", key, status, now, "", 0, content)
            self.deed.writes.append(PutFlowRecord(made))


async def carry(
    ground: Ground,
    flow: Flow,
    state: FlowState,
    after: FlowState,
    side: Side,
    *,
    taken: Sequence[Taken],
    guard: Guard,
) -> Carried:
    """Take in a page of one side and write what follows; see ``oneway.carry``."""
    now = ground.runtime.clock.now()
    await mapped(side.mapping, taken, ground.resolve, now)
    deed = Deed(after)
    run = Round(ground, flow, deed)
    await run.load([each.key for each in taken if not each.key.startswith("?")])
    run.hear(side, taken, state.side(side.system).drained)
    return await _finish(run, state, guard)


async def carry_items(
    ground: Ground, flow: Flow, state: FlowState, after: FlowState, items: Sequence[FlowItem], *, guard: Guard
) -> Carried:
    """Carry out what waits: decisions that were taken, and records that are to be tried again."""
    deed = Deed(after)
    run = Round(ground, flow, deed)
    await run.load([item.key for item in items])
    for item in items:
        run.changed.add(item.key)
        deed.writes.append(DeleteFlowItem(ground.runtime.tenant, flow.name, item.id))
        found = values.decode(item.payload)
        if found["kind"] == "decide":
            if decide(run.known[item.key], found["field"], found["choice"], found.get("value")):
                after.counts["decided"] += 1
        elif found["kind"] == "record":
            await _edited(run, item, found)
        else:
            run.tries[item.key] = int(found["attempts"])
    return await _finish(run, state, guard)


async def _edited(run: Round, item: FlowItem, found: Mapping[str, Any]) -> None:
    """A record comes again from its dead letter, as a person has corrected it, or from a reference."""
    side = next((each for each in run.flow.sides if each.system == item.side), run.flow.sides[0])
    known = run.known[item.key]
    if found.get("edited"):
        for name, value in found["raw"].items():
            believed = [known.believed(each) or {} for each in run.rules.sides]
            if any(name in each and each[name] != value for each in believed):
                known.ruled[name] = value
        return
    each = Taken(item.key, found["raw"], found["raw"], found["at"], item=item.id)
    await mapped(side.mapping, [each], run.ground.resolve, run.ground.runtime.clock.now())
    run.hear(side, [each], None)


async def _finish(run: Round, state: FlowState, guard: Guard) -> Carried:
    ground, flow, deed = run.ground, run.flow, run.deed
    outgoing = await run.outgoing()
    batches: list[Batch] = []
    for system, items in outgoing.items():
        target = flow.target(system)
        new = [item for item in items if item.payload["is_new"]]
        old = [item for item in items if not item.payload["is_new"]]
        if target.create is None:
            new, old = [], items
        batches += batches_of(ground, flow, state, target, new, create=True)
        batches += batches_of(ground, flow, state, target, old, create=False)
    if batches:
        marked, errors = await send_all(ground, flow, state, batches, guard)
        deed.state.version = marked.version
        if errors:
            return Carried(marked, tuple(errors))
        evidence(ground, deed, batches)
        for batch in batches:
            run.results(batch)
    run.write_rows()
    if not deed.writes and is_still(state, deed.state):
        return Carried(deed.state)
    return Carried(await commit(ground, flow, deed))


async def finish_batch(ground: Ground, flow: Flow, state: FlowState, batch: Batch) -> FlowState:
    """Bring the evidence of a batch that was under way when its worker stopped."""
    after = state.copy()
    after.open = tuple(each for each in state.open if each != batch.id)
    run = Round(ground, flow, Deed(after))
    await run.load([item.key for item in batch.items])
    run.deed.writes.append(batch.evidence(ground.runtime.tenant, ground.runtime.clock.now()))
    run.results(batch)
    run.write_rows()
    return await commit(ground, flow, run.deed)
