"""Real orders travel through the hub into a real ERP, Tryton, and stand there to the cent.

Forty orders of the AdventureWorks sales data are entered into the simulated CRM and confirmed; the hub
carries them into Tryton with the pack ``order-to-tryton``; what Tryton holds is read with a client of its
own, not with the connector, and compared with what the files say. One order more goes the whole way
meanwhile: what it lacks is made in the MES, received in the WMS and finished in Tryton; its shipments are
approved in the OA, leave the WMS and are done in Tryton; the CRM hears of it, and the customer is told.

On rounding: a line comes to ``half-up(quantity × price × (1 − discount), 2)``. Tryton rounds half to even,
to the two digits of its currency. Two of the forty orders hold lines whose exact product lies in the middle
between two cents, where the two ways differ. There the connector raises the price by one millionth (this
Tryton keeps six digits), so the line comes to the cent that was agreed, and the sums with it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from e2e.programs import ROOT, environment, logs_in, rows
from e2e.real_orders import CENT, GARBLED, Row, real_folder, rows_of, write_part
from tools.tryton import company, server
from tools.tryton.client import Client
from tools.tryton.plant import CRM_TOKEN, Plant, wait_until

WITH_TIES = ("44086", "44762")
WITH_DISCOUNTS = ("43881", "44098", "44318", "44489", "44549", "44774")
COUNT = 40
DEMO = (sys.executable, "-m", "tools.tryton", "demo")

pytestmark = [pytest.mark.timeout(500), pytest.mark.needs("tryton")]


@dataclass(frozen=True, slots=True)
class Line:
    """A line as the files have it."""

    product: str
    quantity: Decimal
    price: Decimal
    discount: Decimal

    @property
    def exact(self) -> Decimal:
        return self.quantity * self.price * (1 - self.discount)

    @property
    def amount(self) -> Decimal:
        return self.exact.quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Orders:
    """Forty orders: a folder with their files, their lines, the goods and customers they name."""

    folder: Path
    lines: dict[str, list[Line]]
    goods: list[company.Goods]
    customers: list[company.Customer]


def forty(details: dict[str, list[Row]], heads: list[Row]) -> list[Row]:
    """Two with a line between two cents, six with discounts, twelve with a few lines, twenty with one."""
    few = [head for head in heads if 2 <= len(details[head["salesorderid"]]) <= 5][::7]
    single = [head for head in heads if len(details[head["salesorderid"]]) == 1][::61]
    named = [head for head in heads if head["salesorderid"] in {*WITH_TIES, *WITH_DISCOUNTS}]
    known = {head["salesorderid"] for head in named} | GARBLED
    chosen = named + [head for head in few if head["salesorderid"] not in known][:12]
    chosen += [head for head in single if head["salesorderid"] not in known][: COUNT - len(chosen)]
    assert len(chosen) == COUNT
    return chosen


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Orders:
    real_folder()
    details: dict[str, list[Row]] = defaultdict(list)
    for row in rows_of("salesorderdetail"):
        details[row["salesorderid"]].append(row)
    heads = forty(details, rows_of("salesorderheader"))
    own = [row for head in heads for row in details[head["salesorderid"]]]
    part = write_part(tmp_path_factory.mktemp("forty"), heads, own)
    products = {row["productid"]: row for row in part.products}
    lines = {
        f"SO{head['salesorderid']}": [
            Line(
                products[row["productid"]]["productnumber"],
                Decimal(row["orderqty"]), Decimal(row["unitprice"]), Decimal(row["unitpricediscount"]),
            )
            for row in details[head["salesorderid"]]
        ]
        for head in heads
    }  # fmt: skip
    return Orders(
        part.folder,
        lines,
        [
            company.Goods(row["productnumber"], row["name"], Decimal(row["listprice"] or "0"))
            for row in part.products
        ],
        [
            company.Customer(f"AW-{row['customerid']}", f"AW customer {row['customerid']}")
            for row in part.customers
        ],
    )  # fmt: skip


@pytest.fixture(scope="module")
def plant(orders: Orders, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    try:
        # A day of the factory takes six seconds. Nobody approves shipments but for the one order.
        options = {"mes": ("--stops", "off", "--scrap", "0")}
        made = Plant(tmp_path_factory.mktemp("tryton-plant"), speed=14_400, options=options)
    except server.CannotHave as problem:
        if os.environ.get("CI") == "true":
            pytest.fail(str(problem), pytrace=False)
        pytest.skip(f"no Tryton can be had here: {problem}")
    with made as running:
        client = running.tryton.client()
        company.add_customers(client, orders.customers)
        company.add_goods(client, orders.goods)
        yield running


class OneOrder:
    """The order that goes the whole way, and the director who approves its shipments in the OA."""

    def __init__(self, plant: Plant, client: Client) -> None:
        self._plant = plant
        self._looks = 0
        self._approved: set[str] = set()
        stock = {each.model: each for each in plant.stock()}
        company.add_customers(client, [company.Customer("KH-0001", "澄江汽车零部件有限公司")])
        company.add_goods(
            client,
            [
                company.Goods(
                    model, model, Decimal(price), made=made, code=stock[model].code,
                    stock=stock[model].quantity,
                )
                for model, price, made in (("BX-F100", "68.005", False), ("BX-R300", "139", True))
            ],
        )  # fmt: skip
        wanted = ((1, "BX-F100", "50", "68.005"), (2, "BX-R300", "40", "139"))
        lines = [
            {"line_no": number, "model": model, "quantity": quantity, "unit_price": price, "discount": "0",
             "tax_rate": "0.13"}
            for number, model, quantity, price in wanted
        ]  # fmt: skip
        entered = plant.crm("POST", "/orders", {"account_no": "KH-0001", "currency": "USD", "lines": lines})
        self.number = str(entered["order_no"])
        plant.crm("POST", f"/orders/{entered['id']}/confirm", {})
        headers = {"appid": "oa-app", "secret": "oa-demo-secret"}
        self._headers = {"appid": "oa-app", "token": self._oa("token", headers, {})["token"]}

    def documents(self) -> list[dict[str, Any]]:
        return list(self._plant.hub("GET", f"/trace/{self.number}")["documents"])

    def in_crm(self) -> dict[str, Any]:
        return dict(self._plant.crm("GET", f"/orders/{self.number}"))

    def approve(self) -> None:
        """Look now and then, until both shipments are approved."""
        self._looks += 1
        for each in self.documents() if len(self._approved) < 2 and self._looks % 10 == 0 else ():
            request = str(each["id"]).rpartition("/")[2]
            if (each["system"], each["status"]) == ("oa", "pending") and request not in self._approved:
                self._approved.add(request)
                self._oa("workflow/approve", self._headers, {"requestId": request, "remark": "同意"})

    def _oa(self, path: str, headers: dict[str, str], body: dict[str, str]) -> dict[str, Any]:
        url = f"{self._plant.url('oa')}/api/oa/{path}"
        sent = {**headers, "Content-Type": "application/json"}
        with urlopen(Request(url, json.dumps(body).encode(), sent), timeout=30) as answer:
            found = json.load(answer)
        assert found["code"] == "SUCCESS", found
        return dict(found["data"])


@pytest.fixture(scope="module")
def one_order(plant: Plant) -> OneOrder:
    return OneOrder(plant, plant.tryton.client())


def state_in_crm(plant: Plant, number: str) -> str:
    return str(plant.crm("GET", f"/orders/{number}")["status"])


def sales_in(client: Client, numbers: list[str]) -> dict[str, dict[str, object]]:
    fields = ("reference", "state", "untaxed_amount", "lines", "sale_date", "party.identifiers")
    found = client.rows("sale.sale", [["reference", "in", numbers]], *fields)
    assert len(found) == len(numbers), "an order is missing in Tryton, or is there twice"
    return {row["reference"]: row for row in found}


def lines_in(client: Client, sale: int) -> list[dict[str, object]]:
    fields = ("sequence", "product", "quantity", "unit_price", "base_price", "amount")
    order = [["sequence", "ASC"]]
    return client.rows("sale.line", [["sale", "=", sale]], *fields, order=order)


def test_forty_real_orders_stand_in_tryton_to_the_cent(
    plant: Plant, orders: Orders, one_order: OneOrder
) -> None:
    plant.run(
        "plantbox", "adventureworks", str(orders.folder), "--crm", plant.crm_url, "--crm-token", CRM_TOKEN
    )
    numbers = sorted(orders.lines)
    open_orders = set(numbers)

    def all_are_in_work() -> bool:
        one_order.approve()
        open_orders.difference_update(
            [number for number in sorted(open_orders)[:2] if state_in_crm(plant, number) == "processing"]
        )
        return not open_orders

    wait_until(all_are_in_work, 400, f"orders in work: {open_orders}")

    client = plant.tryton.client()
    identifiers = {
        row["product"]: row["code"] for row in client.rows("product.identifier", [], "product", "code")
    }
    sales = sales_in(client, numbers)
    ties = 0
    for number, wanted in orders.lines.items():
        sale = sales[number]
        assert sale["state"] in ("processing", "done"), number
        found = lines_in(client, int(str(sale["id"])))
        assert [line["sequence"] for line in found] == list(range(1, len(wanted) + 1)), number
        for line, want in zip(found, wanted, strict=True):
            assert identifiers[line["product"]] == want.product
            assert line["quantity"] == want.quantity
            assert line["base_price"] == want.price
            assert line["amount"] == want.amount, (number, want)
            moved = Decimal(str(line["unit_price"])) - want.price * (1 - want.discount)
            is_tie = want.exact.quantize(CENT, ROUND_HALF_EVEN) != want.amount
            assert abs(moved) == (Decimal("0.000001") if is_tie else 0), (number, want, line)
            ties += is_tie
        assert sale["untaxed_amount"] == sum(line.amount for line in wanted), number
    assert ties >= len(WITH_TIES)


def test_one_order_goes_through_all_systems_and_stands_in_tryton_with_its_states(
    plant: Plant, one_order: OneOrder
) -> None:
    def is_shipped() -> bool:
        one_order.approve()
        return str(one_order.in_crm()["status"]) == "shipped"

    wait_until(is_shipped, 120, f"{one_order.number} shipped: {one_order.documents()}")

    client = plant.tryton.client()
    fields = ("id", "state", "untaxed_amount", "shipment_state", "shipments")
    (sale,) = client.rows("sale.sale", [["reference", "=", one_order.number]], *fields)
    assert (sale["shipment_state"], sale["untaxed_amount"]) == ("sent", Decimal("7929.42"))
    lines = lines_in(client, sale["id"])
    assert [(line["quantity"], line["amount"]) for line in lines] == [
        (Decimal(50), Decimal("3009.07")), (Decimal(40), Decimal("4920.35")),
    ]  # fmt: skip
    own = [["origin.sale", "=", sale["id"], "sale.line"]]
    (made,) = client.rows("production", own, "number", "state", "product", "quantity")
    assert (made["state"], made["product"], made["quantity"]) == ("done", lines[1]["product"], Decimal(40))
    # What lay in stock went first, without production; what was made followed.
    sent = client.rows("stock.shipment.out", [["id", "in", sale["shipments"]]], "state", "outgoing_moves")
    moves = client.rows(
        "stock.move", [["id", "in", [move for each in sent for move in each["outgoing_moves"]]]],
        "product", "quantity", "state", order=[["id", "ASC"]],
    )  # fmt: skip
    assert [each["state"] for each in sent] == ["done", "done"]
    assert [(each["product"], each["quantity"], each["state"]) for each in moves] == [
        (line["product"], line["quantity"], "done") for line in lines
    ]
    # The other systems had their part in it, under Tryton's numbers.
    found: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for each in one_order.documents():
        found[each["system"], each["kind"]].append(each)
    assert {each["status"] for each in found["mes", "work_order"]} == {"completed"}
    assert [each["status"] for each in found["oa", "approval"]] == ["approved"] * 2
    assert len(found["wms", "goods_receipt"]) == 1
    assert len(found["wms", "shipment"]) == len(found["erp", "despatch_advice"]) == 2
    by_its_number = plant.hub("GET", f"/trace/{made['number']}")["documents"]
    assert one_order.number in {each["number"] for each in by_its_number}
    in_crm = one_order.in_crm()
    assert [each["shipped_quantity"] for each in in_crm["lines"]] == ["50", "40"]
    assert 1 <= int(in_crm["eta_days"]) <= 4
    mails = rows(plant.folder / "mail" / "mail.sqlite3", "SELECT text FROM mail ORDER BY id")
    told = [text for (text,) in mails if one_order.number in text]
    assert len(told) == 2
    assert all("天到达" in text for text in told)


@pytest.mark.proof
def test_the_demo_leaves_sale_production_and_shipment_in_tryton(tmp_path: Path) -> None:
    """``make demo ERP=tryton`` with one order: a product that is made and one from stock."""
    done = subprocess.run(
        [*DEMO, "--data", str(tmp_path), "--orders", "1", "--port", "0"],
        cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr + logs_in(tmp_path)
    last = done.stdout.splitlines()[-1]
    assert last.endswith("[shipped]"), done.stdout
    number = last.split()[1]
    way = r"Tryton sale TXS\d+ .*production TSC\d+ done → MES GD.* → OA .* → WMS .*shipment TFH\d+ done"
    assert re.search(way, last), last

    tryton = server.open_database(tmp_path / "tryton", "CNY")
    tryton.start()
    try:
        client = tryton.client()
        (sale,) = client.rows("sale.sale", [["reference", "=", number]], "untaxed_amount", "shipment_state")
        lines = lines_in(client, int(sale["id"]))
        (made,) = client.rows("production", [], "state", "product", "quantity")
        sent = client.rows("stock.shipment.out", [], "state")
    finally:
        tryton.stop()
    in_crm = rows(
        tmp_path / "crm" / "crm.sqlite3",
        "SELECT line_no, quantity, net_amount, shipped_quantity, status FROM order_line ORDER BY line_no",
    )
    assert [(line["sequence"], line["quantity"], line["amount"]) for line in lines] == [
        (number, Decimal(quantity), Decimal(net)) for number, quantity, net, _, _ in in_crm
    ]
    assert all(
        Decimal(shipped) == Decimal(quantity) and status == "shipped"
        for _, quantity, _, shipped, status in in_crm
    )
    assert sale["untaxed_amount"] == sum(Decimal(net) for _, _, net, _, _ in in_crm)
    assert (made["state"], made["product"]) == ("done", lines[0]["product"])
    assert made["quantity"] == lines[0]["quantity"]
    assert (sale["shipment_state"], {each["state"] for each in sent}) == ("sent", {"done"})
