"""The demo as a command runs it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lineshaft.app.demo.factory import Factory, Plan
from lineshaft.app.demo.flowing import Flowing
from lineshaft.app.demo.real_input import carry_over
from lineshaft.app.demo.report import printed
from lineshaft.app.lock import HubLock
from lineshaft.base.text import Language

ONCE_ORDERS = 12


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for on the command line."""

    folder: Path
    port: int = 8420
    speed: float = 1440.0
    orders: Path | None = None
    once: bool = False
    as_json: bool = False
    language: Language = "en"
    fast_delivery: bool = False


async def demo(wish: Wish, out: Callable[[str], None]) -> int:
    """Run the demo; return the exit status."""

    def tell(en: str, zh: str) -> None:
        if not wish.as_json:
            out(zh if wish.language == "zh" else en)

    # Asked to stop, the demo ends its processes in good order first.
    main = asyncio.current_task()
    assert main is not None
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, main.cancel)
    lock = HubLock(wish.folder / "demo")
    lock.acquire()
    try:
        async with Factory(_plan(wish), tell) as factory:
            _introduce(factory, tell)
            if wish.orders is not None:
                return await _real(factory, wish, out, tell)
            flowing = Flowing(factory, wish.language, out)
            left = await flowing.run(count=ONCE_ORDERS if wish.once else None)
            return 1 if left else 0
    except asyncio.CancelledError:
        tell("Stopped; the next start goes on from here.", "已停止,下次启动将继续。")
        return 0 if wish.orders is None and not wish.once else 130
    finally:
        lock.release()


async def _real(
    factory: Factory, wish: Wish, out: Callable[[str], None], tell: Callable[[str, str], None]
) -> int:
    assert wish.orders is not None
    report = await carry_over(factory, wish.orders, tell)
    if wish.as_json:
        out(json.dumps(report.to_dict(), ensure_ascii=False, indent=2))
    else:
        for line in printed(report, wish.language):
            out(line)
    return 0 if report.adds_up else 1


def _plan(wish: Wish) -> Plan:
    if wish.orders is None:
        return Plan(
            wish.folder,
            wish.port,
            wish.speed,
            delivery="instant" if wish.fast_delivery else "timed",
            erp_options=("--first-shipment", "0.6"),
        )
    # Everything is in stock or made at once: the orders' way is looked at here, not the factory's pace.
    return Plan(wish.folder, wish.port, wish.speed, empty=True, delivery="instant", webhook=False)


def _introduce(factory: Factory, tell: Callable[[str, str], None]) -> None:
    for name, url in (("CRM", factory.crm_url), ("ERP", factory.erp_url)):
        tell(f"{name}  {url}", f"{name}  {url}")
    tell(f"Hub  {factory.hub_url}   token: {factory.token}", f"系统 {factory.hub_url}   令牌:{factory.token}")
    tell(
        f"Any number's way:  lineshaft --config {factory.folder / 'hub' / 'hub.toml'} trace NUMBER",
        f"单据联查:  lineshaft --config {factory.folder / 'hub' / 'hub.toml'} trace 单号",
    )
    tell("Ctrl-C ends everything.", "按 Ctrl-C 结束。")
