"""The board counts every order once, where its own trail says that it stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from lineshaft.base.clock import FixedClock
from lineshaft.feel import codec as values
from lineshaft.insight.board import LASTS_S, Board, BoardBook, BoardOrder, Money, board_of, orders_of
from lineshaft.insight.processes import ProcessBook
from lineshaft.insight.trail import trail
from lineshaft.sdk.trail import read_trail
from lineshaft.store.memory import MemoryDatabase, MemoryStore
from lineshaft.store.rows import Document, DocumentLine, DocumentLink
from lineshaft.store.writes import PutDocument, PutDocumentLine, PutDocumentLink, Unit, Write
from unit.insight.test_trail import FILE, NOW, SCOPE

SPEC = read_trail([("trail/order.yaml", FILE)])
LATER = NOW + timedelta(hours=1)


def paper(name: str, status: str, minutes: int = 0, quantity: str = "100", **fields: object) -> list[Write]:
    system, kind, number = name.split("/")
    at = NOW + timedelta(minutes=minutes)
    row = Document(
        "default", name, system, kind, number, number, status, at, created_at=at,
        payload=values.encode(fields) if fields else b"",
    )  # fmt: skip
    return [PutDocument(row), PutDocumentLine(DocumentLine("default", name, "1", "BX", quantity, "套"))]


def follows(start: str, end: str, quantity: str = "100") -> Write:
    return PutDocumentLink(DocumentLink("default", start, "1", end, "1", quantity, "套"))


def order(
    number: str, amount: str = "10.00", due_on: str = "2026-02-01", status: str = "confirmed"
) -> list[Write]:
    return paper(f"crm/sales_order/{number}", status, gross_amount=amount, currency="CNY", due_on=due_on)


def planned(number: str) -> list[Write]:
    name = f"erp/sales_order/{number}"
    return [*paper(name, "C", 1), follows(f"crm/sales_order/{number}", name)]


def shipped(number: str, quantity: str = "100", minutes: int = 5) -> list[Write]:
    name = f"erp/despatch_advice/{number}"
    return [
        *paper(name, "S", minutes, quantity),
        follows(f"erp/sales_order/{number}", name, quantity),
    ]


FIRM: list[Write] = [
    *order("A", "100.10"),
    *order("B", "200.20"), *planned("B"),
    *order("C", "300.30", due_on="2026-01-04"), *planned("C"), *shipped("C", "60"),
    *order("D", "400.40"), *planned("D"), *shipped("D"),
    *order("E", "500.50", due_on="2026-01-04"), *planned("E"), *shipped("E"),
    *order("F", status="rejected"),
]  # fmt: skip


async def store_with(*writes: Write) -> MemoryStore:
    store = MemoryStore(MemoryDatabase(), FixedClock(NOW))
    await store.open()
    assert (await store.commit([Unit(list(writes))]))[0].status == "written"
    return store


async def board_with(*writes: Write) -> tuple[Board, dict[str, BoardOrder]]:
    store = await store_with(*writes)
    orders, complete = await orders_of(store, SCOPE, SPEC, LATER, "en")
    return board_of(SPEC, orders, LATER, complete=complete), {each.number: each for each in orders}


async def test_every_order_is_counted_once_and_where_it_stands() -> None:
    board, orders = await board_with(*FIRM)
    assert {name: each.state for name, each in orders.items()} == {
        "A": "open", "B": "open", "C": "open", "D": "done", "E": "done", "F": "refused",
    }  # fmt: skip
    assert (board.open, board.refused, board.done) == (3, 1, 2)
    assert sum(each.orders for each in board.stages) == board.open
    assert board.complete


async def test_late_is_what_is_open_after_its_due_day() -> None:
    board, orders = await board_with(*FIRM)
    assert [name for name, each in orders.items() if each.late] == ["C"]
    assert board.late == sum(each.late for each in board.stages) == 1


async def test_order_that_was_done_after_its_due_day_was_not_done_in_time() -> None:
    board, orders = await board_with(*FIRM)
    assert (orders["D"].on_time, orders["E"].on_time, orders["C"].on_time) == (True, False, None)
    assert (board.on_time, board.due) == (1, 2)


async def test_backlog_is_the_exact_sum_of_what_is_open_by_currency() -> None:
    board, _ = await board_with(*FIRM)
    assert board.backlog == [Money("CNY", "600.60")]
    by_stage = [Decimal(money.amount) for stage in board.stages for money in stage.worth]
    assert sum(by_stage) == Decimal("600.60")


async def test_amount_that_may_not_be_seen_is_counted_as_not_known() -> None:
    _, orders = await board_with(*order("A", "100.10"))
    hidden = replace(orders["A"], amount="***")
    board = board_of(SPEC, [hidden], LATER, complete=True)
    assert (board.backlog, board.without_amount) == ([], 1)


async def test_board_says_of_an_order_what_its_own_trail_says() -> None:
    store = await store_with(*FIRM)
    orders, _ = await orders_of(store, SCOPE, SPEC, LATER, "en")
    for each in orders:
        own = await trail(store, SCOPE, ProcessBook(store), each.number, spec=SPEC, systems={}, now=LATER)
        assert own.order is not None
        standing = next((stage.name for stage in own.stages if stage.state not in ("done", "skipped")), None)
        assert each.stage == (standing or own.stages[-1].name)
        assert (each.late, each.amount) == (
            own.order.late or any(s.late for s in own.stages),
            own.order.amount,
        )


async def test_figures_are_counted_anew_after_a_few_seconds() -> None:
    clock = FixedClock(NOW)
    store = MemoryStore(MemoryDatabase(), clock)
    await store.open()
    book = BoardBook(store, clock)
    assert (await book.board(SCOPE, SPEC, "en")).open == 0
    await store.commit([Unit(order("A"))])
    assert (await book.board(SCOPE, SPEC, "en")).open == 0
    clock.advance(LASTS_S)
    assert (await book.board(SCOPE, SPEC, "en")).open == 1
