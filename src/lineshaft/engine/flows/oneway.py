"""A flow in one direction: what a page of records comes to, target by target.

A record is left alone where it is older than what was written (by its source's version), or equal to it (by
the digest of what would be written). Several states of one record in a page are one, unless every one counts
(``on_stuck: hold_key``): then they go out one after another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final

from lineshaft.base.errors import HubError, InputError
from lineshaft.base.text import text
from lineshaft.engine.flows.batch import Batch, Outgoing, digest_of
from lineshaft.engine.flows.binding import bind
from lineshaft.engine.flows.ground import Deed, Ground, bury, commit, item_of, resolved, waits_for
from lineshaft.engine.flows.model import Flow, Target
from lineshaft.engine.flows.sending import Guard, batches_of, evidence, failed, send_all
from lineshaft.engine.flows.state import FlowState
from lineshaft.engine.flows.taking import Taken, error_of, made_by, mapped
from lineshaft.store.rows import FlowItem, FlowRecord
from lineshaft.store.writes import DeleteFlowItem, PutFlowItem, PutFlowRecord

_BLOCKED: Final = frozenset({"dead", "waiting"})
"""A record of which an older state is not written: later ones wait where the order counts."""
_FAR: Final = datetime(8999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of a page."""

    state: FlowState
    """As it stands after the last commit, or as it is to be committed with the next page."""
    errors: tuple[HubError, ...] = ()
    """Why a whole batch failed: then the page is not done."""


async def carry(
    ground: Ground,
    flow: Flow,
    state: FlowState,
    after: FlowState,
    taken: Sequence[Taken],
    *,
    guard: Guard,
    dropped: Sequence[str] = (),
) -> Carried:
    """Carry records to their targets.

    Args:
        ground: What the flow stands on.
        flow: The flow.
        state: As it stands in the store.
        after: A draft of what is to stand there when the page is done (its cursor).
        taken: The records, in their order.
        guard: Raises ``LeaseLost`` where this worker must not write any more.
        dropped: Entries of the queue that the filter leaves alone.
    """
    now = ground.runtime.clock.now()
    await mapped(flow.source.mapping, taken, ground.resolve, now)
    waves = _waves(taken) if flow.on_stuck == "hold_key" else [_newest(taken, after)]
    for number, wave in enumerate(waves):
        if number == len(waves) - 1:
            return await _wave(ground, flow, state, after, wave, guard=guard, dropped=dropped)
        draft = after.copy()
        draft.sides = state.copy().sides
        carried = await _wave(ground, flow, state, draft, wave, guard=guard)
        if carried.errors:
            return carried
        sides = after.sides
        state, after = carried.state, carried.state.copy()
        after.sides = sides
    return Carried(state)


async def _wave(
    ground: Ground,
    flow: Flow,
    state: FlowState,
    draft: FlowState,
    wave: Sequence[Taken],
    *,
    guard: Guard,
    dropped: Sequence[str] = (),
) -> Carried:
    """Write records that are all of different keys, and commit what became of them."""
    deed = Deed(draft)
    stored: dict[str, dict[str, FlowRecord]] = {}
    outgoing: dict[str, list[Outgoing]] = {}
    sound = [each for each in wave if each.error is None and not each.missing]
    if len(sound) != len(wave):
        await _unsound(ground, flow, deed, [each for each in wave if each.error is not None or each.missing])
    routed: set[int] = set()
    for target in flow.targets:
        some = [each for each in sound if _goes_to(ground, flow, deed, each, target, routed=routed)]
        keys = [each.key for each in some]
        rows = await ground.runtime.store.flow_records(ground.runtime.scope, flow.name, target.system, keys)
        stored[target.system] = rows
        outgoing[target.system] = await _due(ground, flow, deed, target, some, rows=rows)
    _unrouted(ground, flow, deed, sound, routed)
    batches: list[Batch] = []
    for target in flow.targets:
        items, rows = outgoing[target.system], stored[target.system]
        if target.create is None:
            batches += batches_of(ground, flow, state, target, items, create=False)
        else:
            new = [each for each in items if not _is_there(rows.get(each.key))]
            old = [each for each in items if _is_there(rows.get(each.key))]
            batches += batches_of(ground, flow, state, target, new, create=True)
            batches += batches_of(ground, flow, state, target, old, create=False)
    if batches:
        marked, errors = await send_all(ground, flow, state, batches, guard)
        draft.version = marked.version
        if errors:
            # The page is not done: what was written is found again by its digest or by its key.
            return Carried(marked, tuple(errors))
        evidence(ground, deed, batches)
        for batch in batches:
            known = stored[batch.system]
            _settle(ground, flow, deed, batch, known)
            unseen = [each.key for each in batch.items if not _is_there(known.get(each.key))]
            await bind(ground, flow, deed, batch, unseen)
    entries = [*dropped, *(each.item for each in wave if each.item is not None)]
    done = [DeleteFlowItem(ground.runtime.tenant, flow.name, each) for each in entries]
    # Before the others: one that comes again is put anew.
    deed.writes[:0] = done
    if not batches and not deed.writes and is_still(state, draft):
        return Carried(draft)
    return Carried(await commit(ground, flow, deed))


async def _unsound(ground: Ground, flow: Flow, deed: Deed, some: Sequence[Taken]) -> None:
    """Set records aside that could not be taken; those that are known to be so, once."""
    runtime, first = ground.runtime, flow.targets[0]
    keys = [each.key for each in some]
    rows = await runtime.store.flow_records(runtime.scope, flow.name, first.system, keys)
    for each in some:
        row = rows.get(each.key)
        if row is None or not _is_known_bad(each, row):
            _set_aside(ground, flow, deed, each, first, error=each.error, row=row)


def _is_known_bad(each: Taken, row: FlowRecord) -> bool:
    """Tell whether exactly this record has failed before, and nobody wants it to be tried again."""
    return row.status in _BLOCKED and each.item is None and row.content == mark_of(each)


def mark_of(each: Taken) -> bytes:
    """Return what a record that failed is known by, so that reading it again is no new failure."""
    try:
        return digest_of(each.raw).encode()
    except Exception:  # noqa: BLE001 - a value without an encoding: known by how it looks
        return blake2b(ascii(each.raw).encode(), digest_size=12).hexdigest().encode()


def is_still(state: FlowState, draft: FlowState) -> bool:
    """Tell whether nothing has moved: a reading that brought nothing costs no commit."""
    return (
        not state.open
        and state.running == draft.running
        and state.due_at == draft.due_at
        and state.handled == draft.handled
        and {name: side.position for name, side in state.sides.items()}
        == {name: side.position for name, side in draft.sides.items()}
    )


def _is_there(row: FlowRecord | None) -> bool:
    return row is not None and bool(row.digest)


def _newest(taken: Sequence[Taken], after: FlowState) -> list[Taken]:
    """Return the newest state of each record; by the source's version where it has one."""
    found: dict[str, Taken] = {}
    dropped: list[Taken] = []
    for each in taken:
        before = found.get(each.key)
        if before is not None and each.error is None and before.error is None:
            is_old = each.version is not None and before.version is not None and each.version < before.version
            after.counts["older"] += 1
            if is_old:
                dropped.append(each)
                continue
            dropped.append(before)
        found[each.key if each.error is None else f"\0{len(found)}{each.key}"] = each
    kept = list(found.values())
    for each in dropped:
        # It goes with the one that stands for it.
        if each.item is not None:
            stays = found[each.key]
            if stays.item is None:
                stays.item = each.item
    return kept


def _waves(taken: Sequence[Taken]) -> list[list[Taken]]:
    """Return the first state of each record, the second ones, and so on."""
    waves: list[list[Taken]] = [[]]
    seen: dict[str, int] = {}
    for each in taken:
        place = seen.get(each.key, 0)
        seen[each.key] = place + 1
        if place == len(waves):
            waves.append([])
        waves[place].append(each)
    return waves


def _goes_to(
    ground: Ground, flow: Flow, deed: Deed, each: Taken, target: Target, *, routed: set[int]
) -> bool:
    if target.when is None:
        routed.add(id(each))
        return True
    try:
        goes = target.when.evaluate({"record": each.record}, strict=True) is True
    except HubError as error:
        _set_aside(ground, flow, deed, each, target, error=error)
        routed.add(id(each))
        return False
    if goes:
        routed.add(id(each))
    return goes


def _unrouted(ground: Ground, flow: Flow, deed: Deed, sound: Sequence[Taken], routed: set[int]) -> None:
    for each in sound:
        if id(each) not in routed:
            told = text(
                "No target of {flow} takes this record.", "{flow} 没有适合此记录的目标。", flow=flow.name
            )
            _set_aside(ground, flow, deed, each, flow.targets[0], error=InputError(told, code="no_route"))


async def _due(
    ground: Ground,
    flow: Flow,
    deed: Deed,
    target: Target,
    some: Sequence[Taken],
    *,
    rows: Mapping[str, FlowRecord],
) -> list[Outgoing]:
    """Return what is to be written to one target."""
    runtime = ground.runtime
    now = runtime.clock.now()
    made = await made_by(target.mapping, [each.record for each in some], ground.resolve, now)
    found = []
    counts = deed.state.counts
    for each, result in zip(some, made, strict=True):
        row = rows.get(each.key)
        if row is not None and _is_late(each, row):
            counts["late"] += 1
            continue
        if row is not None and _is_known_bad(each, row):
            counts["unchanged"] += 1
            continue
        blocked = row is not None and row.status in _BLOCKED
        if blocked and flow.on_stuck == "hold_key" and each.item is None:
            held = item_of(ground, flow, each, flow.source.system, status="held", due_at=now)
            deed.writes.append(PutFlowItem(held))
            counts["held"] += 1
            continue
        if result.record is None:
            each.missing = result.missing
            wrong = result.problems or not result.missing
            error = error_of(target.mapping, result) if wrong and target.mapping is not None else None
            _set_aside(ground, flow, deed, each, target, error=error, row=row)
            continue
        digest = digest_of(result.record)
        if row is not None and row.digest == digest and not blocked and not each.is_replay:
            counts["unchanged"] += 1
            if each.version is not None and each.version != row.version:
                deed.writes.append(PutFlowRecord(_renewed(row, each, digest, now)))
            continue
        found.append(Outgoing(each.key, result.record, digest, each))
    return found


def _is_late(each: Taken, row: FlowRecord) -> bool:
    if each.version is not None:
        return each.version < row.version
    # Without a version the order of arrival counts: what waited has been overtaken.
    return each.item is not None and each.attempts > 0 and row.status == "agreed" and row.at > each.at


def _renewed(row: FlowRecord, each: Taken, digest: str, now: datetime) -> FlowRecord:
    version = each.version if each.version is not None else row.version
    return FlowRecord(row.tenant, row.flow, row.side, row.key, "agreed", now, digest, version)


def _set_aside(
    ground: Ground,
    flow: Flow,
    deed: Deed,
    each: Taken,
    target: Target,
    *,
    error: HubError | None,
    row: FlowRecord | None = None,
) -> None:
    """Deal with a record that does not come as far as the target."""
    if error is None:
        waits_for(ground, flow, deed, each, side=flow.source.system, operation=target.operation)
    else:
        bury(ground, flow, deed, each, system=target.system, operation=target.operation, error=error)
    _put_status(
        ground,
        flow,
        deed,
        each,
        system=target.system,
        status="dead" if error is not None else "waiting",
        row=row,
    )


def _put_status(
    ground: Ground, flow: Flow, deed: Deed, each: Taken, *, system: str, status: str, row: FlowRecord | None
) -> None:
    digest = row.digest if row is not None else ""
    version = row.version if row is not None else 0
    now = ground.runtime.clock.now()
    made = FlowRecord(
        ground.runtime.tenant, flow.name, system, each.key, status, now, digest, version, mark_of(each)
    )
    deed.writes.append(PutFlowRecord(made))


def _settle(ground: Ground, flow: Flow, deed: Deed, batch: Batch, rows: Mapping[str, FlowRecord]) -> None:
    """Write down what became of each record of a batch."""
    runtime = ground.runtime
    now = runtime.clock.now()
    state = deed.state
    tenant, name, system = runtime.tenant, flow.name, batch.system
    assert batch.results is not None
    add = deed.writes.append
    written = 0
    for item, result in zip(batch.items, batch.results, strict=True):
        taken, row = item.taken, rows.get(item.key)
        assert taken is not None
        if result.error is not None:
            status = failed(ground, flow, deed, item, batch, result=result, side=flow.source.system)
            _put_status(ground, flow, deed, taken, system=system, status=status, row=row)
            continue
        written += 1
        version = taken.version if taken.version is not None else (row.version if row is not None else 0)
        add(PutFlowRecord(FlowRecord(tenant, name, system, item.key, "agreed", now, item.digest, version)))
        state.delayed(item.key, max(0.0, (now - taken.at).total_seconds()), flow.due_within_s, now)
        if row is not None and row.status in _BLOCKED:
            resolved(ground, flow, deed, system, item.key)
            state.counts["released"] += 1
    state.counts["written"] += written


async def release_held(ground: Ground, flow: Flow) -> list[FlowItem]:
    """Return the held records of keys that nothing holds any more, oldest of each key first, one for each."""
    runtime = ground.runtime
    held = await runtime.store.flow_items(runtime.scope, flow.name, "held", _FAR, 1_000)
    if not held:
        return []
    first: dict[str, FlowItem] = {}
    for item in held:
        first.setdefault(item.key, item)
    free = dict(first)
    for target in flow.targets:
        rows = await runtime.store.flow_records(runtime.scope, flow.name, target.system, list(first))
        for key, row in rows.items():
            if row.status in _BLOCKED:
                free.pop(key, None)
    return list(free.values())


def settle_again(ground: Ground, flow: Flow, deed: Deed, batch: Batch) -> None:
    """Take note of what a batch that was under way has come to: its records are not to be written again."""
    now = ground.runtime.clock.now()
    assert batch.results is not None
    for item, result in zip(batch.items, batch.results, strict=True):
        if result.error is None:
            made = FlowRecord(
                ground.runtime.tenant, flow.name, batch.system, item.key, "agreed", now, item.digest
            )
            deed.writes.append(PutFlowRecord(made))
            deed.state.counts["written"] += 1
        elif result.error.default_code == "unknown" and batch.spec.safety == "none":
            # Read again, it is found to be equal and left alone; a person decides what became of it.
            made = FlowRecord(
                ground.runtime.tenant, flow.name, batch.system, item.key, "doubt", now, item.digest
            )
            deed.writes.append(PutFlowRecord(made))
            taken = Taken(item.key, item.payload, item.payload, now)
            bury(
                ground, flow, deed, taken, system=batch.system, operation=batch.operation, error=result.error
            )
