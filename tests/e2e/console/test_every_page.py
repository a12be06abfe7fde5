"""Every page of the console, by its address: found sound (WCAG A and AA), light enough, without a complaint.

The addresses are read from the console's own list, so a new page is looked at from its first day. Chinese in
the light and English in the dark are looked at with every run; the other two with the long ones.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import pytest
from playwright.sync_api import Browser, expect

from e2e.console.conftest import PATIENCE_MS, Running, Visit, visiting
from e2e.programs import ROOT, wait_until
from tools import console

pytestmark = [pytest.mark.needs("browser"), pytest.mark.timeout(240)]

WEIGHT_MAX = 950_000
"""Of all code and styles that a page loads when it is the first, in bytes as they are sent."""
CODE = (".js", ".css")
BUSY = "#content .ant-skeleton, #content .ant-spin-spinning"


@dataclass(frozen=True)
class Look:
    """A visit in one language and light, and what stands for the parameters of addresses."""

    visit: Visit
    mode: str
    parameters: dict[str, str]


@pytest.fixture(scope="module")
def parameters(running: Running) -> dict[str, str]:
    """One thing of each kind that an address can name."""
    number = running.order()
    found: dict[str, str] = {}

    def there() -> bool:
        page = running.run(running.factory.hub("GET", f"/instances?business_key={number}"))
        found.update(instance=page["items"][0]["id"] if page["items"] else "")
        return bool(found["instance"])

    wait_until(there, 30, f"a run of {number}")
    return {
        "/systems/:name": "/systems/erp",
        "/tasks/:instance/:token": f"/tasks/{found['instance']}/1",
        "/trace/:number": f"/trace/{number}",
        "/processes/:id/stats": "/processes/order-to-delivery/stats",
        "/processes/:id/review": "/processes/order-to-delivery/review",
        "/requests/:process": "/requests/none",
        "/flows/:name": "/flows/none",
        "/instances/:id": f"/instances/{found['instance']}",
        "/dead-letters/:id": "/dead-letters/none",
        "/design/processes/:name": "/design/processes/order-to-delivery.bpmn",
        "/design/decisions/:name": "/design/decisions/none.dmn",
        "/design/systems/:name": "/design/systems/erp.yaml",
        "/design/forms/:name": "/design/forms/quality-decision.form",
        "/design/mappings/:name": "/design/mappings/crm-sales-order.yaml",
    }


@pytest.fixture(
    params=[
        "zh-CN light",
        "en-GB dark",
        pytest.param("zh-CN dark", marks=pytest.mark.proof),
        pytest.param("en-GB light", marks=pytest.mark.proof),
    ]
)
def look(
    request: pytest.FixtureRequest, browser: Browser, running: Running, parameters: dict[str, str]
) -> Iterator[Look]:
    locale, _, mode = request.param.partition(" ")
    for visit in visiting(browser, running, locale):
        visit.context.add_init_script(f"localStorage.setItem('lineshaft.mode', '{mode}')")
        yield Look(visit, mode, parameters)


def test_every_page_is_sound_light_and_silent(look: Look) -> None:
    visit = look.visit
    visit.enter("it")
    wrong: dict[str, object] = {}
    for pattern in addresses():
        path = look.parameters.get(pattern, pattern)
        assert ":" not in path, f"{pattern}: say in this test what stands for its parameters"
        weight = _weight_of(visit, path)
        _settled(visit)
        visit.keep(f"page-{look.mode}{path.replace('/', '-').rstrip('-')}"[:80])
        # Beside the light, the dark changes colours alone; its tabs are looked at with the long runs.
        short = (look.mode, visit.language) == ("dark", "en")
        findings = visit.findings("color-contrast") if short else visit.findings() + _in_tabs(visit)
        if findings or weight >= WEIGHT_MAX:
            wrong[pattern] = findings or weight
    assert wrong == {}


@cache
def addresses() -> tuple[str, ...]:
    """The addresses of all pages, as the console itself lists them."""
    listed = (ROOT / "web" / "src" / "pages.tsx").read_text(encoding="utf-8")
    found = re.findall(r"\{ path: '([^']+)', lazy", listed)
    assert len(found) > 20, found
    return tuple(found)


def _weight_of(visit: Visit, path: str) -> int:
    """Open a page as the first one; return what its code weighs."""
    loaded: set[str] = set()

    def note(asked: object) -> None:
        loaded.add(str(getattr(asked, "url", "")).rpartition("/assets/")[2])

    visit.page.on("request", note)
    visit.page.goto(f"{visit.hub.url}{path}")
    expect(visit.page.locator("#content")).not_to_be_empty(timeout=PATIENCE_MS)
    _settled(visit)
    visit.page.remove_listener("request", note)
    files = [console.CONSOLE / "assets" / name for name in loaded if name.endswith(CODE)]
    return sum(len(gzip.compress(each.read_bytes())) for each in files)


def _settled(visit: Visit) -> None:
    """Wait until nothing on the page is being fetched."""
    visit.page.wait_for_load_state()
    expect(visit.page.locator(BUSY)).to_have_count(0, timeout=PATIENCE_MS)


def _in_tabs(visit: Visit) -> list[str]:
    """Open each tab of a page; return what is found there."""
    found = []
    tabs = visit.page.locator("#content [role=tab][aria-selected=false]:not([aria-disabled=true])")
    for name in [each.inner_text() for each in tabs.all()]:
        tab = visit.page.locator("#content [role=tab]", has_text=name).first
        tab.click()
        expect(tab).to_have_attribute("aria-selected", "true")
        _settled(visit)
        found += [f"tab {name}: {each}" for each in visit.findings()]
    return found
