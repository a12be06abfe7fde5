"""Group commit with one bad unit in it: find the bad one, set it aside, let the others through.

Two nets: ``screened`` finds values that no make could store before a database sees them; ``bisected`` finds
a unit that a database refuses for a reason that nobody foresaw, by trying ever smaller parts of the group.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from lineshaft.base.errors import BadRow
from lineshaft.base.text import text
from lineshaft.store.batches import Batch, batches_of
from lineshaft.store.judge import Known, Plan, failed, judge
from lineshaft.store.shapes import fault_of
from lineshaft.store.writes import WRITTEN, Unit, UnitResult

Refused = dict[int, UnitResult]
"""The results of units that were set aside, by their place in the group."""


class RowRefused(Exception):
    """A database refused a statement because of the values in it, not because of its own state."""


def screened(units: Sequence[Unit], known: Known, refused: Refused) -> tuple[Plan, list[Batch]]:
    """Judge a group and cut it into batches; units with impossible values are added to ``refused``.

    A unit that is refused for another reason is looked through as well, so that its verdict does not depend
    on how much was known when it was judged.
    """
    plan = judge(units, known, refused)
    try:
        if not _has_bad(units, plan, refused):
            return plan, batches_of(plan)
    except BadRow:
        pass
    for index, unit in enumerate(units):
        if index not in refused and (fault := fault_of(unit)) is not None:
            refused[index] = failed(fault)
    plan = judge(units, known, refused)
    return plan, batches_of(plan)


def any_refusal(plan: Plan, refused: Refused) -> bool:
    """Tell whether a unit was refused by the judgement itself.

    Such a verdict may rest on what was only assumed of the stored rows, and unlike a written unit it leaves
    nothing that could be verified: judge again with what is known.
    """
    return any(result is not WRITTEN and index not in refused for index, result in enumerate(plan.results))


def _has_bad(units: Sequence[Unit], plan: Plan, refused: Refused) -> bool:
    return any(
        result is not WRITTEN and index not in refused and fault_of(units[index]) is not None
        for index, result in enumerate(plan.results)
    )


async def bisected(
    units: Sequence[Unit],
    attempt: Callable[[Sequence[Unit], Refused], Awaitable[list[UnitResult]]],
    trial: Callable[[Sequence[Unit], Refused], Awaitable[None]],
) -> list[UnitResult]:
    """Carry ``attempt`` out; where it raises ``RowRefused``, find the unit by ``trial`` and go on without it.

    ``trial`` does what ``attempt`` does and rolls it back. The shortest failing beginning of the group ends
    with the bad unit, so the order of units keeps its meaning. One bad unit in n costs about log2(n) trials.
    """
    refused: Refused = {}
    while True:
        try:
            return await attempt(units, refused)
        except RowRefused as refusal:
            last = refusal
        good, bad = 0, len(units)
        while bad - good > 1:
            middle = (good + bad) // 2
            try:
                await trial(units[:middle], refused)
                good = middle
            except RowRefused as refusal:
                bad, last = middle, refusal
        if bad - 1 in refused:
            raise last
        refused[bad - 1] = failed(_refused_by_database(last))


def _refused_by_database(refusal: RowRefused) -> BadRow:
    return BadRow(
        text(
            "The database refused this unit: {reason}. The other units of its group were written.",
            "数据库拒绝写入这一单元：{reason}。同组的其他单元已写入。",
            reason=str(refusal),
        )
    )
