"""The operator's other work: systems held, what waits for a code, what nobody knows the outcome of."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from e2e.console.conftest import PATIENCE_MS, Running, Visit
from e2e.programs import wait_until

pytestmark = pytest.mark.needs("browser")


def test_system_is_paused_and_resumed_with_a_reason(english: Visit) -> None:
    page = english.page
    english.enter("it")
    tile = page.locator("[data-system=crm]")
    for word, state in (("Pause", "paused"), ("Resume", "ok")):
        tile.get_by_role("button", name=word).click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Reason").fill("Stocktaking")
        dialog.get_by_role("button", name=word).click()
        expect(tile).to_have_attribute("data-state", state, timeout=PATIENCE_MS)
        expect(page.get_by_role("dialog")).to_have_count(0)
        if state == "paused":
            expect(tile).to_contain_text("Stocktaking")
            english.keep("map-paused")


@pytest.fixture(scope="module")
def troubled(running: Running) -> Iterator[tuple[str, str, str]]:
    """Leave a failed, a waiting and an unclear document behind; return their numbers, then put them right."""
    running.fault(kind="ok_with_error", match="SalesOrder.Save", code="2002", message="物料已停用", count=1)
    dead = running.order()
    parked, unclear = running.order("KH-0014"), running.order("KH-0014")
    ledger = sqlite3.connect(running.factory.folder / "hub" / "hub.db", timeout=10)

    def is_left(status: str, number: str) -> bool:
        query = "SELECT 1 FROM effect WHERE status = ? AND business_key = ?"
        return ledger.execute(query, (status, number)).fetchone() is not None

    for status, number in (("dead", dead), ("parked", parked), ("parked", unclear)):
        wait_until(lambda s=status, n=number: is_left(s, n), 20, f"{number} is {status}")  # type: ignore[misc]
    # No operation of this pack leaves its outcome open for long; so the ledger is told that this one did.
    ledger.execute(
        "UPDATE effect SET status = 'unknown', error_class = 'unknown', due_at = 253370764800000000"
        " WHERE status = 'parked' AND business_key = ?",
        (unclear,),
    )
    ledger.commit()
    ledger.close()
    yield dead, parked, unclear
    page = running.run(running.factory.hub("GET", "/dead-letters"))
    for letter in page["items"]:
        running.run(running.factory.hub("POST", f"/dead-letters/{letter['id']}/replay", {}))


def test_every_page_is_sound_in_both_languages(long_visit: Visit, troubled: tuple[str, str, str]) -> None:
    visit = long_visit
    dead = troubled[0]
    visit.enter("it")
    pages = [
        ("/", "attention", "map"),
        ("/dead-letters", "letters", "dead-letters"),
        ("/unknown", "outcomes", "unknown"),
        ("/unknown?tab=parked", "parked", "parked"),
        ("/bindings", "bindings", "bindings"),
    ]
    for path, ready, name in pages:
        visit.go(path, ready)
        visit.keep(name)
        assert visit.findings() == [], path
    visit.go("/dead-letters", "letters")
    visit.page.get_by_role("button", name=dead).click()
    expect(visit.page.locator("[data-ready=detail] pre")).to_be_visible()
    visit.keep("dead-letter")
    assert visit.findings() == []


def test_no_page_is_wider_than_a_telephone(english: Visit, troubled: tuple[str, str, str]) -> None:
    english.enter("it")
    english.page.set_viewport_size({"width": 390, "height": 844})
    pages = [
        ("/", "attention"),
        ("/board", "board"),
        ("/dead-letters", "letters"),
        ("/bindings", "bindings"),
        ("/releases", "release"),
        ("/tokens", "tokens"),
        ("/audit", "audit"),
    ]
    widths = {}
    for path, ready in pages:
        english.go(path, ready)
        widths[path] = english.page.evaluate("document.documentElement.scrollWidth")
    assert widths == dict.fromkeys(widths, 390)


def test_codes_that_are_missing_are_named_with_the_documents_that_wait(
    chinese: Visit, troubled: tuple[str, str, str]
) -> None:
    chinese.enter("it")
    chinese.go("/unknown?tab=parked", "parked")
    row = chinese.page.get_by_role("row").filter(has_text="客户 KH-0014")
    row.click()
    missing = chinese.page.locator("[data-ready=missing]")
    expect(missing.get_by_role("link", name=troubled[1])).to_be_visible()
    expect(missing.get_by_role("button", name="新建对照")).to_be_visible()


def test_unclear_outcome_is_decided_by_a_person_who_has_looked(
    chinese: Visit, troubled: tuple[str, str, str]
) -> None:
    page = chinese.page
    chinese.enter("it")
    chinese.go("/unknown", "outcomes")
    outcome = page.locator(f"[data-number='{troubled[2]}']")
    outcome.get_by_role("button", name="未执行，重新发送").click()
    dialog = page.get_by_role("dialog")
    send = dialog.get_by_role("button", name="未执行，重新发送")
    expect(send).to_be_disabled()
    dialog.get_by_role("checkbox").check()
    send.click()
    expect(outcome).to_have_count(0, timeout=PATIENCE_MS)
