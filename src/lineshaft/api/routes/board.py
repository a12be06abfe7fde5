"""The board 订单看板: the figures of all orders, and the orders behind each of them."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query

from lineshaft.api.access import DocumentReader, LanguageOf, ServicesOf
from lineshaft.api.json_edge import Json
from lineshaft.api.routing import make_router
from lineshaft.api.services import Services
from lineshaft.api.views import BoardOrdersView
from lineshaft.base.text import Language
from lineshaft.insight.board import Board, BoardOrder
from lineshaft.security.people import Caller

router = make_router("board")

Figure = Literal["open", "late", "refused", "done", "on_time", "missed", "without_amount"]


@router.get("/board", response_model=Board)
async def get_board(services: ServicesOf, caller: DocumentReader, language: LanguageOf) -> Json:
    """Return the figures of all orders: by stage, late, refused, done in time, still to be delivered."""
    return Json(await services.board.board(caller.scope, services.systems.trail, language))


@router.get("/board/orders", response_model=BoardOrdersView)
async def list_board_orders(
    services: ServicesOf,
    caller: DocumentReader,
    language: LanguageOf,
    *,
    figure: Annotated[Figure, Query(description="the orders behind which figure")] = "open",
    stage: Annotated[str | None, Query(max_length=100, description="only those that stand there")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 200,
) -> Json:
    """Return the orders behind a figure of the board, those with the earliest due day first."""
    wanted = await orders_of(services, caller, language, figure, stage)
    return Json(BoardOrdersView(len(wanted), wanted[:limit]))


async def orders_of(
    services: Services, caller: Caller, language: Language, figure: Figure, stage: str | None
) -> list[BoardOrder]:
    """Return all orders behind a figure, those with the earliest due day first."""
    orders = await services.board.orders(caller.scope, services.systems.trail, language)
    wanted = [each for each in orders if _counts(each, figure) and stage in (None, each.stage)]
    return sorted(wanted, key=lambda each: (each.due_on or "9999", each.number))


def _counts(order: BoardOrder, figure: Figure) -> bool:
    match figure:
        case "late":
            return order.late
        case "on_time":
            return order.on_time is True
        case "missed":
            return order.on_time is False
        case "without_amount":
            return order.state == "open" and order.worth is None
        case _:
            return order.state == figure
