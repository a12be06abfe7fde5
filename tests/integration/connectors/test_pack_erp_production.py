"""The ERP's operations for planning, production and dispatch, and its feed, against the simulated ERP.

One ERP for all tests here: each makes orders of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
import pytest_asyncio

from integration.connectors.site import Site, eventually, running_site
from lineshaft.base.errors import Invalid, RateLimited, Refused
from lineshaft.sdk.outcomes import Change
from lineshaft.sdk.suite import raised

pytestmark = pytest.mark.asyncio(loop_scope="module")
OPTIONS = ("--production", "mes", "--delivery", "notice", "--plan-release", "manual", "--speed", "1")
ERP_KEY = {"X-App-Key": "erp-app:erp-demo-secret"}
NUMBERS = count(1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with running_site(tmp_path_factory.mktemp("erp"), {"erp": OPTIONS}) as site:
        yield site


async def code(site: Site, kind: str, outer: str) -> str:
    answer = (await site.call("erp.code_map.find", {"kind": kind, "codes": [outer]})).answer
    found: str = answer["rows"][0]["No"]
    return found


async def ordered(site: Site, quantity: int, *, audited: bool = True) -> str:
    """Save, submit and audit an order of cheap pads; return its number."""
    document = {
        "SourceSystem": "CRM",
        "SourceBillNo": f"XS-{next(NUMBERS):05d}",
        "CustomerNo": await code(site, "Customer", "KH-0004"),
        "Lines": [
            {
                "LineNo": 1,
                "SourceLineNo": "1",
                "MaterialNo": await code(site, "Material", "BX-F210"),
                "Qty": str(quantity),
                "TaxPrice": "0.0100",
                "TaxRate": "13",
            }
        ],
    }
    payload = {"document": document, "source_no": document["SourceBillNo"]}
    outcome = await site.call("erp.sales_order.save", payload)
    assert outcome.number is not None
    if audited:
        await site.call("erp.sales_order.submit", {"bill_no": outcome.number})
        await site.call("erp.sales_order.audit", {"bill_no": outcome.number})
    return outcome.number


async def short_order(site: Site, missing: int) -> tuple[str, str]:
    """Order more than there is; return the order and the proposal for what is missing."""
    material = await code(site, "Material", "BX-F210")
    (stock,) = (await site.call("erp.stock.query", {"material": material})).answer["rows"]
    bill_no = await ordered(site, int(Decimal(stock["Available"])) + missing)
    (plan,) = (await site.call("erp.plan_proposal.query", {"bill_no": bill_no})).answer["rows"]
    assert plan["Qty"] == str(missing)
    return bill_no, plan["BillNo"]


async def work_order(site: Site, missing: int) -> str:
    """Return a work order for a new order that lacks so much."""
    _, plan = await short_order(site, missing)
    await site.call("erp.plan_proposal.release", {"bill_no": plan})
    made = (await site.call("erp.work_order.create", {"plans": [plan]})).number
    assert made is not None
    return made


async def of(site: Site, kind: str, key: str) -> list[Change]:
    return [one for one in await site.events("erp", "document") if one.type == kind and key in str(one.data)]


async def test_a_work_order_for_two_orders_is_linked_to_both_with_quantities(site: Site) -> None:
    first, plan = await short_order(site, 300)
    second, other = await short_order(site, 200)
    made = await site.lost_and_again("erp.work_order.create", {"plans": [plan, other]}, "WorkOrder.Create")
    assert [
        (fact.number, fact.follows, [(line.line, line.quantity, line.from_line) for line in fact.lines])
        for fact in made.documents
    ] == [
        (made.number, f"erp/plan_proposal/{plan}", [(plan, Decimal(300), "1")]),
        (made.number, f"erp/plan_proposal/{other}", [(other, Decimal(200), "1")]),
    ]
    (told,) = await of(site, "erp.plan_proposal.released", plan)
    (document,) = told.documents
    assert document.follows == f"erp/sales_order/{first}"
    assert [(line.quantity, line.from_line) for line in document.lines] == [(Decimal(300), "1")]
    (released,) = await of(site, "erp.work_order.released", str(made.number))
    assert [fact.follows for fact in released.documents] == [fact.follows for fact in made.documents]
    assert released.subject == released.data["SourceBillNo"]
    assert {each["OrderBillNo"] for each in released.data["Data"]["Links"]} == {first, second}


async def test_a_proposal_is_released_once_and_an_unknown_one_is_wrong(site: Site) -> None:
    _, plan = await short_order(site, 10)
    await site.lost_and_again("erp.plan_proposal.release", {"bill_no": plan}, "PlanProposal.Release")
    assert len(await of(site, "erp.work_order.released", plan)) == 1
    await raised(Invalid, site.call("erp.plan_proposal.release", {"bill_no": "JH-999999"}))


async def test_what_the_shop_floor_tells_is_posted_once_whatever_is_lost(site: Site) -> None:
    bill_no = await work_order(site, 50)
    taken = {"bill_no": bill_no, "external_no": f"GD-{bill_no}"}
    await site.lost_and_again("erp.work_order.accept", taken, "WorkOrder.Accept")
    other = await raised(Refused, site.call("erp.work_order.accept", {**taken, "external_no": "GD-other"}))
    assert other.vendor_code == "2009"

    found = (await site.call("erp.work_order.find", {"bill_no": bill_no})).answer["work_order"]
    assert (found["BillNo"], found["StandardPrice"]) == (bill_no, "100.0000")
    assert (await site.call("erp.work_order.find", {"bill_no": "SCDD-9"})).answer == {"work_order": None}

    report = {"bill_no": bill_no, "external_key": f"{bill_no}/10", "operation": 10}
    good = {**report, "good": Decimal("48"), "bad": 2, "hours": "6.5", "machine": "cut-1"}
    told = await site.lost_and_again("erp.work_order.report", good, "WorkOrder.Report")
    assert told.answer["percent"] == "96"
    assert told.documents[0].fields["percent"] == "96"
    await raised(Invalid, site.call("erp.work_order.report", {**good, "good": 47}))
    rest = {**report, "external_key": f"{bill_no}/rest", "good": 2}
    await site.call("erp.work_order.report", rest)
    following = {**report, "external_key": f"{bill_no}/20", "operation": 20, "good": 50}
    await site.call("erp.work_order.report", following)
    (called,) = await of(site, "erp.material_delivery.requested", bill_no)
    assert (called.documents[0].kind, called.documents[0].follows) == (
        "material_delivery",
        f"erp/work_order/{bill_no}",
    )
    assert {line.quantity for line in called.documents[0].lines} >= {Decimal(27)}

    plate = await code(site, "Material", "GB-F2")
    used = {
        "bill_no": bill_no,
        "external_key": f"{bill_no}/m",
        "lines": [{"material": plate, "quantity": 51}],
    }
    issue = await site.lost_and_again("erp.work_order.consume", used, "WorkOrder.Consume")
    (line,) = [one for one in issue.answer["materials"] if one["MaterialNo"] == plate]
    assert (line["UsedQty"], line["VariancePercent"]) == ("51", "2.0")
    (noted,) = await of(site, "erp.material_variance.noted", bill_no)
    (row,) = noted.documents
    assert (row.kind, row.follows) == ("material_variance", f"erp/work_order/{bill_no}")
    assert (row.fields["percent"], row.lines[0].quantity) == ("2.0", Decimal(1))
    explain = f"{site.ready['erp']['url']}/ErpService/MaterialVariance.Explain"
    await site.ask("POST", explain, {"BillNo": row.number, "Reason": "burrs"}, ERP_KEY)
    (explained,) = await of(site, "erp.material_variance.explained", bill_no)
    assert explained.subject == noted.subject == row.number


async def test_finished_goods_are_posted_once_whoever_reports_them(site: Site) -> None:
    bill_no = await work_order(site, 30)
    post = {"work_order_no": bill_no, "external_key": f"{bill_no}/f", "quantity": 20, "source": "MES"}
    posted = await site.lost_and_again("erp.finished_goods.post", post, "FinishedGoods.Post")
    receipt = posted.documents[0]
    assert (receipt.kind, receipt.follows) == ("goods_receipt", f"erp/work_order/{bill_no}")
    assert [line.quantity for line in receipt.lines] == [Decimal(20)]
    again = await site.call("erp.finished_goods.post", {**post, "source": "WMS"})
    assert (again.repeated, again.answer["first_source"]) == (True, "MES")
    different = await raised(Refused, site.call("erp.finished_goods.post", {**post, "quantity": 21}))
    assert different.vendor_code == "4006"
    more = {**post, "external_key": f"{bill_no}/g", "quantity": 11}
    assert (await raised(Refused, site.call("erp.finished_goods.post", more))).vendor_code == "4007"


async def test_during_a_stock_count_a_posting_waits_and_then_goes_through(site: Site) -> None:
    bill_no = await work_order(site, 5)
    post = {"work_order_no": bill_no, "external_key": f"{bill_no}/f", "quantity": 5, "source": "MES"}
    service = f"{site.ready['erp']['url']}/ErpService"
    await site.ask("POST", f"{service}/StockCount.Start", {"Reason": "year end"}, ERP_KEY)
    wait = await raised(RateLimited, site.call("erp.finished_goods.post", post))
    assert (wait.vendor_code, wait.wait_s) == ("4008", 5)
    await site.ask("POST", f"{service}/StockCount.Close", {"Lines": []}, ERP_KEY)
    assert (await site.call("erp.finished_goods.post", post)).number
    (finished,) = await of(site, "erp.work_order.finished", bill_no)
    assert finished.documents[0].status == "Finished"


async def test_a_work_order_is_changed_and_cancelled_until_the_shop_floor_has_made_it(site: Site) -> None:
    bill_no = await work_order(site, 40)
    smaller = {"bill_no": bill_no, "quantity": 30, "reason": "less"}
    changed = await site.lost_and_again("erp.work_order.change", smaller, "WorkOrder.Change")
    assert sum(line.quantity for fact in changed.documents for line in fact.lines) == Decimal(30)
    report = {"bill_no": bill_no, "external_key": f"{bill_no}/10", "operation": 10, "good": 25}
    await site.call("erp.work_order.report", report)
    refused = await raised(Refused, site.call("erp.work_order.change", {"bill_no": bill_no, "quantity": 20}))
    assert refused.vendor_code == "4009"
    assert "25" in (refused.vendor_text or "")
    free = await work_order(site, 7)
    cancelled = await site.lost_and_again("erp.work_order.cancel", {"bill_no": free}, "WorkOrder.Cancel")
    assert cancelled.answer["status"] == "Cancelled"
    seen = (await site.call("erp.work_order.view", {"bill_no": free})).answer["work_order"]
    assert seen["Status"] == "Cancelled"


async def test_a_sales_order_lives_it_is_changed_taken_back_and_cancelled(site: Site) -> None:
    bill_no, _ = await short_order(site, 20)
    customer = (await site.call("erp.sales_order.view", {"bill_no": bill_no})).answer["order"]["CustomerNo"]
    assert (await site.call("erp.customer.view", {"customer_no": customer})).answer["customer"][
        "No"
    ] == customer
    assert (await site.call("erp.customer.view", {"customer_no": "C-none"})).answer["customer"] is None
    change = {"bill_no": bill_no, "lines": [{"line_no": 1, "quantity": Decimal(15)}], "reason": "100 → 80"}
    changed = await site.lost_and_again("erp.sales_order.change", change, "SalesOrder.Change")
    assert changed.documents[0].lines[0].quantity == Decimal(15)
    over = {**change, "lines": [{"line_no": 1, "quantity": "900000000"}]}
    assert (await raised(Refused, site.call("erp.sales_order.change", over))).vendor_code == "4001"
    back = await site.lost_and_again("erp.sales_order.un_audit", {"bill_no": bill_no}, "SalesOrder.UnAudit")
    assert back.answer["status"] == "A"
    gone = await site.lost_and_again("erp.sales_order.cancel", {"bill_no": bill_no}, "SalesOrder.Cancel")
    assert gone.documents[0].status == "E"
    await raised(Refused, site.call("erp.sales_order.change", change))
    rich = await ordered(site, 900_000_000, audited=False)
    credit = await raised(Refused, site.call("erp.sales_order.submit", {"bill_no": rich}))
    assert "超信用额度" in (credit.vendor_text or "")
    for kind in ("changed", "un_audited", "cancelled"):
        assert await of(site, f"erp.sales_order.{kind}", bill_no)


async def noticed(site: Site, quantity: int) -> tuple[str, dict[str, Any]]:
    """Return an order in stock and the dispatch notice that the ERP makes for it."""
    material = await code(site, "Material", "BX-F210")
    await site.ask(
        "POST",
        f"{site.ready['erp']['url']}/ErpService/Stock.Adjust",
        {"MaterialNo": material, "Qty": str(quantity), "Reason": "test"},
        ERP_KEY,
    )
    bill_no = await ordered(site, quantity)
    await site.admin("erp", "advance", {"hours": 2})

    async def look() -> list[Change]:
        return [
            one
            for one in await of(site, "erp.dispatch_notice.created", bill_no)
            if one.data["OrderBillNo"] == bill_no
        ]

    (told,) = await eventually(look)
    (document,) = told.documents
    assert (document.follows, document.lines[0].from_line) == (f"erp/sales_order/{bill_no}", "1")
    notice: dict[str, Any] = told.data["Data"]
    return bill_no, notice


async def test_a_dispatch_notice_is_rejected_renewed_approved_and_shipped_in_two_parts(site: Site) -> None:
    order, notice = await noticed(site, 10)
    bill = {"bill_no": notice["BillNo"]}
    no = {**bill, "approver": "销售总监", "remark": "客户要求改期"}
    await site.lost_and_again("erp.dispatch_notice.reject", no, "DispatchNotice.Reject")
    await raised(Refused, site.call("erp.dispatch_notice.approve", bill))
    await site.lost_and_again("erp.dispatch_notice.renew", bill, "DispatchNotice.Renew")
    created = await of(site, "erp.dispatch_notice.created", order)
    renewed = created[-1].data["BillNo"]
    assert renewed != notice["BillNo"]
    approve = {"bill_no": renewed, "approver": "销售总监"}
    await site.lost_and_again("erp.dispatch_notice.approve", approve, "DispatchNotice.Approve")
    seen = (await site.call("erp.dispatch_notice.view", {"bill_no": renewed})).answer["notice"]
    assert seen["Status"] == "Approved"

    post = {"notice_no": renewed, "external_key": "CK-1", "lines": [{"line_no": 1, "quantity": Decimal(6)}]}
    part = await site.lost_and_again("erp.delivery.post", post, "Delivery.Post")
    assert [(fact.kind, fact.follows) for fact in part.documents] == [
        ("despatch_advice", f"erp/sales_order/{order}"),
        ("despatch_advice", f"erp/dispatch_notice/{renewed}"),
    ]
    assert [(line.quantity, line.from_line) for line in part.documents[0].lines] == [(Decimal(6), "1")]
    many = {**post, "external_key": "CK-2", "lines": [{"line_no": 1, "quantity": 5}]}
    assert (await raised(Refused, site.call("erp.delivery.post", many))).vendor_code == "4007"
    rest = {**post, "external_key": "CK-3", "lines": [{"line_no": 1, "quantity": 4}], "final": True}
    await site.call("erp.delivery.post", rest)
    shipped = await of(site, "erp.delivery.shipped", order)
    assert [len(one.documents) for one in shipped] == [2, 2]
    assert await of(site, "erp.dispatch_notice.shipped", renewed)
    assert (await site.call("erp.delivery.query", {"bill_no": order})).answer["rows"][1]["Lines"][0][
        "Qty"
    ] == "4"


async def test_the_feed_tells_every_kind_and_goes_on_after_a_restart(site: Site) -> None:
    changes, cursor = await site.read("erp", "document")
    declared = {kind for trigger in site.connectors["erp"].spec.triggers for kind in trigger.event_types}
    told = {change.type for change in changes}
    # What is bought, what comes back, and what is held for its customer, the scenarios of those tell.
    elsewhere = (
        "erp.purchase_",
        "erp.sales_return.",
        "erp.customer.",
        "erp.sales_order.held",
        "erp.sales_order.freed",
    )
    assert told == {kind for kind in declared if not kind.startswith(elsewhere)}
    assert all(change.occurred_at is not None for change in changes)
    await ordered(site, 1, audited=False)
    await site.goes_on_after_a_restart("erp", "document", cursor, {change.id for change in changes})
