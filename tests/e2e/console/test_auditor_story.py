"""The auditor's story: who sent what again and why, whether the log is whole; and nothing to change."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from e2e.console.conftest import PATIENCE_MS, Running, Visit
from e2e.console.signing import add_person, sign_in_first
from e2e.programs import wait_until

pytestmark = pytest.mark.needs("browser")

REASON = "材料已恢复 The material is back"


def test_auditor_finds_who_sent_an_order_again_and_can_change_nothing(
    long_visit: Visit, tmp_path: Path
) -> None:
    visit = long_visit
    page, hub, login = visit.page, visit.hub, f"auditor-{visit.language}"
    letter, left = failed(hub), failed(hub)
    send_again(hub, letter)
    first = add_person(visit, login, "审计 Audit", "auditor")
    page.goto(hub.url)
    sign_in_first(visit, login, first)

    visit.go("/audit", "audit")
    search = page.locator("#content input[type=search]")
    search.nth(2).fill(letter)
    search.nth(2).press("Enter")
    lines = page.locator("[data-ready=audit] tbody tr.ant-table-row")
    expect(lines.first).to_contain_text("letters.repair", timeout=PATIENCE_MS)
    lines.first.locator(".ant-table-row-expand-icon").click()
    expect(page.locator("[data-ready=audit] pre").first).to_contain_text(REASON)
    page.locator("[data-action=check-audit]").click()
    expect(page.locator("[data-ready=audit-sound]")).to_be_visible(timeout=PATIENCE_MS)
    assert visit.findings() == []
    visit.keep("auditor")

    taken = exported(visit, tmp_path)
    assert any(letter in ",".join(row) for row in taken)

    # They see what runs, and how it was drawn; there is nothing to press that would change it.
    visit.go("/dead-letters?status=replayed", "letters")
    expect(page.locator("[data-ready=letters]")).to_be_visible()
    visit.go("/dead-letters", "letters")
    expect(page.get_by_role("checkbox")).to_have_count(0)
    visit.go("/people", "people")
    expect(page.locator("[data-action=add-user]")).to_have_count(0)
    visit.go("/design", "design-files")
    expect(page.locator("[data-action=new]")).to_have_count(0)
    visit.go("/", "attention")
    expect(page.locator("[data-system=erp] button[data-action]")).to_have_count(0)
    send_again(hub, left)


def failed(hub: Running) -> str:
    """Let an order fail; the id of its dead letter."""
    hub.fault(kind="ok_with_error", match="SalesOrder.Save", code="2002", message="物料已停用", count=1)
    number = hub.order()
    found: dict[str, Any] = {}

    def is_there() -> bool:
        page = hub.run(hub.factory.hub("GET", "/dead-letters"))
        found.update({each["business_key"]: each["id"] for each in page["items"]})
        return number in found

    wait_until(is_there, 30, f"{number} failed")
    return str(found[number])


def send_again(hub: Running, letter: str) -> None:
    hub.run(hub.factory.hub("POST", f"/dead-letters/{letter}/replay", {"reason": REASON}))


def exported(visit: Visit, folder: Path) -> list[list[str]]:
    """Take the log as a file."""
    page = visit.page
    page.locator("[data-action=export-audit]").get_by_role("button").last.click()
    with page.expect_download() as fetched:
        page.locator(".ant-dropdown-menu-item").last.click()
    fetched.value.save_as(folder / "audit.csv")
    with (folder / "audit.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))
