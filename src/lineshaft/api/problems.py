"""One shape for every error of the API: problem details (RFC 9457), in the caller's language.

Besides the standard's fields: ``code`` (stable), ``hint`` (what to do next), ``request_id`` (also in the log
and in the header ``X-Request-Id``) and, for definitions, ``problems``.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

from lineshaft.api.json_edge import Json
from lineshaft.api.sizes import TooLarge
from lineshaft.base.errors import (
    BadRow,
    Conflict,
    DefinitionError,
    HubError,
    InputError,
    NotAllowed,
    NotFound,
    OperationalError,
    Place,
    Problem,
    UserError,
    WriteConflict,
)
from lineshaft.base.text import Language, Text, language_of, text
from lineshaft.engine.health import RETRY_AFTER_S

_LOGGER = logging.getLogger("lineshaft.api")

_STATUS: tuple[tuple[type[HubError], int], ...] = (
    (NotFound, 404),
    (NotAllowed, 403),
    (Conflict, 409),
    (DefinitionError, 422),
    (TooLarge, 413),
    (InputError, 400),
    (UserError, 400),
    (BadRow, 422),
    (WriteConflict, 409),
    (OperationalError, 503),
)

_WORDS: Mapping[int, Text] = {
    400: text("The request cannot be read", "请求格式不正确"),
    401: text("Please sign in", "请先登录"),
    403: text("You may not do this", "没有权限"),
    404: text("There is no such thing", "找不到"),
    405: text("This cannot be done here", "此处不支持该操作"),
    409: text("It changed meanwhile", "数据已变化"),
    413: text("It is too large", "内容过大"),
    410: text("It is not kept any more", "已不再保留"),
    412: text("It changed since you read it", "读取之后数据已变化"),
    415: text("This kind of content is not taken", "不支持该内容类型"),
    422: text("The content is wrong", "内容有误"),
    428: text("Say what you have read", "请说明所读取的版本"),
    429: text("Too much at once", "请求过多"),
    500: text("The hub made a mistake", "系统内部错误"),
    503: text("Not now, try again later", "暂时不可用,请稍后再试"),
}


_FOREIGN: Mapping[int, str] = {
    400: "INVALID_ARGUMENT",
    404: "NOT_FOUND",
    409: "INVALID_STATE",
    429: "RESOURCE_EXHAUSTED",
    503: "RESOURCE_EXHAUSTED",
}
"""Titles on the routes of workers outside, as the clients of that API know them."""

_WRONG_FIELDS: Mapping[str, str] = {
    "missing": "缺少此项",
    "int_parsing": "应为整数",
    "int_type": "应为整数",
    "float_parsing": "应为数字",
    "bool_parsing": "应为 true 或 false",
    "string_type": "应为文本",
    "dict_type": "应为对象",
    "list_type": "应为列表",
    "json_invalid": "不是有效的 JSON",
    "literal_error": "应为 {expected} 之一",
    "greater_than_equal": "不得小于 {ge}",
    "less_than_equal": "不得大于 {le}",
    "string_too_short": "至少 {min_length} 个字符",
    "string_too_long": "最多 {max_length} 个字符",
    "too_short": "至少 {min_length} 项",
    "too_long": "最多 {max_length} 项",
    "datetime_from_date_parsing": "应为时间",
    "datetime_parsing": "应为时间",
    "dataclass_type": "应为对象",
}
"""What is wrong with a field, in Chinese, by the kind of fault; the English words are the validator's own."""


class ProblemJson(Json):
    """An error's answer."""

    media_type = "application/problem+json"


def problem(
    request: Request,
    status: int,
    *,
    code: str,
    detail: Text | None = None,
    hint: Text | None = None,
    problems: list[Problem] | None = None,
    headers: Mapping[str, str] | None = None,
) -> ProblemJson:
    """Return an error's answer."""
    language = language_of(request.headers.get("accept-language"))
    title = _WORDS.get(status) or text(HTTPStatus(status).phrase, HTTPStatus(status).phrase)
    foreign = _FOREIGN.get(status) if request.url.path.startswith("/v2/") else None
    body: dict[str, Any] = {
        "type": f"urn:lineshaft:problem:{code}",
        "title": foreign or title.in_language(language),
        "status": status,
        "code": code,
        "request_id": request.scope.get("lineshaft.request_id", ""),
    }
    if detail is not None:
        body["detail"] = detail.in_language(language)
    if hint is not None:
        body["hint"] = hint.in_language(language)
    if problems:
        body["problems"] = [_one(each, language) for each in problems]
    return ProblemJson(body, status, headers={"Vary": "Accept-Language", **(headers or {})})


def _one(each: Problem, language: Language) -> dict[str, Any]:
    found: dict[str, Any] = {
        "code": each.code,
        "severity": each.severity,
        "message": each.message.in_language(language),
    }
    for name in ("file", "line", "column", "element", "path"):
        value = getattr(each.place, name)
        if value is not None:
            found[name] = value
    if each.hint is not None:
        found["hint"] = each.hint.in_language(language)
    return found


def of_error(request: Request, error: HubError) -> ProblemJson:
    """Return the answer for an error that was raised on purpose."""
    status = next((number for kind, number in _STATUS if isinstance(error, kind)), 500)
    problems = error.problems if isinstance(error, DefinitionError) else None
    if status == 500:
        _log(request, error)
    headers = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else None
    return problem(
        request,
        status,
        code=error.code,
        detail=error.message,
        hint=error.hint,
        problems=problems,
        headers=headers,
    )


async def on_hub_error(request: Request, error: Exception) -> ProblemJson:
    """Answer a ``HubError``."""
    assert isinstance(error, HubError)
    return of_error(request, error)


async def on_http_error(request: Request, error: Exception) -> ProblemJson:
    """Answer what the framework refuses: no such route, wrong method."""
    assert isinstance(error, HTTPException)
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
    return problem(request, error.status_code, code=code, headers=error.headers)


async def on_wrong_request(request: Request, error: Exception) -> ProblemJson:
    """Answer a request of the wrong shape, with every field that is wrong."""
    problems = []
    for each in getattr(error, "errors", list)():
        path = ".".join(str(part) for part in each.get("loc", ()))
        kind, said = str(each.get("type", "")), str(each.get("msg", ""))
        zh = _WRONG_FIELDS.get(kind, said)
        context = each.get("ctx") or {}
        for name, value in context.items():
            zh = zh.replace(f"{{{name}}}", str(value))
        problems.append(Problem(kind or "wrong", Text(said, zh), Place(path=path)))
    listed = [f"{each.place.path}: {each.message.in_language('en')}" for each in problems]
    listed_zh = [f"{each.place.path}: {each.message.in_language('zh')}" for each in problems]
    return problem(
        request,
        400,
        code="request_invalid",
        detail=Text(f"Expected another request: {'; '.join(listed)}", f"请求参数有误:{';'.join(listed_zh)}"),
        problems=problems,
    )


async def on_bug(request: Request, error: Exception) -> ProblemJson:
    """Answer a mistake of ours: nothing of it goes out but the number to ask for."""
    _log(request, error)
    return problem(
        request,
        500,
        code="unexpected",
        hint=text(
            "Tell the operator the request id; the log has the details.",
            "请把请求编号告知运维人员,详情见日志。",
        ),
    )


def _log(request: Request, error: BaseException) -> None:
    fields = {
        "request_id": request.scope.get("lineshaft.request_id", ""),
        "method": request.method,
        "path": request.url.path,
    }
    _LOGGER.error("request failed", extra={"fields": fields}, exc_info=error)
