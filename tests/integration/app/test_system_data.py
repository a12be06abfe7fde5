"""What a person asks of a connected system: what it offers, a record, what changed, one call by hand."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from integration.app.test_alerts import until
from lineshaft.app.config import read_config
from lineshaft.app.hub import Hub, build
from lineshaft.app.inprocess import call_asgi
from lineshaft.base.scope import Scope
from lineshaft.cli.commands import run
from lineshaft.engine.releases import files_of
from lineshaft.security.people import Caller
from unit.api.conftest import FixedTokens

MANIFEST = """format: 1
name: shop
label: {zh: 商城, en: Shop}
auth: {kind: none}
resources:
  article:
    label: {zh: 商品, en: Article}
    fields: {code: string!}
    read: {path: "/articles/{id}"}
    changes:
      path: /articles
      query: {page: page}
      records: answer.items
      paging: {kind: page, size: 2}
      cursor: {field: item.seq, start: 0}
      id: item.code
      type: '"shop.article"'
      subject: item.code
      data: item
operations:
  article.find: {label: {zh: 查商品, en: Find}, method: GET, path: "/articles/{payload.code}",
                 reads_only: true, input: {code: string!}, answer: {article: answer}}
  article.save: {label: {zh: 存商品, en: Save}, path: /articles, body: {code: payload.code},
                 input: {code: string!}, safety: {kind: idempotency_key, header: Idempotency-Key}}
"""
ARTICLES = [{"code": f"A-{n}", "seq": n, "purchase_cost": n * 10} for n in range(1, 4)]


class Shop:
    """Articles, and what was saved."""

    def __init__(self) -> None:
        self.saved: list[str] = []

    async def start(self) -> str:
        app = web.Application()
        app.router.add_get("/articles", self.listed)
        app.router.add_get("/articles/{code}", self.shown)
        app.router.add_post("/articles", self.save)
        self.runner = web.AppRunner(app, access_log=None)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self.runner.addresses[0][1]}"

    async def listed(self, request: web.Request) -> web.Response:
        page = int(request.query["page"])
        return web.json_response({"items": ARTICLES[(page - 1) * 2 : page * 2]})

    async def shown(self, request: web.Request) -> web.Response:
        found = [each for each in ARTICLES if each["code"] == request.match_info["code"]]
        return web.json_response(found[0] if found else {}, status=200 if found else 404)

    async def save(self, request: web.Request) -> web.Response:
        self.saved.append((await request.json())["code"])
        return web.json_response({})


class WithBlind(FixedTokens):
    """Beside them somebody who runs systems and may not see what things cost."""

    async def caller(self, token: str, now: datetime, address: str = "") -> Caller | None:
        if token != "blind-token":
            return await super().caller(token, now, address)
        scope = Scope("default", masked_fields=frozenset({"cost"}))
        return Caller("blind", scope, frozenset(), frozenset({"systems.operate"}))


PACK = {
    "pack.yaml": b"format: 1\nname: demo\nversion: 1.0.0\ntitle: {zh: a, en: a}\n",
    "systems/shop.yaml": MANIFEST.encode(),
    "sensitive/fields.yaml": b"format: 1\nfields: {cost: [purchase_cost]}\n",
}


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[tuple[Shop, Hub]]:
    shop = Shop()
    url = await shop.start()
    config = tmp_path / "hub.toml"
    config.write_text(f'[engine]\npoll_s = 0.1\n[systems.shop]\nbase_url = "{url}"\n', encoding="utf-8")
    hub = build(read_config(file=config, options={"data_dir": str(tmp_path)}), {}, tokens=WithBlind())
    await hub.start()
    await hub.publish(files_of(PACK), by="test", note="")
    yield shop, hub
    await hub.stop()
    await shop.runner.cleanup()


async def ask(
    hub: Hub, method: str, path: str, body: Any = None, *, token: str = "admin-token", **headers: str
) -> tuple[int, Any]:
    sent = {"authorization": f"Bearer {token}", "content-type": "application/json", **headers}
    content = json.dumps(body or {}).encode()
    status, answer = await call_asgi(hub.application, method, f"/api/v1{path}", sent, content)
    return status, json.loads(answer)


async def test_what_a_system_offers_as_declared_and_as_it_is(shop: tuple[Shop, Hub]) -> None:
    _, hub = shop
    status, found = await ask(hub, "GET", "/systems/shop/description", token="viewer-token")
    assert (status, found["live"]) == (200, False)
    [article] = found["resources"]
    assert [each["name"] for each in article["fields"]] == ["code"]
    assert {each["name"]: each["reads_only"] for each in found["operations"]} == {
        "article.find": True,
        "article.save": False,
    }
    assert (await ask(hub, "POST", "/systems/shop/describe", token="viewer-token"))[0] == 403
    status, found = await ask(hub, "POST", "/systems/shop/describe")
    assert found["live"]
    samples = {each["name"]: each["sample"] for each in found["resources"][0]["fields"]}
    assert samples == {"code": "A-1", "seq": "1", "purchase_cost": "10"}
    _, found = await ask(hub, "POST", "/systems/shop/describe", token="blind-token")
    assert found["resources"][0]["fields"][2]["sample"] == "***"


async def test_a_record_and_what_changed_page_by_page(shop: tuple[Shop, Hub]) -> None:
    _, hub = shop
    records = "/systems/shop/resources/article/records"
    assert (await ask(hub, "GET", f"{records}/A-2"))[1]["data"]["seq"] == 2
    _, hidden = await ask(hub, "GET", f"{records}/A-2", token="blind-token")
    assert hidden["data"] == {"code": "A-2", "seq": 2, "purchase_cost": {"$masked": "cost"}}
    assert (await ask(hub, "GET", f"{records}/A-9"))[0] == 404
    assert (await ask(hub, "GET", f"{records}/A-2", token="viewer-token"))[0] == 403
    status, problem = await ask(hub, "GET", "/systems/shop/resources/none/records/A-2")
    assert (status, problem["code"]) == (400, "resource_unknown")
    changes = "/systems/shop/resources/article/changes"
    seen, path = [], changes
    while True:
        _, page = await ask(hub, "GET", path)
        seen += [each["subject"] for each in page["items"]]
        if page["next"] is None:
            break
        path = f"{changes}?cursor={page['next']}"
    assert seen == ["A-1", "A-2", "A-3"]
    assert (await ask(hub, "GET", f"{changes}?cursor=@"))[1]["code"] == "cursor_invalid"


async def test_a_reading_answers_at_once_and_a_write_goes_by_the_ledger_once(shop: tuple[Shop, Hub]) -> None:
    target, hub = shop
    calls = "/systems/shop/operations"
    status, found = await ask(hub, "POST", f"{calls}/article.find/call", {"payload": {"code": "A-1"}})
    assert (status, found["effect"], found["answer"]["article"]["seq"]) == (200, None, 1)
    wish = {"payload": {"code": "A-7"}, "business_key": "A-7"}
    assert (await ask(hub, "POST", f"{calls}/article.save/call", wish, token="viewer-token"))[0] == 403
    assert (await ask(hub, "POST", f"{calls}/article.save/call", {}))[1]["code"] == "field_missing"
    assert (await ask(hub, "POST", f"{calls}/article.drop/call", {}))[0] == 404
    for _ in range(2):
        key = {"idempotency-key": "once"}
        status, found = await ask(hub, "POST", f"{calls}/article.save/call", wish, **key)
        assert status == 202
    await until(lambda: bool(target.saved))
    _, effect = await ask(hub, "GET", f"/effects/{found['effect']}")
    assert (effect["system"], effect["operation"], effect["business_key"]) == ("shop", "article.save", "A-7")
    _, page = await ask(hub, "GET", "/effects")
    assert len(page["items"]) == 1
    assert target.saved == ["A-7"]


def test_on_the_command_line_without_a_hub_that_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path, content in PACK.items():
        file = tmp_path / "pack" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    config = tmp_path / "hub.toml"
    config.write_text('[systems.shop]\nbase_url = "http://127.0.0.1:9"\n', encoding="utf-8")
    options = ["--config", str(config), "--data", str(tmp_path), "--lang", "en"]

    def said(*arguments: str) -> tuple[object, str]:
        with pytest.raises(SystemExit) as ended:
            run([*options, *arguments])
        return ended.value.code, capsys.readouterr().out

    said("deploy", str(tmp_path / "pack"))
    _, shown = said("connector", "describe", "shop", "--offline")
    assert "article.save  Save  (code!)" in shown
    status, shown = said("connector", "call", "shop", "article.save", '{"code": "A-1"}')
    assert (status, json.loads(shown)["status"]) == (1, "intended")
    # Nobody has looked yet: nothing stands against any system, and asking for one says what to do.
    assert said("connector", "drift", "--json") == (0, "[]\n")
    with pytest.raises(SystemExit) as ended:
        run([*options, "connector", "drift", "shop"])
    assert ended.value.code
    assert "--look" in capsys.readouterr().err
