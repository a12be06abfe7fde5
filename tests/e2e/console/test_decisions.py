"""Somebody who knows the firm's limits, and no DMN, changes one in a plain table and tries it."""

from __future__ import annotations

import gzip
import re

import pytest
from playwright.sync_api import expect

from e2e.console.conftest import PATIENCE_MS, Visit
from e2e.console.test_every_page import WEIGHT_MAX
from e2e.programs import ROOT
from tools import console

pytestmark = pytest.mark.needs("browser")

APPROVAL = ROOT / "src/lineshaft_packs/purchase_to_pay/decisions/purchase-approval.dmn"


def test_a_limit_is_changed_in_a_plain_table_and_tried(long_visit: Visit) -> None:
    visit = long_visit
    page, name = visit.page, f"limits-{visit.language}.dmn"
    # A model's own namespace: two of one release may not share it.
    text = re.sub(r'namespace="([^"]*)"', rf'namespace="\1/{visit.language}"', APPROVAL.read_text("utf-8"))
    drawn = {"text": text, "base": "", "removes": False}
    visit.hub.run(visit.hub.factory.hub("PUT", f"/drafts/decisions/{name}", drawn))
    visit.enter("it")
    visit.go("/design", "design-files")
    page.locator(f"[data-file='decisions/{name}']").click()
    expect(page.locator("[data-ready=decision]")).to_be_visible(timeout=PATIENCE_MS)
    first = page.locator("[data-rule='1'] input").first
    before = first.input_value()

    first.fill("< < 80000")
    first.press("Enter")
    expect(page.locator("[data-rule='1'] .decision-fault")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("[data-action=publish]")).to_be_disabled()
    first.fill("< 80000")
    first.press("Enter")
    expect(page.locator(".decision-fault")).to_have_count(0, timeout=PATIENCE_MS)
    page.locator(".decision-trial input").first.fill("79999")
    page.locator("[data-action=try]").first.click()
    expect(page.locator("[data-rule='1']")).to_have_class("is-lit", timeout=PATIENCE_MS)
    assert visit.findings() == []
    visit.keep("decision")
    the_same_model_is_drawn(visit)
    expect(page.locator("[data-save=saved]")).to_be_visible(timeout=PATIENCE_MS)
    kept = visit.hub.run(visit.hub.factory.hub("GET", f"/design/files/decisions/{name}", None))
    assert "80000" in kept["draft"]["text"]
    assert before not in kept["draft"]["text"].partition("</rule>")[0]
    assert "drawn by hand" in kept["draft"]["text"]
    assert "DMN/20230324/MODEL" in kept["draft"]["text"]


def the_same_model_is_drawn(visit: Visit) -> None:
    """Who knows DMN works on the very same file: requirements, tables, expressions."""
    page = visit.page
    page.locator(".decision-views .ant-segmented-item").nth(1).click()
    model = page.locator("[data-ready=dmn]")
    table = model.locator(".dmn-decision-table-container")
    expect(table).to_be_visible(timeout=PATIENCE_MS)
    # The version of the file is one that the drawing does not know by name: it is drawn all the same.
    expect(model.locator(".ant-alert-warning")).to_have_count(0)
    expect(page.locator(".bjs-powered-by, .powered-by").first).to_be_visible()
    visit.keep("decision-model")
    assert visit.findings() == []
    assert weight_of(visit) < WEIGHT_MAX
    cell = table.locator("tbody td.annotation [contenteditable]").first
    cell.click()
    cell.fill("drawn by hand")
    page.locator("h1").click()
    expect(page.locator("[data-save=dirty], [data-save=saving]")).to_be_visible()
    visit.keep("decision-drawn")
    page.locator(".decision-views .ant-segmented-item").nth(0).click()
    expect(page.locator("[data-rule='1']")).to_be_visible(timeout=PATIENCE_MS)


def weight_of(visit: Visit) -> int:
    """What the code and styles that this browser has loaded weigh, as they are sent."""
    names = visit.page.evaluate("performance.getEntriesByType('resource').map(each => each.name)")
    files = {
        console.CONSOLE / "assets" / each.rpartition("/assets/")[2] for each in names if "/assets/" in each
    }
    return sum(len(gzip.compress(each.read_bytes())) for each in files if each.suffix in (".js", ".css"))
