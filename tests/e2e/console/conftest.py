"""The built console in a real browser, against a real hub with a sandbox factory behind it."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.request
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from e2e.programs import ROOT
from lineshaft.app.demo.factory import Factory, Plan
from tools import console, services

ARTIFACTS = ROOT / "tests" / ".artifacts" / "console"
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 20_000


class Running:
    """A factory in a loop of its own, so that a browser can be driven beside it."""

    def __init__(self, plan: Plan) -> None:
        self.factory = Factory(plan, lambda en, zh: None)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        self._thread.start()
        self.run(self.factory.__aenter__())

    def stop(self) -> None:
        self.run(self.factory.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(90)

    @property
    def url(self) -> str:
        return self.factory.hub_url

    def order(self, account: str = "KH-0001", quantity: str = "20", model: str = "BX-F210") -> str:
        """Enter and confirm an order, as a salesperson does; its number.

        A small one: the stock is to last for the orders of all tests.
        """
        line = {"line_no": 1, "model": model, "quantity": quantity}
        price = {"unit_price": "100.0000", "discount": "0", "tax_rate": "0.13"}
        made = self.run(self.factory.crm("POST", "/orders", {"account_no": account, "lines": [line | price]}))
        self.run(self.factory.crm("POST", f"/orders/{made['id']}/confirm", {}))
        return str(made["order_no"])

    def crm_order(self, number: str) -> dict[str, Any]:
        found: dict[str, Any] = self.run(self.factory.crm("GET", f"/orders/{number}"))
        return found

    def fault(self, **spec: Any) -> None:
        """Switch a fault of the ERP on."""
        self._admin("POST", spec)

    def lift_faults(self) -> None:
        """Switch all faults of the ERP off."""
        self._admin("DELETE", None)

    def _admin(self, method: str, body: Any) -> None:
        ports = json.loads((self.factory.folder / "ports.json").read_text())
        request = urllib.request.Request(
            f"http://127.0.0.1:{ports['erp_admin']}/admin/faults",
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Authorization": "Bearer plantbox-admin", "Content-Type": "application/json"},
            method=method,
        )
        urllib.request.urlopen(request, timeout=10).close()


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A factory for this folder: beside other tests its processes would take time from them."""
    assert (console.CONSOLE / "index.html").exists(), "the console is not built: make web"
    patch = pytest.MonkeyPatch()
    patch.setenv("PYTHONPATH", str(ROOT / "src"))
    settings = {
        "engine.poll_s": "0.1",
        "engine.retry_gaps_s": "[0.2, 0.3]",
        "engine.check_gaps_s": "[0.5]",
        "alerts.look_s": "1",
        # Nobody listens there: the log of deliveries has something to tell.
        "subscriptions.hosts": '["127.0.0.1:9"]',
    }
    folder = tmp_path_factory.mktemp("console") / "factory"
    found = Running(Plan(folder, port=0, options={"erp": ("--delivery", "instant")}, hub_settings=settings))
    found.start()
    yield found
    found.stop()
    patch.undo()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A browser for this folder: while it is there its event loop counts as this thread's running one."""
    program = services.SERVICES["browser"].find()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield started
        started.close()


@dataclass(slots=True)
class Visit:
    """A browser of one person, and everything in it that should not have happened."""

    hub: Running
    context: BrowserContext
    page: Page
    language: str
    complaints: list[str] = field(default_factory=list)

    def enter(self, role: str) -> None:
        """Sign in as a role of the demo with one click."""
        self.page.goto(self.hub.url)
        self.page.locator("[data-ready=sign-in]").wait_for()
        self.page.locator(f"[data-role={role}]").click()
        self.page.locator(".shell").wait_for()

    def go(self, path: str, ready: str) -> None:
        """Open a page and wait until it shows its data."""
        self.page.goto(f"{self.hub.url}{path}")
        expect(self.page.locator(f"[data-ready={ready}]").first).to_be_visible(timeout=PATIENCE_MS)

    def keep(self, name: str) -> None:
        """Keep a picture for people to look at."""
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=ARTIFACTS / f"{name}-{self.language}.png", full_page=True)

    def findings(self, *rules: str) -> list[str]:
        """Return what the rules of WCAG A and AA find on the page as it stands; or some rules of them."""
        asked = list(rules) if rules else ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
        # Run in an isolated world of the test, not through the page: its policy forbids strange scripts.
        session = self.context.new_cdp_session(self.page)
        tree = session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
        world = session.send("Page.createIsolatedWorld", {"frameId": tree, "worldName": "axe"})
        # A colour half-way through its transition is nobody's colour: what ends is awaited first.
        # A transition begins with the frame after what caused it, and one may cause the next.
        run = (
            "(async () => { for (let still = 0; still < 2; still += 1) {"
            " await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));"
            " const moving = document.getAnimations()"
            " .filter(each => each.playState === 'running'"
            " && each.effect.getComputedTiming().endTime !== Infinity);"
            " if (moving.length > 0) { still = -1; }"
            " await Promise.allSettled(moving.map(each => each.finished)); } })()"
            ".then(() => axe.run(document,"
            f" {{runOnly: {asked}}}))"
            ".then(found => found.violations.map("
            "each => each.id + ': ' + each.nodes.map(node => node.html).join(' ')))"
        )
        answer = session.send(
            "Runtime.evaluate",
            {
                "expression": f"{AXE.read_text(encoding='utf-8')};\n{run}",
                "contextId": world["executionContextId"],
                "awaitPromise": True,
                "returnByValue": True,
            },
        )
        session.detach()
        assert "exceptionDetails" not in answer, answer
        found: list[str] = answer["result"]["value"]
        return found


@pytest.fixture(params=["zh-CN", "en-GB"])
def visit(request: pytest.FixtureRequest, browser: Browser, running: Running) -> Iterator[Visit]:
    """A browser of a Chinese and of an English user; fails on script errors and requests to elsewhere."""
    yield from visiting(browser, running, request.param)


@pytest.fixture(params=["zh-CN", pytest.param("en-GB", marks=pytest.mark.proof)])
def long_visit(request: pytest.FixtureRequest, browser: Browser, running: Running) -> Iterator[Visit]:
    """The same for what takes long: the English one with the long runs (`make proof`)."""
    yield from visiting(browser, running, request.param)


@pytest.fixture
def chinese(browser: Browser, running: Running) -> Iterator[Visit]:
    """A browser of a Chinese user."""
    yield from visiting(browser, running, "zh-CN")


@pytest.fixture
def english(browser: Browser, running: Running) -> Iterator[Visit]:
    """A browser of an English user."""
    yield from visiting(browser, running, "en-GB")


def visiting(browser: Browser, running: Running, locale: str, *others: str) -> Iterator[Visit]:
    """Give a browser of one language, which may ask the hub and ``others`` (addresses) only."""
    context = browser.new_context(
        locale=locale,
        viewport={"width": 1440, "height": 900},
        timezone_id="Asia/Shanghai",
        # A click on what still moves may miss it.
        reduced_motion="reduce",
    )
    seen = Visit(running, context, context.new_page(), locale[:2])
    seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    seen.page.on(
        "console",
        # A refused or failed answer is written to the console by the browser itself.
        lambda message: (
            seen.complaints.append(message.text)
            if message.type == "error" and "Failed to load resource" not in message.text
            else None
        ),
    )
    context.on(
        "request",
        lambda asked: (
            None
            if asked.url.startswith((running.url, "data:", *others))
            else seen.complaints.append(asked.url)
        ),
    )
    yield seen
    context.close()
    assert seen.complaints == []
