"""Simulated systems as real processes, with the connectors that the pack's manifests make of them."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from integration.connectors.plant import PACK, SECRETS, system
from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import OutcomeUnknown
from lineshaft.connectors.http import HTTP
from lineshaft.connectors.mail import MAIL
from lineshaft.connectors.opcua import OPCUA
from lineshaft.connectors.sql import SQL
from lineshaft.sdk.outcomes import Change, Outcome
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import context, raised

KINDS = {"wms": SQL, "machines": OPCUA, "mail": MAIL}
HOSTS = {"machines": "mes", "sms": "mail"}
"""Which process a system of the pack lives in, where it is not its namesake."""
HOOK_SECRET = "hook-secret"
ALL_SECRETS = {
    **SECRETS,
    "mes_user": "mes",
    "mes_password": "mes-demo-password",
    "mes_webhook": HOOK_SECRET,
    "oa_app_id": "oa-app",
    "oa_app_secret": "oa-demo-secret",
    "oa_webhook": HOOK_SECRET,
    "sms_key": "sms-demo-key",
}
ADMIN = {"Authorization": "Bearer plantbox-admin"}
DEADLINE_S = 30
PAUSE_S = 0.03


class Site:
    """Running systems and connectors to them."""

    def __init__(self, folder: Path) -> None:
        self.ready: dict[str, dict[str, Any]] = {}
        self.connectors: dict[str, Any] = {}
        self.hooks: list[tuple[Mapping[str, str], bytes]] = []
        self.hook_url = ""
        self._folder = folder
        self._stacks: dict[str, AsyncExitStack] = {}
        self._options: dict[str, tuple[str, ...]] = {}
        self._keys = count(1)

    async def start(self, name: str, *options: str) -> None:
        """Start a system, or start it again on what it has kept."""
        self._options[name] = options
        self._stacks[name] = AsyncExitStack()
        running = system(name, self._folder, *options)
        self.ready[name] = await self._stacks[name].enter_async_context(running)
        served_here = [name, *(one for one, host in HOSTS.items() if host == name)]
        if "--opcua" in options:
            served_here.remove("machines")
        for served in served_here:
            self.connectors[served] = self._connected(served)
            await self.connectors[served].open()
            self._stacks[name].push_async_callback(self.connectors[served].close)

    async def restart(self, name: str, *more: str) -> None:
        """Kill the process, and start it again on its data."""
        await self._end(name)
        await self.start(name, *self._options[name], *more)

    async def close(self) -> None:
        await asyncio.gather(*(self._end(name) for name in tuple(self._stacks)))

    async def _end(self, name: str) -> None:
        os.kill(self.ready[name]["pid"], signal.SIGKILL)
        await self._stacks.pop(name).aclose()

    def _connected(self, name: str) -> Any:
        ready = self.ready[HOSTS.get(name, name)]
        settings: dict[str, Any] = {"base_url": ready["url"]}
        if name == "wms":
            settings = {"file": ready["database"]}
        elif name == "machines":
            settings = {"url": ready["opcua_url"]}
        elif name == "mail":
            sender = "factory@example.com"
            settings = {"host": ready["smtp_host"], "port": ready["smtp_port"], "sender": sender}
        path = PACK / "systems" / f"{name}.yaml"
        definition = KINDS.get(name, HTTP).read(path.read_bytes(), str(path))
        return definition.connect(Connection(name, settings, ALL_SECRETS.__getitem__, FixedClock()))

    async def call(self, operation: str, payload: Mapping[str, Any], key: str | None = None) -> Outcome:
        """Call ``system.operation`` once; without a key with a new one."""
        name, _, rest = operation.partition(".")
        outcome: Outcome = await self.connectors[name].call(
            rest, payload, context(key or f"k-{next(self._keys)}")
        )
        return outcome

    async def lost_and_again(self, operation: str, payload: Mapping[str, Any], match: str) -> Outcome:
        """Let the answer be lost, and repeat: the system has done it once and says so."""
        key = f"k-{next(self._keys)}"
        host = operation.partition(".")[0]
        await self.fault(HOSTS.get(host, host), kind="lost_reply", match=match, count=1)
        await raised(OutcomeUnknown, self.call(operation, payload, key))
        outcome = await self.call(operation, payload, key)
        assert outcome.repeated, f"{operation} was done twice"
        return outcome

    async def ask(self, method: str, url: str, body: Any = None, headers: Any = None) -> Any:
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, url, json=body, headers=headers) as answer,
        ):
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def admin(self, name: str, path: str, body: Any) -> Any:
        return await self.ask("POST", f"{self.ready[name]['admin_url']}/admin/{path}", body, ADMIN)

    async def fault(self, name: str, **spec: Any) -> None:
        await self.admin(name, "faults", spec)

    async def events(self, name: str, resource: str, cursor: bytes | None = None) -> list[Change]:
        return (await self.read(name, resource, cursor))[0]

    async def read(self, name: str, resource: str, cursor: bytes | None = None) -> tuple[list[Change], bytes]:
        """Read everything behind a cursor; return it with the cursor behind it."""
        found: list[Change] = []
        while True:
            page = await self.connectors[name].changes(resource, cursor)
            found += page.changes
            cursor = page.cursor
            if not page.more:
                return found, page.cursor

    async def found(self, name: str, resource: str, kind: str, subject: str) -> Change:
        """Wait until there is an event of that type and subject."""

        async def look() -> Change | None:
            changes = await self.events(name, resource)
            return next((one for one in changes if (one.type, one.subject) == (kind, subject)), None)

        return await eventually(look)

    async def goes_on_after_a_restart(
        self, name: str, resource: str, cursor: bytes, before: set[str], *more: str
    ) -> None:
        """Restart the system: from the cursor everything new comes once, and nothing that was known."""
        await self.restart(name, *more)
        after = [change.id for change in await self.events(name, resource, cursor)]
        whole = [change.id for change in await self.events(name, resource)]
        assert len(whole) == len(set(whole))
        assert before | set(after) == set(whole)
        assert not before & set(after)
        assert after, "nothing happened behind the cursor"

    def received(self, name: str, trigger: str) -> list[Change]:
        """Return the events of every delivery so far, each verified as it is on arrival."""
        found = []
        for headers, body in self.hooks:
            now = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
            found += self.connectors[name].receive(trigger, headers, body, now)
        return found


async def eventually(look: Callable[[], Awaitable[Any]]) -> Any:
    """Ask another process until it has an answer; a pause between lets it work."""
    never = asyncio.Event()
    async with asyncio.timeout(DEADLINE_S):
        while not (found := await look()):
            with suppress(TimeoutError):
                await asyncio.wait_for(never.wait(), PAUSE_S)
        return found


@asynccontextmanager
async def running_site(folder: Path, systems: Mapping[str, tuple[str, ...]]) -> AsyncIterator[Site]:
    """Start systems side by side; ``HOOK`` in their options becomes the address of the receiver."""
    site = Site(folder)

    async def take(request: web.Request) -> web.Response:
        site.hooks.append((dict(request.headers.items()), await request.read()))
        return web.Response(status=204)

    application = web.Application()
    application.router.add_post("/", take)
    runner = web.AppRunner(application)
    await runner.setup()
    listener = web.TCPSite(runner, "127.0.0.1", 0)
    await listener.start()
    site.hook_url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        await asyncio.gather(
            *(
                site.start(name, *(site.hook_url if one == "HOOK" else one for one in options))
                for name, options in systems.items()
            )
        )
        yield site
    finally:
        await site.close()
        await runner.cleanup()
