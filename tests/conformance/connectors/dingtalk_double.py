"""A contract double of DingTalk's approval API (workflow 1.0): tokens, instances, lists of ids, errors.

Written from third parties' clients and copies of its API pages; not from a live tenant.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from conformance.connectors.product_double import (
    Handler,
    ProductDouble,
    Row,
    answer,
    body_of,
    headers_shown,
)

APP_KEY = "dingabc7741key"
APP_SECRET = "ding-app-secret-7742"
TEMPLATE = "PROC-7743"
PAGE_MOST = 3
"""Fewer than asked for, so that lists have several pages."""


class DingTalkDouble(ProductDouble):
    """One firm with one approval template; ``decides``: what becomes of an approval at once."""

    def __init__(self) -> None:
        super().__init__()
        self.instances: list[Row] = []
        self.decides: tuple[str, str] | None = ("COMPLETED", "agree")
        self.lists = 0
        self.looks = 0

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        workflow = "/v1.0/workflow"
        yield "POST", "/v1.0/oauth2/accessToken", self.token
        yield "POST", f"{workflow}/processInstances", self.known(self.create)
        yield "GET", f"{workflow}/processInstances", self.known(self.show)
        yield "POST", f"{workflow}/processInstances/terminate", self.known(self.terminate)
        yield "POST", f"{workflow}/processes/instanceIds/query", self.known(self.ids)

    async def token(self, request: web.Request) -> web.Response:
        if await body_of(request) != {"appKey": APP_KEY, "appSecret": APP_SECRET}:
            return problem("invalidClientIdOrSecret", "无效的clientId或者clientSecret", 400)
        token = secrets.token_hex(12)
        self.sessions.add(token)
        return answer({"accessToken": token, "expireIn": 7200})

    def known(self, handler: Handler) -> Handler:
        async def guard(request: web.Request) -> web.StreamResponse:
            if request.headers.get("x-acs-dingtalk-access-token") not in self.sessions:
                return problem("InvalidAuthentication", "不合法的access_token", 401)
            return await handler(request)

        return guard

    async def create(self, request: web.Request) -> web.StreamResponse:
        body = await body_of(request)

        def act() -> web.Response:
            status, result = self.decides or ("RUNNING", "")
            number = len(self.instances) + 1
            self.instances.append({
                "id": f"inst-{number:04}", "processCode": body["processCode"], "at": self.at(number),
                "originatorUserId": body["originatorUserId"], "status": status, "result": result,
                "values": [{**each, "componentType": "TextField"} for each in body["formComponentValues"]],
            })  # fmt: skip
            return answer({"instanceId": f"inst-{number:04}"})

        return await self.treated(request, act)

    def at(self, number: int) -> int:
        """Epoch milliseconds: these lists are asked for by the time of their start."""
        return int(datetime(2025, 12, 31, 23, 0, number, tzinfo=UTC).timestamp() * 1000)

    async def show(self, request: web.Request) -> web.StreamResponse:
        self.looks += 1
        wanted = request.query["processInstanceId"]
        found = next((each for each in self.instances if each["id"] == wanted), None)

        def act() -> web.Response:
            if found is None:
                return problem("aflowProcessInstNotExist", "审批实例不存在", 400)
            return answer({"result": shown(found), "success": "true"})

        return await self.treated(request, act, reads=True)

    async def terminate(self, request: web.Request) -> web.StreamResponse:
        body = await body_of(request)

        def act() -> web.Response:
            found = next(each for each in self.instances if each["id"] == body["processInstanceId"])
            if found["status"] != "RUNNING":
                return problem("aflowProcessInstCanNotBeExecuted", "审批状态异常,无法执行", 400)
            found |= {"status": "TERMINATED"}
            return answer({"result": True, "success": True})

        return await self.treated(request, act)

    async def ids(self, request: web.Request) -> web.Response:
        self.lists += 1
        body = await body_of(request)
        if body["processCode"] != TEMPLATE or body["maxResults"] > 20:
            return problem("invalidParameter", "参数错误", 400)
        found = [
            each for each in self.instances
            if body["startTime"] <= each["at"] <= body["endTime"]
            and each["status"] in body.get("statuses", [each["status"]])
            and each["originatorUserId"] in body.get("userIds", [each["originatorUserId"]])
        ]  # fmt: skip
        start = body["nextToken"] if isinstance(body["nextToken"], int) else int(body["nextToken"])
        page = found[start : start + PAGE_MOST]
        result: dict[str, Any] = {"list": [each["id"] for each in page]}
        if start + PAGE_MOST < len(found):
            result["nextToken"] = str(start + PAGE_MOST)
        return answer({"result": result, "success": True})

    def refusal(self, plan: str, request: web.Request) -> web.Response | None:
        refusals: Mapping[str, tuple[str, str, int]] = {
            "refuse": ("aflowProcessInstCanNotBeExecuted", "超信用额度 ¥12,300.00", 400),
            "invalid": ("invalidParameter", "参数错误", 400),
            "unknown_item": ("userNotExist", "用户不存在", 400),
            "busy": ("ServiceUnavailable", "服务不可用", 503),
            "rate_limit": ("Forbidden.AccessDenied.QpsLimitForApi", "QPS 超限", 403),
        }
        if plan == "echo_secret":
            return problem("invalidParameter", "you sent " + headers_shown(request), 400)
        if plan == "ok_with_error":
            return answer({"success": False, "code": "aflowProcessInstCanNotBeExecuted", "message": "over"})
        return problem(*refusals[plan]) if plan in refusals else None


def shown(instance: Row) -> Row:
    return {
        "title": "发货审批", "businessId": "2026010100" + instance["id"][-4:], "status": instance["status"],
        "result": instance["result"], "originatorUserId": instance["originatorUserId"],
        "createTime": "2026-01-01T07:00Z", "finishTime": "2026-01-01T07:30Z",
        "formComponentValues": instance["values"], "operationRecords": [], "tasks": [],
    }  # fmt: skip


def problem(code: str, words: str, status: int) -> web.Response:
    return answer({"code": code, "message": words, "requestid": "7A1B"}, status)
