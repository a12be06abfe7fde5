"""What a flow has written is bound in the cross-reference 编码对照: the source's key and the target's code.

A target says by ``code`` what its record is called there. The bindings stand in the commit that brings the
evidence of the batch, so whoever waits for one of them goes on at once, and a crash leaves neither without
the other. A code that belongs to another object already is an error of the record that is shown and counted
(``unbound``); the record itself is written all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lineshaft.base.errors import Conflict, HubError, InputError
from lineshaft.base.text import text
from lineshaft.engine.crossref import Wish
from lineshaft.engine.flows.batch import Batch, Outgoing
from lineshaft.engine.flows.ground import Deed, Ground
from lineshaft.engine.flows.model import Flow, Target
from lineshaft.engine.words import kept
from lineshaft.sdk import Outcome


async def bind(ground: Ground, flow: Flow, deed: Deed, batch: Batch, keys: Sequence[str] | None) -> None:
    """Add to a deed what binds the records that a batch has written.

    Args:
        ground: What the flow stands on.
        flow: The flow; its target may say nothing of codes, then nothing is bound.
        deed: What is to be committed.
        batch: A batch with its results.
        keys: Of the records that may be new to the target; ``None``: all of the batch.
    """
    target = flow.target(batch.system)
    if target.code is None or ground.bind is None:
        return
    wanted = None if keys is None else frozenset(keys)
    pairs: list[_Pair] = []
    for item, result in zip(batch.items, batch.results or (), strict=True):
        if result.outcome is None or (wanted is not None and item.key not in wanted):
            continue
        try:
            code = _code(target, item, result.outcome)
        except HubError as error:
            _missed(ground, deed, item.key, batch.system, error)
            continue
        ours, theirs = (flow.source.system, item.key), (batch.system, code)
        pairs.append(
            (
                Wish(flow.object_type, *ours, siblings=(theirs,)),
                Wish(flow.object_type, *theirs, siblings=(ours,)),
            )
        )
    if not pairs:
        return
    by = f"flow/{flow.name}"
    try:
        deed.writes.extend(await ground.bind(_flat(pairs), by))
        return
    except Conflict:
        pass
    good = await _bindable(ground, deed, batch.system, pairs, before=[])
    deed.writes.extend(await ground.bind(_flat(good), by))


_Pair = tuple[Wish, Wish]
"""The record in the source, and the same one in the target."""


def _flat(pairs: Sequence[_Pair]) -> list[Wish]:
    return [wish for pair in pairs for wish in pair]


async def _bindable(
    ground: Ground, deed: Deed, system: str, pairs: Sequence[_Pair], *, before: list[_Pair]
) -> list[_Pair]:
    """Return those before, and those of ``pairs`` that can be bound with them; the others are told."""
    assert ground.bind is not None
    both = [*before, *pairs]
    try:
        await ground.bind(_flat(both), "flow")
    except Conflict as error:
        if len(pairs) == 1:
            _missed(ground, deed, pairs[0][0].local_id, system, error)
            return before
        half = len(pairs) // 2
        before = await _bindable(ground, deed, system, pairs[:half], before=before)
        return await _bindable(ground, deed, system, pairs[half:], before=before)
    return both


def _code(target: Target, item: Outgoing, outcome: Outcome) -> str:
    names: dict[str, Any] = {
        "key": item.key,
        "payload": item.payload,
        "number": outcome.number,
        "answer": outcome.answer,
    }
    assert target.code is not None
    code = target.code.evaluate(names, strict=True)
    if code is None or not str(code):
        raise InputError(
            text(
                "Expected the code of {key} in {system}, but `code` gives nothing",
                "`code` 没有给出 {key} 在 {system} 中的编码",
                key=item.key,
                system=target.system,
            ),
            code="code_missing",
        )
    return str(code)


def _missed(ground: Ground, deed: Deed, key: str, system: str, error: HubError) -> None:
    deed.state.counts["unbound"] += 1
    deed.state.failed(key, system, kept(error), ground.runtime.clock.now())
