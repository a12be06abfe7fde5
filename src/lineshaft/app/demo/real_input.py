"""Real orders through the factory: fed into the CRM, carried by the hub, counted in the ERP."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lineshaft.app.demo.factory import Factory
from lineshaft.app.demo.orders import RealOrders, read_orders
from lineshaft.app.demo.report import Report, make_report
from lineshaft.app.demo.stations import CRM_TOKEN, ERP_APP_ID, ERP_APP_SECRET
from lineshaft.app.system_clock import SystemClock
from lineshaft.base.errors import HubError, OperationalError
from lineshaft.base.text import text

_QUIET_S = 120.0
"""How long nothing may move before the wait is given up."""
_PAGE = 500

Tell = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Standing:
    """How far everything is."""

    arrived: int
    ended: int
    running: int
    waiting: int
    """Calls and events to come."""
    parked: int
    dead: int

    @property
    def moved(self) -> tuple[int, ...]:
        """What changes while something goes on."""
        return (self.arrived, self.ended, self.running, self.waiting, self.parked, self.dead)


async def carry_over(factory: Factory, folder: Path, tell: Tell) -> Report:
    """Feed the orders of ``folder``, wait until the hub is done with them, and report."""
    real = read_orders(folder)
    tell(
        f"{len(real.orders):,} orders with {real.lines:,} lines in {folder}",
        f"{folder} 中有 {len(real.orders):,} 张订单,{real.lines:,} 行",
    )
    await _feed(factory, folder, tell)
    await _settled(factory, real, tell)
    totals = await erp_totals(factory)
    arrived = {str(row["SourceBillNo"]) for row in totals}
    missing = [number for number in real.orders if number not in arrived]
    reasons = {number: await _reason(factory, number) for number in missing}
    orphans = await _orphans(factory)
    return make_report(real, totals, {n: r for n, r in reasons.items() if r}, orphans)


async def _feed(factory: Factory, folder: Path, tell: Tell) -> None:
    """Let the sandbox's own loader read the files, as if everything had been entered there."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "plantbox", "adventureworks", str(folder),
        "--crm", factory.crm_url, "--erp", factory.erp_url,
        "--crm-token", CRM_TOKEN, "--erp-app-key", f"{ERP_APP_ID}:{ERP_APP_SECRET}",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    if process.returncode != 0:
        reason = (err or out).decode(errors="replace").strip()[-300:]
        raise OperationalError(
            text(
                "Expected the orders in the CRM, but: {reason}", "订单导入 CRM 失败:{reason}", reason=reason
            ),
            code="demo_feed",
        )
    tell("The orders are in the CRM.", "订单已录入 CRM。")


async def _settled(factory: Factory, real: RealOrders, tell: Tell) -> None:
    """Wait until every order has arrived or is held, and nothing is on its way."""
    clock = SystemClock()
    last: tuple[int, ...] = ()
    quiet_since = told_at = clock.monotonic()
    calm = 0
    while True:
        try:
            standing = await stand(factory)
        except (HubError, OSError, ValueError):
            # The hub may be starting again just now.
            standing = None
        now = clock.monotonic()
        if standing is not None:
            if standing.moved != last:
                last, quiet_since = standing.moved, now
            done = standing.ended + standing.parked + standing.dead >= len(real.orders)
            calm = (
                calm + 1
                if done and standing.waiting == 0 and standing.running <= standing.parked + standing.dead
                else 0
            )
            if calm >= 2:
                return
            if now - told_at >= 10:
                told_at = now
                tell(
                    f"  in the ERP {standing.arrived:,}, finished {standing.ended:,}, "
                    f"waiting {standing.waiting:,}",
                    f"  已到 ERP {standing.arrived:,},已完成 {standing.ended:,},待处理 {standing.waiting:,}",
                )
        if now - quiet_since > _QUIET_S:
            tell("Nothing moves any more; counting what there is.", "已长时间没有进展,按现状统计。")
            return
        await asyncio.sleep(0.5)


async def stand(factory: Factory) -> Standing:
    """Return how far everything is."""
    overview = await factory.hub("GET", "/overview")
    totals = await factory.erp("SalesOrder.SourceTotals", {"SourceSystem": "CRM", "StartRow": 0, "Limit": 1})
    counts: Mapping[str, int] = overview["counts"]
    return Standing(
        arrived=int(totals["Total"]),
        ended=counts.get("completed", 0) + counts.get("terminated", 0),
        running=counts.get("active", 0),
        waiting=overview["waiting"] + overview["events_to_route"],
        parked=overview["parked"],
        dead=overview["dead"],
    )


async def erp_totals(factory: Factory) -> list[dict[str, Any]]:
    """Return the ERP's own totals per source number."""
    rows: list[dict[str, Any]] = []
    while True:
        window = {"SourceSystem": "CRM", "StartRow": len(rows), "Limit": _PAGE}
        page = await factory.erp("SalesOrder.SourceTotals", window)
        rows += page["Rows"]
        if len(rows) >= int(page["Total"]) or not page["Rows"]:
            return rows


async def _reason(factory: Factory, number: str) -> str | None:
    """Return why an order is held: what the hub says, else what it wrote back into the CRM."""
    found = await factory.hub("GET", f"/trace/{quote(number, safe='')}")
    for trouble in reversed(found["troubles"]):
        if trouble["kind"] in ("parked", "dead", "unknown", "incident", "event"):
            reason: str = trouble["text"]
            return f"{trouble['kind']}: {reason}"
    order = await factory.crm("GET", f"/orders/{quote(number, safe='')}")
    written: str | None = order["status_reason"]
    return written


async def _orphans(factory: Factory) -> int:
    """Count the lines that the CRM keeps without an order."""
    count, cursor = 0, ""
    while True:
        page = await factory.crm("GET", f"/orphan-lines?limit=200{f'&cursor={cursor}' if cursor else ''}")
        count += len(page["items"])
        if not page["next_cursor"]:
            return count
        cursor = str(page["next_cursor"])
