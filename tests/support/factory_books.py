"""What the six systems of the sandbox factory hold, read from each and compared: once everywhere, or why not.

The hub is not asked here: each system's own database is.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from e2e.programs import rows
from lineshaft.app.demo.stations import IT_MAIL

Rows = list[tuple[Any, ...]]
QUERIES = {
    "crm": {
        "orders": "SELECT o.order_no, o.status, o.erp_no, a.account_no FROM orders o"
        " JOIN account a ON a.id = o.account_id WHERE o.status <> 'draft'",
        "lines": "SELECT o.order_no, l.line_no, l.quantity, l.status, l.shipped_quantity, l.gross_amount"
        " FROM order_line l JOIN orders o ON o.id = l.order_id WHERE o.status <> 'draft'",
        "writes": "SELECT count(*) FROM audit",
    },
    "erp": {
        "orders": "SELECT bill_no, source_bill_no, status, close_status, all_amount FROM sales_order",
        "order_lines": "SELECT o.bill_no, l.source_line_no, l.qty, l.delivered, l.all_amount"
        " FROM order_line l JOIN sales_order o ON o.id = l.order_id",
        "works": "SELECT bill_no, qty, finished, status, external_no FROM work_order",
        "operations": "SELECT work_order_no, seq, good FROM work_order_operation",
        "links": "SELECT plan_no, count(*) FROM work_order_link GROUP BY plan_no",
        "plans": "SELECT bill_no, status FROM plan",
        "postings": "SELECT kind, key, subject, qty, bill_no FROM posting",
        "notices": "SELECT n.bill_no, n.status, o.source_bill_no FROM dispatch_notice n"
        " JOIN sales_order o ON o.id = n.order_id",
        "notice_lines": "SELECT notice_no, line_no, qty, shipped FROM dispatch_line",
        "deliveries": "SELECT d.bill_no, o.source_bill_no FROM delivery d"
        " JOIN sales_order o ON o.id = d.order_id",
        "writes": "SELECT count(*) FROM audit",
    },
    "mes": {
        "works": "SELECT external_no, no, qty, completed, status FROM work_order",
        "operations": "SELECT w.external_no, o.seq, o.good FROM operation o"
        " JOIN work_order w ON w.id = o.work_id",
        "writes": "SELECT count(*) FROM report",
    },
    "wms": {
        "receipt_asks": "SELECT EXT_KEY, SOURCE_NO, QTY, STATUS FROM IN_RECEIPT",
        "shipment_asks": "SELECT EXT_KEY, LINE_NO, QTY, STATUS FROM IN_SHIPMENT",
        "issue_asks": "SELECT EXT_KEY, STATUS FROM IN_ISSUE",
        "receipts": "SELECT EXT_KEY, SOURCE_NO, QTY FROM OUT_RECEIPT WHERE DOC_TYPE = 'FG'",
        "shipments": "SELECT EXT_KEY, WMS_NO, LINE_NO, QTY FROM OUT_SHIPMENT",
        "writes": "SELECT (SELECT count(*) FROM IN_ISSUE) + (SELECT count(*) FROM OUT_LEDGER)",
    },
    "oa": {
        "requests": "SELECT business_key, status FROM request WHERE flow = 'FHSP'",
        "writes": "SELECT count(*) FROM log",
    },
    "mail": {
        # What the hub tells the IT team of a mail in doubt names the delivery too; it goes to no customer.
        "mails": f"SELECT subject, text FROM mail WHERE recipients <> '{IT_MAIL}'",
        "alerts": f"SELECT subject, text FROM mail WHERE recipients = '{IT_MAIL}'",
        "texts": "SELECT text, tries FROM sms",
        "writes": "SELECT (SELECT count(*) FROM mail) + (SELECT count(*) FROM sms)",
    },
}
UNKNOWN_CUSTOMER = "KH-0014"
IN_ERP = {"cancelled": ("E", None), "rejected": ("D", None), "shipped": ("C", "Closed")}
"""Which document and close status of the ERP an ended order of the CRM has."""


@dataclass(frozen=True, slots=True)
class Books:
    """The rows of each system, by its name and a word of ours."""

    found: dict[tuple[str, str], Rows]

    @classmethod
    def read(cls, folder: Path) -> Books:
        """Read all systems."""
        return cls(
            {
                (system, word): rows(folder / system / f"{system}.sqlite3", query)
                for system, queries in QUERIES.items()
                for word, query in queries.items()
            }
        )

    def of(self, system: str, word: str) -> Rows:
        """Return rows of one system."""
        return self.found[system, word]

    @property
    def writes(self) -> int:
        """How much has been done in all systems; it grows as long as anything goes on."""
        return sum(self.of(system, "writes")[0][0] for system in QUERIES)

    @property
    def held(self) -> set[str]:
        """Orders that wait for a reason: refused by the ERP's review, or of a customer without a code."""
        return {
            number
            for number, status, _, account in self.of("crm", "orders")
            if status == "rejected" or (account == UNKNOWN_CUSTOMER and status == "confirmed")
        }

    def is_settled(self) -> bool:
        """Tell whether every order of the CRM has ended or is held."""
        ended = {"shipped", "cancelled", "rejected"}
        held = self.held
        orders_ended = all(
            status in ended or number in held for number, status, *_ in self.of("crm", "orders")
        )
        return orders_ended and len(self.of("mail", "texts")) >= len(self.of("erp", "deliveries"))

    def figures(self) -> dict[str, int]:
        """How much there was, for the record."""
        return {
            "accepted": len(self.of("crm", "orders")),
            "shipped": sum(each[1] == "shipped" for each in self.of("crm", "orders")),
            "cancelled": sum(each[1] == "cancelled" for each in self.of("crm", "orders")),
            "held with a reason": len(self.held),
            "work orders": len(self.of("erp", "works")),
            "approvals": len(self.of("oa", "requests")),
            "deliveries": len(self.of("erp", "deliveries")),
            "mails": len(self.of("mail", "mails")),
            "alerts to the IT team": len(self.of("mail", "alerts")),
            "text messages": len(self.of("mail", "texts")),
        }

    def complaints(self, accepted: int) -> list[str]:
        """Return everything that is not once, or does not agree."""
        found = [] if len(self.of("crm", "orders")) == accepted else [f"crm: not {accepted} orders"]
        for part in (self._orders, self._production, self._receipts, self._dispatch, self._told):
            found += part()
        return found

    def mails_missing(self) -> list[str]:
        """Return the deliveries that no mail speaks of."""
        texts = [text for _, text in self.of("mail", "mails")]
        return [no for no, _ in self.of("erp", "deliveries") if not any(no in text for text in texts)]

    # -- orders: CRM and ERP ---------------------------------------------------------------------------------

    def _orders(self) -> Iterator[str]:
        bills: defaultdict[str, Rows] = defaultdict(list)
        for row in self.of("erp", "orders"):
            bills[row[1]].append(row)
        known = {row[0] for row in self.of("crm", "orders")}
        yield from (f"erp: {number} is of nobody" for number in bills.keys() - known)
        for number, status, erp_no, account in self.of("crm", "orders"):
            those = bills[number]
            if account == UNKNOWN_CUSTOMER or (status == "cancelled" and not those):
                if those:
                    yield f"{number}: expected no ERP order, but there is {those}"
                continue
            if len(those) != 1:
                yield f"{number} ({status}): expected one ERP order, but there are {len(those)}: {those}"
                continue
            (bill_no, _, erp_status, close, total) = those[0]
            if status != "cancelled" and erp_no != bill_no:
                yield f"{number}: the CRM names {erp_no}, the ERP {bill_no}"
            expected = {"cancelled": ("E", None), "rejected": ("D", None), "shipped": ("C", "Closed")}.get(
                status
            )
            if expected is None:
                yield f"{number}: it has not ended: CRM {status}, ERP {bill_no} {erp_status} {close}"
            elif expected[0] != erp_status or (expected[1] or close) != close:
                yield f"{number}: CRM {status}, but ERP {bill_no} {erp_status} {close}"
            if status in ("shipped", "rejected"):
                yield from self._lines(number, bill_no, Decimal(total))

    def _lines(self, number: str, bill_no: str, total: Decimal) -> Iterator[str]:
        """Compare the lines of one order and their sum, to the cent."""
        there = {
            source: (qty, delivered, amount)
            for bill, source, qty, delivered, amount in self.of("erp", "order_lines")
            if bill == bill_no
        }
        here = [row[1:] for row in self.of("crm", "lines") if row[0] == number]
        if len(here) != len(there):
            yield f"{number}: {len(here)} lines in the CRM, {len(there)} in the ERP"
        if sum(Decimal(gross) for *_, gross in here) != total:
            yield f"{number}: the lines of the CRM do not add up to the ERP's {total}"
        for line_no, quantity, status, shipped, gross in here:
            qty, delivered, amount = there.get(str(line_no), ("0", "0", "0"))
            pairs = ((quantity, qty), (shipped, delivered), (gross, amount))
            if any(Decimal(ours) != Decimal(theirs) for ours, theirs in pairs):
                yield f"{number} line {line_no} ({status}): CRM and ERP differ: {pairs}"

    # -- production: ERP and MES -----------------------------------------------------------------------------

    def _production(self) -> Iterator[str]:
        mes: defaultdict[str, Rows] = defaultdict(list)
        for row in self.of("mes", "works"):
            mes[row[0]].append(row)
        yield from (f"erp: plan {no} has {n} work orders" for no, n in self.of("erp", "links") if n != 1)
        linked = {no for no, _ in self.of("erp", "links")}
        for no, status in self.of("erp", "plans"):
            if status in ("Released", "Proposed") and no not in linked:
                yield f"erp: plan {no} ({status}) has no work order"
        works = {row[0]: row for row in self.of("erp", "works")}
        yield from (f"mes: {no} is of nobody" for no in mes.keys() - works.keys())
        for no, _, finished, status, external in works.values():
            there = mes[no]
            if status == "Cancelled":
                if any(row[4] != "cancelled" for row in there):
                    yield f"{no}: cancelled in the ERP, but {there} in the MES"
                continue
            if len(there) != 1:
                yield f"{no}: expected one MES order, but there are {len(there)}"
                continue
            (_, mes_no, _, completed, mes_status) = there[0]
            if (status, mes_status, external) != ("Finished", "completed", mes_no):
                yield f"{no}: ERP {status} as {external}, MES {mes_no} {mes_status}"
            if Decimal(finished) != Decimal(completed):
                yield f"{no}: the ERP has {finished} finished, the MES {completed}"
        good = {(no, seq): qty for no, seq, qty in self.of("erp", "operations")}
        for no, seq, qty in self.of("mes", "operations"):
            if works[no][3] == "Finished" and Decimal(good.get((no, seq), "0")) != Decimal(qty):
                yield f"{no} operation {seq}: MES {qty} good, ERP {good.get((no, seq))}"

    # -- goods in: MES, WMS, ERP -----------------------------------------------------------------------------

    def _receipts(self) -> Iterator[str]:
        yield from self._once("wms", "receipt_asks", 1)
        yield from self._once("wms", "receipts", 1)
        yield from self._once("wms", "issue_asks", 1)
        done = {
            no: completed for no, _, _, completed, status in self.of("mes", "works") if status == "completed"
        }
        received: Counter[str] = Counter()
        for _, source, qty in self.of("wms", "receipts"):
            received[source] += Decimal(qty)  # type: ignore[assignment]
        posted: Counter[str] = Counter()
        for kind, _, subject, qty, _ in self.of("erp", "postings"):
            if kind == "Finished":
                posted[subject] += Decimal(qty)  # type: ignore[assignment]
        for no in done.keys() | received.keys() | posted.keys():
            made = Decimal(done.get(no, "0"))
            if not made == received[no] == posted[no]:
                yield f"{no}: made {made}, received {received[no]}, posted {posted[no]}"

    def _once(self, system: str, word: str, columns: int) -> Iterator[str]:
        counts = Counter(row[:columns] for row in self.of(system, word))
        yield from (f"{system}: {word} {key}: {count} times" for key, count in counts.items() if count != 1)

    # -- goods out: ERP, OA, WMS -----------------------------------------------------------------------------

    def _dispatch(self) -> Iterator[str]:
        yield from self._once("wms", "shipment_asks", 2)
        yield from self._once("wms", "shipments", 3)
        asked = Counter(key for key, _ in self.of("oa", "requests"))
        status_of = dict(self.of("oa", "requests"))
        notices = {no: (status, source) for no, status, source in self.of("erp", "notices")}
        yield from (f"oa: {key} is of nobody" for key in asked.keys() - notices.keys())
        for no, (status, source) in notices.items():
            if status == "Cancelled":
                if asked[no] > 1:
                    yield f"{no}: cancelled, but asked {asked[no]} times"
            elif (asked[no], status_of.get(no), status) != (1, "approved", "Shipped"):
                yield f"{no} of {source}: ERP {status}, OA {asked[no]} × {status_of.get(no)}"
        left: Counter[tuple[str, int]] = Counter()
        for key, _, line, qty in self.of("wms", "shipments"):
            left[key, int(line)] += Decimal(qty)  # type: ignore[assignment]
        lines = {(no, line): (qty, shipped) for no, line, qty, shipped in self.of("erp", "notice_lines")}
        for key in lines.keys() | left.keys():
            qty, shipped = lines.get(key, ("0", "0"))
            wanted = left[key] if notices.get(key[0], ("",))[0] == "Cancelled" else Decimal(qty)
            if not Decimal(shipped) == left[key] == wanted:
                yield f"{key}: noticed {qty}, left {left[key]}, posted {shipped}"
        instructed = {(key, int(line)) for key, line, *_ in self.of("wms", "shipment_asks")}
        for key in lines.keys() - instructed:
            if notices[key[0]][0] != "Cancelled":
                yield f"{key}: never instructed to the WMS"
        keys = Counter(row[1] for row in self.of("erp", "postings") if row[0] == "Delivery")
        shipments = {row[1] for row in self.of("wms", "shipments")}
        if keys.keys() != shipments or len(self.of("erp", "deliveries")) != len(shipments):
            yield f"shipments {len(shipments)}, deliveries {len(self.of('erp', 'deliveries'))}: " + str(
                keys.keys() ^ shipments
            )

    # -- people ----------------------------------------------------------------------------------------------

    def _told(self) -> Iterator[str]:
        """One text message for each delivery; at most one mail (of one in doubt the hub must know)."""
        texts = [text for text, _ in self.of("mail", "texts")]
        mails = [text for _, text in self.of("mail", "mails")]
        for no, source in self.of("erp", "deliveries"):
            by_text, by_mail = sum(no in each for each in texts), sum(no in each for each in mails)
            if by_text != 1:
                yield f"{no} of {source}: {by_text} text messages"
            if by_mail > 1:
                yield f"{no} of {source}: {by_mail} mails"
        count = len(self.of("erp", "deliveries"))
        if len(texts) != count or len(mails) > count:
            yield f"{count} deliveries, {len(texts)} text messages, {len(mails)} mails"
