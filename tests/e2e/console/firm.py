"""A whole firm behind the console: every simulated system, one hub, people who act in their systems."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from e2e.console.conftest import PATIENCE_MS, Running, Visit
from e2e.programs import ROOT, wait_until
from lineshaft.app.demo import staffing
from lineshaft.app.demo.factory import Plan
from lineshaft.app.demo.office import Office
from lineshaft.app.demo.stage import Stage
from lineshaft.app.demo.stations import PURCHASING, STAFFING, UPKEEP
from lineshaft.app.system_clock import SystemClock

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}
PLATE = ("GB-F2", "M-20051")
"""A board that is bought: its model, and the ERP's code."""
KIT = "M-20021"
"""What the workshop uses up, and the WMS warns of."""


class Firm(Running):
    """The factory of all packs, and its people."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            Plan(
                folder,
                port=0,
                systems=tuple(dict.fromkeys((*PURCHASING, *UPKEEP, *STAFFING))),
                # Machines stop when a test says so; shipments and requests are approved by hand.
                options={"mes": ("--stops", "off", "--webhook", ""), "oa": ("--approval", "manual")},
                # The days on the screens are those of whoever looks at them.
                start=f"{SystemClock().now().astimezone():%Y-%m-%d}T08:00:00+08:00",
                pack="manufacturing",
                hub_settings={
                    "engine.poll_s": "0.1",
                    "engine.retry_gaps_s": "[0.2, 0.3]",
                    "engine.check_gaps_s": "[0.5]",
                },
            )
        )
        self.office = Office(Stage(self.factory, patience_s=30))

    # -- purchasing ----------------------------------------------------------------------------------------

    def bought(self, key: str, quantity: str) -> tuple[dict[str, Any], str]:
        """Ask for boards, have it approved, wait for the order; the request and the order's number."""
        request, order = self.run(self.office.ordered(key, PLATE[0], quantity))
        return request, str(order["BillNo"])

    def supplied(self, order: str, in_days: int = 14) -> None:
        """The supplier confirms an order for a day and ships."""
        self.run(self.office.supplied(order, in_days))

    def received(self, order: str, quantity: str) -> None:
        """The warehouse takes goods in; they are posted in the ERP."""
        self.run(self.office.received(order, PLATE[1], quantity))

    def delivered(self, key: str, quantity: str) -> str:
        """Buy boards and take all of them in; the order's number."""
        _, order = self.bought(key, quantity)
        self.supplied(order)
        self.received(order, quantity)
        return order

    def invoiced(self, order: str, invoice_no: str, quantity: str, **how: str) -> dict[str, Any]:
        """Finance books an invoice as it was scanned."""
        found: dict[str, Any] = self.run(self.office.invoiced(order, invoice_no, quantity, **how))
        return found

    def requested(self, key: str, quantity: str, role: str) -> dict[str, Any]:
        """Ask for boards; the request once it lies with who must approve it."""
        request = self.run(self.office.requested(key, PLATE[0], quantity))
        found: dict[str, Any] = self.run(self.office.assigned(request, role))
        return found

    def approved(self, request: dict[str, Any]) -> str:
        """The approver agrees; the number of the order that follows."""
        self.run(self.office.decided(request, "approve", "同意"))
        wait_until(lambda: self.orders_of(request["requestNo"]), 30, "there is an order")
        return str(self.orders_of(request["requestNo"])[0]["BillNo"])

    def orders_of(self, source: str) -> list[dict[str, Any]]:
        """Return the audited orders that come from a request or a replenishment."""
        found = self.run(self.office.orders(source))
        return [each for each in found if each["DocumentStatus"] == "C"]

    def refill(self, material: str) -> dict[str, Any]:
        """Wait for the replenishment of a material; as the supplier's portal has it."""
        path = f"/replenishments?material={material}"
        wait_until(lambda: self.run(self.office.srm("GET", path)), 30, "there is a replenishment")
        found: dict[str, Any] = self.run(self.office.srm("GET", path))[0]
        return found

    def asked_about(self, order: str) -> list[dict[str, str]]:
        """Return what the open tasks about an order's goods say of its lines."""
        tasks = self.run(self.factory.hub("GET", "/tasks"))["items"]
        lines = [
            line
            for each in tasks
            if each["variables"].get("order_no") == order
            for line in each["variables"].get("lines", ())
        ]
        return [{name: str(line[name]) for name in ("received", "missing")} for line in lines]

    def invoice_is(self, booking: str, status: str) -> dict[str, Any]:
        """Wait until an invoice has a state in finance."""
        wait_until(
            lambda: self.run(self.office.invoice(booking))["status"] == status, 30, f"{booking} is {status}"
        )
        found: dict[str, Any] = self.run(self.office.invoice(booking))
        return found

    # -- maintenance ---------------------------------------------------------------------------------------

    def ticket_beside(self, known: set[str]) -> str:
        """Wait for a ticket that is not among those known; its number."""
        found: list[str] = []

        def is_there() -> bool:
            rows = self.run(staffing.itsm(self.factory, "GET", "/tickets"))
            found[:] = [each["number"] for each in rows if each["number"] not in known]
            return bool(found)

        wait_until(is_there, 30, "a ticket is there")
        return found[0]

    def ticket_is(self, number: str, state: str) -> dict[str, Any]:
        """Wait until a ticket has a state."""
        found: dict[str, Any] = {}

        def is_so() -> bool:
            found.update(self.run(staffing.itsm(self.factory, "GET", f"/tickets/{number}")))
            return bool(found["state"] == state)

        wait_until(is_so, 30, f"{number} is {state}")
        return found

    # -- human resources -----------------------------------------------------------------------------------

    def hired(self, post: str, dept: str) -> str:
        """Hire somebody who starts long after today; their number."""
        first = f"{SystemClock().now().astimezone() + timedelta(days=400):%Y-%m-%d}"
        body = {"post": post, "dept": dept, "firstDay": first}
        number = str(self.run(staffing.hrm(self.factory, "POST", "/staff", body))["staffNo"])
        self.run(staffing.hrm(self.factory, "POST", f"/staff/{number}/approve", {}))
        return number

    def chores(self, person: str, count: int) -> list[dict[str, Any]]:
        """Wait for what the OA has open for somebody."""
        found: list[dict[str, Any]] = []

        def are_there() -> bool:
            rows = self.run(
                staffing.oa(self.factory, "GET", "/api/oa/workflow/list?status=pending&count=2000")
            )["rows"]
            found[:] = [each for each in rows if each["businessKey"].startswith(f"{person}-")]
            return len(found) == count

        wait_until(are_there, 30, f"{count} to do for {person}")
        return found

    def chore(self, request: dict[str, Any], answer: str, remark: str) -> None:
        """Answer one of them: ``approve`` or ``reject``."""
        body = {"requestId": request["requestId"], "remark": remark}
        self.run(staffing.oa(self.factory, "POST", f"/api/oa/workflow/{answer}", body))

    def case_is(self, person: str, status: str) -> None:
        """Wait until somebody's case in the HRM has a status."""

        def is_so() -> bool:
            found = self.run(staffing.hrm(self.factory, "GET", f"/staff/{person}"))
            return bool(found["caseStatus"] == status)

        wait_until(is_so, 30, f"the case of {person} is {status}")

    def applications(self, order: str) -> list[dict[str, Any]]:
        """Return the payment applications for an order."""
        found: list[dict[str, Any]] = self.run(self.office.applications(order))
        return found


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    """A firm for the tests of one file: its processes would take time from others."""
    patch = pytest.MonkeyPatch()
    patch.setenv("PYTHONPATH", str(ROOT / "src"))
    found = Firm(tmp_path_factory.mktemp("firm") / "factory")
    found.start()
    yield found
    found.stop()
    patch.undo()


def as_role(visit: Visit, role: str) -> None:
    """Sign in as somebody else."""
    visit.context.clear_cookies()
    visit.enter(role)


def open_task(visit: Visit, words: str) -> None:
    """Open the task that says ``words`` from one's own inbox."""
    page = visit.page
    visit.go("/tasks", "inbox")
    row = page.locator(".inbox-line", has_text=words).first
    row.wait_for(timeout=PATIENCE_MS)
    row.click()
    page.locator("[data-ready=task]").wait_for(timeout=PATIENCE_MS)


def search_for(visit: Visit, number: str) -> None:
    """Look for a number in the bar on top, as from any page."""
    page = visit.page
    box = page.locator(".topbar input[type=search]")
    box.fill(number)
    box.press("Enter")
    page.locator("[data-ready=trail]").wait_for(timeout=PATIENCE_MS)


def choose(visit: Visit, field: str, label: str) -> None:
    """Choose a value in a form, as it is called on the screen."""
    visit.page.locator(f"#{field}").click()
    visit.page.locator(".ant-select-dropdown:visible .ant-select-item-option", has_text=label).first.click()


def table(visit: Visit, fact: str) -> list[list[str]]:
    """Return what a table of a task says, row by row."""
    rows = visit.page.locator(f"[data-fact={fact}] tbody tr")
    return [[cell.strip() for cell in row.locator("td").all_inner_texts()] for row in rows.all()]


def submit(visit: Visit) -> None:
    """Press the task's button and wait for the hub's word."""
    with visit.page.expect_response(lambda answer: answer.request.method == "POST" and "/acts" in answer.url):
        visit.page.locator("[data-act=approve]").click()


def looked_at(visit: Visit, name: str) -> None:
    """Hold the page against the rules of WCAG, see that it fits the screen, and keep a picture."""
    page = visit.page
    assert visit.findings() == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    visit.keep(name)
