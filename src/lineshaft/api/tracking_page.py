"""The page behind an order-tracking link: one order, as its customer sees it; plain HTML, made for the phone.

It has no script, loads nothing, and is told to nobody: no referrer, no search engine, no cache.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from html import escape
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from lineshaft.api.services import Services
from lineshaft.base.scope import Scope
from lineshaft.base.text import Language, Text, language_of, text
from lineshaft.insight.tracking import Tracked, TrackedDelivery, TrackedLine, tracked
from lineshaft.insight.words import Words
from lineshaft.security.tracking import TicketExpired, TicketInvalid

_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "private, no-store",
}
_REFRESH_S: Final = 60

_TITLE = text("Order progress", "订单进度")
_ORDERED = text("Ordered", "下单日期")
_DUE = text("Delivery by", "交货日期")
_STAGES = text("Where it is", "进度")
_LINES = text("What you ordered", "订单明细")
_SHIPPED = text("{shipped} of {quantity} {unit} shipped", "已发 {shipped} / {quantity} {unit}")
_DELIVERIES = text("Deliveries", "发货记录")
_LEFT = text("shipped on", "发货日期")
_ARRIVES = text("expected on", "预计到达")
_CARRIER = text("by", "承运")
_FRESH = text("This page shows the state of this minute.", "本页每分钟自动更新。")
_STATES: Final = {
    "pending": text("to come", "未开始"),
    "active": text("under way", "进行中"),
    "done": text("done", "已完成"),
    "skipped": text("not needed", "无需"),
    "cancelled": text("cancelled", "已取消"),
}
_MARKS: Final = {"pending": "", "active": "●", "done": "✓", "skipped": "–", "cancelled": "×"}
_TROUBLES: Final = {
    403: (
        text("This link is not valid", "链接无效"),
        text(
            "It may have been cut off on its way: open it once more from the mail, or ask your "
            "salesperson for a new one.",
            "链接可能不完整:请从邮件中重新打开,或联系您的销售员重新获取。",
        ),
    ),
    410: (
        text("This link has expired", "链接已过期"),
        text("Ask your salesperson for a new one.", "请联系您的销售员重新获取链接。"),
    ),
    404: (
        text("This order is not here any more", "订单已不存在"),
        text("Ask your salesperson.", "请联系您的销售员。"),
    ),
}


async def show_order(request: Request) -> Response:
    """Return the page of the order that the link is good for; 403, 410 and 404 are pages, too."""
    services: Services = request.app.state.services
    language = _language(request)
    now = services.clock.now()
    try:
        ticket = services.tracking.read(request.path_params["token"], now)
    except TicketExpired:
        return _trouble(410, language)
    except TicketInvalid:
        return _trouble(403, language)
    found = await tracked(
        services.store, Scope(ticket.tenant), ticket.document, spec=services.systems.trail, now=now
    )
    if found is None:
        return _trouble(404, language)
    title = f"{_TITLE.in_language(language)} {found.number}"
    return _page(200, language, title, _order(found, language), refresh=True)


def _language(request: Request) -> Language:
    chosen = request.query_params.get("lang")
    if chosen in ("zh", "en"):
        return "zh" if chosen == "zh" else "en"
    return language_of(request.headers.get("accept-language"))


def _trouble(status: int, language: Language) -> Response:
    title, advice = (each.in_language(language) for each in _TROUBLES[status])
    body = f'<section class="card trouble"><h1>{escape(title)}</h1><p>{escape(advice)}</p></section>'
    return _page(status, language, title, body)


# -- parts -------------------------------------------------------------------------------------------------


def _order(order: Tracked, language: Language) -> str:
    facts = [
        (_said(label, language), _date(day))
        for label, day in ((_ORDERED, order.ordered_on), (_DUE, order.due_on))
        if day is not None
    ]
    head = "".join(f"<div><dt>{label}</dt><dd>{day}</dd></div>" for label, day in facts)
    stages = "".join(
        f'<li class="{each.state}"><i aria-hidden="true">{_MARKS[each.state]}</i>'
        f"<b>{_of(each.title, language)}</b><span>{_said(_STATES[each.state], language)}</span></li>"
        for each in order.stages
    )
    lines = "".join(_line(each, language) for each in order.lines)
    sent = "".join(_delivery(each, language) for each in order.deliveries)
    deliveries = (
        f'<section class="card"><h2>{_said(_DELIVERIES, language)}</h2><ul class="rows">{sent}</ul></section>'
        if sent
        else ""
    )
    return (
        f'<section class="card head {order.tone}"><h1>{_said(_TITLE, language)} '
        f'<span class="no">{escape(order.number)}</span></h1>'
        f'<p class="now">{_of(order.headline, language)}</p><dl>{head}</dl></section>'
        f'<section class="card"><h2>{_said(_STAGES, language)}</h2><ol class="stages">{stages}</ol></section>'
        f'<section class="card"><h2>{_said(_LINES, language)}</h2><ul class="rows">{lines}</ul></section>'
        f'{deliveries}<p class="soft">{_said(_FRESH, language)}</p>'
    )


def _line(line: TrackedLine, language: Language) -> str:
    share = min(100, int(100 * line.shipped / line.quantity)) if line.quantity else 0
    name = _of(line.name, language)
    counted = text(
        _SHIPPED.en,
        _SHIPPED.zh,
        shipped=_number(line.shipped),
        quantity=_number(line.quantity),
        unit=line.unit.zh if language == "zh" else line.unit.en,
    )
    return (
        f"<li><div><b>{name or escape(line.item)}</b>"
        f"{f' <span class=no>{escape(line.item)}</span>' if name else ''}</div>"
        f'<div class="bar" aria-hidden="true"><i style="width:{share}%"></i></div>'
        f'<div class="between"><span>{_said(counted, language)}</span>'
        f'<span class="tag {line.state}">{_of(line.status, language)}</span></div></li>'
    )


def _delivery(delivery: TrackedDelivery, language: Language) -> str:
    contents = "<br>".join(
        f"{_of(name, language)} <b>{_number(quantity)}</b> {_of(unit, language)}"
        for name, quantity, unit in delivery.contents
    )
    parts = [f"{_said(_LEFT, language)} <b>{_date(delivery.shipped_on)}</b>"]
    if delivery.arrives_on is not None:
        parts.append(f"{_said(_ARRIVES, language)} <b>{_date(delivery.arrives_on)}</b>")
    if delivery.carrier and (language == "zh" or not re.search("[\u4e00-\u9fff]", delivery.carrier)):
        parts.append(f"{_said(_CARRIER, language)} {escape(delivery.carrier)}")
    return (
        f'<li><div class="no">{escape(delivery.number)}</div><div>{contents}</div>'
        f'<div class="soft">{" · ".join(parts)}</div></li>'
    )


def _said(words: Text, language: Language) -> str:
    return escape(words.in_language(language))


def _of(words: Words, language: Language) -> str:
    return escape(words.zh if language == "zh" else words.en)


def _date(day: date) -> str:
    return day.isoformat()


def _number(quantity: Decimal) -> str:
    shown = f"{quantity:,f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def _page(status: int, language: Language, title: str, body: str, *, refresh: bool = False) -> Response:
    other, word = ("en", "English") if language == "zh" else ("zh", "中文")
    again = f'<meta http-equiv="refresh" content="{_REFRESH_S}">' if refresh else ""
    return HTMLResponse(
        f'<!doctype html><html lang="{"zh-CN" if language == "zh" else "en"}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1">{again}'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        f'<header><a href="?lang={other}" hreflang="{other}">{word}</a></header>'
        f"<main>{body}</main></body></html>",
        status,
        {**_HEADERS, "Content-Language": language, "Vary": "Accept-Language"},
    )


_STYLE: Final = """
*{box-sizing:border-box}body{margin:0;background:#f5f5f5;color:#1f1f1f;
font:16px/1.5 "Segoe UI","PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
header{display:flex;justify-content:flex-end;max-width:680px;margin:0 auto;padding:12px 16px 0}
a{color:#0958d9;padding:8px 4px}main{max-width:680px;margin:0 auto;padding:4px 12px 24px}
.card{background:#fff;border:1px solid #e5e5e5;border-radius:8px;padding:16px;margin:0 0 12px}
h1{font-size:17px;font-weight:600;margin:0}h2{font-size:15px;margin:0 0 10px}
.no{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:14px;color:#595959;font-weight:400}
.head{border-top:4px solid #0958d9}.head.done{border-top-color:#389e0d}
.head.failed{border-top-color:#ad4e00}
.head.cancelled{border-top-color:#8c8c8c}
.now{font-size:24px;font-weight:600;line-height:1.3;margin:10px 0 12px}
dl{display:flex;gap:8px 32px;flex-wrap:wrap;margin:0}dt{color:#595959;font-size:14px}dd{margin:0;
font-variant-numeric:tabular-nums}
ol,ul{list-style:none;margin:0;padding:0}
.stages li{display:grid;grid-template-columns:28px 1fr auto;gap:10px;
align-items:center;padding:7px 0;position:relative}
.stages i{font-style:normal;
width:26px;height:26px;border-radius:13px;border:2px solid #bfbfbf;background:#fff;
display:grid;place-items:center;font-size:14px;line-height:1;z-index:1}
.stages li+li:before{content:"";
position:absolute;left:12px;top:-10px;height:20px;border-left:2px solid #bfbfbf}
.stages .done i{background:#389e0d;border-color:#389e0d;color:#fff}
.stages .done+li:before{border-color:#389e0d}
.stages .active i{border-color:#0958d9;color:#0958d9}.stages .active b{color:#0958d9}
.stages .pending b,.stages .skipped b,.stages .cancelled b{font-weight:400;color:#595959}
.stages span,.soft{color:#595959;font-size:14px}.soft b{font-weight:600;white-space:nowrap}
.rows li{padding:12px 0;border-top:1px solid #f0f0f0}.rows li:first-child{border-top:0;padding-top:0}
.rows li:last-child{padding-bottom:0}
.between{display:flex;justify-content:space-between;gap:12px;flex-wrap:wrap}
.bar{height:8px;border-radius:4px;background:#e6e6e6;margin:8px 0;overflow:hidden}
.bar i{display:block;height:8px;background:#389e0d}
.tag{font-size:14px;padding:1px 8px;border-radius:4px;background:#e6f4ff;color:#0958d9}
.tag.done{background:#f0f9e8;color:#237804}.tag.cancelled{background:#f0f0f0;color:#595959}
.tag.failed{background:#fff7e6;color:#873800}.tag:empty{display:none}
.trouble{text-align:center;padding:48px 20px;margin-top:24px}.trouble h1{font-size:22px;margin-bottom:10px}
"""
