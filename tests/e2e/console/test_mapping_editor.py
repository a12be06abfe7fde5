"""Somebody who knows the fields, and no YAML, maps them in a table and sees what comes out (C15, E17)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from e2e.console.conftest import PATIENCE_MS, Visit
from e2e.programs import ROOT, wait_until

pytestmark = pytest.mark.needs("browser")

SHIPPED = ROOT / "src/lineshaft_packs/order_to_delivery/mappings/crm-sales-order.yaml"


def test_fields_are_mapped_in_a_table_and_tried_on_an_order_that_came_in(
    long_visit: Visit, tmp_path: Path
) -> None:
    visit = long_visit
    page, name = visit.page, f"order-{visit.language}"
    begin_a_draft(visit, name)
    open_the_table(visit, name)
    try_a_past_order(visit)
    see_a_mistake_at_its_cell(page)
    fill_a_field_from_the_source(page)
    add_to_a_value_map(page)
    assert visit.findings() == []
    visit.keep("mapping")
    take_it_through_excel(page, tmp_path)
    expect(page.locator("[data-save=saved]")).to_be_visible(timeout=PATIENCE_MS)
    kept = visit.hub.run(visit.hub.factory.hub("GET", f"/design/files/mappings/{name}.yaml", None))
    written = kept["draft"]["text"]
    assert "lost: cancelled" in written
    assert "sales_person:\n    value: record.account_name\n" in written
    assert "default: '\"EUR\"'" in written


def begin_a_draft(visit: Visit, name: str) -> None:
    # The order first, so that the hub has mapped a record of it.
    number = visit.hub.order()

    def arrived() -> bool:
        return bool(visit.hub.crm_order(number)["erp_no"])

    wait_until(arrived, 30, f"an ERP number of {number}")
    drawn = {"text": SHIPPED.read_text("utf-8"), "base": "", "removes": False}
    visit.hub.run(visit.hub.factory.hub("PUT", f"/drafts/mappings/{name}.yaml", drawn))


def open_the_table(visit: Visit, name: str) -> None:
    visit.enter("it")
    visit.go("/design", "design-files")
    visit.page.locator(f"[data-file='mappings/{name}.yaml']").click()
    expect(visit.page.locator("[data-ready=mapping]")).to_be_visible(timeout=PATIENCE_MS)
    # Every line is there, those of the order's lines too.
    expect(visit.page.locator("[data-field='lines[].quantity']")).to_be_visible()


def try_a_past_order(visit: Visit) -> None:
    page = visit.page
    page.locator("[data-action=sample]").click()
    page.locator(".ant-select-item-option").first.click()
    expect(page.locator("[data-ready=mapped]")).to_be_visible(timeout=PATIENCE_MS)
    number = json.loads(page.locator("[data-ready=mapped]").inner_text())["number"]
    expect(page.locator("[data-field=number] output")).to_have_text(number)
    expect(page.locator("[data-field='lines[].quantity'] output").first).to_have_text("20")


def see_a_mistake_at_its_cell(page: Page) -> None:
    currency = page.locator("[data-field='lines[].quantity'] input").nth(1)
    before = currency.input_value()
    currency.fill("number(line.quantity")
    currency.press("Enter")
    expect(page.locator("[data-field='lines[].quantity'] .decision-fault")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("[data-action=publish]")).to_be_disabled()
    currency.fill(before)
    currency.press("Enter")
    expect(page.locator(".decision-fault")).to_have_count(0, timeout=PATIENCE_MS)


def fill_a_field_from_the_source(page: Page) -> None:
    page.locator("[data-field=sales_person] input").nth(1).focus()
    page.locator("[data-source=account_name]").click()
    expect(page.locator("[data-field=sales_person] input").nth(1)).to_have_value(
        "record.account_name", timeout=PATIENCE_MS
    )
    expect(page.locator("[data-field=sales_person] output")).not_to_be_empty(timeout=PATIENCE_MS)


def add_to_a_value_map(page: Page) -> None:
    tabs = page.locator(".mapping-tables [role=tab]")
    tabs.nth(1).click()
    page.locator("[data-action=add-entry]").click()
    new = page.locator("[data-ready=value-maps] tbody tr").last
    new.locator("input").nth(1).fill("lost")
    new.locator("input").nth(2).fill("cancelled")
    new.locator("input").nth(2).press("Enter")
    expect(page.locator("[data-entry='order_status lost']")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator(".decision-fault")).to_have_count(0, timeout=PATIENCE_MS)
    tabs.nth(0).click()


def take_it_through_excel(page: Page, folder: Path) -> None:
    with page.expect_download() as loading:
        page.locator("[data-action=to-excel]").click()
    book = folder / loading.value.suggested_filename
    loading.value.save_as(book)
    opened = load_workbook(book)
    fields = opened["fields"]
    heads = [str(cell.value).split(" ")[0] for cell in fields[1]]
    [row] = [cells for cells in fields.iter_rows(min_row=2) if cells[0].value == "customer_name"]
    row[heads.index("default")].value = '"EUR"'
    opened.save(book)
    page.locator("input[type=file]").set_input_files(book)
    cell = page.locator("[data-field=customer_name] .mapping-outcome")
    expect(cell).to_contain_text('"EUR"', timeout=PATIENCE_MS)
