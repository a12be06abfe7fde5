"""A contract double of Weaver e-cology 9's REST interface: RSA headers, tokens, forms with JSON, codes.

Written from a copy of the vendor's API catalogue (≥ 9.00) and clients of others; not from a live OA.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from conformance.connectors.product_double import (
    Handler,
    ProductDouble,
    Row,
    answer,
    headers_shown,
    local_time,
)

APP_ID = "EEAA5436-7577-4BE0-8C6C-89E9D88805EA"
SECRET = "ec-secret-7761"
WORKFLOW = "781"
SERVICE = "/api/workflow/paService"


@lru_cache
def server_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_key() -> str:
    """What the registration gives as ``spk``: bare base64."""
    der = server_key().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


class EcologyDouble(ProductDouble):
    """One OA; ``slow``: how many looks a new workflow stays in its first node."""

    def __init__(self) -> None:
        super().__init__()
        self.flows: list[Row] = []
        self.users = {"1", "2978"}
        self.slow = 0
        self.looks = 0

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        yield "POST", "/api/ec/dev/auth/applytoken", self.token
        yield "POST", f"{SERVICE}/getCreateWorkflowList", self.known(self.creatable)
        yield "POST", f"{SERVICE}/doCreateRequest", self.known(self.create)
        yield "POST", f"{SERVICE}/withdrawRequest", self.known(self.withdraw)
        yield "POST", f"{SERVICE}/getMyWorkflowRequestList", self.known(self.mine)
        yield "POST", f"{SERVICE}/getAllWorkflowRequestList", self.known(self.everything)
        yield "GET", f"{SERVICE}/getRequestStatus", self.known(self.status)
        yield "GET", f"{SERVICE}/getWorkflowRequest", self.known(self.show)

    async def token(self, request: web.Request) -> web.Response:
        if request.headers["appid"] != APP_ID or opened(request.headers["secret"]) != SECRET:
            return answer({"status": False, "code": "-1", "msg": "secret校验不通过"})
        token = secrets.token_hex(12)
        self.sessions.add(token)
        return answer({"status": True, "code": "0", "msg": "获取成功!", "token": token})

    def known(self, handler: Handler) -> Handler:
        async def guard(request: web.Request) -> web.StreamResponse:
            if request.headers.get("token") not in self.sessions or request.headers["appid"] != APP_ID:
                return answer({"code": 401, "msg": "token不存在或者超时", "status": False})
            if opened(request.headers["userid"]) not in self.users:
                return coded("USER_EXCEPTION", {"userid": "不存在"})
            return await handler(request)

        return guard

    async def creatable(self, request: web.Request) -> web.Response:
        assert json.loads((await request.post())["conditions"]) == {"wfIds": WORKFLOW}  # type: ignore[arg-type]
        return answer([{"workflowId": WORKFLOW, "workflowName": "发货审批", "formId": "-1356"}])

    async def create(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        assert request.content_type == "application/x-www-form-urlencoded"
        creator = opened(request.headers["userid"])

        def act() -> web.Response:
            if form["workflowId"] != WORKFLOW:
                return coded("PARAM_ERROR", {"workflowId": "0"})
            number = 2966060 + len(self.flows)
            forward = json.loads(form["otherParams"])["isnextflow"] in (1, "1")
            self.flows.append({
                "id": str(number), "creator": creator, "title": form["requestName"],
                "fields": json.loads(form["mainData"]), "tables": json.loads(form.get("detailData", "[]")),
                "node": "1" if forward and not self.slow else "0",
                "left": self.slow if forward and self.slow else -1,
                "at": str(local_time(len(self.flows) + 1)),
            })  # fmt: skip
            return answer({"code": "SUCCESS", "data": {"requestid": number}, "errMsg": {}})

        return await self.treated(request, act)

    async def withdraw(self, request: web.Request) -> web.Response:
        flow = self.flow(str((await request.post())["requestId"]))
        if flow is None or flow["node"] == "3":
            return coded("NO_PERMISSION", "流程已归档,不允许撤回")
        flow["node"] = "0"
        return coded("SUCCESS", {})

    async def mine(self, request: web.Request) -> web.Response:
        form = await request.post()
        wanted = json.loads(str(form["conditions"]))["requestname"]
        creator = opened(request.headers["userid"])
        return answer([
            shown(flow) for flow in self.flows if flow["creator"] == creator and wanted in flow["title"]
        ])  # fmt: skip

    async def everything(self, request: web.Request) -> web.Response:
        form = await request.post()
        conditions = json.loads(str(form["conditions"]))
        found = [
            flow for flow in self.flows
            if conditions["operatedatefrom"] <= flow["at"][:10] <= conditions["operatedateto"]
        ]  # fmt: skip
        page, size = int(str(form["pageNo"])), int(str(form["pageSize"]))
        return answer([shown(flow) for flow in found[(page - 1) * size : page * size]])

    async def status(self, request: web.Request) -> web.Response:
        self.looks += 1
        flow = self.flow(request.query["requestId"])
        if flow is None:
            return coded("PARAM_ERROR", {"requestId": "不存在"})
        if flow["left"] == 0 and flow["node"] == "0":
            flow |= {"node": "1", "left": -1}
        elif flow["left"] > 0:
            flow["left"] -= 1
        node = {"currentNodeId": "61021", "currentNodeType": flow["node"], "status": "审批中"}
        return answer({"code": "SUCCESS", "data": node, "errMsg": {}})

    async def show(self, request: web.Request) -> web.StreamResponse:
        flow = self.flow(request.query["requestId"])

        def act() -> web.Response:
            if flow is None:
                return coded("PARAM_ERROR", {"requestId": "不存在"})
            fields = [{**field, "fieldShowName": field["fieldName"]} for field in flow["fields"]]
            record = {"recordOrder": 0, "workflowRequestTableFields": fields}
            data = {"requestId": flow["id"], "requestName": flow["title"], "status": "审批中"}
            data |= {"currentNodeName": "审批", "workflowMainTableInfo": {"requestRecords": [record]}}
            return answer({"code": "SUCCESS", "data": data, "errMsg": {}})

        return await self.treated(request, act, reads=True)

    def flow(self, wanted: str) -> Row | None:
        return next((flow for flow in self.flows if flow["id"] == wanted), None)

    def refusal(self, plan: str, request: web.Request) -> web.Response | None:
        refusals: Mapping[str, tuple[str, Any]] = {
            "refuse": ("NO_PERMISSION", "超信用额度 ¥12,300.00"),
            "ok_with_error": ("NO_PERMISSION", {"workflowId": "无创建权限"}),
            "invalid": ("PARAM_ERROR", {"mainData": "字段不存在"}),
            "unknown_item": ("USER_EXCEPTION", {"userid": "不存在"}),
        }
        if plan == "busy":
            return web.Response(status=503)
        if plan == "rate_limit":
            return web.Response(status=429, headers={"Retry-After": "7"})
        if plan == "echo_secret":
            return coded("PARAM_ERROR", "you sent " + headers_shown(request))
        return coded(*refusals[plan]) if plan in refusals else None


def opened(value: str) -> str:
    """Decrypt what was encrypted for the OA; what cannot be decrypted is nobody."""
    try:
        return server_key().decrypt(base64.b64decode(value), padding.PKCS1v15()).decode()
    except ValueError:
        return ""


def shown(flow: Row) -> Row:
    return {
        "requestId": flow["id"], "requestName": flow["title"], "status": "审批中",
        "creatorId": flow["creator"],
        "currentNodeId": "61021", "currentNodeName": "审批", "lastOperateTime": flow["at"],
        "lastOperatorName": "系统管理员", "workflowBaseInfo": {"workflowId": WORKFLOW},
    }  # fmt: skip


def coded(code: str, words: Any) -> web.Response:
    return answer({"code": code, "errMsg": words})
