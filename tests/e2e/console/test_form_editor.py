"""New files are begun without a word of XML, YAML or JSON: a form, a mapping, a decision table (E3)."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from e2e.console.conftest import PATIENCE_MS, Visit

pytestmark = pytest.mark.needs("browser")


def begin(visit: Visit, kind: int, name: str, **records: str) -> None:
    """Begin a file of the kind at that place of the dialog."""
    page = visit.page
    visit.go("/design", "design-files")
    page.locator("[data-action=new]").click()
    dialog = page.get_by_role("dialog")
    dialog.locator(".ant-segmented-item").nth(kind).click()
    dialog.locator("#name").fill(f"试验 Trial {visit.language}")
    dialog.locator("#id").fill(name)
    for field, value in records.items():
        dialog.locator(f"#{field}").fill(value)
    dialog.locator(".ant-btn-primary").click()


def test_form_is_made_field_by_field_and_seen_as_the_inbox_shows_it(long_visit: Visit) -> None:
    visit = long_visit
    page, name = visit.page, f"trial-{visit.language}"
    visit.enter("it")
    begin(visit, 2, name)
    expect(page.locator("[data-ready=form]")).to_be_visible(timeout=PATIENCE_MS)

    add_part(visit, "number")
    panel = page.locator("[data-ready=component]")
    panel.locator(".form-labelled").nth(1).locator("input").fill("金额 Amount")
    panel.locator("input.mono").first.fill("amount")
    panel.get_by_role("checkbox").first.check()
    panel.get_by_role("spinbutton").last.fill("100")
    add_part(visit, "select")
    panel.locator(".form-labelled").nth(1).locator("input").fill("结果 Result")
    panel.locator("input.mono").first.fill("result")
    for number, (code, words) in enumerate((("yes", "同意 Approve"), ("no", "不同意 Refuse")), 1):
        panel.locator("[data-action=add-choice]").click()
        row = panel.locator(f"[data-choice='{number}']")
        row.locator("input").nth(0).fill(code)
        row.locator("input").nth(1).fill(words)

    preview = page.locator("[data-ready=preview]")
    amount = {"zh": "金额", "en": "Amount"}[visit.language]
    expect(preview).to_contain_text(amount, timeout=PATIENCE_MS)
    expect(preview.locator(".ant-form-item-required").first).to_contain_text(amount)
    assert visit.findings() == []
    visit.keep("form-editor")
    expect(page.locator("[data-save=saved]")).to_be_visible(timeout=PATIENCE_MS)
    kept = visit.hub.run(visit.hub.factory.hub("GET", f"/design/files/forms/{name}.form", None))
    heading, *fields = json.loads(kept["draft"]["text"])["components"]
    assert heading["text"] == f"# 试验 Trial {visit.language}"
    assert fields == [
        {
            "type": "number", "key": "amount", "label": "金额 Amount",
            "validate": {"required": True, "max": 100},
        },
        {
            "type": "select", "key": "result", "label": "结果 Result",
            "values": [
                {"value": "yes", "label": "同意 Approve"}, {"value": "no", "label": "不同意 Refuse"},
            ],
        },
    ]  # fmt: skip


def add_part(visit: Visit, kind: str) -> None:
    page = visit.page
    page.locator("[data-action=add-part]").click()
    page.locator(f".ant-dropdown-menu-item[data-menu-id$='-{kind}']").click()
    expect(page.locator("[data-ready=component]")).to_be_visible()


def test_mapping_and_decision_begin_with_a_name_and_open_in_their_editors(english: Visit) -> None:
    page = english.page
    english.enter("it")
    begin(english, 1, "trial-map", **{"from": "crm.sales_order", "to": "sales_order"})
    expect(page.locator("[data-ready=mapping]")).to_be_visible(timeout=PATIENCE_MS)
    # What the target has is offered with what may be meant, and taken by a click.
    page.locator(".mapping-tables [role=tab]").nth(2).click()
    page.locator("[data-offer='number order_no']").click(timeout=PATIENCE_MS)
    page.locator(".mapping-tables [role=tab]").nth(0).click()
    expect(page.locator("[data-field=number] input").nth(1)).to_have_value(
        "record.order_no", timeout=PATIENCE_MS
    )
    begin(english, 3, "trial-table")
    expect(page.locator("[data-ready=decision]")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("[data-rule='1']")).to_be_visible()
    for kind, name in (("mappings", "trial-map.yaml"), ("decisions", "trial-table.dmn")):
        path = f"/drafts/{kind}/{name}"
        found = english.hub.run(english.hub.factory.hub("GET", f"/design/files/{kind}/{name}", None))
        assert "Trial en" in found["draft"]["text"], path
