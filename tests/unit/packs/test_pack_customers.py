"""The pack customers on the bench: who goes to the ERP, who may be there already, credit, comparison."""

from __future__ import annotations

from typing import Any

import pytest

from lineshaft.app.packs import files_in, folder_of
from lineshaft.bpmn.testing import Task
from lineshaft.engine.flows.reading import read_flows
from lineshaft.mapping import read_mapping
from unit.packs.bench_hub import PackHub

PACK = "customers"
CREATE, LINK, FEEDBACK = "erp.customer.save", "erp.customer.link", "crm.account.feedback"


def account(**changes: Any) -> dict[str, Any]:
    """An account as the CRM shows it."""
    known = {
        "account_no": "KH-9", "name": "澄江汽车零部件有限公司", "city": "无锡", "phone": "0510-5550199",
        "owner": "林岚", "tax_no": "91320200ma1", "yearly_amount": "1000001.00", "payment_terms": None,
        "erp_no": None, "erp_state": None,
    }  # fmt: skip
    return {**known, **changes}


def customer(**changes: Any) -> dict[str, Any]:
    """A customer as the ERP shows it."""
    known = {
        "No": "C-1", "Name": "岭南车桥制造有限公司", "OuterCode": "KH-1", "OuterCodes": ["KH-1"],
        "TaxNo": None, "City": "佛山", "Phone": None, "PaymentTerms": None, "CreditLimit": "5000.00",
        "Status": "Active",
    }  # fmt: skip
    return {**known, **changes}


def selling(given: dict[str, Any], *there: dict[str, Any]) -> PackHub:
    """A hub between a CRM with one account and an ERP with some customers; the account was changed."""

    def saved(payload: dict[str, Any]) -> dict[str, Any]:
        return {"customer": customer(**{**payload["document"], "No": "C-2"})}

    def linked(payload: dict[str, Any]) -> dict[str, Any]:
        (found,) = [each for each in there if each["No"] == payload["customer_no"]]
        leads = found["OuterCode"] or payload["outer_code"]
        return {"customer": {**found, "OuterCode": leads}}

    def known(payload: dict[str, Any]) -> dict[str, Any]:
        return {"rows": [{"No": each["No"]} for each in there if payload["codes"][0] in each["OuterCodes"]]}

    hub = PackHub(
        {
            "crm.account.get": {"account": given},
            "erp.code_map.find": known,
            "erp.customer.view": lambda asked: {
                "customer": next(e for e in there if e["No"] == asked["customer_no"])
            },
            "erp.customer.search": {"rows": list(there)},
            CREATE: saved,
            LINK: linked,
        },
        PACK,
    )
    hub.event("crm.account.updated", {"account": given})
    return hub


def told(hub: PackHub) -> list[tuple[str, Any]]:
    """What the CRM was told of the account: state and number, in order."""
    said = [each["feedback"] for each in hub.of(FEEDBACK)]
    return [(each["erp_state"], each.get("erp_no")) for each in said]


def asked(hub: PackHub) -> Task:
    (task,) = hub.bench.tasks()
    return task


# -- who goes to the ERP -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("yearly", "goes"), [("999999.00", 0), ("1000000.00", 0), ("1000001.00", 1), (None, 0)]
)
def test_only_accounts_above_the_yearly_volume_go_to_the_erp(yearly: str | None, goes: int) -> None:
    hub = selling(account(yearly_amount=yearly))
    assert len(hub.of(CREATE)) == goes
    assert hub.run("customer-to-erp").state == "completed", hub.troubles


def test_an_account_goes_to_the_erp_cleaned_and_its_codes_are_bound() -> None:
    hub = selling(account(name=" 华东机电（集团）有限公司", tax_no="９1320200 ma1"))
    (made,) = hub.of(CREATE)
    assert made["document"] == {
        "OuterCode": "KH-9",
        "Name": "华东机电(集团)有限公司",
        "TaxNo": "91320200MA1",
        "City": "无锡",
        "Phone": "0510-5550199",
    }
    (bound,) = hub.of("hub.bind")
    assert (bound["type"], bound["system"], bound["id"], bound["ids"]) == (
        "customer", "erp", "C-2", {"crm": "KH-9"},
    )  # fmt: skip
    assert told(hub) == [("linked", "C-2")]
    assert hub.of(FEEDBACK)[0]["feedback"]["credit_limit"] == "5000.00"


def test_an_account_without_a_name_goes_back_with_the_reason() -> None:
    hub = selling(account(name=" "))
    assert hub.of(CREATE) == []
    (said,) = hub.of(FEEDBACK)
    assert said["feedback"]["erp_state"] == "rejected"
    assert "ERP 未接收" in said["feedback"]["erp_note"]


def test_what_the_erp_has_under_this_code_is_taken_as_it_is() -> None:
    hub = selling(account(yearly_amount=None), customer(OuterCode="KH-9", OuterCodes=["KH-9"]))
    assert hub.of(CREATE) == []
    assert [each["id"] for each in hub.of("hub.bind")] == ["C-1"]
    assert told(hub) == [("linked", "C-1")]


def test_an_account_that_is_in_the_erp_is_left_to_the_flow() -> None:
    hub = selling(account(erp_state="linked", erp_no="C-1"))
    assert hub.calls == [], "told of by an old event or a new one"
    hub.event("crm.account.created", {"account": account(erp_state=None)})
    assert hub.of("erp.customer.search") == [], "by now it is there"
    assert hub.run("customer-to-erp").state == "completed", hub.troubles


# -- who may be there already --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("theirs", "is_asked"),
    [
        ({"Name": "澄江汽车零部件有限公司"}, True),
        ({"Name": "无锡澄江汽配"}, True),
        ({"Name": "澄江(无锡)汽车零部件股份有限公司"}, True),
        ({"Name": "别的名称", "TaxNo": "91320200MA1"}, True),
        ({"Name": "岭南汽车零部件有限公司"}, False),
        ({"Name": "澄阳机械制造有限公司", "TaxNo": "91320200MA2"}, False),
        ({"Name": "Weishui Brake Systems Co., Ltd."}, False),
    ],
)
def test_the_same_tax_number_or_a_likely_name_is_asked_about_and_not_created(
    theirs: dict[str, Any], is_asked: bool
) -> None:
    hub = selling(account(), customer(**theirs))
    assert len(hub.bench.tasks()) == is_asked, hub.troubles
    assert len(hub.of(CREATE)) == (not is_asked)
    assert told(hub)[0][0] == ("waiting" if is_asked else "linked")


def test_english_names_are_held_against_each_other_without_legal_form() -> None:
    mine = account(name="Weishui Brake Systems Co., Ltd.", tax_no=None)
    assert asked(selling(mine, customer(Name="WEISHUI BRAKE"))).variables["customer_no"] == "C-1"
    assert selling(mine, customer(Name="Lingnan Axle Manufacturing Co., Ltd.")).bench.tasks() == []


def test_the_steward_sees_both_and_links_the_same_customer() -> None:
    hub = selling(account(), customer(No="C-7", Name="无锡澄江汽配", OuterCode=None, OuterCodes=[]))
    task = asked(hub)
    assert task.variables["name"] == "澄江汽车零部件有限公司"
    assert [(each["no"], each["name"]) for each in task.variables["candidates"]] == [("C-7", "无锡澄江汽配")]
    hub.bench.complete_task(task, {"decision": "same", "customer_no": "C-7"}, person="P-1")
    assert hub.of(LINK) == [{"customer_no": "C-7", "outer_code": "KH-9"}]
    assert hub.of(CREATE) == []
    assert told(hub) == [("waiting", None), ("linked", "C-7")]
    assert hub.run("customer-to-erp").state == "completed", hub.troubles


def test_an_account_linked_to_the_customer_of_another_one_shares_it() -> None:
    hub = selling(account(), customer(Name="澄江汽配"))
    hub.bench.complete_task(asked(hub), {"decision": "same", "customer_no": "C-1"}, person="P-1")
    assert told(hub)[-1] == ("shared", "C-1")


def test_another_customer_is_created_as_it_is_by_then() -> None:
    hub = selling(account(), customer(Name="澄江汽配"))
    hub.answers["crm.account.get"] = {"account": account(city="江阴")}
    hub.bench.complete_task(asked(hub), {"decision": "different"}, person="P-1")
    assert [each["document"]["City"] for each in hub.of(CREATE)] == ["江阴"]
    assert told(hub)[-1] == ("linked", "C-2")


def test_what_is_not_taken_goes_back_with_name_and_reason_and_comes_again_when_it_is_changed() -> None:
    hub = selling(account(), customer(Name="澄江汽配"))
    hub.bench.complete_task(asked(hub), {"decision": "reject", "remark": "税号有误"}, person="P-1")
    assert told(hub)[-1] == ("rejected", None)
    assert hub.of(FEEDBACK)[-1]["feedback"]["erp_note"] == "P-1: 税号有误"
    hub.event("crm.account.updated", {"account": account(erp_state="rejected")})
    assert len(hub.bench.tasks()) == 1


@pytest.mark.parametrize("step", [LINK, "hub.bind"])
def test_what_cannot_be_linked_is_asked_again_with_the_reason(step: str) -> None:
    hub = selling(account(), customer(Name="澄江汽配"))
    hub.refusals[step] = "外部编码 KH-9 已对应客户 C-3"
    hub.bench.complete_task(asked(hub), {"decision": "same", "customer_no": "C-1"}, person="P-1")
    assert asked(hub).variables["problem"] == "外部编码 KH-9 已对应客户 C-3"


def test_of_many_the_likeliest_are_shown_and_the_same_tax_number_first() -> None:
    many = [customer(No=f"C-{n}", Name=f"澄江{n}号汽配", OuterCodes=[f"KH-{n + 20}"]) for n in range(30)]
    assert len(asked(selling(account(), *many)).variables["candidates"]) == 10
    twin = customer(No="C-98", Name="别的名称", TaxNo="91320200MA1", OuterCodes=[])
    assert asked(selling(account(), *many, twin)).variables["customer_no"] == "C-98"


def test_the_steward_owns_the_question() -> None:
    hub = selling(account(), customer(Name="澄江汽配"))
    assert asked(hub).candidate_groups == ("steward", "it")


# -- each field under its owner ------------------------------------------------------------------------------


def test_the_crm_owns_who_a_customer_is_and_the_erp_on_what_terms_it_pays() -> None:
    files = files_in(folder_of(PACK))
    mappings = {m.name: m for m in (read_mapping(c, n) for n, c in files.items() if "mappings/" in n)}
    (flow,) = read_flows("customers.yaml", files["flows/customers.yaml"], mappings)
    assert flow.rules is not None
    shared = ("name", "tax_no", "city", "phone", "payment_terms")
    owners = {name: flow.rules.owner(name) for name in shared}
    assert owners == {"name": "crm", "tax_no": "crm", "city": "crm", "phone": None, "payment_terms": "erp"}
    assert flow.rules.conflict("phone") == "person"
    written = [(each.system, each.operation, each.create) for each in flow.targets]
    assert written == [("crm", "account.put", "account.tell"), ("erp", "customer.put", None)], (
        "the hub makes no account: it asks the CRM what it knows"
    )


# -- credit --------------------------------------------------------------------------------------------------


def changed(*names: str) -> dict[str, Any]:
    return {"BillNo": "C-1", "Data": {**customer(), "Changed": list(names)}}


def test_a_credit_limit_or_status_lets_orders_be_reviewed_and_every_account_is_told() -> None:
    credit = {"OuterCodes": ["KH-1", "KH-2"], "CreditLimit": "100.00", "Status": "Active"}
    hub = PackHub({"erp.customer.review_credit": {"credit": credit}}, PACK)
    hub.event("erp.customer.changed", changed("Name"))
    assert hub.calls == []
    hub.event("erp.customer.changed", changed("Status", "CreditLimit"))
    assert hub.of("erp.customer.review_credit") == [{"customer_no": "C-1"}]
    said = {"credit_limit": "100.00", "credit_status": "Active"}
    assert hub.of(FEEDBACK) == [
        {"account_no": "KH-1", "feedback": said},
        {"account_no": "KH-2", "feedback": said},
    ]


@pytest.mark.parametrize(
    ("event", "reason", "message"),
    [("held", "超信用额度 ¥1.00", "ERP 暂停发货:超信用额度 ¥1.00"), ("freed", None, "ERP 已恢复发货")],
)
def test_sales_reads_that_shipments_are_held_and_freed(event: str, reason: str | None, message: str) -> None:
    hub = PackHub({}, PACK)
    document = {"SourceSystem": "CRM", "SourceBillNo": "XS-1", "HoldReason": reason}
    hub.event(f"erp.sales_order.{event}", {"SourceBillNo": "XS-1", "Data": document})
    assert hub.of("crm.sales_order.feedback") == [
        {"order_no": "XS-1", "feedback": {"hold_reason": reason, "message": message}}
    ]


def test_an_order_cancelled_meanwhile_is_told_nothing() -> None:
    hub = PackHub({}, PACK)
    hub.refusals["crm.sales_order.feedback"] = "Order XS-1 is cancelled: it takes only a message."
    document = {"SourceSystem": "CRM", "SourceBillNo": "XS-1", "HoldReason": "x"}
    hub.event("erp.sales_order.held", {"SourceBillNo": "XS-1", "Data": document})
    assert hub.run("order-hold").state == "completed", hub.troubles


# -- the comparison ------------------------------------------------------------------------------------------


def comparing(accounts: list[dict[str, Any]], customers: list[dict[str, Any]]) -> PackHub:
    """A hub between two lists, compared once; the CRM gives its list one account a page."""

    def page(asked: dict[str, Any]) -> dict[str, Any]:
        if "account_nos" in asked:
            wanted = asked["account_nos"].split(",")
            return {"items": [each for each in accounts if each["account_no"] in wanted], "next_cursor": None}
        at = int(asked.get("cursor") or 0)
        more = str(at + 1) if at + 1 < len(accounts) else None
        return {"items": accounts[at : at + 1], "next_cursor": more}

    def rows(asked: dict[str, Any]) -> dict[str, Any]:
        wanted, start = asked.get("codes"), int(asked["start"])
        found = [c for c in customers if wanted is None or set(wanted) & set(c["OuterCodes"])]
        return {"rows": found[start : start + int(asked["limit"])]}

    hub = PackHub({"crm.account.list": page, "erp.customer.list": rows}, PACK)
    hub.bench.start("customer-compare", {})
    return hub


LINKED = {"erp_state": "linked", "erp_no": "C-1", "account_no": "KH-1"}
SAME = {"Name": "澄江汽车零部件有限公司", "TaxNo": "91320200MA1", "City": "无锡", "Phone": "0510-5550199"}


def test_equal_customers_ask_nobody() -> None:
    hub = comparing([account(**LINKED), account(account_no="KH-5")], [customer(**SAME)])
    assert hub.bench.tasks() == [], hub.troubles
    assert hub.run("customer-compare").state == "completed", hub.troubles


def test_what_differs_is_one_list_with_whose_value_counts() -> None:
    others = [
        account(**{**LINKED, "account_no": "KH-2", "erp_no": "C-2"}),
        account(**{**LINKED, "account_no": "KH-3", "erp_no": "C-9"}),
    ]
    there = [
        customer(**{**SAME, "Name": "旧名", "Phone": "1", "PaymentTerms": "月结"}),
        customer(No="C-3", OuterCode="KH-3", OuterCodes=["KH-3"], **SAME),
        customer(No="C-4", OuterCode="KH-4", OuterCodes=["KH-4"], **SAME),
    ]
    task = asked(comparing([account(**LINKED), *others], there))
    rows = [(each["account_no"], each["field"], each["owner"]) for each in task.variables["differences"]]
    assert rows == [
        ("KH-1", "name", "crm"),
        ("KH-1", "phone", ""),
        ("KH-1", "payment_terms", "erp"),
        ("KH-2", "code", ""),
        ("KH-3", "code", "erp"),
        ("KH-4", "code", ""),
    ]
    assert task.variables["count"] == len(rows)


def test_the_other_side_of_each_field_is_put_right_by_its_owner() -> None:
    hub = comparing(
        [account(**LINKED), account(**{**LINKED, "account_no": "KH-3", "erp_no": "C-9"})],
        [
            customer(**{**SAME, "Name": "旧名", "PaymentTerms": "月结"}),
            customer(No="C-3", OuterCode="KH-3", OuterCodes=["KH-3"], **SAME),
        ],
    )
    hub.bench.complete_task(asked(hub), {"decision": "align"}, person="P-1")
    assert hub.of(CREATE) == [{"document": {"No": "C-1", "Name": "澄江汽车零部件有限公司"}}]
    (put,) = hub.of("crm.account.put")
    assert (put["key"], put["changed"]) == ("KH-1", {"payment_terms": "月结"})
    assert hub.of(FEEDBACK) == [{"account_no": "KH-3", "feedback": {"erp_no": "C-3"}}]
    assert hub.run("customer-differences").state == "completed", hub.troubles


def test_a_later_comparison_takes_the_place_of_the_list_and_ends_it_where_all_is_equal() -> None:
    there = [customer(**{**SAME, "City": "旧"})]
    hub = comparing([account(**LINKED)], there)
    there[0] = customer(**{**SAME, "Name": "旧名"})
    hub.bench.start("customer-compare", {})
    assert [each["field"] for each in asked(hub).variables["differences"]] == ["name"]
    there[0] = customer(**SAME)
    hub.bench.start("customer-compare", {})
    assert hub.bench.tasks() == []
    assert {each.state for each in hub.runs("customer-differences")} == {"completed"}, hub.troubles


def test_many_customers_are_compared_page_by_page_and_the_list_has_an_end() -> None:
    many = [customer(No=f"C-{n}", OuterCode=f"KH-{n}", OuterCodes=[f"KH-{n}"], **SAME) for n in range(700)]
    hub = comparing([], many)
    task = asked(hub)
    assert (task.variables["count"], len(task.variables["differences"])) == (700, 500)
    assert [each["start"] for each in hub.of("erp.customer.list")] == [0, 0, 200, 400, 600]


def test_the_comparison_runs_every_night_at_two() -> None:
    hub = comparing([account(**LINKED)], [customer(**SAME)])
    before = len(hub.runs("customer-compare"))
    hub.bench.advance(days=2)
    assert len(hub.runs("customer-compare")) == before + 2
