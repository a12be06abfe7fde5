"""What becomes of one CRM order: every branch of order-to-delivery, with the other systems' events."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from unit.packs.bench_hub import PackHub


def crm_order(version: int = 1, a: str = "100", b: str = "5", **changes: Any) -> dict[str, Any]:
    base = {"unit": "套", "unit_price": "10", "discount": "0", "tax_rate": "0.13", "due_date": None}
    base |= {f"custom_{n}": None for n in range(1, 6)}
    return {
        "id": "7", "order_no": "XS-1", "account_no": "KH-1", "account_name": "北辰", "contact_name": "采购",
        "contact_email": "buyer@kh-1.example", "contact_phone": "010-5550100", "owner": "销售",
        "currency": "CNY", "order_date": "2026-01-05", "due_date": None, "price_includes_tax": True,
        "status": "confirmed", "status_reason": None, "erp_no": None, "version": version, "quality": [],
        **{f"custom_{n}": None for n in range(1, 6)},
        "lines": [
            {"line_no": 1, "model": "A", "product_name": "甲", "product_name_en": "A pad", "quantity": a,
             "status": "open", **base},
            {"line_no": 2, "model": "B", "product_name": "乙", "product_name_en": "B pad", "quantity": b,
             "status": "open", **base},
        ],
    } | changes  # fmt: skip


def erp_order(a: str = "100", b: str = "5", **lines: dict[str, str]) -> dict[str, Any]:
    def line(number: int, qty: str, name: str) -> dict[str, Any]:
        plain = {"ReservedQty": qty, "PlannedQty": "0", "DeliveredQty": "0"}
        return {"LineNo": number, "SourceLineNo": str(number), "Qty": qty, **plain, **lines.get(name, {})}

    return {"BillNo": "XSDD-1", "RejectReason": None, "Lines": [line(1, a, "first"), line(2, b, "second")]}


SHORT = {"ReservedQty": "0", "PlannedQty": "100"}


def hub_of(**answers: Any) -> PackHub:
    return PackHub(
        {
            "erp.sales_order.save": {"bill_no": "XSDD-1", "status": "A"},
            "erp.sales_order.submit": {"status": "B"},
            "erp.sales_order.audit": {"status": "C", "order": erp_order()},
            "erp.sales_order.view": {"order": erp_order()},
            "erp.sales_order.change": {"status": "C", "order": erp_order(a="80")},
            "crm.sales_order.feedback": {"changed": True},
            **{name.replace("__", "."): answer for name, answer in answers.items()},
        }
    )


def confirmed(hub: PackHub, **changes: Any) -> None:
    hub.event("crm.sales_order.confirmed", {"order": crm_order(**changes)})


def delivery(number: str, *lines: tuple[str, str, str, str]) -> dict[str, Any]:
    told = [
        {"SourceLineNo": no, "Qty": qty, "TotalDeliveredQty": total, "OrderQty": of}
        for no, qty, total, of in lines
    ]
    data = {"BillNo": number, "SourceSystem": "CRM", "EtaDays": 2, "Carrier": "公路专线", "Lines": told}
    return {"SourceBillNo": "XS-1", "BillNo": number, "Data": data}


ALL = (("1", "100", "100", "100"), ("2", "5", "5", "5"))


def statuses(feedback: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(int(line["line_no"]), line["status"], line["shipped_quantity"]) for line in feedback["lines"]]


def test_two_partial_shipments_go_back_line_by_line_and_each_is_told_once_by_mail_and_text() -> None:
    hub = hub_of(erp__sales_order__audit={"status": "C", "order": erp_order(first=SHORT)})
    confirmed(hub)
    assert hub.feedback[-1]["status"] == "processing"
    assert statuses(hub.feedback[-1]) == [(1, "planned", "0"), (2, "reserved", "0")]

    hub.event("erp.delivery.shipped", delivery("FH-1", ("2", "5", "5", "5")))
    assert hub.feedback[-1]["status"] == "partially_shipped"
    assert hub.feedback[-1]["message"] == "已发货,预计 2 天到达"
    assert statuses(hub.feedback[-1]) == [(1, "planned", "0"), (2, "shipped", "5")]
    hub.event("erp.delivery.shipped", delivery("FH-2", ("1", "60", "60", "100")))
    hub.event("erp.delivery.shipped", delivery("FH-3", ("1", "40", "100", "100")))

    assert hub.run("order-to-delivery").state == "completed", hub.troubles
    assert hub.feedback[-1]["status"] == "shipped"
    assert [mail["to"] for mail in hub.of("mail.message.send")] == ["buyer@kh-1.example"] * 3
    assert [("60" in sms["text"], "(共 100/100)" in sms["text"]) for sms in hub.of("sms.message.send")] == [
        (False, False), (True, False), (False, True),
    ]  # fmt: skip


def test_the_same_delivery_told_twice_is_told_to_the_customer_while_it_is_under_way_once() -> None:
    hub = hub_of()
    hub.hold("mail.message.send")
    confirmed(hub)
    hub.event("erp.delivery.shipped", delivery("FH-1", ("1", "60", "60", "100")))
    hub.event("erp.delivery.shipped", delivery("FH-1", ("1", "60", "60", "100")))
    assert len(hub.runs("customer-notice")) == 1
    assert hub.feedback[-1]["lines"][0]["shipped_quantity"] == "60"


def test_customer_without_an_address_is_not_told_and_an_english_one_in_english() -> None:
    hub = hub_of()
    confirmed(hub, contact_email=None, contact_phone=None)
    hub.event("erp.delivery.shipped", delivery("FH-1", *ALL))
    assert hub.runs("customer-notice") == []
    other = hub_of()
    confirmed(other, account_name="Harrow & Finch Motor Parts Ltd.", contact_phone=None)
    other.event("erp.delivery.shipped", delivery("FH-1", *ALL))
    (mail,) = other.of("mail.message.send")
    assert "A pad 100 (100 of 100); B pad 5 (5 of 5), expected in 2 days" in mail["text"]
    assert "\n\nWhere your order is:\nhttps://hub.example/track/crm/sales_order/XS-1" in mail["text"]
    assert other.of("sms.message.send") == []


def test_delivery_told_before_the_process_waits_is_not_lost() -> None:
    hub = hub_of()
    hub.hold("erp.sales_order.audit")
    confirmed(hub)
    hub.event("erp.delivery.shipped", delivery("FH-1", *ALL))
    hub.let_go()
    assert hub.run("order-to-delivery").state == "completed", hub.troubles
    assert hub.feedback[-1]["status"] == "shipped"


def test_an_older_total_that_comes_late_changes_nothing() -> None:
    hub = hub_of()
    confirmed(hub)
    hub.event("erp.delivery.shipped", delivery("FH-2", ("1", "40", "100", "100")))
    hub.event("erp.delivery.shipped", delivery("FH-1", ("1", "60", "60", "100")))
    assert statuses(hub.feedback[-1])[0] == (1, "shipped", "100")


def test_refusal_comes_back_with_its_reason_and_the_order_starts_anew_with_the_same_bill() -> None:
    hub = hub_of()
    hub.refusals["erp.sales_order.submit"] = "超信用额度 ¥12,300.00"
    confirmed(hub)
    assert hub.run("order-to-delivery").state == "completed"
    assert len(hub.of("erp.sales_order.submit")) == 1
    assert (hub.feedback[-1]["status"], hub.feedback[-1]["reason"], hub.feedback[-1]["erp_no"]) == (
        "rejected", "超信用额度 ¥12,300.00", "XSDD-1",
    )  # fmt: skip

    hub.refusals.clear()
    confirmed(hub, version=2, erp_no="XSDD-1")
    assert [save["document"].get("BillNo") for save in hub.of("erp.sales_order.save")] == [None, "XSDD-1"]
    assert hub.runs("order-to-delivery")[1].state == "active"


def test_rejection_of_an_order_that_the_crm_cancelled_meanwhile_leaves_no_bill() -> None:
    hub = hub_of()
    hub.refusals |= {"erp.sales_order.submit": "库存不足", "crm.sales_order.feedback": "cancelled"}
    confirmed(hub)
    assert hub.run("order-to-delivery").state == "completed", hub.troubles
    assert [each["bill_no"] for each in hub.of("erp.sales_order.cancel")] == ["XSDD-1"]


def test_change_is_followed_in_the_erp() -> None:
    hub = hub_of()
    confirmed(hub)
    hub.event("crm.sales_order.changed", {"order": crm_order(2, a="80", status_reason="少要一些")})
    (change,) = hub.of("erp.sales_order.change")
    assert [(line["line_no"], line["quantity"]) for line in change["lines"]] == [(1, Decimal(80))]
    assert change["reason"] == "少要一些"
    assert "变更已执行" in hub.feedback[-1]["message"]
    hub.event("erp.delivery.shipped", delivery("FH-1", ("1", "80", "80", "80"), ("2", "5", "5", "5")))
    assert hub.run("order-to-delivery").state == "completed", hub.troubles


def test_refused_change_takes_the_crm_back_to_what_the_erp_has_with_the_reason() -> None:
    hub = hub_of()
    confirmed(hub)
    hub.refusals["erp.sales_order.change"] = "车间已报工 90,不能改为 80"
    hub.event("crm.sales_order.changed", {"order": crm_order(2, a="80")})
    last = hub.feedback[-1]
    assert last["reason"] == "变更被拒绝:车间已报工 90,不能改为 80"
    assert (last["reopen"], last["if_version"], last["lines"][0]["quantity"]) == (True, 2, "100")
    hub.event("erp.delivery.shipped", delivery("FH-1", *ALL))
    assert hub.run("order-to-delivery").state == "completed", hub.troubles


def test_an_older_change_that_comes_again_is_not_carried_out() -> None:
    hub = hub_of()
    confirmed(hub, version=3)
    hub.event("crm.sales_order.changed", {"order": crm_order(2, a="80")})
    assert hub.of("erp.sales_order.change") == []


def test_change_before_the_erp_has_it_goes_in_with_the_new_quantity() -> None:
    hub = hub_of()
    hub.hold("hub.lookup_codes")
    confirmed(hub)
    hub.event("crm.sales_order.changed", {"order": crm_order(2, a="80")})
    hub.let_go()
    (save,) = hub.of("erp.sales_order.save")
    assert save["document"]["Lines"][0]["Qty"] == "80"
    assert hub.of("erp.sales_order.change") == []


def test_cancellation_is_followed_and_ends_the_order() -> None:
    hub = hub_of()
    confirmed(hub)
    cancelled = crm_order(2, status="cancelled", status_reason="客户不要了")
    hub.event("crm.sales_order.cancelled", {"order": cancelled})
    assert hub.of("erp.sales_order.cancel") == [{"bill_no": "XSDD-1", "reason": "客户不要了"}]
    assert hub.feedback[-1] == {"message": "ERP 已作废:XSDD-1"}
    assert hub.run("order-to-delivery").state == "completed"


def test_refused_cancellation_opens_the_order_again_with_the_reason() -> None:
    hub = hub_of()
    confirmed(hub)
    hub.refusals["erp.sales_order.cancel"] = "已有发货"
    hub.event("crm.sales_order.cancelled", {"order": crm_order(2, status="cancelled")})
    last = hub.feedback[-1]
    assert (last["reopen"], last["status"], last["reason"]) == (True, "processing", "取消被拒绝:已有发货")
    hub.event("erp.delivery.shipped", delivery("FH-1", *ALL))
    assert hub.run("order-to-delivery").state == "completed", hub.troubles


def test_cancellation_before_the_erp_has_it_ends_everything_there() -> None:
    hub = hub_of()
    hub.hold("hub.lookup_codes")
    confirmed(hub)
    hub.event("crm.sales_order.cancelled", {"order": crm_order(2, status="cancelled")})
    assert hub.run("order-to-delivery").state == "completed", hub.troubles
    assert hub.of("erp.sales_order.cancel") == []
    again = hub_of()
    again.hold("hub.lookup_codes")
    confirmed(again, erp_no="XSDD-1")
    again.event("crm.sales_order.cancelled", {"order": crm_order(2, status="cancelled")})
    assert [each["bill_no"] for each in again.of("erp.sales_order.cancel")] == ["XSDD-1"]


def test_cancellation_during_the_review_waits_for_it_and_then_cancels() -> None:
    hub = hub_of()
    hub.hold("erp.sales_order.submit")
    confirmed(hub)
    hub.event("crm.sales_order.cancelled", {"order": crm_order(2, status="cancelled")})
    hub.refusals["crm.sales_order.feedback"] = "Order XS-1 is cancelled: it takes only a message."
    hub.bench.complete_job(hub.bench.jobs(type="erp.sales_order.submit")[0], {"status": "B"})
    assert len(hub.of("erp.sales_order.cancel")) == 1, hub.troubles


def test_missing_code_is_told_and_waits_and_dirty_data_is_held() -> None:
    hub = hub_of()
    del hub.codes["B"]
    confirmed(hub)
    assert "产品 B" in hub.feedback[0]["message"]
    held = hub_of()
    confirmed(held, quality=["account_name_garbled"])
    assert held.feedback == [
        {"status": "rejected", "reason": "数据待修正:客户名称乱码", "message": "挂起:客户名称乱码"}
    ]
    assert held.run("order-to-delivery").state == "completed"


def test_un_audit_and_cancellation_in_the_erp_itself_are_told_to_the_crm() -> None:
    hub = hub_of()
    confirmed(hub)
    opened = erp_order(first={"ReservedQty": "0"}, second={"ReservedQty": "0"})
    data = {"SourceBillNo": "XS-1", "Data": {**opened, "SourceSystem": "CRM"}}
    hub.event("erp.sales_order.un_audited", data)
    assert "反审核" in hub.feedback[-1]["message"]
    assert statuses(hub.feedback[-1])[0] == (1, "open", "0")
    data["Data"] |= {"UnAudits": 1, "RejectReason": "超信用额度 ¥1.00"}
    hub.event("erp.sales_order.rejected", data)
    assert hub.feedback[-1]["message"] == "ERP 重新审核被驳回:超信用额度 ¥1.00"
    hub.event("erp.sales_order.audited", data)
    assert hub.feedback[-1]["message"] == "ERP 已重新审核:XSDD-1"
    told = len(hub.feedback)
    hub.event("erp.sales_order.audited", {**data, "Data": {**data["Data"], "UnAudits": 0}})
    assert len(hub.feedback) == told, "the first audit is the process's own"
    data["Data"]["RejectReason"] = "客户破产"
    hub.event("erp.sales_order.cancelled", data)
    assert (hub.feedback[-1]["status"], hub.feedback[-1]["reason"]) == ("cancelled", "ERP 已作废:客户破产")
    assert hub.run("order-to-delivery").state == "completed"


def test_where_the_erp_asks_on_short_stock_a_person_chooses_and_the_erp_follows() -> None:
    hub = hub_of()
    hub.refusals["erp.sales_order.submit"] = "库存不足,请选择处理方式: M-A 缺 40"
    hub.codes_of_refusals["erp.sales_order.submit"] = "4018"
    confirmed(hub)
    [task] = hub.bench.tasks()
    assert (task.candidate_groups, task.variables["problem"]) == (
        ("planner", "sales"), "库存不足,请选择处理方式: M-A 缺 40",
    )  # fmt: skip
    assert [each.to for each in hub.bench.notices] == [("planner", "sales")]
    hub.refusals.clear()
    hub.bench.complete_task(task, {"short_stock": "split"})
    assert [each["short_stock"] for each in hub.of("erp.sales_order.submit")] == [None, "split"]
    assert len(hub.of("erp.sales_order.audit")) == 1


def test_a_refusal_for_another_reason_asks_nobody() -> None:
    hub = hub_of()
    hub.refusals["erp.sales_order.submit"] = "库存不足: M-A 缺 40"
    hub.codes_of_refusals["erp.sales_order.submit"] = "4002"
    confirmed(hub)
    assert hub.bench.tasks() == []
    assert hub.run("order-to-delivery").state == "completed", hub.troubles
