"""An application that the hub does not know: tools and their repairs, over REST with a key.

It has what one meets: a list in pages that ends by a count, records with a time of change, a write that is
only saved and must be released, an error inside a good status.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from aiohttp import web

KEY = "tr-9f27c1d0"
_PAGE_MAX = 2
"""The application gives no more in one page, whatever is asked for."""


class Toolroom:
    """The application's state and its routes."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
        self.tools: list[dict[str, Any]] = []
        self.repairs: list[dict[str, Any]] = []
        self.url = ""
        self._runner: web.AppRunner | None = None
        for code, name in (
            ("T-1", "Drehmoment 扭矩扳手"),
            ("T-2", "Micrometer 千分尺"),
            ("T-3", "Gauge 量规"),
        ):
            self.tools.append({"code": code, "name": name, "state": "good", "price": "12.50", "changed": ""})
            self.touch(code)

    async def start(self, port: int = 0) -> str:
        """Listen on the loopback; return the address."""
        app = web.Application()
        app.router.add_get("/api/v1/tools", self.guarded(self.list_tools))
        app.router.add_get("/api/v1/tools/{code}", self.guarded(self.show_tool))
        app.router.add_get("/api/v1/repairs", self.guarded(self.list_repairs))
        app.router.add_get("/api/v1/repairs/{number}", self.guarded(self.show_repair))
        app.router.add_post("/api/v1/repairs", self.guarded(self.save_repair))
        app.router.add_post("/api/v1/repairs/{number}/release", self.guarded(self.release))
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self.url

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    def touch(self, code: str, **changes: Any) -> None:
        """Change a tool, a second later than the last change."""
        self.moment += timedelta(seconds=1)
        tool = next(each for each in self.tools if each["code"] == code)
        tool.update(changes, changed=self.moment.strftime("%Y-%m-%d %H:%M:%S"))

    def guarded(self, handler: Any) -> Any:
        """Ask for the key first."""

        async def guard(request: web.Request) -> web.Response:
            if request.headers.get("X-Api-Key") != KEY:
                return _json({"ok": False, "error": {"code": "key", "text": "unknown key"}}, 401)
            answer: web.Response = await handler(request)
            return answer

        return guard

    async def list_tools(self, request: web.Request) -> web.Response:
        """Tools in the order of their change, from ``changed_after`` on."""
        after = request.query.get("changed_after", "")
        rows = sorted((t for t in self.tools if t["changed"] >= after), key=lambda t: t["changed"])
        return _page(request, "tools", rows)

    async def show_tool(self, request: web.Request) -> web.Response:
        """One tool."""
        for tool in self.tools:
            if tool["code"] == request.match_info["code"]:
                return _json({"ok": True, "tool": tool})
        return _json({"ok": False, "error": {"code": "none", "text": "no such tool"}}, 404)

    async def list_repairs(self, request: web.Request) -> web.Response:
        """Repairs, all or those with a reference of ours."""
        wanted = request.query.get("reference")
        return _page(request, "repairs", [r for r in self.repairs if wanted in (None, r["reference"])])

    async def show_repair(self, request: web.Request) -> web.Response:
        """One repair."""
        for repair in self.repairs:
            if repair["number"] == request.match_info["number"]:
                return _json({"ok": True, "repair": repair})
        return _json({"ok": False, "error": {"code": "none", "text": "no such repair"}}, 404)

    async def save_repair(self, request: web.Request) -> web.Response:
        """Save a repair; the refusal comes with status 200."""
        given = json.loads(await request.text(), parse_float=Decimal)
        if not any(tool["code"] == given["tool"] for tool in self.tools):
            return _json({"ok": False, "error": {"code": "E17", "text": f"unknown tool {given['tool']}"}})
        if given["hours"] > 40:
            return _json({"ok": False, "error": {"code": "E40", "text": "too many hours 工时过多"}})
        number = f"RP-{len(self.repairs) + 1:03}"
        repair = {"number": number, "state": "draft", **given, "hours": str(given["hours"])}
        self.repairs.append(repair)
        return _json({"ok": True, "repair": repair})

    async def release(self, request: web.Request) -> web.Response:
        """Put a saved repair into force."""
        for repair in self.repairs:
            if repair["number"] == request.match_info["number"]:
                repair["state"] = "released"
                return _json({"ok": True, "repair": repair})
        return _json({"ok": False, "error": {"code": "none", "text": "no such repair"}}, 404)


def _page(request: web.Request, name: str, rows: list[dict[str, Any]]) -> web.Response:
    size = min(int(request.query.get("limit", "2")), _PAGE_MAX)
    skip = int(request.query.get("skip", "0"))
    return _json({"ok": True, name: rows[skip : skip + size], "count": len(rows)})


def _json(body: Any, status: int = 200) -> web.Response:
    return web.Response(
        text=json.dumps(body, ensure_ascii=False), status=status, content_type="application/json"
    )
