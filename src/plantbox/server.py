"""Runs one simulated system: its listener, its admin listener, its background work, its end.

Loopback only. Prints one JSON line when it is ready; SIGTERM and SIGINT end it cleanly.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable

from aiohttp import web

from plantbox.face import Face
from plantbox.faults import Fault
from plantbox.fields import BadField, parse_object
from plantbox.gate import Gate
from plantbox.input_end import tell_at_end_of_input
from plantbox.panel import Panel
from plantbox.station import Station, store_time

HOST = "127.0.0.1"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
MAX_BODY = 32 * 1024 * 1024
TICK_SECONDS = 0.5


class Listener:
    """A listener that can be closed and opened again on the same port."""

    def __init__(self, runner: web.AppRunner, port: int) -> None:
        self._runner = runner
        self._site: web.TCPSite | None = None
        self.port = port

    async def open(self) -> None:
        """Listen, if it does not already."""
        if self._site is not None:
            return
        self._site = web.TCPSite(self._runner, HOST, self.port, reuse_address=True)
        await self._site.start()
        self.port = self._runner.addresses[-1][1] if self.port == 0 else self.port

    async def close(self) -> None:
        """Refuse new connections."""
        if self._site is not None:
            site, self._site = self._site, None
            await site.stop()


class Admin:
    """The admin listener's routes: faults, counts, time."""

    def __init__(self, face: Face, station: Station, gate: Gate, listener: Listener) -> None:
        self._face = face
        self._station = station
        self._gate = gate
        self._listener = listener
        self._timers: set[asyncio.Task[None]] = set()

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Ask for the admin token, and put complaints into words."""
        if not request.path.startswith("/admin/"):
            # The page with the buttons has a guard of its own.
            return await handler(request)
        expected = f"Bearer {self._station.common.admin_token}"
        if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), expected.encode()):
            return web.json_response({"error": "Expected the admin token."}, status=401)
        try:
            answer = await handler(request)
        except BadField as error:
            return web.json_response({"error": error.message, "field": error.field}, status=400)
        return answer

    def routes(self) -> list[web.RouteDef]:
        """Return what every system's admin listener answers."""
        return [
            web.get("/admin/health", self.health),
            web.get("/admin/faults", self.list_faults),
            web.post("/admin/faults", self.add_fault),
            web.delete("/admin/faults", self.lift_faults),
            web.delete("/admin/faults/{id:\\d+}", self.lift_faults),
            web.get("/admin/calls", self.calls),
            web.post("/admin/advance", self.advance),
            *self._face.admin_routes,
            *Panel(self._face, self._station, self.follow, self.mend, self.pass_time).routes(),
        ]

    async def health(self, _: web.Request) -> web.Response:
        """Name, simulated time and row counts."""
        clock = self._station.clock
        return web.json_response(
            {
                "system": self._face.name,
                "time": clock.text(),
                "speed": clock.speed,
                "counts": self._face.counts(),
            }
        )

    async def list_faults(self, _: web.Request) -> web.Response:
        """The faults that are on."""
        return web.json_response({"faults": self._station.faults.views()})

    async def add_fault(self, request: web.Request) -> web.Response:
        """Switch one on."""
        fault = self._station.faults.add(parse_object(await request.read(), floats=True))
        await self.follow(fault)
        return web.json_response(fault.view(), status=201)

    async def follow(self, fault: Fault) -> None:
        """Close the port for a ``refuse``, and let it lift itself after its time."""
        if fault.kind != "down":
            return
        if fault.mode == "refuse":
            await self._listener.close()
        if fault.ms:
            task = asyncio.create_task(self._lift_later(fault))
            self._timers.add(task)
            task.add_done_callback(self._timers.discard)

    async def _lift_later(self, fault: Fault) -> None:
        await asyncio.sleep(fault.ms / 1000)
        self._station.faults.lift(fault.id)
        await self._reopen()

    async def _reopen(self) -> None:
        if self._station.faults.closing() is None:
            await self._listener.open()

    async def lift_faults(self, request: web.Request) -> web.Response:
        """Switch off one, or all."""
        number = request.match_info.get("id")
        lifted = await self.mend(None if number is None else int(number))
        return web.json_response({"lifted": [fault.id for fault in lifted]})

    async def mend(self, number: int | None) -> list[Fault]:
        """Lift one fault, or all, and open the port where nothing keeps it closed any more."""
        lifted = self._station.faults.lift(number)
        await self._reopen()
        return lifted

    async def calls(self, _: web.Request) -> web.Response:
        """How often each operation was called since the start."""
        return web.json_response({"calls": dict(self._gate.calls)})

    async def advance(self, request: web.Request) -> web.Response:
        """Move simulated time on and do what falls due."""
        hours = parse_object(await request.read()).get("hours", 0)
        if isinstance(hours, bool) or not isinstance(hours, int) or not 0 <= hours <= 100_000:
            raise BadField("hours", "Expected a whole number of hours.")
        await self.pass_time(hours)
        return web.json_response({"time": self._station.clock.text()})

    async def pass_time(self, hours: int) -> None:
        """Move simulated time on by whole hours."""
        self._station.clock.advance(hours)
        await self._face.due()
        await store_time(self._station)


async def serve(face: Face, station: Station) -> None:
    """Serve until SIGTERM or SIGINT, or until standard input ends where that was asked for."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if station.common.until_input_ends:
        tell_at_end_of_input(stop)
    gate = Gate(face, station.faults)
    app = web.Application(middlewares=[gate.middleware], client_max_size=MAX_BODY)
    app.add_routes(face.routes)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=3)
    await runner.setup()
    listener = Listener(runner, station.common.port)
    await listener.open()
    admin = Admin(face, station, gate, listener)
    admin_app = web.Application(middlewares=[admin.middleware])
    admin_app.add_routes(admin.routes())
    admin_runner = web.AppRunner(admin_app, access_log=None, shutdown_timeout=1)
    await admin_runner.setup()
    admin_listener = Listener(admin_runner, station.common.admin_port)
    await admin_listener.open()
    closing = station.faults.closing()
    if closing is not None:
        await admin.follow(closing)
    for open_more in face.opening:
        await open_more()
    tasks = [asyncio.create_task(_forever(work)) for work in (*face.background, lambda: _tick(face, station))]
    _announce(face, listener.port, admin_listener.port)
    await stop.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await runner.cleanup()
    await admin_runner.cleanup()
    await store_time(station)
    station.db.close()


async def _forever(work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - a simulated system goes on, and says what happened
            sys.stderr.write(f"plantbox: {type(error).__name__}: {error}\n")
            await asyncio.sleep(1)


async def _tick(face: Face, station: Station) -> None:
    await asyncio.sleep(TICK_SECONDS)
    await face.due()
    await store_time(station)


def _announce(face: Face, port: int, admin_port: int) -> None:
    ready = {
        "system": face.name,
        "url": f"http://{HOST}:{port}",
        "admin_url": f"http://{HOST}:{admin_port}",
        "pid": os.getpid(),
        **face.ready,
    }
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()
