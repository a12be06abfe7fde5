"""The shipped notices of group robots against doubles made from what the three platforms document.

A double checks the signature by itself, written apart from the manifest, and answers 200 whatever happens.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from lineshaft.app.system_clock import SystemClock
from lineshaft.base.clock import Clock, FixedClock
from lineshaft.base.errors import Invalid, OutcomeUnknown, RateLimited, Refused
from lineshaft.connectors.http import HTTP, HttpConnector
from lineshaft.connectors.products import product_manifest
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import context, raised

SECRETS = {
    "dingtalk_robot_token": "tok-1", "dingtalk_robot_secret": "SECtest", "wecom_robot_key": "key-1",
    "feishu_robot_secret": "test-secret",
}  # fmt: skip
NOW = datetime.fromtimestamp(1700000000, UTC)


class Robots:
    """Three group robots."""

    def __init__(self) -> None:
        self.shown: list[dict[str, Any]] = []
        self.signs: list[str] = []
        self.answer: dict[str, Any] | None = None
        app = web.Application()
        app.router.add_post("/robot/send", self.dingtalk)
        app.router.add_post("/cgi-bin/webhook/send", self.wecom)
        app.router.add_post("/open-apis/bot/v2/hook/{hook}", self.feishu)
        self.runner = web.AppRunner(app, access_log=None)
        self.url = ""

    async def start(self) -> None:
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self.runner.addresses[0][1]}"

    async def _said(self, request: web.Request, good: dict[str, Any], bad: dict[str, Any]) -> web.Response:
        content = await request.json()
        kind = content.get("msgtype") or content.get("msg_type")
        if self.answer is not None:
            return web.json_response(self.answer)
        if not kind:
            return web.json_response(bad)
        self.shown.append(content)
        return web.json_response(good)

    async def dingtalk(self, request: web.Request) -> web.Response:
        query = request.query
        if query["access_token"] != "tok-1":
            return web.json_response({"errcode": 300001, "errmsg": "token is not exist"})
        message = f"{query['timestamp']}\nSECtest".encode()
        wanted = base64.b64encode(hmac.new(b"SECtest", message, hashlib.sha256).digest()).decode()
        self.signs.append(query["sign"])
        if query["sign"] != wanted:
            return web.json_response({"errcode": 310000, "errmsg": "sign not match"})
        return await self._said(
            request, {"errcode": 0, "errmsg": "ok"}, {"errcode": 40035, "errmsg": "缺少参数"}
        )

    async def wecom(self, request: web.Request) -> web.Response:
        if request.query["key"] != "key-1":
            return web.json_response({"errcode": 93000, "errmsg": "invalid webhook url"})
        return await self._said(
            request, {"errcode": 0, "errmsg": "ok"}, {"errcode": 40008, "errmsg": "invalid message type"}
        )

    async def feishu(self, request: web.Request) -> web.Response:
        content = await request.json()
        key = f"{content['timestamp']}\ntest-secret".encode()
        wanted = base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()
        self.signs.append(content["sign"])
        if content["sign"] != wanted:
            return web.json_response({"code": 19021, "msg": "sign match fail"})
        if request.match_info["hook"] != "hook-1":
            return web.json_response({"code": 19001, "msg": "incoming webhook access token invalid"})
        return await self._said(
            request, {"code": 0, "msg": "success"}, {"code": 19002, "msg": "params error"}
        )


@pytest_asyncio.fixture
async def robots() -> AsyncIterator[Robots]:
    robots = Robots()
    await robots.start()
    yield robots
    await robots.runner.cleanup()


async def connected(robots: Robots, name: str, clock: Clock | None = None, **secrets: str) -> HttpConnector:
    settings = {"base_url": robots.url} | ({"hook": "hook-1"} if name == "notice_feishu" else {})
    connection = Connection(name, settings, {**SECRETS, **secrets}.__getitem__, clock or FixedClock(NOW))
    connector = HTTP.read(product_manifest(name), f"{name}.yaml").connect(connection)
    await connector.open()
    return connector


NOTICE = {"title": "ERP 连不上", "text": "**ERP** 自 08:30 起无应答,已暂停 12 单。"}
GOLDEN = {
    "notice_dingtalk": "aZLLrriXgn05YbwaGR7knYsLeJADjr9NwLaNNKpxh4g=",
    "notice_feishu": "mbm4Y4oluIPQ00qlBIhX8vAZ0EKv3nw0LuTb91jPL84=",
}
NAMES = ("notice_dingtalk", "notice_feishu", "notice_wecom")


@pytest.mark.parametrize("name", NAMES)
async def test_a_notice_is_shown_once_with_the_published_signature(robots: Robots, name: str) -> None:
    connector = await connected(robots, name)
    await connector.call("notice.send", NOTICE, context())
    (shown,) = robots.shown
    assert NOTICE["text"] in str(shown)
    assert robots.signs == ([GOLDEN[name]] if name in GOLDEN else [])
    await connector.close()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("notice_dingtalk", {"atMobiles": ["13800000001", "13800000002"], "isAtAll": False}),
        ("notice_feishu", "<at id=13800000001></at> <at id=13800000002></at>"),
        ("notice_wecom", ["13800000001", "13800000002"]),
    ],
)
async def test_persons_are_told_by_the_way_of_their_platform(robots: Robots, name: str, told: Any) -> None:
    connector = await connected(robots, name)
    wish = {**NOTICE, "to": ["13800000001", "13800000002"]}
    await connector.call("notice.person", wish, context())
    (shown,) = robots.shown
    assert "ERP" in str(shown)
    found = {
        "notice_dingtalk": lambda: shown["at"],
        "notice_feishu": lambda: shown["card"]["elements"][0]["content"].splitlines()[-1],
        "notice_wecom": lambda: shown["text"]["mentioned_mobile_list"],
    }[name]()
    assert found == told
    if name == "notice_wecom":
        # It shows plain text: marks of Markdown would stand there as they are.
        assert "**" not in shown["text"]["content"]
    await connector.close()


@pytest.mark.parametrize("name", NAMES)
async def test_a_check_finds_a_wrong_secret_and_shows_nothing(robots: Robots, name: str) -> None:
    good = await connected(robots, name, SystemClock())
    assert all(step.ok for step in await good.check())
    bad = await connected(robots, name, SystemClock(), **dict.fromkeys(SECRETS, "wrong"))
    assert not (await bad.check())[-1].ok
    assert robots.shown == []
    await good.close()
    await bad.close()


async def test_an_error_inside_a_good_status_is_sorted_by_its_code(robots: Robots) -> None:
    cases = (
        ("notice_dingtalk", {"errcode": 310000, "errmsg": "关键词不匹配"}, Refused, "关键词"),
        ("notice_dingtalk", {"errcode": 130101, "errmsg": "send too fast"}, RateLimited, "too fast"),
        ("notice_wecom", {"errcode": 45009, "errmsg": "api freq out of limit"}, RateLimited, "freq"),
        ("notice_wecom", {"errcode": 93000, "errmsg": "invalid webhook url"}, Invalid, "webhook"),
        ("notice_feishu", {"code": 19024, "msg": "Key Words Not Found"}, Refused, "Key Words"),
        ("notice_feishu", {"code": 11232, "msg": "frequency limited"}, RateLimited, "frequency"),
    )
    for name, answer, kind, words in cases:
        robots.answer = answer
        connector = await connected(robots, name)
        error = await raised(kind, connector.call("notice.send", NOTICE, context()))
        assert words in (error.vendor_text or "")
        await connector.close()
    robots.answer = {"errcode": 99999, "errmsg": "?"}
    connector = await connected(robots, "notice_dingtalk")
    with pytest.raises((Invalid, OutcomeUnknown, Refused)):
        await connector.call("notice.send", NOTICE, context())
    await connector.close()


async def test_persons_are_told_by_their_telephone_numbers(robots: Robots) -> None:
    wecom = await connected(robots, "notice_wecom")
    await wecom.call("notice.mention", {"text": "急", "mobiles": ["13800000000"]}, context())
    dingtalk = await connected(robots, "notice_dingtalk")
    await dingtalk.call("notice.send", {**NOTICE, "mobiles": ["13800000000"]}, context())
    first, second = robots.shown
    assert first["text"]["mentioned_mobile_list"] == ["13800000000"]
    assert second["at"] == {"atMobiles": ["13800000000"], "isAtAll": False}
    await wecom.close()
    await dingtalk.close()
