"""Approvals in the OA, messages by mail and to telephones, and the CRM's "no"."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from integration.connectors.site import HOOK_SECRET, Site, eventually, running_site
from lineshaft.base.errors import Invalid, NotAllowed, OutcomeUnknown, Refused, Unavailable
from lineshaft.sdk.suite import raised

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOOK = ("--webhook", "HOOK", "--webhook-secret", HOOK_SECRET)
CRM_TOKEN = {"Authorization": "Bearer crm-demo-token"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    systems = {"oa": HOOK, "mail": (), "crm": ()}
    async with running_site(tmp_path_factory.mktemp("office"), systems) as site:
        yield site


def asked(key: str, **more: Any) -> dict[str, Any]:
    return {"workflow": "FHSP", "business_key": key, "name": f"发货审批 {key}", **more}


async def decide(site: Site, request_id: str, decision: str) -> None:
    """Decide as the approver does on the OA's own page."""
    url = site.ready["oa"]["url"]
    login = await site.ask(
        "POST", f"{url}/api/oa/token", None, {"appid": "oa-app", "secret": "oa-demo-secret"}
    )
    headers = {"appid": "oa-app", "token": login["data"]["token"]}
    body = {"requestId": request_id, "approver": "销售总监", "remark": "已阅"}
    answer = await site.ask("POST", f"{url}/api/oa/workflow/{decision}", body, headers)
    assert answer["code"] == "SUCCESS", answer


async def test_an_approval_is_asked_for_once_and_follows_its_dispatch_notice(site: Site) -> None:
    request = asked(
        "FHTZ-000001",
        approver_role="销售总监",
        main={"khmc": "北辰汽配", "je": Decimal("1234.50")},
        details=[{"cpxh": "BX-F210", "sl": 60}],
    )
    made = await site.lost_and_again("oa.workflow.create", request, "workflow.create")
    assert made.answer["status"] == "pending"
    assert made.documents[0].follows == "erp/dispatch_notice/FHTZ-000001"
    stored = made.answer["request"]
    assert {"fieldName": "je", "fieldValue": "1234.5"} in stored["mainData"]
    assert stored["detailData"] == [
        [{"fieldName": "cpxh", "fieldValue": "BX-F210"}, {"fieldName": "sl", "fieldValue": "60"}]
    ]
    conflict = await raised(Refused, site.call("oa.workflow.create", {**request, "details": []}))
    assert conflict.vendor_code == "KEY_CONFLICT"
    await raised(Invalid, site.call("oa.workflow.create", {**request, "workflow": "NONE"}))
    by_key = {"workflow": "FHSP", "business_key": "FHTZ-000001"}
    assert (await site.call("oa.workflow.status", by_key)).answer["request"] == {
        name: value for name, value in stored.items() if name != "existing"
    }
    await raised(Invalid, site.call("oa.workflow.status", {"request_id": "1"}))


async def test_decisions_come_by_signed_callback_and_by_poll_under_one_id(site: Site) -> None:
    ids = {}
    for key, decision in (("FHTZ-000011", "approve"), ("FHTZ-000012", "reject"), ("FHTZ-000013", "")):
        ids[key] = (await site.call("oa.workflow.create", asked(key))).answer["request_id"]
        if decision:
            await decide(site, ids[key], decision)
    urged = await site.call("oa.workflow.urge", {"request_id": ids["FHTZ-000013"], "remark": "请尽快"})
    assert urged.answer["urged"] == 1
    away = {"request_id": ids["FHTZ-000013"], "remark": "不再需要"}
    gone = await site.lost_and_again("oa.workflow.withdraw", away, "workflow.withdraw")
    assert gone.documents[0].status == "withdrawn"
    late = await raised(Refused, site.call("oa.workflow.urge", {"request_id": ids["FHTZ-000011"]}))
    assert late.vendor_code == "STATE_ERROR"
    await raised(Refused, site.call("oa.workflow.withdraw", {"request_id": ids["FHTZ-000011"]}))

    polled = {one.id: one for one in await site.events("oa", "change")}
    found = {(one.type, one.subject) for one in polled.values()}
    assert found >= {
        ("oa.workflow.created", "FHTZ-000011"),
        ("oa.workflow.approved", "FHTZ-000011"),
        ("oa.workflow.rejected", "FHTZ-000012"),
        ("oa.workflow.urged", "FHTZ-000013"),
        ("oa.workflow.withdrawn", "FHTZ-000013"),
    }
    decided = {key for key, one in polled.items() if one.type.rpartition(".")[2] not in ("created", "urged")}

    async def all_sent() -> bool:
        return {one.id for one in site.received("oa", "callbacks")} >= decided

    await eventually(all_sent)
    for one in site.received("oa", "callbacks"):
        assert one == polled[one.id]
        assert one.data["approver"]
    headers, body = site.hooks[0]
    now = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    with pytest.raises(NotAllowed):
        site.connectors["oa"].receive("callbacks", headers, body + b" ", now)


async def test_a_token_that_has_ended_is_fetched_anew(site: Site) -> None:
    await site.fault("oa", kind="ok_with_error", code="TOKEN_INVALID", match="workflow.create", count=1)
    assert (await site.call("oa.workflow.create", asked("FHTZ-000021"))).number
    await site.fault("oa", kind="ok_with_error", code="SYSTEM_BUSY", match="workflow.create", count=1)
    await raised(Unavailable, site.call("oa.workflow.create", asked("FHTZ-000022")))


async def test_the_feed_of_the_oa_goes_on_after_a_restart(site: Site) -> None:
    changes, cursor = await site.read("oa", "change")
    await site.call("oa.workflow.create", asked("FHTZ-000031"))
    await site.goes_on_after_a_restart("oa", "change", cursor, {change.id for change in changes})


async def test_a_text_message_is_sent_once_under_the_hubs_key(site: Site) -> None:
    message = {"to": "13800000000", "text": "您的订单已发货,预计 2 天到达"}
    sent = await site.lost_and_again("sms.message.send", message, "sms.send")
    key = {"X-Sms-Key": "sms-demo-key"}
    listed = await site.ask("GET", f"{site.ready['mail']['url']}/sms/v1/messages?to=13800000000", None, key)
    assert [one["text"] for one in listed["items"]] == [message["text"]]
    assert sent.number == listed["items"][0]["msgId"]
    own = listed["items"][0]["messageKey"]
    conflict = await raised(Refused, site.call("sms.message.send", {**message, "text": "other"}, own))
    assert conflict.vendor_code == "7"
    await raised(Invalid, site.call("sms.message.send", {**message, "text": "字" * 501}))
    assert [step.ok for step in (await site.connectors["sms"].check())[:3]] == [True, True, True]


async def test_a_mail_says_what_the_process_wrote_and_a_lost_one_waits_for_a_person(site: Site) -> None:
    mail = {"to": "buyer@example.com", "subject": "订单 XS-1 已发货", "text": "60 / 100 套", "language": "zh"}
    sent = await site.call("mail.message.send", mail)
    await site.fault("mail", kind="lost_reply", match="smtp.data", count=1)
    await raised(OutcomeUnknown, site.call("mail.message.send", {**mail, "subject": "lost"}))
    await site.fault("mail", kind="down", match="smtp.data", count=1)
    await raised(Unavailable, site.call("mail.message.send", mail))
    await raised(Invalid, site.call("mail.message.send", {**mail, "to": "nobody"}))
    key = {"X-Sms-Key": "sms-demo-key"}
    url = f"{site.ready['mail']['url']}/mail/v1/messages?to=buyer@example.com"
    items = (await site.ask("GET", url, None, key))["items"]
    assert [(one["subject"], one["text"].strip()) for one in items] == [
        (mail["subject"], mail["text"]),
        ("lost", mail["text"]),
    ]
    assert items[0]["messageId"].strip("<>") == str(sent.number).strip("<>")


async def test_a_cancelled_order_takes_no_progress_and_its_events_say_why(site: Site) -> None:
    url = f"{site.ready['crm']['url']}/api/v1/orders"
    body = {"account_no": "KH-0004", "lines": [{"model": "BX-F210", "quantity": "100"}]}
    made = await site.ask("POST", url, body, CRM_TOKEN)
    await site.ask("POST", f"{url}/{made['id']}/confirm", {}, CRM_TOKEN)
    less = {"lines": [{"line_no": 1, "quantity": "80"}], "reason": "less"}
    await site.ask("POST", f"{url}/{made['id']}/change", less, CRM_TOKEN)
    await site.ask("POST", f"{url}/{made['id']}/cancel", {"reason": "项目取消"}, CRM_TOKEN)
    number = made["order_no"]
    changes, cursor = await site.read("crm", "sales_order")
    assert [one.type for one in changes if one.subject == number] == [
        "crm.sales_order.confirmed",
        "crm.sales_order.changed",
        "crm.sales_order.cancelled",
    ]
    assert changes[1].data["before"] == {"1": "100"}
    assert [one.documents[0].lines[0].quantity for one in changes[:2]] == [Decimal(100), Decimal(80)]
    assert changes[2].documents[0].status == "cancelled"
    progress = {"order_no": number, "feedback": {"status": "processing"}}
    refused = await raised(Refused, site.call("crm.sales_order.feedback", progress))
    assert refused.vendor_code == "wrong_state"
    assert refused.vendor_text
    again = await site.ask("POST", url, body, CRM_TOKEN)
    await site.ask("POST", f"{url}/{again['id']}/confirm", {}, CRM_TOKEN)
    await site.goes_on_after_a_restart("crm", "sales_order", cursor, {one.id for one in changes})
