"""Suppliers' portal, finance, and the ERP's purchasing: their contracts, over real connections."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration.plantbox.conftest import Plant, System, call


@pytest.fixture(scope="module")
def systems(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, System]]:
    plant = Plant()
    folder: Path = tmp_path_factory.mktemp("purchasing")
    yield {name: plant.start(name, folder / name) for name in ("srm", "finance", "erp")}
    plant.end()


def srm(system: System, method: str, path: str, body: Any = None, key: str = "srm-demo-key") -> Any:
    return call(method, f"{system.url}/srm/v2/{path}", body, {"X-Srm-Key": key}).json


def finance(system: System, method: str, path: str, body: Any = None) -> Any:
    return call(
        method, f"{system.url}/fin/v1/{path}", body, {"Authorization": "Bearer finance-demo-token"}
    ).json


ORDER = {"customerOrderNo": "CG-1", "vendorCode": "GYS-001",
         "lines": [{"lineNo": 1, "material": "M-20051", "qty": "100", "price": "8"}]}  # fmt: skip


def test_portal_takes_an_order_once_and_ships_it_in_parts(systems: dict[str, System]) -> None:
    portal = systems["srm"]
    assert srm(portal, "GET", "vendors", key="wrong")["errorCode"] == "SRM.DENIED"
    made = srm(portal, "POST", "purchaseOrders/publish", ORDER)["result"]
    again = srm(portal, "POST", "purchaseOrders/publish", ORDER)["result"]
    assert (again["orderNo"], again["existing"]) == (made["orderNo"], True)
    other = {**ORDER, "vendorCode": "GYS-002"}
    assert srm(portal, "POST", "purchaseOrders/publish", other)["errorCode"] == "SRM.KEY_CONFLICT"
    no = made["orderNo"]
    note = {"orderNo": no, "noteKey": "N-1", "lines": [{"lineNo": 1, "qty": "60"}]}
    assert srm(portal, "POST", "deliveryNotes", note)["errorCode"] == "SRM.WRONG_STATE"
    assert srm(portal, "POST", f"purchaseOrders/{no}/confirm", {})["result"]["state"] == "confirmed"
    assert srm(portal, "POST", "deliveryNotes", note)["result"]["orderState"] == "partlyShipped"
    assert srm(portal, "POST", "deliveryNotes", note)["result"]["existing"] is True
    rest = srm(portal, "POST", "deliveryNotes", {"orderNo": no, "noteKey": "N-2"})["result"]
    assert (rest["orderState"], rest["lines"][0]["qty"]) == ("shipped", "40")
    kinds = [row["eventType"] for row in srm(portal, "GET", "changes")["result"]["rows"]]
    assert kinds == ["order.published", "order.confirmed", "delivery.shipped", "delivery.shipped"]
    assert b"CG-1" in call("GET", f"{portal.url}/").raw


def test_finance_pays_an_invoice_once_and_only_what_somebody_else_approved(
    systems: dict[str, System],
) -> None:
    books = systems["finance"]
    line = {"po_line": 1, "material": "M-1", "quantity": "3", "price": "0.3333", "tax_rate": "13"}
    body = {"scan_key": "S-1", "invoice_no": "77", "supplier_code": "V", "po_no": "CG-1", "lines": [line]}
    invoice = finance(books, "POST", "invoices", body)["data"]
    assert (invoice["net"], invoice["tax"], invoice["gross"]) == ("1.00", "0.13", "1.13")
    assert finance(books, "POST", "invoices", body)["data"]["existing"] is True
    second = finance(books, "POST", "invoices", {**body, "scan_key": "S-2"})["data"]
    apply = {"application_key": invoice["id"], "invoice_id": invoice["id"], "po_no": "CG-1",
             "receipts": ["R-1"], "amount": "1.13", "applicant": "采购"}  # fmt: skip
    assert finance(books, "POST", "payment-applications", apply)["error"]["code"] == "wrong_state"
    for each in (invoice, second):
        finance(books, "POST", f"invoices/{each['id']}/status", {"status": "matched"})
    too_much = {**apply, "amount": "1.14"}
    assert finance(books, "POST", "payment-applications", too_much)["error"]["code"] == "too_much"
    made = finance(books, "POST", "payment-applications", apply)["data"]
    assert finance(books, "POST", "payment-applications", apply)["data"]["existing"] is True
    twice = {**apply, "application_key": second["id"], "invoice_id": second["id"]}
    assert finance(books, "POST", "payment-applications", twice)["error"]["code"] == "applied_already"
    path = f"payment-applications/{made['no']}"
    assert finance(books, "POST", f"{path}/pay", {})["error"]["code"] == "wrong_state"
    assert finance(books, "POST", f"{path}/approve", {"approver": "采购"})["error"]["code"] == "same_person"
    finance(books, "POST", f"{path}/approve", {"approver": "财务经理"})
    paid = [finance(books, "POST", f"{path}/pay", {})["data"]["payment_no"] for _ in range(2)]
    assert paid[0] == paid[1]
    assert len(finance(books, "GET", "payments")["data"]["items"]) == 1


def test_finance_takes_money_in_once_and_never_more_than_is_open(systems: dict[str, System]) -> None:
    books = systems["finance"]
    owed = {"document_no": "XS-1", "customer_code": "C-1", "amount": "100.00"}
    no = finance(books, "POST", "receivables", owed)["data"]["no"]
    for _ in range(2):
        part = finance(books, "POST", f"receivables/{no}/receipts", {"receipt_key": "A", "amount": "40"})
        assert part["data"]["open"] == "60.00"
    over = finance(books, "POST", f"receivables/{no}/receipts", {"receipt_key": "B", "amount": "61"})
    assert over["error"]["code"] == "too_much"
    rest = finance(books, "POST", f"receivables/{no}/receipts", {"receipt_key": "C", "amount": "60"})
    assert rest["data"]["status"] == "settled"


def test_erp_posts_receipts_and_invoices_of_a_purchase_once(systems: dict[str, System]) -> None:
    erp = systems["erp"]
    line = {"LineNo": 1, "SourceLineNo": "1", "MaterialNo": "M-20051", "Qty": "100", "Price": "8"}
    wanted = {"SupplierNo": "V-3001", "SourceSystem": "OA", "SourceBillNo": "OA-1", "Lines": [line]}
    order = erp.erp("PurchaseOrder.Save", wanted)["Data"]
    assert (order["Amount"], order["TaxAmount"], order["AllAmount"]) == ("800.00", "104.00", "904.00")
    no = order["BillNo"]
    receipt = {"OrderBillNo": no, "ExternalKey": "R-1", "Lines": [{"MaterialNo": "M-20051", "Qty": "60"}]}
    assert erp.erp("PurchaseReceipt.Post", receipt)["Code"] == "2009"
    erp.erp("PurchaseOrder.Audit", {"BillNo": no})
    before = int(erp.erp("Stock.Query", {"MaterialNo": "M-20051"})["Data"]["Rows"][0]["OnHand"])
    posted = [erp.erp("PurchaseReceipt.Post", receipt)["Data"] for _ in range(2)]
    assert [each["AlreadyDone"] for each in posted] == [False, True]
    after = int(erp.erp("Stock.Query", {"MaterialNo": "M-20051"})["Data"]["Rows"][0]["OnHand"])
    assert after - before == 60
    assert erp.erp("PurchaseOrder.View", {"BillNo": no})["Data"]["Progress"] == "PartlyReceived"
    assert erp.erp("PurchaseOrder.Cancel", {"BillNo": no})["Code"] == "4005"
    invoice = {"OrderBillNo": no, "ExternalKey": "F-1", "InvoiceNo": "77", "Amount": "480.00",
               "TaxAmount": "62.40", "AllAmount": "542.40",
               "Lines": [{"OrderLineNo": 1, "Qty": "60"}]}  # fmt: skip
    bill = erp.erp("PurchaseInvoice.Post", invoice)["Data"]["BillNo"]
    assert erp.erp("PurchaseInvoice.Post", invoice)["Data"]["AlreadyDone"] is True
    assert erp.erp("PurchaseInvoice.Post", {**invoice, "ExternalKey": "F-2"})["Code"] == "4011"
    paid = {"BillNo": bill, "PaymentNo": "ZF-1"}
    assert [erp.erp("PurchaseInvoice.Paid", paid)["Data"]["AlreadyDone"] for _ in range(2)] == [False, True]
    assert erp.erp("PurchaseInvoice.Paid", {**paid, "PaymentNo": "ZF-2"})["Code"] == "4012"
    unknown = {"SupplierNo": "V-9", "Lines": [line]}
    assert erp.erp("PurchaseOrder.Save", unknown)["Code"] == "3003"
    assert no.encode() in call("GET", f"{erp.url}/ui/purchases").raw
    assert no.encode() in call("GET", f"{erp.url}/ui/purchases/{no}").raw
