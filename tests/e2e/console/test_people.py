"""People in the console: added, given another department and role, and signing in with a phone's code."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from e2e.console.conftest import PATIENCE_MS, Visit
from e2e.console.signing import sign_in_first
from lineshaft.security import totp

pytestmark = pytest.mark.needs("browser")


@pytest.mark.proof
def test_person_is_added_changed_and_signs_in_with_a_phone(english: Visit) -> None:
    visit, page = english, english.page
    visit.enter("it")
    visit.go("/people", "people")
    page.locator("[data-action=add-user]").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Login").fill("zhao")
    dialog.get_by_label("Name", exact=True).fill("Zhao Min")
    dialog.get_by_role("button", name="Confirm").or_(dialog.get_by_role("button", name="OK")).click()
    first = page.locator("[data-ready=once]").inner_text(timeout=PATIENCE_MS)
    page.locator("[data-change=zhao]").click()
    dialog = page.get_by_role("dialog")
    assert visit.findings() == []
    dialog.get_by_label("Roles").click()
    page.keyboard.type("Audit")
    page.get_by_title("Auditor").click()
    dialog.get_by_label("Name", exact=True).fill("Zhao Ming")
    visit.keep("person")
    dialog.get_by_role("button", name="Confirm").or_(dialog.get_by_role("button", name="OK")).click()
    row = page.locator("[data-ready=users] tbody tr", has_text="zhao")
    expect(row).to_contain_text("Zhao Ming", timeout=PATIENCE_MS)
    expect(row).to_contain_text("Auditor")
    page.get_by_role("tab", name="Roles").click()
    expect(page.locator("[data-ready=roles]")).to_be_visible()
    visit.keep("roles")
    page.context.clear_cookies()
    # The person: their own password first, then the phone.
    page.goto(visit.hub.url)
    sign_in_first(visit, "zhao", first)
    page.locator("[data-action=user]").click()
    page.get_by_text("How I am told").click()
    told = page.locator("[data-ready=how-told]")
    expect(told.get_by_text("you have no address yet")).to_be_visible(timeout=PATIENCE_MS)
    visit.keep("how-told")
    assert visit.findings() == []
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    page.locator("[data-action=user]").click()
    page.get_by_text("Code of my phone").click()
    secret = page.get_by_role("dialog").locator("code").first.inner_text(timeout=PATIENCE_MS)
    visit.keep("phone-code")
    code = totp.code_at(secret, totp.step_at(datetime.now(UTC)))  # noqa: TID251 - the phone has a real clock
    page.get_by_role("dialog").get_by_label("Code of your phone").fill(code)
    page.get_by_role("dialog").get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("dialog").locator("[data-ready=once]")).to_be_visible(timeout=PATIENCE_MS)
    page.goto(f"{visit.hub.url}/audit")
    expect(page.locator("[data-ready=audit]")).to_contain_text("user.totp_on", timeout=PATIENCE_MS)
    page.get_by_label("To", exact=True).fill("2020-01-01T00:00")
    expect(page.locator("[data-ready=audit]")).to_be_hidden(timeout=PATIENCE_MS)
    page.get_by_label("To", exact=True).fill("")
    expect(page.locator("[data-ready=audit]")).to_be_visible(timeout=PATIENCE_MS)
    page.locator("[data-action=check-audit]").click()
    expect(page.locator("[data-ready=audit-sound]")).to_be_visible(timeout=PATIENCE_MS)
    assert visit.findings() == []
    visit.keep("audit")
