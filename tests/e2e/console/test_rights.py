"""What an administrator keeps in the console: roles of the firm's own, hooks' addresses, lists as files."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import expect

from e2e.console.conftest import PATIENCE_MS, Visit

pytestmark = pytest.mark.needs("browser")


@pytest.mark.proof
def test_role_of_the_firms_own_is_made_changed_and_removed(english: Visit) -> None:
    visit, page = english, english.page
    visit.enter("it")
    visit.go("/people", "people")
    page.get_by_role("tab", name="Roles").click()
    page.get_by_role("tab", name="Ways to sign in").click()
    methods = page.locator("[data-ready=sign-in-methods]")
    expect(methods).to_contain_text("Login and password", timeout=PATIENCE_MS)
    assert visit.findings() == []
    visit.keep("sign-in-methods")
    page.get_by_role("tab", name="Roles").click()
    page.locator("[data-action=add-role]").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Role code").fill("quality")
    dialog.get_by_label("Name in Chinese").fill("质量")
    dialog.get_by_label("Name in English").fill("Quality")
    dialog.get_by_role("checkbox", name="See tasks").check()
    dialog.get_by_role("radio", name="seen").first.check()
    assert visit.findings() == []
    visit.keep("role")
    dialog.get_by_role("button", name="Keep").click()
    row = page.locator("[data-ready=roles] tbody tr", has_text="Quality")
    expect(row).to_be_visible(timeout=PATIENCE_MS)
    page.locator("[data-change-role=quality]").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Role code")).to_be_disabled()
    dialog.get_by_label("Name in English").fill("Quality control")
    dialog.get_by_role("button", name="Keep").click()
    expect(row).to_contain_text("Quality control", timeout=PATIENCE_MS)
    page.locator("[data-remove-role=quality]").click()
    page.locator(".ant-popconfirm .ant-btn-primary").click()
    expect(row).to_be_hidden(timeout=PATIENCE_MS)


@pytest.mark.proof
def test_hook_is_limited_to_addresses_and_let_go(english: Visit) -> None:
    visit, page = english, english.page
    visit.enter("it")
    visit.go("/tokens", "tokens")
    page.get_by_label("System, or system/hook").fill("crm")
    page.get_by_label("Addresses or networks").fill("127.0.0.0/8")
    page.keyboard.press("Enter")
    page.locator("[data-action=keep-hook]").click()
    rules = page.locator("[data-ready=hook-rules]")
    expect(rules).to_contain_text("127.0.0.0/8", timeout=PATIENCE_MS)
    assert visit.findings() == []
    visit.keep("hooks")
    page.locator("[data-remove-hook=crm]").click()
    page.locator(".ant-popconfirm .ant-btn-primary").click()
    expect(rules).to_be_hidden(timeout=PATIENCE_MS)


@pytest.mark.proof
def test_list_comes_as_a_file(english: Visit, tmp_path: Path) -> None:
    visit, page = english, english.page
    visit.hub.order()
    visit.enter("it")
    visit.go("/instances", "instances")
    assert visit.findings() == []
    visit.keep("export")
    with page.expect_download() as fetched:
        page.locator("[data-action=export-instances]").get_by_role("button", name="Export").click()
    fetched.value.save_as(tmp_path / "list.xlsx")
    sheet = load_workbook(tmp_path / "list.xlsx").active
    assert sheet is not None
    assert sheet.cell(1, 1).value == "Document"
    assert sheet.max_row > 1
    page.locator("[data-action=export-instances]").get_by_role("button").last.click()
    with page.expect_download() as fetched:
        page.get_by_text("CSV (.csv)").click()
    assert fetched.value.suggested_filename.endswith(".csv")
    fetched.value.save_as(tmp_path / "list.csv")
    with (tmp_path / "list.csv").open(encoding="utf-8-sig", newline="") as file:
        assert next(csv.reader(file))[0] == "Document"
