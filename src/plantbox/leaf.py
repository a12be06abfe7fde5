"""What the newer systems' pages have in common: language, tables, the guard of forms, the simulated time.

The look (style, head, words) is each system's own and comes in as values.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from html import escape

from aiohttp import web

from plantbox.english import in_language
from plantbox.simtime import SimClock


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


def shown(value: object) -> str:
    """Return a cell: markup as it is, exact numbers grouped, times to the minute, all else escaped."""
    if isinstance(value, Html):
        return str(value)
    if value is None:
        return ""
    text = str(value)
    if isinstance(value, Decimal):
        return f"{value:,f}"
    if len(text) == 25 and text[10:11] == "T":
        return text[:16].replace("T", " ")
    return escape(text)


def number(text: str) -> Decimal | str:
    """Return a stored number for ``shown``."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def guard(request: web.Request) -> None:
    """Refuse a form that another site sent."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise web.HTTPForbidden(reason="Only from this site")


def language_of(request: web.Request, cookie: str) -> str:
    """Return the language of a request: ``?lang=``, what was chosen before, the browser's, Chinese."""
    wanted = request.query.get("lang") or request.cookies.get(cookie)
    if wanted is None:
        asked = request.headers.get("Accept-Language", "").lower()
        wanted = "en" if asked.startswith("en") else "zh"
    return "en" if wanted == "en" else "zh"


def problem_page(request: web.Request, status: int) -> web.Response:
    """Return what a person sees whose browser asked for something that is not there or not allowed."""
    zh = language_of(request, "lang") == "zh"
    said = ("没有这个页面或单据", "There is no such page or document")
    if status != web.HTTPNotFound.status_code:
        said = ("这个请求不被接受", "This request was not accepted")
    back = "返回首页" if zh else "Back to the first page"
    text = (
        f'<!doctype html><html lang="{"zh-CN" if zh else "en"}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        f"<title>{said[0 if zh else 1]}</title></head>"
        '<body style="font:16px/1.6 sans-serif;max-width:32em;margin:3em auto;padding:0 1em">'
        f'<h1 style="font-size:20px">{said[0 if zh else 1]}</h1><p><a href="/">{back}</a></p></body></html>'
    )
    return web.Response(text=text, status=status, content_type="text/html")


@dataclass(frozen=True, slots=True)
class Look:
    """A system's look: its short name, its words (zh, en), its style, its menu (address, word)."""

    name: str
    words: dict[str, tuple[str, str]]
    style: str
    menu: tuple[tuple[str, str], ...]
    bilingual: bool = True
    """Whether names that the firm has in English are shown so; not where people read what was written."""

    def language(self, request: web.Request) -> str:
        """Return the language of a request."""
        return language_of(request, f"{self.name}_lang")

    def word(self, key: str, lang: str) -> str:
        """Return a word; a key that is no word is shown as it is."""
        return self.words[key][0 if lang == "zh" else 1] if key in self.words else key

    def table(self, lang: str, keys: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
        """Return a table; exact numbers and the heads of their columns stand right."""
        rows = [tuple(row) for row in rows]
        exact = {place for row in rows for place, cell in enumerate(row) if isinstance(cell, Decimal)}
        heads = "".join(
            f"<th{' class=n' if place in exact else ''}>{escape(self.word(key, lang))}</th>"
            for place, key in enumerate(keys)
        )
        body = "".join(
            "<tr>"
            + "".join(
                f"<td{' class=n' if isinstance(cell, Decimal) else ''}>{shown(cell)}</td>" for cell in row
            )
            + "</tr>"
            for row in rows
        )
        return f'<div class="scroll"><table><tr>{heads}</tr>{body}</table></div>'

    def page(self, request: web.Request, clock: SimClock, title: str, body: str) -> web.Response:
        """Return a whole page with the menu, the other language, and the simulated time."""
        lang = self.language(request)
        other = "en" if lang == "zh" else "zh"
        links = "".join(f'<a href="{href}">{self.word(key, lang)}</a>' for href, key in self.menu)
        text = (
            f'<!doctype html><html lang="{"zh-CN" if lang == "zh" else "en"}"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
            f"<title>{escape(title)}</title><style>{self.style}</style></head>"
            f"<body><header><b>{self.word('title', lang)}</b>"
            f'<nav>{links}<a href="?lang={other}">{"English" if lang == "zh" else "中文"}</a></nav>'
            f'<span class="sim">{clock.label(lang)} · {clock.now():%Y-%m-%d %H:%M}</span></header>'
            f"<main><h1>{escape(title)}</h1>{body}</main></body></html>"
        )
        if self.bilingual:
            text = in_language(text, lang)
        response = web.Response(text=text, content_type="text/html")
        response.set_cookie(f"{self.name}_lang", lang, samesite="Lax", httponly=True)
        return response
