"""The fault buttons: a page of the admin listener where a person breaks the system, and mends it again.

It lies on the admin listener, which still answers while the system itself is down. It asks for no token: it
listens on this machine only, breaks nothing but simulated systems, and takes presses from its own page only.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from html import escape
from typing import Any, Final

from aiohttp import web

from plantbox.face import Face
from plantbox.faults import Fault
from plantbox.leaf import Look, guard
from plantbox.station import Station

_LOCAL: Final = ("127.0.0.1", "localhost", "[::1]")

LOOK = Look(
    name="panel",
    words={
        "title": ("故障按钮", "Fault buttons"),
        "faults": ("按下即出故障", "Press to break"),
        "on": ("正在发生的故障", "Faults that are on"),
        "none": ("一切正常", "Everything works"),
        "lift": ("恢复", "Mend"),
        "all": ("全部恢复", "Mend everything"),
        "hits": ("已命中 {0} 次", "struck {0} times"),
        "time": ("仿真时间", "Simulated time"),
        "hours": ("快进 {0} 小时", "{0} h on"),
        "once": ("下一次写入:{0}", "the next write: {0}"),
        "always": ("直到恢复", "until mended"),
        "own": ("打开系统页面", "Open the system's page"),
    },
    style="""
*{box-sizing:border-box}body{margin:0;background:#26221b;color:#f5efe2;
font:15px/1.5 "PingFang SC","Noto Sans CJK SC","Microsoft YaHei",sans-serif}
header{padding:12px 20px;display:flex;gap:20px;flex-wrap:wrap;align-items:center;color:#1c1a16;
background:repeating-linear-gradient(135deg,#f2b705 0 22px,#e3a900 22px 44px)}header b{font-size:18px}
header a{color:#1c1a16;margin-right:14px}.sim{margin-left:auto;font-size:13px}
main{max-width:900px;margin:18px auto;padding:0 14px}
h1{font-size:17px}h2{font-size:15px;color:#d9cfb8;margin:20px 0 8px}form{margin:0}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(250px,1fr));gap:10px}
button{width:100%;text-align:left;font:inherit;color:#fff;background:#8f1d1d;border:0;border-radius:10px;
padding:10px 14px;cursor:pointer;min-height:62px}button b{display:block}button small{color:#f3d0d0}
button.mend{background:#1e6b3a;min-height:40px;width:auto}button.time{background:#3d4f66;min-height:40px;width:auto}
.on{background:#3a1717;border:1px solid #c0392b;border-radius:10px;padding:10px 14px;margin-bottom:8px;
display:flex;gap:14px;align-items:center;justify-content:space-between}.ok{color:#8fd6a6}
.acts{display:flex;gap:8px;flex-wrap:wrap}
""",
    menu=(("/", "faults"),),
)

# What a button does: its fault, whether it strikes one write or everything until it is mended, its words.
BUTTONS: Final[dict[str, tuple[dict[str, Any], bool, tuple[str, str], tuple[str, str]]]] = {
    "down": (
        {"kind": "down"},
        False,
        ("停机", "Down"),
        ("所有接口回 503", "every call is answered 503"),
    ),
    "refuse": (
        {"kind": "down", "mode": "refuse"},
        False,
        ("断网", "Unplugged"),
        ("端口关闭,连接被拒", "the port is closed"),
    ),
    "slow": (
        {"kind": "slow", "ms": 4000},
        False,
        ("变慢", "Slow"),
        ("每次调用多等 4 秒", "each call takes 4 s longer"),
    ),
    "lost_reply": (
        {"kind": "lost_reply"},
        True,
        ("丢回包", "Lost reply"),
        ("已执行,但没有回应", "done, but nobody answers"),
    ),
    "error_but_done": (
        {"kind": "error_but_done"},
        True,
        ("报错但已成功", "Error, but done"),
        ("回 500,其实已执行", "answers 500, and has done it"),
    ),
    "ok_with_error": (
        {"kind": "ok_with_error"},
        True,
        ("成功码里藏错误", "200 with an error"),
        ("回 200,其实未执行", "answers 200, and has done nothing"),
    ),
    "late_commit": (
        {"kind": "late_commit", "ms": 6000},
        True,
        ("迟到的执行", "Late commit"),
        ("不回应,6 秒后才执行", "no answer, done 6 s later"),
    ),
    "rate_limited": (
        {"kind": "rate_limited", "retry_after": 5, "per_second": 1},
        False,
        ("限流", "Rate limit"),
        ("每秒只收 1 次,多的回 429", "one call a second, 429 for more"),
    ),
    "wrong_code": (
        {"kind": "wrong_code"},
        False,
        ("编码错误", "Wrong codes"),
        ("回应里的编码没人认识", "answers carry unknown codes"),
    ),
    "changed_schema": (
        {"kind": "changed_schema"},
        False,
        ("字段改名", "Changed schema"),
        ("升级后字段换了名字", "a field has a new name"),
    ),
    "duplicate_webhook": (
        {"kind": "duplicate_webhook", "match": "webhook.*"},
        False,
        ("重复回调", "Duplicate callback"),
        ("每个通知发两次", "every notice comes twice"),
    ),
    "late_webhook": (
        {"kind": "late_webhook", "match": "webhook.*", "ms": 8000},
        False,
        ("迟到回调", "Late callback"),
        ("通知晚 8 秒", "notices come 8 s late"),
    ),
}
HOURS: Final = (1, 8, 24)


class Panel:
    """The page over one system; ``follow``, ``lift`` and ``advance`` are what the admin routes do, too."""

    def __init__(
        self,
        face: Face,
        station: Station,
        follow: Callable[[Fault], Awaitable[None]],
        lift: Callable[[int | None], Awaitable[list[Fault]]],
        advance: Callable[[int], Awaitable[None]],
    ) -> None:
        self._face = face
        self._station = station
        self._follow = follow
        self._lift = lift
        self._advance = advance

    def routes(self) -> list[web.RouteDef]:
        """Return the page and its buttons."""
        return [
            web.get("/", self.show),
            web.post("/break/{button}", self.press),
            web.post("/mend", self.mend),
            web.post("/advance/{hours:\\d+}", self.pass_time),
        ]

    async def show(self, request: web.Request) -> web.Response:
        """Show what is broken, and the buttons."""
        lang = LOOK.language(request)
        word = partial(LOOK.word, lang=lang)
        own = word("once").format(self._face.main_write)
        buttons = "".join(
            f'<form method="post" action="/break/{name}"><button><b>{title[lang == "en"]}</b>'
            f"<small>{escape(about[lang == 'en'])} · {escape(own if once else word('always'))}</small>"
            "</button></form>"
            for name, (_, once, title, about) in BUTTONS.items()
            if self._has(name)
        )
        on = "".join(self._row(fault, lang) for fault in self._station.faults.views())
        mend_all = f'<form method="post" action="/mend"><button class="mend">{word("all")}</button></form>'
        hours = "".join(
            f'<form method="post" action="/advance/{count}"><button class="time">'
            f"{word('hours').format(count)}</button></form>"
            for count in HOURS
        )
        now = on + mend_all if on else f'<p class="ok">{word("none")}</p>'
        body = (
            f"<h2>{word('on')}</h2>{now}"
            f'<h2>{word("faults")}</h2><div class="grid">{buttons}</div>'
            f'<h2>{word("time")}</h2><div class="acts">{hours}</div>'
        )
        return LOOK.page(request, self._station.clock, f"{self._face.name.upper()} {word('title')}", body)

    def _has(self, button: str) -> bool:
        return "webhook" not in button or self._face.calls_back

    @staticmethod
    def _row(fault: dict[str, Any], lang: str) -> str:
        known = (
            title
            for spec, _, title, _ in BUTTONS.values()
            if spec["kind"] == fault["kind"] and spec.get("mode", "503") == fault["mode"]
        )
        title = next(known, (fault["kind"], fault["kind"]))[lang == "en"]
        hits = LOOK.word("hits", lang).format(fault["hits"])
        about = LOOK.word("always", lang)
        if not fault["match"].startswith("!") and fault["match"] != "webhook.*":
            about = fault["match"]
        return (
            f'<div class="on"><span><b>{escape(title)}</b> · {escape(about)} · {hits}</span>'
            f'<form method="post" action="/mend?id={fault["id"]}">'
            f'<button class="mend">{LOOK.word("lift", lang)}</button></form></div>'
        )

    async def press(self, request: web.Request) -> web.StreamResponse:
        """Switch a fault on."""
        _only_here(request)
        found = BUTTONS.get(request.match_info["button"])
        if found is None or not self._has(request.match_info["button"]):
            raise web.HTTPNotFound
        spec, once, _, _ = found
        wanted = {"match": self._face.main_write, "count": 1} if once else {"match": "!page.*"}
        await self._follow(self._station.faults.add({**wanted, **spec}))
        raise web.HTTPSeeOther("/")

    async def mend(self, request: web.Request) -> web.StreamResponse:
        """Lift one fault, or all."""
        _only_here(request)
        wanted = request.query.get("id", "")
        await self._lift(int(wanted) if wanted.isdecimal() else None)
        raise web.HTTPSeeOther("/")

    async def pass_time(self, request: web.Request) -> web.StreamResponse:
        """Move simulated time on."""
        _only_here(request)
        hours = int(request.match_info["hours"])
        if hours in HOURS:
            await self._advance(hours)
        raise web.HTTPSeeOther("/")


def _only_here(request: web.Request) -> None:
    """Refuse what another site sent, also under a name that only leads here."""
    guard(request)
    if (request.host.rsplit(":", 1)[0] if "]" not in request.host else "[::1]") not in _LOCAL:
        raise web.HTTPForbidden(reason="Only from this machine")
