"""The pure parts of the Tryton connector: prices, wire, orders, manifest, cursors."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineshaft.base.errors import DefinitionError, Invalid
from lineshaft.connectors.tryton import polling
from lineshaft.connectors.tryton.manifest import read_manifest
from lineshaft.connectors.tryton.orders import read_order
from lineshaft.connectors.tryton.pricing import line_amount, price_for
from lineshaft.connectors.tryton.wire import Float, Unreadable, decode_answer, encode_call

CENT = Decimal("0.01")
HEAD = b"format: 1\nconnector: tryton\nname: erp\n"
AUTH = b"auth: {user: secret:u, password: secret:p}\n"


@given(
    quantity=st.integers(1, 5_000),
    price=st.decimals("0.0001", "99999", places=4),
    discount=st.sampled_from(["0", "0.02", "0.05", "0.1", "0.15"]),
)
def test_half_up_is_reached_with_at_most_a_millionth(quantity: int, price: Decimal, discount: str) -> None:
    net = price * (1 - Decimal(discount))
    amount = (quantity * net).quantize(CENT, ROUND_HALF_UP)
    written = price_for("1", Decimal(quantity), net, amount, digits=6, rounding=CENT)
    assert line_amount(Decimal(quantity), written, CENT) == amount
    assert abs(written - net) <= Decimal("0.000001")


def test_a_price_moves_only_where_the_amount_asks_for_it() -> None:
    assert price_for("1", Decimal(10), Decimal("5.1865"), None, digits=6, rounding=CENT) == Decimal("5.1865")
    moved = price_for("1", Decimal(10), Decimal("5.1865"), Decimal("51.87"), digits=6, rounding=CENT)
    assert moved == Decimal("5.186501")
    with pytest.raises(Invalid, match=r"51\.90"):
        price_for("1", Decimal(10), Decimal("5.1865"), Decimal("51.90"), digits=6, rounding=CENT)


def test_a_price_with_more_digits_than_tryton_keeps_is_rounded() -> None:
    assert price_for("1", Decimal(1), Decimal("1.00005"), None, digits=4, rounding=CENT) == Decimal("1.0001")


VALUES: list[Any] = [
    Decimal("1234567890.12345678901"),
    date(2026, 2, 28),
    datetime(2026, 2, 28, 23, 59, 59, 999999, UTC),
    timedelta(seconds=90),
    b"\x00\xff",
    {"nested": [Decimal("0.10"), None, "订单 𠮷"]},
]


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_values_travel_both_ways(value: Any) -> None:
    body = encode_call(7, "model.x.y", [value])
    assert decode_answer(body.replace(b'"params"', b'"result"'))["result"] == [value]


def test_a_call_has_exactly_the_keys_that_tryton_wants_and_no_float() -> None:
    body = encode_call(1, "m", [{"quantity": Float(Decimal("0.10"))}])
    assert body == b'{"id":1,"method":"m","params":[{"quantity":0.10}]}'
    assert decode_answer(b'{"id":1,"result":0.10}')["result"] == Decimal("0.10")


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"id": 1}', b'{"result": {"__class__": "Decimal", "decimal": "x"}}']
)
def test_what_is_no_answer_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        decode_answer(body)


def sale(**changes: Any) -> dict[str, Any]:
    line = {"line": 1, "product": "A", "quantity": "2"}
    return {"document": {"reference": "S", "party": "C", "lines": [line], **changes}}


def test_an_order_is_read_from_numbers_and_texts_alike() -> None:
    order = read_order(sale(sale_date=date(2026, 1, 2), lines=[{"line": "3", "product": "A", "quantity": 2}]))
    assert (order.lines[0].line, order.lines[0].quantity) == (3, Decimal(2))
    assert read_order(sale(sale_date="2026-01-02")).sale_date == order.sale_date


@pytest.mark.parametrize(
    ("payload", "named"),
    [
        ({}, "document"),
        (sale(reference=""), "reference"),
        (sale(lines=[]), "lines"),
        (sale(lines=[{"line": 1, "product": "A"}]), "quantity"),
        (sale(lines=[{"line": 1, "product": "A", "quantity": "NaN"}]), "quantity"),
        (sale(lines=[{"line": 1, "product": "A", "quantity": 1}] * 2), "line number"),
        (sale(sale_date="31.1.2026"), "sale_date"),
    ],
)
def test_a_field_that_is_missing_or_unreadable_is_named(payload: dict[str, Any], named: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_order(payload)
    assert named in str(caught.value)


def test_a_manifest_tells_what_is_wrong_with_line_and_remedy() -> None:
    wrong = HEAD + b"auth: {user: admin, password: secret:p}\nprice_digit: 6\n"
    with pytest.raises(DefinitionError) as caught:
        read_manifest(wrong, "erp.yaml")
    assert {problem.code for problem in caught.value.problems} == {"secret_literal", "unknown_key"}
    assert {problem.place.line for problem in caught.value.problems} == {4, 5}
    assert "admin" not in str(caught.value)


def test_warnings_are_accepted_by_name_only() -> None:
    manifest = read_manifest(HEAD + AUTH + b'warnings: {accept: ["late_*"]}\n', "erp.yaml")
    assert manifest.accepts("late_delivery")
    assert not manifest.accepts("credit_limit")
    assert not read_manifest(HEAD + AUTH, "erp.yaml").accepts("late_delivery")


class Table:
    """Answers searches for stamps as Tryton does."""

    def __init__(self) -> None:
        self.rows: dict[int, dict[str, datetime | None]] = {}

    def write(self, record: int, second: int, *, create: bool = False) -> None:
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
        made = at if create else self.rows[record]["create_date"]
        self.rows[record] = {"create_date": made, "write_date": None if create else at}

    async def search(
        self, model: str, domain: list[Any], fields: list[str], *, limit: int, order: list[Any]
    ) -> list[dict[str, Any]]:
        (name,) = fields
        begin = next((value for field, sign, value in domain if field == name and sign == ">="), None)
        only_made = ["write_date", "=", None] in domain
        found = [
            {"id": record, name: row[name]}
            for record, row in self.rows.items()
            if row[name] is not None
            and (begin is None or row[name] >= begin)  # type: ignore[operator]
            and not (only_made and row["write_date"] is not None)
        ]
        found.sort(key=lambda row: (row[name], row["id"]), reverse=order[0][1] == "DESC")
        return found[:limit]


async def told(table: Any, position: polling.Position) -> tuple[list[int], polling.Position]:
    found = []
    while True:
        stamps, position, more = await polling.next_stamps(table, "m", position, 60.0)
        found += [stamp.id for stamp in stamps]
        position = polling.decode_position(polling.encode_position(position))
        if not more:
            return found, position


async def test_each_change_is_told_once_though_every_reading_goes_back() -> None:
    table: Any = Table()
    for record in range(1, 121):
        table.write(record, record, create=True)
    first, position = await told(table, polling.Position(datetime(1970, 1, 1, tzinfo=UTC)))
    assert first == list(range(1, 121))
    assert (await told(table, position))[0] == []
    table.write(7, 130)
    # A transaction that began earlier and commits only now.
    table.write(121, 100, create=True)
    again, position = await told(table, position)
    assert sorted(again) == [7, 121]
    assert (await told(table, position))[0] == []
    assert len(position.told) < 70, "what lies before the overlap is forgotten"


async def test_the_first_reading_begins_at_the_newest_stamp() -> None:
    table: Any = Table()
    assert (await told(table, await polling.beginning(table, "m")))[0] == []
    table.write(1, 0, create=True)
    table.write(2, 500, create=True)
    begun = await polling.beginning(table, "m")
    assert (await told(table, begun))[0] == [2], "an overlap before it, and no further"


@pytest.mark.parametrize("cursor", [b"", b"{}", b'{"v":9}', b'{"v":1,"since":"x","told":[]}'])
def test_a_foreign_cursor_is_refused(cursor: bytes) -> None:
    with pytest.raises(Invalid):
        polling.decode_position(cursor)
