"""Returns, un-approval, red letters: what the ERP and finance take back, and what they refuse and why."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integration.plantbox.conftest import Plant, System, call, erp_order
from plantbox.erp import purchase_tables, tables


@pytest.fixture(scope="module")
def erp(shared_plant: Plant, tmp_path_factory: pytest.TempPathFactory) -> System:
    return shared_plant.start("erp", tmp_path_factory.mktemp("erp"), "--delivery", "instant", "--speed", "1")


@pytest.fixture(scope="module")
def finance(shared_plant: Plant, tmp_path_factory: pytest.TempPathFactory) -> System:
    return shared_plant.start("finance", tmp_path_factory.mktemp("finance"))


def data(erp: System, method: str, **body: Any) -> Any:
    answer = erp.erp(method, body)
    assert answer["IsSuccess"], answer
    return answer["Data"]


def refused(erp: System, method: str, **body: Any) -> tuple[str, str]:
    answer = erp.erp(method, body)
    assert not answer["IsSuccess"], answer
    return answer["Code"], answer["Message"]


def delivered(erp: System, source: str, qty: str, price: str = "10") -> tuple[str, str, str]:
    """Return order, delivery and material of an order that has left."""
    no = str(data(erp, "Material.Save", Name="试制件", Price=price, OnHand=qty)["No"])
    line = {
        "LineNo": 1,
        "SourceLineNo": "1",
        "MaterialNo": no,
        "Qty": qty,
        "TaxPrice": price,
        "TaxRate": "13",
    }
    bill = str(data(erp, "SalesOrder.Save", **erp_order(source, Lines=[line]))["BillNo"])
    data(erp, "SalesOrder.Submit", BillNo=bill)
    data(erp, "SalesOrder.Audit", BillNo=bill)
    (delivery,) = data(erp, "Delivery.Query", OrderBillNo=bill)["Rows"]
    return bill, str(delivery["BillNo"]), no


def back(request: str, delivery: str, qty: str) -> dict[str, Any]:
    lines = [{"DeliveryLineNo": 1, "Qty": qty}]
    return {"RequestSystem": "OA", "RequestNo": request, "DeliveryBillNo": delivery, "Lines": lines}


def test_a_return_raises_stock_by_what_came_in_and_is_worth_to_the_cent_what_was_delivered(
    erp: System,
) -> None:
    bill, delivery, no = delivered(erp, "R-1", "7", "0.3333")
    whole = data(erp, "SalesOrder.View", BillNo=bill)
    made = data(erp, "SalesReturn.Save", **back("OA-1", delivery, "7"), Reason="质量问题")
    assert (made["Status"], made["OrderBillNo"], made["RedLetters"]) == ("Open", bill, [])
    assert data(erp, "SalesReturn.Save", **back("OA-1", delivery, "7"))["AlreadyDone"] is True
    assert refused(erp, "SalesReturn.Save", **back("OA-1", delivery, "6"))[0] == "2010"
    assert data(erp, "Stock.Query", MaterialNo=no)["Rows"][0]["OnHand"] == "0"
    reds = []
    for key, qty in (("RK-1", "3"), ("RK-2", "4")):
        body = {"BillNo": made["BillNo"], "ExternalKey": key, "Lines": [{"LineNo": 1, "Qty": qty}]}
        reds.append(data(erp, "SalesReturn.Post", **body))
        assert data(erp, "SalesReturn.Post", **body)["RedBillNo"] == reds[-1]["RedBillNo"]
    assert len({each["RedBillNo"] for each in reds}) == 2
    for name in ("Amount", "TaxAmount", "AllAmount"):
        assert sum(Decimal(each[name]) for each in reds) == -Decimal(whole[name]), name
    assert data(erp, "Stock.Query", MaterialNo=no)["Rows"][0]["OnHand"] == "7"
    line = data(erp, "SalesOrder.View", BillNo=bill)["Lines"][0]
    assert (line["DeliveredQty"], line["ReturnedQty"]) == ("7", "7"), "the delivery stays what it was"
    view = data(erp, "SalesReturn.View", BillNo=made["BillNo"])
    assert (view["Status"], len(view["RedLetters"])) == ("Received", 2)
    rows = data(erp, "Change.List", Cursor=0, Limit=2000, Kinds=["SalesReturn"])["Rows"]
    mine = [(row["Event"], row["SourceBillNo"]) for row in rows if row["BillNo"] == made["BillNo"]]
    assert mine == [("Saved", "R-1"), ("PartlyReceived", "R-1"), ("Received", "R-1")]
    assert data(erp, "SalesReturn.Query", SourceBillNo="R-1")["Rows"][0]["BillNo"] == made["BillNo"]


def test_more_than_left_comes_never_back_and_the_refusal_says_how_much_could(erp: System) -> None:
    _, delivery, _ = delivered(erp, "R-2", "10")
    first = data(erp, "SalesReturn.Save", **back("OA-2", delivery, "6"))
    code, why = refused(erp, "SalesReturn.Save", **back("OA-3", delivery, "5"))
    assert (code, "可退数量 4" in why, "已发 10" in why) == ("4013", True, True)
    assert refused(erp, "SalesReturn.Save", **back("OA-4", "FH-999999", "1"))[0] == "4013"
    data(erp, "SalesReturn.Cancel", BillNo=first["BillNo"], Reason="客户撤回")
    second = data(erp, "SalesReturn.Save", **back("OA-3", delivery, "5"))
    posting = {"BillNo": second["BillNo"], "ExternalKey": "RK-3"}
    assert refused(erp, "SalesReturn.Post", **posting, Lines=[{"LineNo": 1, "Qty": "6"}])[0] == "4007"
    data(erp, "SalesReturn.Post", **posting, Lines=[{"LineNo": 1, "Qty": "2"}])
    assert refused(erp, "SalesReturn.Cancel", BillNo=second["BillNo"])[0] == "4014"
    assert data(erp, "SalesReturn.Cancel", BillNo=first["BillNo"])["AlreadyDone"] is True
    assert refused(erp, "SalesReturn.Post", BillNo=first["BillNo"], ExternalKey="RK-4",
                   Lines=[{"LineNo": 1, "Qty": "1"}])[0] == "2009"  # fmt: skip


def test_an_audit_says_how_often_it_was_taken_back_before(erp: System) -> None:
    erp.admin("PUT", "policy", {"delivery": "timed"})
    no = str(data(erp, "Material.Save", Name="试制件", Price="10", OnHand="5")["No"])
    line = {"LineNo": 1, "SourceLineNo": "1", "MaterialNo": no, "Qty": "5", "TaxPrice": "10", "TaxRate": "13"}
    bill = data(erp, "SalesOrder.Save", **erp_order("R-3", Lines=[line]))["BillNo"]
    for count in (0, 1):
        data(erp, "SalesOrder.Submit", BillNo=bill)
        assert data(erp, "SalesOrder.Audit", BillNo=bill)["UnAudits"] == count
        assert data(erp, "SalesOrder.UnAudit", BillNo=bill)["UnAudits"] == count + 1
    erp.admin("PUT", "policy", {"delivery": "instant"})


def posted(erp: System, key: str, number: str) -> tuple[str, dict[str, Any]]:
    """Return a received purchase order and its posted invoice."""
    line = {"LineNo": 1, "MaterialNo": "M-20051", "Qty": "10", "Price": "8", "TaxRate": "13"}
    order = data(erp, "PurchaseOrder.Save", SupplierNo="V-3001", Lines=[line])["BillNo"]
    data(erp, "PurchaseOrder.Audit", BillNo=order)
    data(erp, "PurchaseReceipt.Post", OrderBillNo=order, ExternalKey=f"RK-{key}",
         Lines=[{"MaterialNo": "M-20051", "Qty": "10"}])  # fmt: skip
    return order, data(erp, "PurchaseInvoice.Post", **invoice(order, key, number))


def invoice(order: str, key: str, number: str) -> dict[str, Any]:
    return {"OrderBillNo": order, "ExternalKey": key, "InvoiceNo": number, "Amount": "80.00",
            "TaxAmount": "10.40", "AllAmount": "90.40",
            "Lines": [{"OrderLineNo": 1, "Qty": "10"}]}  # fmt: skip


def test_an_invoice_is_taken_back_by_a_red_letter_and_may_then_be_posted_anew(erp: System) -> None:
    order, first = posted(erp, "FP-1", "N-1")
    assert refused(erp, "PurchaseInvoice.Post", **invoice(order, "FP-1/2", "N-1"))[0] == "4011"
    red = data(erp, "PurchaseInvoice.Reverse", BillNo=first["BillNo"], Reason="金额有误")
    assert (red["AllAmount"], red["Reverses"], red["Reason"]) == ("-90.40", first["BillNo"], "金额有误")
    again = data(erp, "PurchaseInvoice.Reverse", BillNo=first["BillNo"], Reason="金额有误")
    assert (again["BillNo"], again["AlreadyDone"]) == (red["BillNo"], True)
    assert refused(erp, "PurchaseInvoice.Reverse", BillNo=red["BillNo"], Reason="x")[0] == "2009"
    view = data(erp, "PurchaseOrder.View", BillNo=order)
    assert (view["Progress"], view["Lines"][0]["InvoicedQty"]) == ("Received", "0")
    (kept,) = data(erp, "PurchaseInvoice.Query", BillNo=first["BillNo"])["Rows"]
    assert (kept["AllAmount"], kept["Status"]) == ("90.40", "Reversed"), "what was posted stays as it was"
    second = data(erp, "PurchaseInvoice.Post", **invoice(order, "FP-1/2", "N-1"))
    # Whoever still knows the first posting pays the supplier's invoice, once.
    paid = data(erp, "PurchaseInvoice.Paid", BillNo=first["BillNo"], PaymentNo="ZF-1")
    assert (paid["BillNo"], paid["Progress"]) == (second["BillNo"], "Paid")
    code, why = refused(erp, "PurchaseInvoice.Reverse", BillNo=second["BillNo"], Reason="x")
    assert (code, "ZF-1" in why) == ("4015", True)


def test_a_payment_of_what_is_only_reversed_is_refused(erp: System) -> None:
    _, first = posted(erp, "FP-2", "N-2")
    data(erp, "PurchaseInvoice.Reverse", BillNo=first["BillNo"], Reason="重复")
    assert refused(erp, "PurchaseInvoice.Paid", BillNo=first["BillNo"], PaymentNo="ZF-2")[0] == "4015"


def test_a_receivable_is_credited_once_by_a_red_letter_and_never_beyond_itself(finance: System) -> None:
    def ask(method: str, path: str, body: Any = None) -> Any:
        url = f"{finance.url}/fin/v1/{path}"
        return call(method, url, body, {"Authorization": "Bearer finance-demo-token"}).json

    owed = {"document_no": "FH-1", "customer_code": "C-1", "amount": "100.00"}
    no = ask("POST", "receivables", owed)["data"]["no"]
    credit = {"credit_key": "HFH-1", "amount": "30.00", "reason": "退货"}
    made = ask("POST", f"receivables/{no}/credits", credit)["data"]
    assert (made["amount"], made["credited"], made["open"]) == ("100.00", "30.00", "70.00")
    again = ask("POST", f"receivables/{no}/credits", credit)["data"]
    assert (again["credit_no"], again["existing"]) == (made["credit_no"], True)
    other = ask("POST", f"receivables/{no}/credits", {**credit, "amount": "31.00"})
    assert other["error"]["code"] == "key_conflict"
    much = ask("POST", f"receivables/{no}/credits", {**credit, "credit_key": "HFH-2", "amount": "70.01"})
    assert much["error"]["code"] == "too_much"
    ask("POST", f"receivables/{no}/receipts", {"receipt_key": "SK-1", "amount": "70.00"})
    ask("POST", f"receivables/{no}/credits", {**credit, "credit_key": "HFH-2", "amount": "10.00"})
    (found,) = ask("GET", "receivables?document_no=FH-1")["data"]["items"]
    assert (found["open"], found["status"], len(found["credits"])) == ("-10.00", "refundable", 2)


@pytest.fixture
def former(tmp_path: Path) -> Path:
    """An ERP's file of the version before returns."""
    connection = sqlite3.connect(tmp_path / "erp.sqlite3")
    # Only what this version made differently; all else is there already.
    connection.executescript(
        tables.TABLES
        + purchase_tables.TABLES
        + """
ALTER TABLE sales_order DROP COLUMN un_audits;
DROP TABLE purchase_invoice;
CREATE TABLE purchase_invoice (
  bill_no TEXT PRIMARY KEY, order_no TEXT NOT NULL REFERENCES purchase_order (bill_no),
  supplier_no TEXT NOT NULL, invoice_no TEXT NOT NULL, external_key TEXT NOT NULL UNIQUE,
  amount TEXT NOT NULL, tax_amount TEXT NOT NULL, all_amount TEXT NOT NULL, lines TEXT NOT NULL,
  status TEXT NOT NULL, payment_no TEXT, posted_at TEXT NOT NULL, paid_at TEXT,
  UNIQUE (supplier_no, invoice_no));
CREATE INDEX purchase_invoice_order ON purchase_invoice (order_no);
INSERT INTO supplier VALUES ('V-1', 'V', NULL, 'Active');
INSERT INTO purchase_order VALUES ('CGDD-1', NULL, NULL, NULL, 'V-1', 'C', 'Invoiced', NULL, '80.00', '10.40',
  '90.40', 'CNY', '100', '2026-01-05', NULL, NULL, '', '');
INSERT INTO purchase_invoice VALUES ('CGFP-000001', 'CGDD-1', 'V-1', 'N-0', 'FP-0', '80.00', '10.40',
  '90.40', '[]', 'Posted', NULL, '2026-01-05T08:00:00+08:00', NULL);
"""
    )
    connection.close()
    return tmp_path


def test_a_file_of_an_earlier_version_is_lifted_with_its_invoices(plant: Plant, former: Path) -> None:
    for _ in range(2):
        erp = plant.start("erp", former)
        (kept,) = data(erp, "PurchaseInvoice.Query")["Rows"]
        assert (kept["BillNo"], kept["AllAmount"], kept["Reverses"]) == ("CGFP-000001", "90.40", None)
        assert erp.stop() == 0
