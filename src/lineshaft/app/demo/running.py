"""The demo as a command runs it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lineshaft.app.demo.factory import Factory, Plan
from lineshaft.app.demo.flowing import Flowing
from lineshaft.app.demo.playing import plan_for, play, summary_of
from lineshaft.app.demo.real_input import carry_over
from lineshaft.app.demo.report import printed
from lineshaft.app.demo.scenarios import wanted
from lineshaft.app.demo.stations import TITLES, WHOLE, systems_of
from lineshaft.app.lock import HubLock
from lineshaft.app.packs import files_in, folder_of
from lineshaft.app.system_clock import SystemClock
from lineshaft.base.text import Language

ONCE_ORDERS = 12
GUIDED = {"first-process"}
"""Packs with a guide of their own in docs/start."""


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
    """CRM and ERP alone, which delivers at once."""
    approval: str = "auto"
    """Who approves shipments in the OA: ``auto`` after two simulated hours, or ``manual`` by hand."""
    scenario: str | None = None
    """Which scenario is played and judged, instead of orders that flow; ``all`` for each."""
    faults: int | None = None
    """The seed of the faults under which it is played."""
    pack: str | None = None
    """A shipped pack to run instead of the factory's own; nobody enters orders but the user."""


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
        if wish.scenario is not None:
            return await _scenarios(wish, out, tell)
        async with Factory(plan_of(wish), tell) as factory:
            _introduce(factory, tell, wish)
            if wish.orders is not None:
                return await _real(factory, wish, out, tell)
            if wish.pack is not None:
                tell("Enter and confirm orders in the CRM.", "请在 CRM 中新建并确认订单。")
                await asyncio.Event().wait()
            flowing = Flowing(factory, wish.language, out)
            left = await flowing.run(count=ONCE_ORDERS if wish.once else None)
            return 1 if left else 0
    except asyncio.CancelledError:
        tell("Stopped; the next start goes on from here.", "已停止,下次启动将继续。")
        return 0 if wish.orders is None and wish.scenario is None and not wish.once else 130
    finally:
        lock.release()


async def _scenarios(wish: Wish, out: Callable[[str], None], tell: Callable[[str, str], None]) -> int:
    assert wish.scenario is not None
    verdicts = []
    for scenario in wanted(wish.scenario):
        # Each on a factory of its own that begins anew: what an earlier run left would be judged too.
        folder = wish.folder / "scenarios" / scenario.name
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        tell(f"{scenario.title.en}:", f"{scenario.title.zh}:")
        verdict = await play(
            scenario, plan_for(scenario, folder, wish.port, wish.language), tell, wish.faults
        )
        tell(summary_of(verdict, "en"), summary_of(verdict, "zh"))
        verdicts.append(verdict)
    if wish.as_json:
        out(json.dumps([each.to_dict() for each in verdicts], ensure_ascii=False, indent=2, default=str))
    return 0 if all(each.passed for each in verdicts) else 1


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


def plan_of(wish: Wish) -> Plan:
    """Return the factory that a wish asks for."""
    options: dict[str, tuple[str, ...]] = {}
    if wish.orders is not None:
        # Everything is in stock or made at once: the orders' way is looked at here, not the factory's pace.
        options["erp"] = ("--delivery", "instant")
        return Plan(wish.folder, wish.port, wish.speed, empty=True, webhook=False, options=options)
    if wish.fast_delivery:
        options["erp"] = ("--delivery", "instant", "--first-shipment", "0.6")
        return Plan(wish.folder, wish.port, wish.speed, options=options)
    if wish.pack is not None:
        systems = systems_of(files_in(folder_of(wish.pack)))
        return Plan(
            wish.folder, wish.port, wish.speed, systems=systems, pack=wish.pack, language=wish.language
        )
    options["erp"] = ("--delivery", "notice", "--production", "mes")
    # Half of the bad pieces are left to the hub, and of these its rule leaves some to a person: there is
    # something in the inbox.
    options["mes"] = ("--undecided", "0.5")
    options["oa"] = ("--approval", wish.approval, "--approval-hours", "2")
    return Plan(
        wish.folder,
        wish.port,
        wish.speed,
        systems=WHOLE,
        options=options,
        # Due dates are judged by the hub's clock: the factory's first day is today.
        start=f"{SystemClock().now().astimezone():%Y-%m-%d}T08:00:00+08:00",
        language=wish.language,
        # A system that is off is known to be off after ten seconds.
        hub_settings={"engine.retry_gaps_s": "[1.0, 3.0, 6.0]"},
    )


def _introduce(factory: Factory, tell: Callable[[str, str], None], wish: Wish) -> None:
    tell("", "")
    tell(
        f"{'Lineshaft':<26}{factory.hub_url:<26}one click signs you in: Sales, Planning, Warehouse, Finance, "
        "IT, Director",
        f"{'Lineshaft':<18}{factory.hub_url:<26}点击岗位即可登录:销售、计划、仓库、财务、IT、老板",
    )
    tell(f"{'':<26}for programs: token {factory.token}", f"{'':<18}程序访问密钥:{factory.token}")
    tell("", "")
    tell(f"{'':<26}{'its pages':<26}its fault buttons", f"{'':<18}{'系统页面':<22}故障按钮")
    for name in factory.systems:
        title, addresses = TITLES[name], f"{factory.url(name):<26}{factory.buttons_url(name)}"
        tell(f"{title.en:<26}{addresses}", f"{_filled(title.zh, 18)}{addresses}")
    tell("No sign-in is asked for on these pages.", "以上页面无需登录。")
    if "oa" in factory.systems:
        tell(
            "Shipments are approved in the OA: "
            + ("by themselves after two simulated hours." if wish.approval == "auto" else "by you."),
            "发货审批(OA):" + ("模拟 2 小时后自动同意。" if wish.approval == "auto" else "请在 OA 中审批。"),
        )
    tell("", "")
    guide = f"docs/start/{wish.pack if wish.pack in GUIDED else 'first-ten-minutes'}"
    tell(f"What to try: {guide}.md", f"动手试试:{guide}.zh-CN.md")
    config = factory.folder / "hub" / "hub.toml"
    tell(
        f"Any number's way: lineshaft --config {config} trace NUMBER",
        f"单据联查:lineshaft --config {config} trace 单号",
    )
    tell("Ctrl-C ends everything.", "按 Ctrl-C 结束。")
    tell("", "")


def _filled(words: str, width: int) -> str:
    """Fill up with blanks; Chinese characters take two places in a terminal."""
    return words + " " * (width - len(words) - sum(1 for each in words if ord(each) > 0x2E80))
