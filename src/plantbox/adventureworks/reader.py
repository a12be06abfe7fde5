"""Reads the CSV files into import rows, and names what is wrong with them; repairs nothing.

Pure but for reading the files. Dates are cut to days, as both systems take days.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plantbox.fields import BadField

FILES = ("customer", "person", "store", "product", "salesorderheader", "salesorderdetail")
Row = dict[str, str]
Fact = dict[str, str]


def garbled(text: str) -> bool:
    """Return whether ``text`` is UTF-8 that somebody read as Windows-1252: it reads well the other way
    round.
    """
    if text.isascii():
        return False
    try:
        return text.encode("cp1252").decode("utf-8") != text
    except UnicodeError:
        return False


@dataclass(frozen=True, slots=True)
class Source:
    """The six files, by their keys."""

    customers: list[Row]
    persons: dict[str, Row]
    stores: dict[str, Row]
    products: dict[str, Row]
    orders: list[Row]
    lines: list[Row]

    @classmethod
    def read(cls, folder: Path) -> Source:
        """Read a folder; ``BadField`` says which file is missing."""
        tables: dict[str, list[Row]] = {}
        for name in FILES:
            path = folder / f"{name}.csv"
            if not path.is_file():
                raise BadField("folder", f"Expected {name}.csv in {folder}, but it is not there.")
            with path.open(encoding="utf-8", newline="") as file:
                tables[name] = list(csv.DictReader(file))
        return cls(
            customers=tables["customer"],
            persons={row["businessentityid"]: row for row in tables["person"]},
            stores={row["businessentityid"]: row for row in tables["store"]},
            products={row["productid"]: row for row in tables["product"]},
            orders=tables["salesorderheader"],
            lines=tables["salesorderdetail"],
        )


def account_no(customer_id: str) -> str:
    """Return the CRM's number of a customer."""
    return f"AW-{customer_id}"


def order_no(order_id: str) -> str:
    """Return the CRM's number of an order."""
    return f"SO{order_id}"


def person_name(person: Row) -> str:
    """Return a person's name as it stands in the file."""
    return " ".join(part for part in (person["firstname"], person["middlename"], person["lastname"]) if part)


def account(source: Source, row: Row) -> dict[str, Any]:
    """Return a customer as a CRM account: a store under its name, else the person, else nameless."""
    person = source.persons.get(row["personid"])
    store = source.stores.get(row["storeid"])
    contact = None if person is None else person_name(person)
    facts: list[Fact] = []
    if store is None:
        name = contact or ""
        if garbled(name):
            facts.append({"fact": "account_name_garbled", "field": "name", "value": name})
        if not name:
            facts.append(
                {"fact": "account_nameless", "field": "name", "value": f"personid {row['personid'] or '-'}"}
            )
        contact = None
    else:
        name = store["storename"]
        if name != name.strip():
            facts.append({"fact": "name_untrimmed", "field": "name", "value": name})
        if row["personid"] and contact is None:
            facts.append(
                {"fact": "contact_missing", "field": "contact_name", "value": f"personid {row['personid']}"}
            )
        if contact is not None and garbled(contact):
            facts.append({"fact": "contact_garbled", "field": "contact_name", "value": contact})
    return {
        "account_no": account_no(row["customerid"]),
        "name": name,
        "contact_name": contact,
        "owner": None if store is None else store["salespersonid"] or None,
        "custom_1": row["personid"] or None,
        "custom_2": row["storeid"] or None,
        "custom_3": row["territoryid"] or None,
        "source": "adventureworks",
        "quality": facts,
    }


def accounts(source: Source) -> Iterator[dict[str, Any]]:
    """Return every customer as a CRM account."""
    return (account(source, row) for row in source.customers)


def products(source: Source) -> Iterator[dict[str, Any]]:
    """Return every product under its product number."""
    for row in source.products.values():
        yield {
            "model": row["productnumber"],
            "name": row["name"],
            "unit": "件",
            "list_price": row["listprice"] or "0",
            "tax_rate": "0",
            "custom_1": row["productid"],
            "custom_2": row["color"] or None,
        }


def _line(source: Source, number: int, row: Row) -> dict[str, Any]:
    return {
        "line_no": number,
        "model": source.products[row["productid"]]["productnumber"],
        "quantity": row["orderqty"],
        "unit_price": row["unitprice"],
        "discount": row["unitpricediscount"],
        "tax_rate": "0",
        "custom_1": row["salesorderdetailid"],
        "custom_2": row["specialofferid"],
    }


def orders(source: Source) -> Iterator[dict[str, Any]]:
    """Return every order with its lines, which keep their order in the file."""
    lines: dict[str, list[Row]] = defaultdict(list)
    for line in source.lines:
        lines[line["salesorderid"]].append(line)
    for row in source.orders:
        yield {
            "order_no": order_no(row["salesorderid"]),
            "account_no": account_no(row["customerid"]),
            "owner": row["salespersonid"] or None,
            "currency": "USD",
            "order_date": row["orderdate"][:10],
            "due_date": row["duedate"][:10],
            "price_includes_tax": False,
            "header_tax": row["taxamt"],
            "freight": row["freight"],
            "custom_1": row["onlineorderflag"],
            "custom_2": row["shipmethodid"],
            "custom_3": row["currencyrateid"] or None,
            "custom_4": row["territoryid"],
            "custom_5": row["accountnumber"],
            "lines": [
                _line(source, index, line) for index, line in enumerate(lines[row["salesorderid"]], start=1)
            ],
        }


def orphan_lines(source: Source) -> Iterator[dict[str, Any]]:
    """Return every line whose order does not exist."""
    known = {row["salesorderid"] for row in source.orders}
    for row in source.lines:
        if row["salesorderid"] in known:
            continue
        line = _line(source, 1, row)
        number = order_no(row["salesorderid"])
        yield {
            "source_line_id": row["salesorderdetailid"],
            "order_no": number,
            **{name: line[name] for name in ("model", "quantity", "unit_price", "discount")},
            "reason": f"来源中没有订单 {number} / the source has no order {number}",
        }


def erp_customers(source: Source) -> Iterator[dict[str, Any]]:
    """Return the customers that the ERP knows: those with a readable name; it does not control their
    credit.
    """
    for row in accounts(source):
        name = str(row["name"]).strip()
        if name and not garbled(name):
            yield {"OuterCode": row["account_no"], "Name": name, "CreditLimit": None}


def erp_materials(source: Source) -> Iterator[dict[str, Any]]:
    """Return the products as materials, with the safety stock on hand."""
    for row in source.products.values():
        yield {
            "OuterCode": row["productnumber"],
            "Model": row["productnumber"],
            "Name": row["name"],
            "Unit": "件",
            "Price": row["listprice"] or "0",
            "TaxRate": "0",
            "LeadDays": max(int(row["daystomanufacture"] or 0), 1),
            "OnHand": row["safetystocklevel"] or "0",
        }
