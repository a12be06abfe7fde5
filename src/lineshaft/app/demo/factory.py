"""The sandbox factory of the demo: its systems and the hub, in one folder that outlives them."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from lineshaft.app.config import ADMIN_TOKEN
from lineshaft.app.demo.children import Child, ChildFailed, end_remains, read_line
from lineshaft.app.demo.stations import (
    ADMIN,
    CRM_TOKEN,
    ERP_APP_ID,
    ERP_APP_SECRET,
    OFFICE,
    UNTIL_INPUT_ENDS,
    Common,
    arguments_of,
    hub_alerts,
    hub_secrets,
    hub_systems,
    port_names,
)
from lineshaft.app.packs import files_in, folder_of
from lineshaft.base.errors import Conflict
from lineshaft.base.text import text
from lineshaft.security.tokens import write_private

PACK = "order-to-delivery"


@dataclass(frozen=True, slots=True)
class Plan:
    """What the demo shall be."""

    folder: Path
    port: int = 8420
    speed: float = 1440.0
    """Simulated seconds per second; 1440: a day is a minute."""
    empty: bool = False
    """Without the sandbox's own master data."""
    systems: tuple[str, ...] = OFFICE
    """Which systems there are; ``WHOLE`` for all six."""
    webhook: bool = True
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Further options of a system's process, by its name."""
    start: str | None = None
    """When simulated time begins on a new folder; ``None``: the sandbox's own beginning."""
    language: str = "both"
    """Of the mails about trouble: ``zh``, ``en`` or ``both``."""
    hub_settings: Mapping[str, str] = field(default_factory=dict)
    """Further lines of the hub's configuration: dotted key → TOML value."""
    pack: str = PACK
    """What the hub runs."""


class Factory:
    """Starts and ends the processes, and speaks to them."""

    def __init__(self, plan: Plan, tell: Callable[[str, str], None]) -> None:
        self.plan = plan
        self._tell = tell
        self.folder = plan.folder.absolute()
        self._ports: dict[str, int] = {}
        self._ready: dict[str, dict[str, Any]] = {}
        self._children: dict[str, Child] = {}
        self._watching: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None
        self._planner: str | None = None
        self._stopping = False
        self.hub_starts = 0

    @property
    def systems(self) -> tuple[str, ...]:
        """The names of the simulated systems."""
        return self.plan.systems

    def url(self, system: str) -> str:
        """Return a simulated system's address, which is that of its own pages too."""
        return f"http://127.0.0.1:{self._ports[system]}"

    def ready(self, system: str) -> dict[str, Any]:
        """Return what a simulated system said when it was ready."""
        return self._ready[system]

    def buttons_url(self, system: str) -> str:
        """Return the page where a simulated system is broken and mended."""
        return f"http://127.0.0.1:{self._ports[f'{system}_admin']}"

    @property
    def crm_url(self) -> str:
        """The CRM's address."""
        return self.url("crm")

    @property
    def erp_url(self) -> str:
        """The ERP's address."""
        return self.url("erp")

    @property
    def hub_url(self) -> str:
        """The hub's address."""
        return f"http://127.0.0.1:{self._ports['hub']}"

    @property
    def token(self) -> str:
        """The hub administrator's token."""
        return (self.folder / "hub" / ADMIN_TOKEN).read_text(encoding="utf-8").strip()

    # -- life ------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Start everything and deploy the pack."""
        self.folder.mkdir(parents=True, exist_ok=True)
        # First, so that their ports are free again and nothing else writes into the same files.
        await asyncio.gather(*(end_remains(self.folder, *each) for each in self._marks()))
        self._choose_ports()
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=120))
        try:
            await asyncio.gather(*(self._start_system(name) for name in self.systems))
            await self._start_hub()
            await self._deploy()
        except BaseException:
            await self._end()
            raise
        self._watching = [asyncio.create_task(self._watch(name)) for name in (*self.systems, "hub")]
        return self

    def _marks(self) -> list[tuple[str, tuple[str, ...]]]:
        """Return by what each process of this demo is known on any list of processes."""
        systems = [(name, ("plantbox", name, f"--data {self.folder / name}")) for name in self.systems]
        return [*systems, ("hub", ("lineshaft", f"--config {self.folder / 'hub' / 'hub.toml'} serve"))]

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End everything in good order."""
        await self._end()

    async def _end(self) -> None:
        self._stopping = True
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)
        # The hub first, so that it does not take its systems for broken.
        if "hub" in self._children:
            await self._children["hub"].stop()
        await asyncio.gather(*(child.stop() for name, child in self._children.items() if name != "hub"))
        if self._session is not None:
            await self._session.close()

    async def _watch(self, name: str) -> None:
        """Start a process again that has ended by itself, as a supervisor would."""
        while True:
            status = await self._children[name].wait()
            if self._stopping:
                return
            self._tell(
                f"{name} has ended ({status}); it is started again.",
                f"{name} 已退出({status}),正在重新启动。",
            )
            try:
                if name == "hub":
                    await self._start_hub()
                else:
                    await self._start_system(name)
            except ChildFailed as error:
                self._tell(error.message.in_language("en"), error.message.in_language("zh"))
                await asyncio.sleep(2)

    async def _start_system(self, name: str) -> None:
        plan = self.plan
        hub_url = self.hub_url if plan.webhook else None
        common = Common(self.folder, plan.speed, plan.empty, hub_url, plan.start)
        arguments = arguments_of(name, common, self._ports, plan.options.get(name, ()))
        child = self._children[name] = Child(name, arguments, self.folder, slow=self._tell_slow)
        ready = read_line(await child.start())
        if ready.get("system") != name:
            await child.stop()
            raise ChildFailed(text("{name} did not say that it is ready.", "{name} 未就绪。", name=name))
        self._ready[name] = ready

    async def _start_hub(self) -> None:
        folder = self.folder / "hub"
        folder.mkdir(parents=True, exist_ok=True)
        secrets = hub_secrets()
        lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in secrets.items())
        write_private(folder / "secrets.toml", lines)
        shown = {
            "console.environment": '"simulation"',
            "console.demo_roles": "true",
            "console.speed": f"{self.plan.speed:.1f}",
        }
        if "mail" in self.systems:
            shown |= hub_alerts(self.plan.language)
            shown["server.public_url"] = json.dumps(self.hub_url)
        settings = shown | dict(self.plan.hub_settings)
        further = "".join(f"{name} = {value}\n" for name, value in settings.items())
        config = folder / "hub.toml"
        config.write_text(
            f"# Written by the demo at every start.\n"
            f"data_dir = {json.dumps(str(folder))}\n"
            f"secrets_file = {json.dumps(str(folder / 'secrets.toml'))}\n"
            f"server.port = {self._ports['hub']}\n"
            f"{further}"
            f"{hub_systems({name: self._ready[name] for name in self.systems})}",
            encoding="utf-8",
        )
        child = self._children["hub"] = Child(
            "hub",
            ["-m", "lineshaft", "--config", str(config), "serve", UNTIL_INPUT_ENDS],
            self.folder,
            alone=True,
            slow=self._tell_slow,
        )
        await child.start()
        self.hub_starts += 1

    def _tell_slow(self, name: str, seconds: int) -> None:
        self._tell(
            f"{name} has not started after {seconds} s; the machine is slow, it goes on.",
            f"{name} 启动已用 {seconds} 秒,机器较慢,请稍候。",
        )

    async def _deploy(self) -> None:
        files = [
            {"path": path, "text": content.decode("utf-8")}
            for path, content in files_in(folder_of(self.plan.pack)).items()
        ]
        await self.hub("POST", "/releases", {"files": files, "note": "demo"})

    def _choose_ports(self) -> None:
        """Take the ports of the last start where they are free, so that bookmarks go on working."""
        kept = self.folder / "ports.json"
        try:
            known = json.loads(kept.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            known = {}
        wanted = {"hub": self.plan.port, **dict.fromkeys(port_names(self.systems), 0)}
        taken: set[int] = set()
        for name, port in wanted.items():
            chosen = next((each for each in (port, known.get(name, 0)) if each and _is_free(each)), 0)
            while not chosen or chosen in taken:
                chosen = _free_port()
            self._ports[name] = chosen
            taken.add(chosen)
        kept.write_text(json.dumps({**known, **self._ports}), encoding="utf-8")

    # -- speaking --------------------------------------------------------------------------------------------

    async def hub(self, method: str, path: str, body: object = None) -> Any:
        """Ask the hub's API."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return await self._ask(method, f"{self.hub_url}/api/v1{path}", body, headers)

    async def look(self, path: str) -> Any:
        """Read from the hub's API as its planner, who sees nothing sensitive: no look needs an audit line."""
        if self._planner is None:
            self._planner = await self._sign_in("planning")
        try:
            return await self._ask("GET", f"{self.hub_url}/api/v1{path}", None, {"Cookie": self._planner})
        except Conflict:
            # The session may have ended; the next look signs in again.
            self._planner = None
            raise

    async def _sign_in(self, role: str) -> str:
        """Sign in as somebody of the demo's factory; returns the session's cookie."""
        assert self._session is not None
        url = f"{self.hub_url}/api/v1/session"
        async with self._session.post(url, json={"demo_role": role}) as answer:
            answer.raise_for_status()
            return "; ".join(f"{name}={morsel.value}" for name, morsel in answer.cookies.items())

    async def crm(self, method: str, path: str, body: object = None) -> Any:
        """Ask the CRM, as its own users' screens do."""
        headers = {"Authorization": f"Bearer {CRM_TOKEN}"}
        return await self._ask(method, f"{self.crm_url}/api/v1{path}", body, headers)

    async def erp(self, method: str, body: object) -> Any:
        """Ask the ERP, as its own users' screens do; returns the data of its envelope."""
        headers = {"X-App-Key": f"{ERP_APP_ID}:{ERP_APP_SECRET}"}
        answer = await self._ask("POST", f"{self.erp_url}/ErpService/{method}", body, headers)
        if not answer["IsSuccess"]:
            raise Conflict(text("ERP: {message}", "ERP:{message}", message=answer["Message"]))
        return answer["Data"]

    async def call(self, system: str, method: str, path: str, body: object = None, **headers: str) -> Any:
        """Ask any of the systems, as its own users' screens do; ``headers`` say who asks."""
        return await self._ask(method, f"{self.url(system)}{path}", body, headers)

    async def admin(self, system: str, method: str, path: str, body: object = None) -> Any:
        """Ask the listener by which a simulated system itself is steered: faults, policy, time."""
        url = f"http://127.0.0.1:{self._ports[f'{system}_admin']}/admin{path}"
        return await self._ask(method, url, body, {"Authorization": f"Bearer {ADMIN}"})

    async def advance(self, hours: int) -> None:
        """Let so many hours pass in every system at once."""
        body = {"hours": hours}
        await asyncio.gather(*(self.admin(name, "POST", "/advance", body) for name in self.systems))

    async def _ask(self, method: str, url: str, body: object, headers: Mapping[str, str]) -> Any:
        assert self._session is not None
        # A whole release is large: as a stream it does not hold everything else up.
        sent = None if body is None or method == "GET" else BytesIO(json.dumps(body).encode())
        typed = headers if sent is None else {**headers, "Content-Type": "application/json"}
        async with self._session.request(method, url, data=sent, headers=typed) as answer:
            found = await answer.json(content_type=None)
            if answer.status >= 400:
                message = found.get("detail") or found.get("error") if isinstance(found, dict) else found
                raise Conflict(
                    text(
                        "{url}: {status} {message}",
                        "{url}:{status} {message}",
                        url=url,
                        status=answer.status,
                        message=message,
                    )
                )
            return found


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
