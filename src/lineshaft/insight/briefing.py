"""The morning's briefing 晨报 of whoever runs the firm: what is under way, what is late, who has it in hand.

It is made of the board and the key figures, so that it never says anything else than the pages that its links
lead to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from lineshaft.base.scope import Scope
from lineshaft.base.text import Language
from lineshaft.insight.board import BoardBook, BoardStage, Money, worth_of
from lineshaft.insight.kpis import Kpi, Kpis
from lineshaft.sdk.trail import TrailSpec


@dataclass(frozen=True, slots=True)
class Briefing:
    """What it says."""

    at: datetime
    open: int
    """Orders under way 在途."""
    backlog: list[Money]
    """What they are worth."""
    late: int
    refused: int
    abnormal: list[Money]
    """What orders that are late or refused are worth 异常金额."""
    stages: list[BoardStage]
    """Who has how many of the open ones in hand; those that have some."""
    missed: list[Kpi]
    """Key figures that do not meet their target."""
    complete: bool
    """False where there are more documents than are looked at."""


class BriefingDesk:
    """Makes briefings."""

    def __init__(self, board: BoardBook, kpis: Kpis, trail: Callable[[], TrailSpec]) -> None:
        self._board = board
        self._kpis = kpis
        self._trail = trail

    async def now(self, scope: Scope, language: Language) -> Briefing:
        """Return the briefing of this moment, within what ``scope`` may see."""
        trail = self._trail()
        board = await self._board.board(scope, trail, language)
        orders = await self._board.orders(scope, trail, language)
        kpis = await self._kpis.all(scope, trail, language)
        return Briefing(
            at=board.at,
            open=board.open,
            backlog=board.backlog,
            late=board.late,
            refused=board.refused,
            abnormal=worth_of(each for each in orders if each.late or each.state == "refused"),
            stages=[each for each in board.stages if each.orders],
            missed=[each for each in kpis if each.met is False],
            complete=board.complete,
        )
