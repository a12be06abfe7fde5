"""Customers of the simulated CRM and ERP, and orders that are held, against real processes."""

from __future__ import annotations

from typing import Any

import pytest

from integration.plantbox.conftest import Plant, System, call, crm_order


@pytest.fixture(scope="module")
def crm(shared_plant: Plant, tmp_path_factory: pytest.TempPathFactory) -> System:
    return shared_plant.start("crm", tmp_path_factory.mktemp("crm"))


@pytest.fixture
def erp(plant: Plant, tmp_path: Any) -> System:
    return plant.start("erp", tmp_path, "--delivery", "notice")


def events(system: System, kind: str) -> list[dict[str, Any]]:
    rows = system.erp("Change.List", {"Limit": 2000})["Data"]["Rows"]
    return [each for each in rows if each["Kind"] == kind]


def asked(system: System, method: str, **body: Any) -> dict[str, Any]:
    answer = system.erp(method, body)
    assert answer["IsSuccess"], answer
    return dict(answer["Data"])


def audited(erp: System, customer: str = "C-10004") -> str:
    line = {"MaterialNo": "M-20004", "Qty": "10", "TaxPrice": "1000", "TaxRate": "13"}
    bill = asked(erp, "SalesOrder.Save", CustomerNo=customer, Lines=[line])["BillNo"]
    asked(erp, "SalesOrder.Submit", BillNo=bill)
    asked(erp, "SalesOrder.Audit", BillNo=bill)
    return str(bill)


def held(erp: System, bill: str) -> str | None:
    found: str | None = asked(erp, "SalesOrder.View", BillNo=bill)["HoldReason"]
    return found


def notices(erp: System, bill: str) -> list[str]:
    rows = asked(erp, "DispatchNotice.Query", OrderBillNo=bill)["Rows"]
    return [each["Status"] for each in rows]


def test_what_the_erp_says_of_an_account_is_kept_and_told_once(crm: System) -> None:
    crm.crm("POST", "accounts", {"account_no": "KH-T1", "name": "A", "yearly_amount": "1000001"})
    body = {"erp_no": "C-1", "erp_state": "linked", "credit_limit": "5000"}
    first = crm.crm("PUT", "accounts/KH-T1/feedback", body).json
    assert (first["changed"], first["erp_no"], first["credit_limit"]) == (True, "C-1", "5000")
    assert crm.crm("PUT", "accounts/KH-T1/feedback", body).json["changed"] is False
    told = [each["type"] for each in crm.crm("GET", "changes?limit=2000").json["items"]]
    assert told.count("account.told") == 1
    wrong = crm.crm("PUT", "accounts/KH-T1/feedback", {"erp_state": "lost"})
    assert wrong.status == 400
    page = call("GET", f"{crm.url}/customers?lang=en").raw.decode()
    assert "C-1" in page
    assert "In the ERP" in page


def test_an_order_of_the_crm_shows_why_its_shipments_are_held(crm: System) -> None:
    number = crm.crm("POST", "orders", crm_order()).json["order_no"]
    crm.crm("POST", f"orders/{number}/confirm", {})
    shown = crm.crm("PUT", f"orders/{number}/feedback", {"hold_reason": "超信用额度"}).json
    assert shown["hold"]["reason"] == "超信用额度"
    assert crm.crm("PUT", f"orders/{number}/feedback", {"hold_reason": None}).json["hold"] is None


def test_a_customer_is_saved_once_by_its_outer_code_and_only_changes_are_told(erp: System) -> None:
    body = {"Name": "新客户", "OuterCode": "KH-X", "TaxNo": "91X"}
    no = asked(erp, "Customer.Save", **body)["No"]
    assert asked(erp, "Customer.Save", **body)["No"] == no
    asked(erp, "Customer.Save", No=no, CreditLimit="100", Name="")
    rows = [(each["Event"], each["Data"]["Changed"]) for each in events(erp, "Customer")]
    assert rows == [("Created", ["Name", "OuterCode", "TaxNo", "Status"]), ("Changed", ["CreditLimit"])]
    assert asked(erp, "Customer.Query", No=no)["Rows"][0]["Name"] == "新客户", "no name is emptied"


def test_a_search_finds_by_code_tax_number_and_parts_of_a_name(erp: System) -> None:
    asked(erp, "Customer.Save", No="C-10002", TaxNo="91TAX")
    found = asked(erp, "Customer.Search", OuterCode="KH-0005", TaxNo="91TAX", NameParts=["澄江", "江汽"])
    assert [each["No"] for each in found["Rows"]] == ["C-10005", "C-10002", "C-10001"]
    assert asked(erp, "Customer.Search", NameParts=["没有"])["Rows"] == []


def test_a_further_code_stands_for_the_same_customer_and_never_for_two(erp: System) -> None:
    linked = asked(erp, "Customer.Link", No="C-10001", OuterCode="KH-Y")
    assert (linked["Leads"], linked["OuterCodes"]) == (False, ["KH-0001", "KH-Y"])
    assert asked(erp, "Customer.Link", No="C-10001", OuterCode="KH-Y")["AlreadyDone"]
    refused = erp.erp("Customer.Link", {"No": "C-10002", "OuterCode": "KH-Y"})
    assert (refused["IsSuccess"], refused["Code"]) == (False, "4017")
    codes = asked(erp, "CodeMap.Query", Kind="Customer", OuterCodes=["KH-Y", "KH-Z"])
    assert ([each["No"] for each in codes["Rows"]], codes["Missing"]) == (["C-10001"], ["KH-Z"])
    own = asked(erp, "Customer.Save", Name="手工客户")["No"]
    assert asked(erp, "Customer.Link", No=own, OuterCode="KH-W")["Leads"]


def test_both_list_the_customers_of_several_codes(crm: System, erp: System) -> None:
    asked(erp, "Customer.Link", No="C-10001", OuterCode="KH-V")
    found = asked(erp, "Customer.Query", OuterCodes=["KH-V", "KH-0003", "KH-Q"])["Rows"]
    assert [each["No"] for each in found] == ["C-10001", "C-10003"]
    accounts = crm.crm("GET", "accounts?account_nos=KH-0002,KH-0004,KH-000").json["items"]
    assert [each["account_no"] for each in accounts] == ["KH-0002", "KH-0004"]


def test_a_lower_limit_holds_the_younger_order_and_a_higher_one_frees_it(erp: System) -> None:
    asked(erp, "Customer.Save", No="C-10004", CreditLimit="50000")
    old, young = audited(erp), audited(erp)
    erp.admin("POST", "advance", {"hours": 2})
    assert notices(erp, young) == ["Created"]
    asked(erp, "Customer.Save", No="C-10004", CreditLimit="15000")
    assert held(erp, young) is None, "nothing is held before it is looked at"
    found = asked(erp, "Customer.ReviewCredit", CustomerNo="C-10004")
    reasons = {each["BillNo"]: each["HoldReason"] for each in found["Orders"]}
    assert reasons == {old: None, young: "超信用额度 ¥5,000.00"}
    assert notices(erp, young) == ["Cancelled"]
    erp.admin("POST", "advance", {"hours": 48})
    assert notices(erp, young) == ["Cancelled"], "nothing leaves while it is held"
    asked(erp, "Customer.ReviewCredit", CustomerNo="C-10004")
    asked(erp, "Customer.Save", No="C-10004", CreditLimit="20000")
    asked(erp, "Customer.ReviewCredit", CustomerNo="C-10004")
    erp.admin("POST", "advance", {"hours": 2})
    assert (held(erp, young), notices(erp, young)) == (None, ["Cancelled", "Created"])
    told = [each["Event"] for each in events(erp, "SalesOrder") if each["BillNo"] == young]
    assert told[-2:] == ["Held", "Freed"], "told once each"


def test_a_stopped_customer_ships_nothing_but_what_is_on_its_way(erp: System) -> None:
    going, waiting = audited(erp), audited(erp)
    erp.admin("POST", "advance", {"hours": 2})
    (notice,) = asked(erp, "DispatchNotice.Query", OrderBillNo=going)["Rows"]
    asked(erp, "DispatchNotice.Approve", BillNo=notice["BillNo"])
    asked(erp, "Customer.Save", No="C-10004", Status="Stopped")
    asked(erp, "Customer.ReviewCredit", CustomerNo="C-10004")
    assert (held(erp, going), held(erp, waiting)) == ("客户已停用", "客户已停用")
    assert (notices(erp, going), notices(erp, waiting)) == (["Approved"], ["Cancelled"])
    page = call("GET", f"{erp.url}/ui?lang=zh").raw.decode()
    assert "客户已停用" in page
