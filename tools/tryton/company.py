"""A company in an empty Tryton: chart of accounts, units, customers, goods from stock and goods that are
made.

All names are invented. What the hub has to find by its own numbers stands in the identifiers of parties and
products, as where a firm keeps the numbers of its other systems.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tools.tryton.client import Client


@dataclass(frozen=True, slots=True)
class Goods:
    """Something sold. ``outer`` is the number that the CRM knows it by."""

    outer: str
    name: str
    price: Decimal
    made: bool = False
    """Made for each sale, from material; otherwise from stock."""
    code: str = ""
    """Its number in Tryton; empty: the next of a row."""
    stock: Decimal | None = None
    """How much is there; ``None``: as for all that are made together."""


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody who buys. ``outer`` is the number that the CRM knows them by."""

    outer: str
    name: str


def found(client: Client, currency: str) -> None:
    """Make the company, its chart of accounts, a category of goods and the material for what is made."""
    user = client.one("res.user", ["login", "=", "admin"])
    (money,) = client.create(
        "currency.currency",
        # Two digits, as the books are kept. Tryton rounds a line half to even, the orders were rounded half
        # up; where that differs, the connector finds the price (lineshaft.connectors.tryton.pricing).
        {"name": currency, "code": currency, "symbol": currency, "digits": 2, "rounding": Decimal("0.01")},
    )
    (party,) = client.create("party.party", {"name": "示例制造有限公司"})
    (company,) = client.create("company.company", {"party": party, "currency": money})
    (person,) = client.create("party.party", {"name": "系统集成"})
    (employee,) = client.create("company.employee", {"party": person, "company": company})
    client.write(
        "res.user", user,
        {"companies": [["add", [company]]], "company": company,
         "employees": [["add", [employee]]], "employee": employee},
    )  # fmt: skip
    client.renew()
    # A number of its own kind for each kind of document: a number that is searched finds one thing.
    for name, prefix in (("Sale", "TXS"), ("Production", "TSC"), ("Customer Shipment", "TFH")):
        sequence = client.one("ir.sequence", ["name", "=", name])
        client.write("ir.sequence", sequence, {"prefix": prefix, "padding": 5})
    # What is shipped is invoiced: confirming a sale makes no invoice yet.
    configuration = client.one("sale.configuration")
    client.write("sale.configuration", configuration, {"sale_invoice_method": "fulfillment"})
    accounts = _chart(client, company)
    client.create(
        "product.category",
        {"name": "成品", "accounting": True, "account_expense": accounts["expense"],
         "account_revenue": accounts["revenue"]},
    )  # fmt: skip
    add_goods(client, [Goods("RM-1", "钢背毛坯", Decimal("3.50"))])


def add_customers(client: Client, customers: Iterable[Customer]) -> None:
    """Make customers with an address each, without which nothing can be sold to them."""
    client.create(
        "party.party",
        *(
            {"name": each.name, "addresses": [["create", [{"city": "示例市"}]]],
             "identifiers": [["create", [{"code": each.outer}]]]}
            for each in customers
        ),
    )  # fmt: skip


def add_goods(client: Client, goods: Sequence[Goods], *, stock: int = 100_000) -> None:
    """Make products, those from stock with enough of them; the others with a bill of one material."""
    unit = client.one("product.uom", ["symbol", "=", "u"])
    category = client.one("product.category", ["accounting", "=", True])
    known = len(client.call("model.product.template.search", [], 0, None, None))
    templates = client.create(
        "product.template",
        *(
            {"name": each.name, "code": each.code or f"P{known + index:05}", "type": "goods",
             "default_uom": unit, "list_price": each.price, "account_category": category,
             "cost_price_method": "fixed",
             "salable": True, "sale_uom": unit, "producible": each.made,
             "supply_on_sale": "always" if each.made else None,
             "products": [["create", [{"identifiers": [["create", [{"code": each.outer}]]]}]]]}
            for index, each in enumerate(goods, 1)
        ),
    )  # fmt: skip
    products = {
        row["template"]: int(row["id"])
        for row in client.rows("product.product", [["template", "in", templates]], "template")
    }
    by_goods = [(each, products[template]) for each, template in zip(goods, templates, strict=True)]
    for each, product in by_goods:
        if each.made:
            _bill(client, each, product, unit)
    there = {
        product: Decimal(0 if each.made else stock) if each.stock is None else each.stock
        for each, product in by_goods
    }
    _fill(client, {product: quantity for product, quantity in there.items() if quantity})


def _bill(client: Client, goods: Goods, product: int, unit: int) -> None:
    material = client.one("product.product", ["identifiers.code", "=", "RM-1"])
    (bill,) = client.create(
        "production.bom",
        {"name": goods.name,
         "inputs": [["create", [{"product": material, "unit": unit, "quantity": 2}]]],
         "outputs": [["create", [{"product": product, "unit": unit, "quantity": 1}]]]},
    )  # fmt: skip
    client.write("product.product", product, {"boms": [["create", [{"bom": bill}]]]})


def _fill(client: Client, stock: Mapping[int, Decimal]) -> None:
    if not stock:
        return
    storage = client.one("stock.location", ["code", "=", "STO"])
    (inventory,) = client.create(
        "stock.inventory",
        {"location": storage,
         "lines": [["create", [
             {"product": product, "quantity": float(quantity)} for product, quantity in stock.items()
         ]]]},
    )  # fmt: skip
    client.press("stock.inventory", inventory, "confirm")


def _chart(client: Client, company: int) -> Mapping[str, int]:
    """Walk through the wizard that makes a chart of accounts from Tryton's own small template."""
    root = client.call("model.ir.model.data.get_id", "account", "account_template_root_en")
    session, first, _ = client.call("wizard.account.create_chart.create")

    def step(state: str, data: Mapping[str, Any]) -> None:
        client.call("wizard.account.create_chart.execute", session, data, state)

    account = {"company": company, "account_template": root}
    step(first, {})
    step("account", {"start": {}})
    step("create_account", {"start": {}, "account": account})
    accounts = {
        kind: client.one("account.account", [f"type.{kind}", "=", True], ["closed", "!=", True])
        for kind in ("receivable", "payable", "expense", "revenue")
    }
    properties = {
        "company": company,
        "account_receivable": accounts["receivable"],
        "account_payable": accounts["payable"],
        "category_account_expense": accounts["expense"],
        "category_account_revenue": accounts["revenue"],
    }
    step("create_properties", {"start": {}, "account": account, "properties": properties})
    client.call("wizard.account.create_chart.delete", session)
    return accounts
