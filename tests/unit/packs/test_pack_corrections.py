"""The pack corrections on the bench: every branch of returns, un-approvals and corrected invoices."""

from __future__ import annotations

from typing import Any

import pytest

from unit.packs.bench_hub import PackHub

PACK = "corrections"


def pairs(**values: str) -> list[dict[str, str]]:
    return [{"fieldName": name, "fieldValue": value} for name, value in values.items()]


def request(flow: str, details: list[Any] | None = None, **main: str) -> dict[str, Any]:
    """An approved request as the OA tells of it."""
    asked = {"requestId": "90000001", "requestNo": "OA-1", "workflowCode": flow, "mainData": pairs(**main)}
    return {"businessKey": "K-1", "request": {**asked, "detailData": details or []}}


# -- returns -------------------------------------------------------------------------------------------------

LINES = [
    {"LineNo": 1, "OrderLineNo": 1, "MaterialNo": "M-1", "Qty": "10"},
    {"LineNo": 2, "OrderLineNo": 2, "MaterialNo": "M-2", "Qty": "4"},
]
GOODS = {
    "BillNo": "THD-1", "DeliveryBillNo": "FH-1", "SourceSystem": "CRM", "SourceBillNo": "XS-1",
    "Lines": LINES,
}  # fmt: skip
OWED = {"no": "YS-1", "amount": "1000.00"}


def returning(**answers: Any) -> PackHub:
    return PackHub(
        {
            "erp.delivery.find": {"delivery": {"SourceSystem": "CRM", "SourceBillNo": "XS-1"}},
            "erp.sales_return.save": {"goods_back": GOODS},
            "erp.sales_return.post": lambda said: {
                "posted": {"AllAmount": {"RK-1": "-100.00", "RK-2": "-20.50"}[said["external_key"]]}
            },
            "erp.sales_return.close": {"status": "Received"},
            "finance.receivable.find": {"receivable": OWED},
            "finance.receivable.credit": {"credit_no": "HZ-1"},
            **{name.replace("__", "."): answer for name, answer in answers.items()},
        },
        PACK,
    )


def asked(hub: PackHub, *lines: tuple[str, str], delivery: str = "FH-1") -> None:
    details = [pairs(hh=no, sl=quantity) for no, quantity in lines]
    hub.event("oa.workflow.approved", request("XSTH", details, fhdh=delivery, thyy="质量问题"))


def came(hub: PackHub, key: str, number: str, quantity: int) -> None:
    row = {"doc_type": "RT", "ext_key": key, "wms_no": number, "quantity": quantity, "lot_no": "L-1"}
    hub.event("wms.receipt.posted", row)


def not_taken(hub: PackHub, key: str, reason: str) -> None:
    hub.event("wms.receipt.refused", {"doc_type": "RT", "ext_key": key, "reason": reason})


def shown(hub: PackHub) -> list[tuple[str, str]]:
    return [(each["progress"], each["remark"]) for each in hub.of("oa.workflow.progress")]


BOTH = (("1", "10"), ("2", "4"))


def test_a_return_goes_through_erp_warehouse_and_finance_and_both_who_asked_and_the_crm_are_told() -> None:
    hub = returning()
    asked(hub, *BOTH)
    (saved,) = hub.of("erp.sales_return.save")
    assert saved["lines"] == [{"DeliveryLineNo": 1, "Qty": "10"}, {"DeliveryLineNo": 2, "Qty": "4"}]
    assert (saved["request_no"], saved["delivery_no"], saved["reason"]) == ("OA-1", "FH-1", "质量问题")
    rows = [(each["ext_key"], each["doc_type"], each["quantity"]) for each in hub.of("wms.receipt.insert")]
    assert rows == [("THD-1/1", "RT", 10), ("THD-1/2", "RT", 4)]
    came(hub, "THD-1/2", "RK-2", 4)
    assert hub.of("finance.receivable.credit") == [], "not before all of it is back"
    came(hub, "THD-1/1", "RK-1", 10)
    posted = [(each["external_key"], each["lines"]) for each in hub.of("erp.sales_return.post")]
    assert posted == [
        ("RK-2", [{"LineNo": 2, "Qty": "4", "LotNo": "L-1"}]),
        ("RK-1", [{"LineNo": 1, "Qty": "10", "LotNo": "L-1"}]),
    ]
    (credit,) = hub.of("finance.receivable.credit")
    assert (credit["no"], credit["credit_key"], credit["amount"]) == ("YS-1", "THD-1", "120.50")
    said = "已退货入库 14(THD-1),红字应收 120.50(HZ-1)"
    assert hub.feedback == [{"message": said}]
    assert shown(hub) == [("已退货", said)]
    assert hub.run("sales-return").state == "completed", hub.troubles


def test_what_the_erp_refuses_to_take_back_is_told_with_the_reason_and_nothing_moves() -> None:
    hub = returning()
    hub.refusals["erp.sales_return.save"] = "第 1 行退货 10 超过可退数量 4"
    asked(hub, *BOTH)
    assert hub.feedback == [{"message": "退货被拒绝:第 1 行退货 10 超过可退数量 4"}]
    assert shown(hub) == [("退货被拒绝", "第 1 行退货 10 超过可退数量 4")]
    assert hub.of("wms.receipt.insert") == []
    assert hub.run("sales-return").state == "completed", hub.troubles


def test_an_unknown_delivery_is_refused_where_it_was_asked_for() -> None:
    hub = returning(erp__delivery__find={"delivery": None})
    hub.refusals["erp.sales_return.save"] = "发货单不存在: FH-9"
    asked(hub, *BOTH, delivery="FH-9")
    assert hub.feedback == [], "nobody knows of which order"
    assert shown(hub) == [("退货被拒绝", "发货单不存在: FH-9")]


@pytest.mark.parametrize(
    ("lines", "delivery", "why"),
    [
        ((("1", "10"),), "", "申请没有发货单号"),
        ((), "FH-1", "申请没有退货明细"),
        ((("一", "10"),), "FH-1", "退货明细的行号或数量不是数字"),
        ((("1", "-3"),), "FH-1", "退货明细的行号或数量不是数字"),
    ],
)
def test_a_form_that_cannot_be_read_goes_back_and_asks_no_system(
    lines: tuple[tuple[str, str], ...], delivery: str, why: str
) -> None:
    hub = returning()
    asked(hub, *lines, delivery=delivery)
    assert shown(hub) == [("退货被拒绝", why)]
    assert [name for name, _ in hub.calls] == ["oa.workflow.progress"]
    assert hub.run("sales-return").state == "completed", hub.troubles


def test_goods_that_the_warehouse_does_not_take_are_taken_in_again_or_given_up() -> None:
    hub = returning()
    asked(hub, *BOTH)
    came(hub, "THD-1/1", "RK-1", 10)
    not_taken(hub, "THD-1/2", "包装破损")
    (task,) = hub.bench.tasks()
    assert task.variables["problem"] == "包装破损"
    hub.bench.complete_task(task, {"resolution": "again"})
    assert hub.of("wms.receipt.insert")[-1]["ext_key"] == "THD-1/2/2"
    not_taken(hub, "THD-1/2/2", "已报废")
    (task,) = hub.bench.tasks()
    hub.bench.complete_task(task, {"resolution": "give_up"})
    (closed,) = hub.of("erp.sales_return.close")
    assert (closed["bill_no"], closed["reason"]) == ("THD-1", "已报废")
    assert hub.of("finance.receivable.credit")[0]["amount"] == "100.00"
    assert hub.feedback[-1]["message"] == "已退货入库 10(THD-1),红字应收 100.00(HZ-1);未退回:已报废"
    assert hub.run("sales-return").state == "completed", hub.troubles


def test_a_return_of_which_nothing_comes_is_closed_and_told_as_refused() -> None:
    hub = returning()
    asked(hub, *BOTH)
    for key in ("THD-1/1", "THD-1/2"):
        not_taken(hub, key, "客户未寄回")
        (task,) = hub.bench.tasks()
        hub.bench.complete_task(task, {"resolution": "give_up"})
    assert len(hub.of("erp.sales_return.close")) == 1
    assert hub.of("finance.receivable.find") == []
    assert hub.feedback == [{"message": "退货被拒绝:客户未寄回"}]
    assert shown(hub) == [("退货被拒绝", "客户未寄回")]
    assert hub.run("sales-return").state == "completed", hub.troubles


def test_a_posting_that_the_erp_refuses_waits_for_the_warehouse() -> None:
    hub = returning()
    asked(hub, ("1", "10"))
    hub.refusals["erp.sales_return.post"] = "退货入库超过退货数量"
    came(hub, "THD-1/1", "RK-1", 10)
    (task,) = [each for each in hub.bench.tasks() if each.variables["material"] == "M-1"]
    assert task.variables["problem"] == "退货入库超过退货数量"


def test_without_a_booked_receivable_finance_is_told_in_words_and_a_refused_credit_waits_for_it() -> None:
    hub = returning(finance__receivable__find={"receivable": None})
    asked(hub, *BOTH)
    came(hub, "THD-1/1", "RK-1", 10)
    came(hub, "THD-1/2", "RK-2", 4)
    assert hub.of("finance.receivable.credit") == []
    assert "尚未登记应收" in shown(hub)[0][1]
    hub = returning()
    hub.refusals["finance.receivable.credit"] = "too much"
    asked(hub, *BOTH)
    came(hub, "THD-1/1", "RK-1", 10)
    came(hub, "THD-1/2", "RK-2", 4)
    (task,) = hub.bench.tasks()
    assert (task.variables["problem"], task.variables["amount"]) == ("too much", "120.50")
    hub.bench.complete_task(task)
    assert "红字应收由财务处理" in shown(hub)[0][1]
    assert hub.run("sales-return").state == "completed", hub.troubles


def test_an_order_of_no_crm_is_told_in_the_oa_only() -> None:
    goods = {**GOODS, "SourceSystem": None, "Lines": LINES[:1]}
    hub = returning(erp__sales_return__save={"goods_back": goods})
    asked(hub, ("1", "10"))
    came(hub, "THD-1/1", "RK-1", 10)
    assert (hub.feedback, len(shown(hub))) == ([], 1)


# -- un-approval ---------------------------------------------------------------------------------------------


def test_an_audit_is_taken_back_or_the_reason_goes_to_oa_and_crm() -> None:
    hub = PackHub({"erp.sales_order.find": {"order": {"BillNo": "XSDD-1"}}}, PACK)
    hub.event("oa.workflow.approved", request("FSSQ", ddbh="XS-1", sqyy="改价"))
    assert hub.of("erp.sales_order.un_audit") == [{"bill_no": "XSDD-1"}]
    assert (shown(hub), hub.feedback) == ([("已反审核", "ERP 订单 XSDD-1 已反审核")], [])
    hub.refusals["erp.sales_order.un_audit"] = "单据 XSDD-1 已有发货"
    hub.event("oa.workflow.approved", request("FSSQ", ddbh="XS-1"))
    assert shown(hub)[-1] == ("反审核被拒绝", "单据 XSDD-1 已有发货")
    assert hub.feedback == [{"message": "反审核被拒绝:单据 XSDD-1 已有发货"}]
    hub.answers["erp.sales_order.find"] = {"order": None}
    hub.event("oa.workflow.approved", request("FSSQ", ddbh="XS-9"))
    assert shown(hub)[-1] == ("反审核被拒绝", "ERP 没有订单 XS-9")
    assert {each.state for each in hub.runs("order-un-audit")} == {"completed"}, hub.troubles


# -- corrected invoices --------------------------------------------------------------------------------------

PAPER = {
    "id": "FP-1", "invoice_no": "N-1", "net": "80.00", "tax": "10.40", "gross": "90.40",
    "lines": [{"po_line": 1, "quantity": "10"}],
}  # fmt: skip


def bill(number: str, key: str, gross: str, status: str = "Posted") -> dict[str, Any]:
    return {"BillNo": number, "ExternalKey": key, "OrderBillNo": "CGDD-1", "Status": status,
            "Amount": "80.00", "TaxAmount": "10.40", "AllAmount": gross}  # fmt: skip


def checking(*bills: dict[str, Any]) -> PackHub:
    hub = PackHub(
        {
            "erp.purchase_invoice.list": lambda asked: {
                "rows": [each for each in bills if asked.get("bill_no") in (None, each["BillNo"])]
            },
            "finance.invoice.list": {"items": [PAPER]},
            "erp.purchase_invoice.reverse": {"red_no": "CGFP-9"},
            "erp.purchase_invoice.post": {"bill_no": "CGFP-10"},
        },
        PACK,
    )
    hub.bench.start("invoice-check", {})
    return hub


def test_only_standing_postings_that_differ_become_a_case_and_nothing_is_changed_by_the_check() -> None:
    hub = checking(
        bill("CGFP-1", "FP-1", "90.40"),
        bill("CGFP-2", "FP-1/CGFP-1", "90.40"),
        bill("CGFP-3", "FP-1", "99.00", "Reversed"),
        bill("CGFP-4", "FP-1/红冲", "-99.00", "RedLetter"),
        bill("CGFP-5", "FP-7", "1.00"),
    )
    assert hub.runs("invoice-correction") == []
    assert {name for name, _ in hub.calls} == {"erp.purchase_invoice.list", "finance.invoice.list"}


def test_a_difference_waits_for_people_then_a_red_letter_and_a_new_posting_set_it_right() -> None:
    hub = checking(bill("CGFP-1", "FP-1", "94.00"))
    (task,) = hub.bench.tasks()
    assert (task.variables["difference_amount"], task.variables["booked_gross"]) == ("3.60", "90.40")
    assert hub.of("erp.purchase_invoice.reverse") == [], "nothing before somebody has decided"
    # Found again on the next day: the case that is open is enough.
    hub.bench.start("invoice-check", {})
    assert len(hub.bench.tasks()) == 1
    hub.bench.complete_task(task, {"resolution": "reverse", "finding": "录入错误"})
    (reversal,) = hub.of("erp.purchase_invoice.reverse")
    assert (reversal["bill_no"], reversal["reason"]) == ("CGFP-1", "金额与财务登记不符 3.60:录入错误")
    (posted,) = hub.of("erp.purchase_invoice.post")
    assert (posted["external_key"], posted["gross"], posted["order_no"]) == ("FP-1/CGFP-1", "90.40", "CGDD-1")
    assert posted["lines"] == [{"OrderLineNo": 1, "Qty": "10"}]
    assert hub.run("invoice-correction").state == "completed", hub.troubles


def test_a_difference_may_be_put_off_and_comes_again_and_one_that_is_gone_is_let_be() -> None:
    hub = checking(bill("CGFP-1", "FP-1", "94.00"))
    hub.bench.complete_task(hub.bench.tasks()[0], {"resolution": "later"})
    assert hub.run("invoice-correction").state == "completed", hub.troubles
    hub.bench.start("invoice-check", {})
    assert len(hub.bench.tasks()) == 1, "nobody forgets it"
    hub = checking(bill("CGFP-1", "FP-1", "94.00"))
    hub.answers["erp.purchase_invoice.list"] = {"rows": [bill("CGFP-1", "FP-1", "94.00", "Reversed")]}
    hub.bench.complete_task(hub.bench.tasks()[0], {"resolution": "reverse"})
    assert hub.of("erp.purchase_invoice.reverse") == []
    assert hub.run("invoice-correction").state == "completed", hub.troubles


@pytest.mark.parametrize("step", ["reverse", "post"])
def test_what_the_erp_refuses_to_correct_waits_for_finance_with_the_reason(step: str) -> None:
    hub = checking(bill("CGFP-1", "FP-1", "94.00", "Paid"))
    hub.refusals[f"erp.purchase_invoice.{step}"] = "发票 N-1 已付款 ZF-1,请先冲销付款"
    hub.bench.complete_task(hub.bench.tasks()[0], {"resolution": "reverse"})
    (task,) = hub.bench.tasks()
    assert "请先冲销付款" in task.variables["problem"]
    hub.bench.complete_task(task)
    assert hub.run("invoice-correction").state == "completed", hub.troubles
