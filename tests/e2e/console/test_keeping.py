"""The administrator's pages: secrets, subscriptions, positions, alerts, and a release from elsewhere."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from e2e.console.conftest import PATIENCE_MS, Visit
from lineshaft.engine.releases import files_of, release_id

pytestmark = pytest.mark.needs("browser")


def test_secret_goes_in_and_never_comes_out(chinese: Visit) -> None:
    visit, page = chinese, chinese.page
    visit.enter("it")
    visit.go("/secrets", "empty")
    for value in ("planted-one-in-a-form", "planted-two-in-a-form"):
        page.locator("[data-action=set-secret], [data-action=rotate-secret]").last.click()
        dialog = page.get_by_role("dialog")
        name = dialog.get_by_label("名称")
        if name.is_enabled():
            name.fill("erp_next_key")
        dialog.get_by_label("新的值").fill(value)
        dialog.get_by_role("button", name="确 定").or_(dialog.get_by_role("button", name="确定")).click()
        expect(dialog).to_be_hidden(timeout=PATIENCE_MS)
    row = page.locator("[data-ready=secrets] tbody tr", has_text="erp_next_key")
    expect(row).to_contain_text("2", timeout=PATIENCE_MS)
    assert "planted" not in page.content()
    assert visit.findings() == []
    visit.keep("secrets")


def test_subscription_shows_its_secret_once_and_every_delivery(english: Visit) -> None:
    visit, page = english, english.page
    visit.enter("it")
    visit.go("/subscriptions", "empty")
    page.locator("[data-action=make-subscription]").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("warehouse board")
    dialog.get_by_label("Goes to").fill("http://127.0.0.1:9/hook")
    dialog.get_by_role("button", name="OK").or_(dialog.get_by_role("button", name="Confirm")).click()
    expect(page.locator("[data-ready=once]")).to_contain_text("whsec_", timeout=PATIENCE_MS)
    visit.hub.order()
    page.locator("[data-action=deliveries]").click()
    expect(page.locator("[data-ready=deliveries]")).to_contain_text("instance.started", timeout=PATIENCE_MS)
    expect(page.locator("[data-ready=deliveries]")).to_contain_text(
        "ClientConnectorError", timeout=PATIENCE_MS
    )
    assert visit.findings() == []
    visit.keep("subscriptions")


def test_release_from_elsewhere_is_compared_before_it_counts(english: Visit, tmp_path: Path) -> None:
    visit, page = english, english.page
    visit.enter("it")
    visit.go("/releases", "release")
    export = page.request.get(f"{visit.hub.url}/api/v1/releases/active/export").json()
    (tmp_path / "release.json").write_text(json.dumps(changed(export)))
    page.locator("input[type=file]").set_input_files(tmp_path / "release.json")
    seen = page.locator("[data-ready=comparison]")
    expect(seen).to_contain_text("systems/erp.yaml", timeout=PATIENCE_MS)
    expect(seen).to_contain_text("erp_extra_key")
    expect(seen.locator("[data-action=take]")).to_be_disabled()
    seen.get_by_role("checkbox").check()
    expect(seen.locator("[data-action=take]")).to_be_enabled()
    assert visit.findings() == []
    visit.keep("release-comparison")
    (tmp_path / "other.json").write_text("{}")
    page.locator("input[type=file]").set_input_files(tmp_path / "other.json")
    expect(page.locator("[data-ready=unreadable]")).to_be_visible()


def test_positions_give_roles_and_alerts_are_listed(chinese: Visit) -> None:
    visit, page = chinese, chinese.page
    visit.enter("it")
    visit.go("/people", "people")
    page.get_by_role("tab", name="岗位").click()
    page.get_by_placeholder("岗位编码").fill("rep")
    page.get_by_role("tabpanel").get_by_placeholder("中文名称").last.fill("销售代表")
    page.get_by_role("tabpanel").get_by_placeholder("英文名称").last.fill("Sales rep")
    page.locator("[data-action=keep-position]").click()
    expect(page.locator("[data-ready=positions]")).to_contain_text("销售代表", timeout=PATIENCE_MS)
    assert visit.findings() == []
    visit.keep("positions")
    visit.go("/alerts", "alerts")
    page.get_by_role("tab", name="应到事项").click()
    expect(page.locator("[data-ready=expectations]")).to_be_visible(timeout=PATIENCE_MS)
    assert visit.findings() == []
    visit.keep("alerts")


def changed(export: Any) -> Any:
    """The release with one file that asks for another secret, as another environment exports it."""
    for each in export["files"]:
        if each["path"] == "systems/erp.yaml":
            each["text"] = each["text"].replace("secret:erp_app_secret", "secret:erp_extra_key")
    folder = {
        each["path"]: each["text"].encode() if each["text"] is not None else base64.b64decode(each["base64"])
        for each in export["files"]
    }
    return export | {"release": release_id(files_of(folder)), "environment": "test"}
