"""The whole sandbox factory under kill -9: orders go in, the hub and its worker are killed at drawn moments.

The six systems live through it; what they hold at the end is compared by ``support.factory_books``.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from e2e.programs import logs_in, pid_in, rows
from lineshaft.app.demo.children import Child, ChildFailed
from lineshaft.app.demo.factory import Factory, Plan
from lineshaft.app.demo.stations import WHOLE
from lineshaft.app.system_clock import SystemClock
from lineshaft.base.errors import HubError
from support.factory_books import Books
from support.factory_orders import Wish, wishes

OPTIONS = {
    "erp": ("--delivery", "notice", "--production", "mes"),
    "mes": ("--opcua", "off", "--stops", "off"),
    "oa": ("--approval", "auto", "--approval-hours", "1"),
}
SETTINGS = {
    "engine.poll_s": "0.1",
    "engine.lease_ttl_s": "3.0",
    "engine.lease_margin_s": "0.5",
    "engine.heartbeat_s": "0.5",
}
SUPPLIES = ("M-20020", "M-20051", "M-20052", "M-20053", "M-20061", "M-20062", "M-20071", "M-20072")
"""What brake pads are made of, bought in such quantity that no shop floor waits for it."""
IN_WORK = ("processing", "in_production")
ACTIVE = "status=active"
ALL_S = "seconds until all had ended"
QUIET_S = 60.0
"""So long nothing may happen before the orders count as ended, or as lost."""


@dataclass(slots=True)
class Kill:
    """One kill -9: whom, after how many orders, and how long after that."""

    whom: str
    after_orders: int
    and_s: float


@dataclass(slots=True)
class FactoryLab:
    """A factory in a folder, its orders and its kills, all drawn from ``seed``."""

    folder: Path
    seed: int
    orders: int
    kills: int
    database: str | None = None
    """PostgreSQL's address: then a second process works beside the hub."""
    every_s: float = 0.15
    hours: int = 1
    """Simulated hours that pass between two orders, and at every look afterwards."""
    scrap: str = "0.02"
    figures: Counter[str] = field(default_factory=Counter)
    timings: dict[str, float] = field(default_factory=dict)
    _factory: Factory | None = None
    _worker: Child | None = None
    _worker_starts: int = 0
    _waiting: dict[str, Wish] = field(default_factory=dict)
    _confirmed: int = 0
    _killing: asyncio.Task[None] | None = None
    _ready_s: list[float] = field(default_factory=list)
    _back_s: list[float] = field(default_factory=list)
    _clock: SystemClock = field(default_factory=SystemClock)

    @property
    def factory(self) -> Factory:
        """The running factory."""
        assert self._factory is not None
        return self._factory

    async def run(self) -> Books:
        """Put the orders in, kill, wait until nothing moves any more, and compare the books; return them."""
        settings = dict(SETTINGS)
        if self.database is not None:
            settings["store.url"] = f'"{self.database}"'
        options = {**OPTIONS, "mes": (*OPTIONS["mes"], "--scrap", self.scrap)}
        options |= {name: (*options.get(name, ()), "--seed", str(self.seed % 100_000)) for name in WHOLE}
        plan = Plan(self.folder, port=0, systems=WHOLE, options=options, hub_settings=settings)
        print(f"seed {self.seed} (LINESHAFT_TEST_SEED), files in {self.folder}", flush=True)
        async with Factory(plan, lambda en, zh: None) as factory:
            self._factory = factory
            try:
                return await self._with_worker()
            finally:
                self._factory = None

    async def _with_worker(self) -> Books:
        watching = None
        if self.database is not None:
            config = str(self.folder.absolute() / "hub" / "hub.toml")
            arguments = ["-m", "lineshaft", "--config", config, "worker"]
            self._worker = Child("worker", arguments, self.folder, alone=True)
            await self._worker.start()
            self._worker_starts += 1
            watching = asyncio.create_task(self._watch(self._worker))
        try:
            return await self._work()
        finally:
            if watching is not None:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
            if self._worker is not None:
                await self._worker.stop()

    async def _watch(self, worker: Child) -> None:
        """Start the worker again when it has ended, as a supervisor would."""
        while True:
            await worker.wait()
            with contextlib.suppress(ChildFailed):
                await worker.start()
                self._worker_starts += 1

    @property
    def _starts(self) -> dict[str, int]:
        """How often each process of the hub was ready for work."""
        return {"hub": self.factory.hub_starts, "worker": self._worker_starts}

    async def _supply(self) -> None:
        """Buy material, as the purchasing department would: into the books, and into the warehouse."""
        for material in SUPPLIES:
            body = {"MaterialNo": material, "Qty": "50000", "Reason": "采购入库"}
            await self.factory.erp("Stock.Adjust", body)
        connection = sqlite3.connect(self.folder / "wms" / "wms.sqlite3", timeout=10)
        try:
            with connection:
                connection.executemany(
                    "INSERT INTO IN_RECEIPT (EXT_KEY, DOC_TYPE, MATERIAL_CODE, QTY)"
                    " VALUES (?, 'PO', ?, '50000')",
                    [(f"PO-{material}", material) for material in SUPPLIES],
                )
        finally:
            connection.close()

    # -- the work --------------------------------------------------------------------------------------------

    async def _work(self) -> Books:
        chance = random.Random(self.seed)
        drawn = list(wishes(chance, self.orders))
        kills = self._draw(chance)
        await self._supply()
        begun = self._clock.monotonic()
        self._killing = asyncio.create_task(self._kill_all(kills))
        try:
            for wish in drawn:
                await self._enter(wish)
                await self._look()
                await pause(self.every_s)
            self.timings["seconds to enter all orders"] = round(self._clock.monotonic() - begun, 1)
            books = await self._drain(begun)
            await self._killing
        finally:
            self._killing.cancel()
            await asyncio.gather(self._killing, return_exceptions=True)
        await self._judge(books, drawn)
        return books

    async def _enter(self, wish: Wish) -> None:
        made = await self.factory.crm("POST", "/orders", wish.order)
        await self.factory.crm("POST", f"/orders/{made['id']}/confirm", {})
        self._confirmed += 1
        self.figures[f"orders {wish.kind.replace('_', ' ')}"] += 1
        if wish.then is not None:
            self._waiting[made["order_no"]] = wish
            if wish.at_once:
                await self._change_mind(made["order_no"])

    async def _look(self) -> None:
        """Let time pass, and let customers change their minds whose orders are in work."""
        await self.factory.advance(self.hours)
        for number in list(self._waiting):
            order = await self.factory.crm("GET", f"/orders/{number}")
            if order["status"] in IN_WORK:
                await self._change_mind(number)
            elif order["status"] in ("shipped", "cancelled", "rejected"):
                del self._waiting[number]

    async def _change_mind(self, number: str) -> None:
        wish = self._waiting.pop(number)
        assert wish.then is not None
        body: dict[str, Any] = {"reason": "客户要求"}
        if wish.then == "change":
            body["lines"] = [{"line_no": 1, "quantity": "80"}]
        # It may have been shipped just now: then the CRM says no, and everything stays.
        with contextlib.suppress(HubError):
            await self.factory.crm("POST", f"/orders/{number}/{wish.then}", body)
            self.figures[f"customers {wish.then}"] += 1

    async def _drain(self, begun: float) -> Books:
        """Wait until all has ended, or nothing has moved for a while."""
        assert self._killing is not None
        moved, last = self._clock.monotonic(), -1
        while True:
            books = Books.read(self.folder)
            now = self._clock.monotonic()
            if books.writes != last:
                moved, last = now, books.writes
            if self._killing.done():
                self._killing.result()
                if books.is_settled() and await self._hub_is_settled(books):
                    self.timings[ALL_S] = round(moved - begun, 1)
                    return books
                if now - moved > QUIET_S:
                    self.timings[ALL_S] = round(moved - begun, 1)
                    print(f"nothing has moved for {QUIET_S} s")
                    return books
            await self._look()
            await pause(0.25)

    async def _hub_is_settled(self, books: Books) -> bool:
        try:
            doubted = {each["business_key"] for each in await self._unknown()}
            # The hub hears of a delivery when it next asks the ERP; until then nobody waits for its mail.
            told = doubted.issuperset(books.mails_missing())
            return told and all(may_wait(each, books, doubted) for each in await self._instances(ACTIVE))
        except (HubError, OSError, ValueError):
            return False

    async def _unknown(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.factory.hub("GET", "/unknown-outcomes?limit=200"))["items"]
        return found

    async def _instances(self, which: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = await self.factory.hub("GET", f"/instances?{which}&limit=200{cursor}")
            found += page["items"]
            if not page["next"]:
                return found
            cursor = f"&cursor={page['next']}"

    # -- the kills -------------------------------------------------------------------------------------------

    def _draw(self, chance: random.Random) -> list[Kill]:
        """Draw whom and when: two thirds while orders come in, the others while the rest drains."""
        early = (2 * self.kills + 2) // 3
        after = sorted(chance.randint(1, self.orders) for _ in range(early))
        after += [self.orders] * (self.kills - early)
        whom = [chance.choice(("hub", "worker")) if self.database else "hub" for _ in after]
        return [
            Kill(each, number, chance.uniform(0.0, 2.0)) for each, number in zip(whom, after, strict=True)
        ]

    async def _kill_all(self, kills: list[Kill]) -> None:
        for kill in kills:
            while self._confirmed < kill.after_orders:
                await pause(0.02)
            await pause(kill.and_s)
            await self._kill(kill.whom)
        for what, seconds in (("process is ready", self._ready_s), ("work goes on", self._back_s)):
            if seconds:
                self.timings[f"seconds from kill until {what}, mean"] = round(sum(seconds) / len(seconds), 1)
                self.timings[f"seconds from kill until {what}, most"] = round(max(seconds), 1)

    async def _kill(self, whom: str) -> None:
        """Kill one process, and wait until it is there again and work has gone on."""
        file = self.folder / f"{whom}.pid"
        pid = await until(lambda: pid_in(file), 60, f"{whom} to run")
        starts = self._starts[whom]
        os.kill(pid, signal.SIGKILL)
        begun = self._clock.monotonic()
        self.figures[f"kills of the {whom}"] += 1
        await pause(0.2)
        before = done_by_hub(self.folder)
        await until(lambda: self._starts[whom] > starts, 60, f"another {whom} to be ready")
        if whom == "hub":
            self._ready_s.append(self._clock.monotonic() - begun)
            with contextlib.suppress(AssertionError):
                # All may have been done just now; then nothing is left to go on with.
                await until(lambda: done_by_hub(self.folder) > before, 20, "work to go on")
                self._back_s.append(self._clock.monotonic() - begun)

    # -- the judgement ---------------------------------------------------------------------------------------

    async def _judge(self, books: Books, drawn: list[Wish]) -> None:
        complaints = books.complaints(len(drawn))
        complaints += await self._hub_complaints(books)
        self.figures.update(books.figures())
        if self.timings.get(ALL_S):
            self.timings["orders per second, entry to last shipment"] = round(
                self.orders / self.timings[ALL_S], 2
            )
        print(f"figures: {dict(self.figures)}\ntimings: {self.timings}")
        assert not complaints, (
            f"{len(complaints)} complaints, seed {self.seed}, files in {self.folder}:\n"
            + "\n".join(complaints[:60]) + logs_in(self.folder)[-3000:]
        )  # fmt: skip

    async def _hub_complaints(self, books: Books) -> list[str]:
        """What the hub itself says: no dead letter, incident or task, and nobody waits without a reason."""
        complaints = []
        hub = self.factory.hub
        for path in ("/dead-letters", "/incidents", "/tasks"):
            for each in (await hub("GET", f"{path}?limit=200"))["items"]:
                if each.get("status") in ("closed", "completed", "discarded") or each.get("closed_at"):
                    continue
                complaints.append(f"hub: {path}: {each}")
        unknown = await self._unknown()
        self.figures["unknown, of mails"] = len(unknown)
        missing = books.mails_missing()
        complaints += [
            f"hub: unknown {each['system']}.{each['operation']} of {each['business_key']}"
            for each in unknown
            if each["system"] != "mail"
        ]
        doubted = {each["business_key"] for each in unknown if each["system"] == "mail"}
        complaints += [
            f"mail: nobody was told of {no}, and the hub does not know" for no in missing if no not in doubted
        ]
        runs = await self._instances("process_id=order-to-delivery")
        ways = Counter(str(each["business_key"]) for each in runs)
        accepted = {number for number, *_ in books.of("crm", "orders")}
        complaints += [
            f"hub: {number}: {ways[number]} runs" for number in accepted | ways.keys() if ways[number] != 1
        ]
        # An order that the ERP refused has ended too, with its reason, until it is confirmed anew.
        states = Counter(each["status"] for each in runs)
        self.figures.update({f"runs {state}": count for state, count in states.items()})
        if states.keys() - {"completed", "active"}:
            complaints.append(f"hub: runs {dict(states)}")
        for each in await self._instances(ACTIVE):
            if not may_wait(each, books, doubted):
                detail = await hub("GET", f"/instances/{each['id']}")
                where = [f"{n['element']} ({n['state']})" for n in detail["nodes"] if n["here"]]
                complaints.append(
                    f"hub: {each['process_id']} {each['business_key']} still waits in {', '.join(where)}"
                )
        return complaints


def may_wait(instance: dict[str, Any], books: Books, doubted: set[str]) -> bool:
    """Tell whether it waits for a reason: a refused order, a missing code, a mail in doubt."""
    if instance["process_id"] == "customer-notice":
        return instance["business_key"] in doubted
    return instance["process_id"] == "order-to-delivery" and instance["business_key"] in books.held


def done_by_hub(folder: Path) -> int:
    """How many writes of the hub the systems have received."""
    count = 0
    for system, table in (("erp", "audit"), ("mes", "audit"), ("oa", "request"), ("wms", "IN_SHIPMENT")):
        with contextlib.suppress(sqlite3.Error):
            count += rows(folder / system / f"{system}.sqlite3", f"SELECT count(*) FROM {table}")[0][0]
    with contextlib.suppress(sqlite3.Error):
        query = "SELECT count(*) FROM audit WHERE operation = 'orders.feedback'"
        count += rows(folder / "crm" / "crm.sqlite3", query)[0][0]
    return count


async def pause(seconds: float) -> None:
    """Let the others work."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.Event().wait()


async def until(look: Any, timeout_s: float, what: str) -> Any:
    """Wait until ``look`` finds something."""
    for _ in range(int(timeout_s / 0.05)):
        found = look()
        if found:
            return found
        await pause(0.05)
    raise AssertionError(f"waited {timeout_s} s in vain: {what}")
