"""A wait that a target asks for one document alone holds back nothing else of its system."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import web

from integration.app.test_alerts import Target, hub_of, send, until


class Counting(Target):
    """Takes every order but those whose goods are being counted: these shall come again later."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.counts = True

    async def save(self, request: web.Request) -> web.Response:
        number = (await request.json())["number"]
        self.asked.append(number)
        if self.counts and number == "SO-1":
            return web.json_response({"code": "4008", "message": "盘点中"}, status=400)
        return await super().save(request)


async def test_try_later_for_one_order_lets_all_others_pass(tmp_path: Path, unused_tcp_port: int) -> None:
    erp = Counting()
    await erp.come()
    codes = '  codes: {"4008": {class: rate_limited, wait_s: 4, waits: call}}\n'
    hub = await hub_of(tmp_path, erp, unused_tcp_port, "en", answers=codes)
    try:
        await send(hub, "SO-1")
        await until(lambda: erp.asked == ["SO-1"])
        others = [f"SO-{number}" for number in range(2, 12)]
        async with asyncio.timeout(3.5):
            await send(hub, *others)
            await until(lambda: sorted(erp.saved) == sorted(others))
        assert erp.asked.count("SO-1") == 1
        erp.counts = False
        await until(lambda: "SO-1" in erp.saved)
    finally:
        await hub.stop()
        await erp.go()
