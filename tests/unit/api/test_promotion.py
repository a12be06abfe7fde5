"""A release goes from test to production as a file: compared, approved, without any secret (J7)."""

from __future__ import annotations

import copy
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from lineshaft.app.config import read_config
from lineshaft.app.hub import build
from lineshaft.base.scope import Scope
from lineshaft.engine.promotion import changes_between
from lineshaft.security.people import Caller
from lineshaft.security.roles import scope_of
from unit.api.conftest import Answer, Client

ERP = """format: 1
connector: http
name: erp
label: {zh: ERP, en: ERP}
version: "1"
settings:
  base_url: {label: {zh: 地址, en: Address}}
auth: {kind: bearer, token: secret:erp_key}
operations:
  order.create:
    label: {zh: 建单, en: Create}
    method: POST
    path: /orders
    safety: {kind: none}
"""
PACK = "format: 1\nname: orders\nversion: {version}\ntitle: {{zh: 订单, en: Orders}}\n"
KEY = "planted-key-of-the-test-system-3301"


class Named:
    """A token ``role:name`` is that person with that role."""

    async def caller(self, token: str, now: datetime, address: str = "") -> Caller:
        role, _, name = token.partition(":")
        return Caller(name, scope_of("default", [role]), frozenset({role}), kind="user", id=name)


@dataclass
class Firm:
    """Two environments of one firm."""

    test: Client
    live: Client

    async def export(self, version: str = "1.0.0", system: str = ERP) -> Any:
        files = [
            {"path": "pack.yaml", "text": PACK.format(version=version)},
            {"path": "systems/erp.yaml", "text": system},
        ]
        made = await self.test("POST", "/api/v1/releases", {"files": files}, token="engineer:e")
        assert made.status == 201, made.content
        found = await self.test("GET", "/api/v1/releases/active/export", token="engineer:e")
        assert found.status == 200, found.content
        return found.json

    async def compare(self, export: Any) -> Answer:
        return await self.live("POST", "/api/v1/releases/compare", {"export": export}, token="engineer:e")

    async def take(self, export: Any, **more: Any) -> Answer:
        wish = {"export": export, **more}
        return await self.live("POST", "/api/v1/releases/import", wish, token="engineer:e")


@pytest.fixture
async def firm() -> AsyncIterator[Firm]:
    test = build(
        read_config(
            options={"store.url": "memory:", "console.environment": "test"},
            environment={"LINESHAFT_SYSTEMS_ERP_BASE_URL": "http://erp.test.example"},
        ),
        {"LINESHAFT_SECRET_ERP_KEY": KEY},
        tokens=Named(),
    )
    live = build(
        read_config(options={"store.url": "memory:", "console.environment": "production"}), {}, tokens=Named()
    )
    await test.open()
    await live.open()
    yield Firm(Client(test), Client(live))
    await test.stop()
    await live.stop()


async def test_export_names_what_is_needed_and_carries_no_value(firm: Firm) -> None:
    export = await firm.export()
    assert export["needs"] == [{"system": "erp", "settings": ["base_url"], "secrets": ["erp_key"]}]
    assert (export["environment"], export["pack"], export["exported_by"]) == ("test", "orders 1.0.0", "e")
    assert KEY not in json.dumps(export)
    assert "erp.test.example" not in json.dumps(export)
    assert "secret:erp_key" in json.dumps(export)


async def test_release_comes_to_production_as_it_was_compared_and_approved(firm: Firm) -> None:
    export = await firm.export()
    seen = (await firm.compare(export)).json
    assert [(each["path"], each["change"]) for each in seen["files"]] == [
        ("pack.yaml", "added"),
        ("systems/erp.yaml", "added"),
    ]
    assert (seen["environment"], seen["here"], seen["two_persons"]) == ("test", "production", True)
    [lack] = seen["missing"]
    assert (lack["system"], lack["settings"], lack["secrets"]) == ("erp", ["base_url"], ["erp_key"])
    lacking = await firm.take(export, active=seen["active"])
    assert (lacking.status, lacking.json["code"]) == (409, "import_lacks")
    assert "erp: base_url, erp_key" in lacking.json["detail"]

    asked = await firm.take(export, active=seen["active"], accept_missing=True, note="go live")
    assert (asked.status, asked.json["status"]) == (202, "proposed")
    assert (await firm.live("GET", "/api/v1/releases", token="engineer:e")).json["items"] == []
    approve = f"/api/v1/proposals/{asked.json['id']}/approve"
    assert (await firm.live("POST", approve, {}, token="engineer:e")).json["code"] == "own_proposal"
    looked = await firm.live("GET", approve.replace("approve", "comparison"), token="it:w")
    assert (looked.json["environment"], [each["change"] for each in looked.json["files"]]) == (
        "test",
        ["added", "added"],
    )
    assert "+    path: /orders" in looked.json["files"][1]["diff"]
    assert (await firm.live("POST", approve, {}, token="it:w")).status == 200
    [active] = (await firm.live("GET", "/api/v1/releases", token="engineer:e")).json["items"]
    assert (active["id"], active["created_by"], active["note"]) == (export["release"], "e + w", "go live")
    lines = (await firm.live.hub.store.audit(Scope("default"), action="release.imported", limit=2)).items
    assert [(each.actor, each.subject) for each in lines] == [("w", export["release"])]


async def test_comparison_shows_each_line_to_who_may_read_releases(firm: Firm) -> None:
    first = await firm.export()
    object.__setattr__(firm.live.hub.services.duties, "_asked", frozenset())
    assert (await firm.take(first, accept_missing=True)).status == 201
    second = await firm.export("2.0.0", ERP.replace("/orders", "/v2/orders"))
    seen = (await firm.compare(second)).json
    assert (seen["active"], seen["two_persons"], seen["unchanged"]) == (first["release"], False, 0)
    changed = next(each for each in seen["files"] if each["path"] == "systems/erp.yaml")
    assert (changed["change"], changed["lines_added"], changed["lines_removed"]) == ("changed", 1, 1)
    assert "+    path: /v2/orders" in changed["diff"]
    importer = Caller("i", Scope("default"), frozenset(), frozenset({"config.import"}), "user", "i")

    class Only:
        async def caller(self, token: str, now: datetime, address: str = "") -> Caller:
            return importer

    object.__setattr__(firm.live.hub.services, "tokens", Only())
    assert [each["diff"] for each in (await firm.compare(second)).json["files"]] == ["", ""]


async def test_import_of_what_was_compared_with_another_release_is_refused(firm: Firm) -> None:
    first = await firm.export()
    second = await firm.export("2.0.0")
    asked = await firm.take(second, accept_missing=True)
    duties = firm.live.hub.services.duties
    asks = duties._asked
    object.__setattr__(duties, "_asked", frozenset())
    assert (await firm.take(first, accept_missing=True)).status == 201
    object.__setattr__(duties, "_asked", asks)
    # What was proposed over nothing does not replace what came between; and it waits on.
    late = await firm.live("POST", f"/api/v1/proposals/{asked.json['id']}/approve", {}, token="it:w")
    assert (late.status, late.json["code"]) == (409, "active_changed")
    again = await firm.take(second, active="other", accept_missing=True)
    assert (again.status, again.json["code"]) == (409, "active_changed")


async def test_file_that_was_changed_on_the_way_is_refused(firm: Firm) -> None:
    export = await firm.export()
    forged = copy.deepcopy(export)
    forged["files"][1]["text"] += "\n# harmless"
    assert (await firm.compare(forged)).json["code"] == "export_changed"
    doubled = copy.deepcopy(export)
    doubled["files"].append(doubled["files"][0])
    assert (await firm.compare(doubled)).status == 400
    assert (await firm.take(forged, accept_missing=True)).json["code"] == "export_changed"


async def test_file_that_holds_a_secret_goes_nowhere(firm: Firm) -> None:
    files = [
        {"path": "pack.yaml", "text": PACK.format(version="1.0.0")},
        {"path": "systems/erp.yaml", "text": f"{ERP}# {KEY}\n"},
    ]
    made = await firm.test("POST", "/api/v1/releases", {"files": files}, token="engineer:e")
    assert made.status == 201
    refused = await firm.test("GET", "/api/v1/releases/active/export", token="engineer:e")
    assert (refused.status, refused.json["code"]) == (400, "secret_in_files")
    assert "systems/erp.yaml: erp_key" in refused.json["detail"]
    assert KEY not in refused.content.decode()


async def test_addresses_in_files_are_pointed_out(firm: Firm) -> None:
    export = await firm.export(system=ERP + "# see http://erp.test.example/doc\n")
    [found] = (await firm.compare(export)).json["addresses"]
    assert found == {"path": "systems/erp.yaml", "addresses": ["http://erp.test.example/doc"]}


@pytest.mark.parametrize("role", ["viewer", "it", "sales", "auditor", "machine"])
async def test_promotion_has_rights_of_its_own(firm: Firm, role: str) -> None:
    export = await firm.export()
    assert (await firm.test("GET", "/api/v1/releases/active/export", token=f"{role}:x")).status == 403
    for path in ("compare", "import"):
        answer = await firm.live("POST", f"/api/v1/releases/{path}", {"export": export}, token=f"{role}:x")
        assert answer.status == 403, path


def test_comparison_of_files() -> None:
    before = {"a": b"1\n2\n", "b": b"x", "c": b"\xff\xfe"}
    after = {"a": b"1\n3\n", "c": b"\xff", "d": b"new\n"}
    found = {each.path: each for each in changes_between(before, after)}
    assert {path: each.change for path, each in found.items()} == {
        "a": "changed", "b": "removed", "c": "changed", "d": "added",
    }  # fmt: skip
    assert (found["a"].lines_added, found["a"].lines_removed) == (1, 1)
    assert found["c"].diff == ""
