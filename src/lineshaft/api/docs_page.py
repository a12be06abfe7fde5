"""The page that describes the API for people: made of the OpenAPI document, without a script.

Nothing on it is fetched from anywhere else, so that it works in a plant without the internet.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import HTMLResponse

from lineshaft.base.text import Language, language_of, text

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
_STYLE: Final = """
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,"Noto Sans SC",sans-serif;margin:2rem auto;max-width:62rem;padding:0 1rem}
h1{font-size:1.6rem}
h2{margin-top:2.2rem;border-bottom:1px solid #8884}
code,pre{font:13px/1.45 ui-monospace,monospace}
pre{background:#8881;padding:.8rem;overflow:auto;border-radius:6px}
details{border:1px solid #8884;border-radius:6px;margin:.4rem 0}
summary{cursor:pointer;padding:.45rem .8rem}
details>div{padding:0 .9rem .7rem}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.2rem .6rem .2rem 0;border-bottom:1px solid #8883}
b.m{display:inline-block;min-width:4.2em;font:600 12px ui-monospace,monospace}
b.get{color:#2563a8}
b.post{color:#25803f}
b.put,b.patch{color:#a06a00}
b.delete{color:#b3261e}
nav a{margin-right:.9em}
"""
_WORDS: Final = {
    "title": text("The API of this hub", "本枢纽的接口"),
    "raw": text("The same for programs (OpenAPI 3.1)", "供程序使用的描述(OpenAPI 3.1)"),
    "parameters": text("Parameters", "参数"),
    "body": text("Body", "请求内容"),
    "answers": text("Answers", "应答"),
    "required": text("required", "必填"),
    "open": text("no token needed", "无需令牌"),
}


async def show_docs(request: Request) -> HTMLResponse:
    """Return the page: ``GET /api/v1/docs``."""
    language = language_of(request.headers.get("accept-language"))
    page = page_of(request.app.openapi(), language)
    headers = {
        "Content-Security-Policy": _POLICY,
        "X-Content-Type-Options": "nosniff",
        "Vary": "Accept-Language",
    }
    return HTMLResponse(page, headers=headers)


def page_of(document: Mapping[str, Any], language: Language) -> str:
    """Return the page as HTML."""

    def say(name: str) -> str:
        return escape(_WORDS[name].in_language(language))

    groups: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            groups.setdefault((operation.get("tags") or ["-"])[0], []).append((path, method, operation))
    parts = [
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>{say('title')}</title><style>{_STYLE}</style></head><body><h1>{say('title')}</h1>",
        f"<p>{escape(document['info']['version'])} · ",
        f'<a href="/api/v1/openapi.json">{say("raw")}</a></p><nav>',
        *(f'<a href="#{_anchor(name)}">{escape(name)}</a>' for name in groups),
        "</nav>",
    ]
    for name, operations in groups.items():
        parts.append(f'<h2 id="{_anchor(name)}">{escape(name)}</h2>')
        for path, method, operation in operations:
            parts += _operation(document, path, method, operation, say=say)
    parts.append("</body></html>")
    return "".join(parts)


def _operation(
    document: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any], *, say: Any
) -> Iterator[str]:
    told = operation.get("description") or operation.get("summary") or ""
    yield f'<details id="{escape(operation["operationId"])}"><summary>'
    yield f'<b class="m {method}">{method.upper()}</b>'
    yield f"<code>{escape(path)}</code> {escape(told.split('. ')[0].rstrip('.'))}</summary><div>"
    yield f"<p>{escape(told)}</p>"
    if operation.get("security") == []:
        yield f"<p>{say('open')}</p>"
    parameters = [_resolved(document, each) for each in operation.get("parameters", ())]
    if parameters:
        yield f"<h4>{say('parameters')}</h4><table>"
        for each in parameters:
            must = f" ({say('required')})" if each.get("required") else ""
            kind = _kind(each.get("schema", {}))
            about = escape(each.get("description") or each.get("schema", {}).get("description") or "")
            yield f"<tr><td><code>{escape(each['name'])}</code>{must}</td><td>{escape(each['in'])}</td>"
            yield f"<td>{escape(kind)}</td><td>{about}</td></tr>"
        yield "</table>"
    if "requestBody" in operation:
        yield f"<h4>{say('body')}</h4>"
        for content_type, content in operation["requestBody"].get("content", {}).items():
            yield _sample(document, content_type, content.get("schema", {}))
    yield f"<h4>{say('answers')}</h4><table>"
    for code, answer in operation["responses"].items():
        found = _resolved(document, answer)
        yield f"<tr><td><code>{escape(code)}</code></td><td>{escape(found.get('description', ''))}</td></tr>"
    yield "</table>"
    for code, answer in operation["responses"].items():
        if code.startswith("2"):
            for content_type, content in _resolved(document, answer).get("content", {}).items():
                yield _sample(document, content_type, content.get("schema", {}))
    yield "</div></details>"


def _sample(document: Mapping[str, Any], content_type: str, schema: Mapping[str, Any]) -> str:
    shown = json.dumps(_shape(document, schema, 0), ensure_ascii=False, indent=2)
    return f"<p><code>{escape(content_type)}</code></p><pre>{escape(shown)}</pre>"


def _shape(document: Mapping[str, Any], schema: Mapping[str, Any], depth: int) -> Any:
    """Return what a value of a schema looks like: names and kinds."""
    found = _resolved(document, schema)
    choices = found.get("anyOf") or found.get("oneOf")
    if choices:
        shapes = [_shape(document, each, depth) for each in choices if each.get("type") != "null"]
        shown = shapes[0] if shapes else "null"
        return f"{shown} | null" if isinstance(shown, str) and len(shapes) < len(choices) else shown
    if depth > 6:
        return "…"
    if found.get("type") == "object" and "properties" in found:
        return {name: _shape(document, each, depth + 1) for name, each in found["properties"].items()}
    if found.get("type") == "array":
        return [_shape(document, found.get("items", {}), depth + 1)]
    return _kind(found)


def _kind(schema: Mapping[str, Any]) -> str:
    choices = schema.get("anyOf")
    if choices:
        return " | ".join(_kind(each) for each in choices)
    if "enum" in schema:
        return " | ".join(json.dumps(each, ensure_ascii=False) for each in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"])
    kind = str(schema.get("type", "any"))
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def _resolved(document: Mapping[str, Any], value: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = value.get("$ref")
    if reference is None:
        return value
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    resolved: Mapping[str, Any] = found
    return resolved


def _anchor(name: str) -> str:
    return escape(name.replace(" ", "-"))
