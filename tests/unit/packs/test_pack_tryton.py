"""The pack for Tryton on the bench: what the customer changes or takes back is followed, or comes back."""

from __future__ import annotations

from typing import Any

import pytest

from unit.packs.bench_hub import PackHub
from unit.packs.test_pack_order import crm_order


def hub_of() -> PackHub:
    states = {"number": "TXS1", "sale_id": "7"}
    return PackHub(
        {
            "erp.sale.save": states,
            "erp.sale.quote": {**states, "state": "quotation"},
            "erp.sale.confirm": {**states, "state": "confirmed"},
            "erp.sale.cancel": {**states, "state": "cancelled"},
        },
        pack="order-to-tryton",
    )


def told(hub: PackHub, kind: str, version: int = 1, first: str = "100", **more: Any) -> None:
    order = crm_order(version=version, **more)
    order["lines"][0]["quantity"] = first
    hub.event(f"crm.sales_order.{kind}", {"order": order})


def test_change_before_tryton_works_on_the_sale_makes_it_anew_under_our_number() -> None:
    hub = hub_of()
    told(hub, "confirmed")
    told(hub, "changed", 2, "80")
    saved = hub.of("erp.sale.save")
    assert [each["document"]["lines"][0]["quantity"] for each in saved] == ["100", "80"]
    assert {each["document"]["reference"] for each in saved} == {"XS-1"}
    assert hub.of("erp.sale.cancel") == [{"sale_id": "7"}]
    assert hub.feedback[-1]["status"] == "processing"
    # The same told again, as polls do, changes nothing.
    told(hub, "changed", 2, "80")
    assert len(hub.of("erp.sale.save")) == 2


@pytest.mark.parametrize(
    ("kind", "words"),
    [("changed", "变更被拒绝:Tryton 已开始处理"), ("cancelled", "取消被拒绝:Tryton 已开始处理")],
)
def test_what_tryton_does_not_follow_any_more_comes_back_with_its_reason(kind: str, words: str) -> None:
    hub = hub_of()
    told(hub, "confirmed")
    hub.refusals["erp.sale.cancel"] = "processing"
    told(hub, kind, 2, "80")
    back = hub.feedback[-1]
    assert (back["reopen"], back["if_version"], back["status"]) == (True, 2, "processing")
    assert back["reason"].startswith(words)
    assert "(processing)" in back["reason"]
    assert back["lines"][0] == {"line_no": 1, "quantity": "100", "status": "open"}
    assert hub.run("order-to-tryton").state == "active"
    assert len(hub.of("erp.sale.save")) == 1


def test_cancellation_that_tryton_follows_ends_the_order() -> None:
    hub = hub_of()
    told(hub, "confirmed")
    told(hub, "cancelled", 2)
    assert hub.run("order-to-tryton").state == "completed", hub.troubles
    assert hub.feedback[-1]["message"] == "Tryton 已取消:TXS1"


def test_each_shipment_is_told_to_its_customer_once_with_a_link() -> None:
    hub = hub_of()
    told(hub, "confirmed")
    line = {"from_line": "1", "quantity": "60", "delivered": 60, "ordered": 100}
    shipment = {"number": "TFH1", "lines": [line]}
    hub.event("erp.shipment.done", {"reference": "XS-1", "shipment": shipment})
    (mail,) = hub.of("mail.message.send")
    assert mail["to"] == "buyer@kh-1.example"
    assert "甲 60套(共 60/100)" in mail["text"]
    assert "https://hub.example/track/crm/sales_order/XS-1" in mail["text"]
    assert hub.feedback[-1]["status"] == "partially_shipped"
