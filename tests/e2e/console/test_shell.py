"""Who signs in sees what they may do, in their language, and no more."""

from __future__ import annotations

import gzip
import re

import pytest
from playwright.sync_api import expect

from e2e.console.conftest import PATIENCE_MS, Visit
from tools import console

pytestmark = pytest.mark.needs("browser")

WORDS = {
    "zh": {"map": "系统全景", "trace": "单据联查", "dead": "异常单据", "other": "English"},
    "en": {"map": "System map", "trace": "Order trail", "dead": "Failed documents", "other": "中文"},
}


def test_sales_starts_at_the_search_and_has_no_menu_of_failed_documents(visit: Visit) -> None:
    words = WORDS[visit.language]
    visit.page.goto(visit.hub.url)
    expect(visit.page.locator("[data-ready=sign-in]")).to_be_visible()
    assert visit.findings() == []
    visit.keep("sign-in")
    visit.enter("sales")
    expect(visit.page).to_have_url(f"{visit.hub.url}/trace")
    menu = visit.page.get_by_role("navigation").first
    expect(menu).to_contain_text(words["trace"])
    expect(menu).not_to_contain_text(words["dead"])


def test_who_may_not_operate_sees_the_map_but_cannot_pause(chinese: Visit) -> None:
    chinese.enter("boss")
    expect(chinese.page).to_have_url(f"{chinese.hub.url}/")
    tile = chinese.page.locator("[data-system=erp]")
    expect(tile.get_by_role("button", name="暂停")).to_be_disabled()


def test_language_and_light_change_without_a_reload_and_are_remembered(chinese: Visit) -> None:
    visit = chinese
    visit.enter("it")
    first = visit.language
    second = "en" if first == "zh" else "zh"
    visit.page.evaluate("window.sameDocument = true")
    visit.page.locator("[data-action=language]").click()
    expect(visit.page.get_by_role("heading", name=WORDS[second]["map"], level=1)).to_be_visible()
    visit.page.locator("[data-action=mode]").click()
    expect(visit.page.locator("html")).to_have_attribute("data-mode", "dark")
    assert visit.page.evaluate("window.sameDocument") is True
    assert visit.page.evaluate("document.documentElement.lang").startswith(second)
    visit.page.reload()
    expect(visit.page.get_by_role("heading", name=WORDS[second]["map"], level=1)).to_be_visible()
    expect(visit.page.locator("html")).to_have_attribute("data-mode", "dark")
    expect(visit.page.locator("[data-ready=attention]")).to_be_visible()
    assert visit.findings() == []


def test_page_whose_code_does_not_come_says_so_and_comes_when_it_is_there_again(chinese: Visit) -> None:
    page = chinese.page
    chinese.enter("it")
    page.route("**/assets/SecretsPage*", lambda asked: asked.abort())
    page.locator("a[href='/secrets']").click()
    trouble = page.locator("[data-ready=page-trouble]")
    expect(trouble).to_contain_text("请刷新页面")
    page.unroute("**/assets/SecretsPage*")
    trouble.get_by_role("button").click()
    expect(page.get_by_role("heading", name="密钥", level=1)).to_be_visible()


def test_slash_leads_to_the_search_and_a_number_to_its_trail(chinese: Visit) -> None:
    chinese.enter("it")
    expect(chinese.page.locator("[data-ready=map]")).to_be_visible()
    chinese.page.keyboard.press("/")
    chinese.page.keyboard.type("SO-1001")
    chinese.page.keyboard.press("Enter")
    expect(chinese.page).to_have_url(re.compile(r"/trace/SO-1001$"))


def test_wrong_key_is_refused_and_the_right_one_lets_in_until_signed_out(chinese: Visit) -> None:
    chinese.page.goto(chinese.hub.url)
    key = chinese.page.locator("[data-ready=sign-in] input")
    key.fill("lst_wrong_key")
    key.press("Enter")
    expect(chinese.page.get_by_role("alert")).to_be_visible()
    key.fill(chinese.hub.factory.token)
    key.press("Enter")
    expect(chinese.page.locator("[data-action=user]")).to_contain_text("admin")
    chinese.page.locator("[data-action=user]").click()
    chinese.page.get_by_text("退出登录").click()
    expect(chinese.page.locator("[data-ready=sign-in]")).to_be_visible(timeout=PATIENCE_MS)
    assert [each for each in chinese.context.cookies() if each["name"] == "lineshaft_session"] == []


def test_address_that_is_no_page_says_so(chinese: Visit) -> None:
    chinese.enter("it")
    chinese.go("/no/such/page", "not-found")


@pytest.mark.needs("cjk-font")
def test_chinese_is_drawn_as_characters_not_as_boxes(chinese: Visit) -> None:
    chinese.page.goto(chinese.hub.url)
    heading = chinese.page.locator("h1")
    heading.wait_for()
    drawn = set()
    for character in "枢纽单据":
        heading.evaluate("(heading, text) => { heading.textContent = text }", character)
        drawn.add(heading.screenshot())
    assert len(drawn) == 4


def test_first_visit_stays_small(chinese: Visit) -> None:
    """All that the first page loads, as it travels compressed: 450 KB at most."""
    loaded: set[str] = set()
    chinese.page.on("request", lambda asked: loaded.add(asked.url))
    chinese.enter("it")
    expect(chinese.page.locator("[data-ready=attention]")).to_be_visible()
    names = {url.rpartition("/assets/")[2] for url in loaded if "/assets/" in url}
    assert names
    sizes = [len(gzip.compress((console.CONSOLE / "assets" / name).read_bytes())) for name in names]
    assert sum(sizes) < 450_000
