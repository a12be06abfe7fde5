"""Every order of the real sales files is carried over exactly, or held with a reason; none is left over."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integration.connectors.plant import PACK, SOURCES, Plant
from lineshaft import bpmn
from lineshaft.base.errors import MissingReference
from lineshaft.bpmn.testing import Bench
from lineshaft.sdk.suite import context

PLACES = [
    os.environ.get("ADVENTUREWORKS_SALES", ""),
    str(SOURCES.parent.parent / "shared/data/adventureworks-sales"),
]


@pytest.fixture
def folder() -> Path:
    for place in filter(None, PLACES):
        if (Path(place) / "salesorderheader.csv").is_file():
            return Path(place)
    sentence = "needs the AdventureWorks sales files in ../shared/data/adventureworks-sales"
    if os.environ.get("CI") == "true":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


async def feed(folder: Path, plant: Plant) -> None:
    command = [
        "-m",
        "plantbox",
        "adventureworks",
        str(folder),
        "--crm",
        plant.crm_url,
        "--erp",
        plant.erp_url,
    ]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        stdout=asyncio.subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
    )
    assert await asyncio.wait_for(process.wait(), 100) == 0


async def confirmed_orders(plant: Plant) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    cursor: bytes | None = None
    while True:
        page = await plant.crm.changes("sales_order", cursor)
        found |= {
            change.subject: dict(change.data["order"])
            for change in page.changes
            if change.type.endswith(".confirmed")
        }
        cursor = page.cursor
        if not page.more:
            return list(found.values())


@pytest.mark.proof
async def test_every_real_order_is_carried_over_exactly_or_held(folder: Path, plant: Plant) -> None:
    await feed(folder, plant)
    orders = await confirmed_orders(plant)
    assert len(orders) == 1566
    checks = Bench(bpmn.load(PACK / "processes" / "order-to-delivery.bpmn"))
    outcomes: Counter[str] = Counter()
    amount = Decimal(0)
    carried = []
    for order in orders:
        (instance,) = checks.publish("crm-order-confirmed", order["order_no"], {"order": order})
        if instance.variables["hold_reasons"]:
            outcomes["held"] += 1
            continue
        document = await plant.document(order)
        sums = [Decimal(order[name]) for name in ("net_amount", "tax_amount", "gross_amount")]
        assert [document[name] for name in ("net_amount", "tax_amount", "gross_amount")] == sums, order[
            "order_no"
        ]
        carried.append((order, document))
        amount += sum((line["amount"] for line in document["lines"]), Decimal(0))
    for order, document in carried:
        payload = {"mapping": "erp-sales-order", "record": document}
        try:
            mapped = (await plant.hub.call("map", payload, context())).answer["result"]
        except MissingReference:
            outcomes["waits"] += 1
            continue
        outcomes["mapped"] += 1
        assert len(mapped["Lines"]) == len(order["lines"])
    assert outcomes["mapped"] + outcomes["held"] + outcomes["waits"] == 1566
    assert outcomes == {"mapped": 1562, "held": 4}
    assert amount == Decimal("12527982.96") - held_amount(orders)
    orphans = (await plant.crm.call("orphan_line.list", {}, context())).answer
    assert len(orphans["items"]) == 41
    assert orphans["next_cursor"] is None
    summary = (await plant.crm.call("data_quality.summary", {}, context())).answer["summary"]
    assert summary


def held_amount(orders: list[dict[str, Any]]) -> Decimal:
    return sum(
        (
            Decimal(line["amount"])
            for order in orders
            if "account_name_garbled" in order["quality"]
            for line in order["lines"]
        ),
        Decimal(0),
    )
