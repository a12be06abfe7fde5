"""The simulated CRM and ERP as real processes, and everything that the pack makes of them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from lineshaft.base.clock import FixedClock
from lineshaft.connectors.http import HTTP, HttpConnector
from lineshaft.connectors.hub import HubConnector, ReferenceDesk
from lineshaft.mapping import Reference, read_mapping
from lineshaft.sdk.outcomes import Change
from lineshaft.sdk.pack import Pack, read_pack
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import context

SOURCES = Path(__file__).resolve().parents[3] / "src"
PACK = SOURCES / "lineshaft_packs" / "order_to_delivery"
SECRETS = {
    "crm_token": "crm-demo-token",
    "crm_webhook": "hook-secret",
    "erp_app_id": "erp-app",
    "erp_app_secret": "erp-demo-secret",
}


def pack_files() -> dict[str, bytes]:
    return {
        str(path.relative_to(PACK)): path.read_bytes()
        for path in PACK.rglob("*")
        if path.is_file() and path.suffix in (".yaml", ".bpmn", ".dmn")
    }


@dataclass
class Plant:
    """Both systems and everything that the pack makes of them."""

    pack: Pack
    crm: HttpConnector
    erp: HttpConnector
    hub: HubConnector
    crm_url: str
    erp_url: str
    admin: dict[str, str]
    known: dict[Reference, str]

    async def crm_call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": "Bearer crm-demo-token"}
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, f"{self.crm_url}/api/v1/{path}", json=body, headers=headers) as answer,
        ):
            return await answer.json()

    async def fault(self, system: str, **spec: Any) -> None:
        headers = {"Authorization": "Bearer plantbox-admin"}
        url = f"{self.admin[system]}/admin/faults"
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, json=spec, headers=headers) as answer,
        ):
            assert answer.status < 300, await answer.text()

    async def reset(self) -> None:
        """Take all faults away and forget the codes; the systems keep their documents."""
        self.known.clear()
        headers = {"Authorization": "Bearer plantbox-admin"}
        async with aiohttp.ClientSession() as session:
            for url in self.admin.values():
                async with session.delete(f"{url}/admin/faults", headers=headers) as answer:
                    assert answer.status < 300, await answer.text()

    async def confirmed(
        self, account: str = "KH-0004", lines: Sequence[Mapping[str, Any]] = ()
    ) -> dict[str, Any]:
        """Make and confirm an order as a salesperson does; return it as the hub reads it."""
        body = {"account_no": account, "lines": list(lines) or [{"model": "BX-F210", "quantity": "100"}]}
        made = await self.crm_call("POST", "orders", body)
        assert "order_no" in made, made
        done = await self.crm_call("POST", f"orders/{made['id']}/confirm", {})
        assert done["status"] == "confirmed", done
        answer = await self.crm.call("sales_order.get", {"order_no": made["order_no"]}, context())
        order: dict[str, Any] = answer.answer["order"]
        return order

    async def document(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        payload = {"mapping": "crm-sales-order", "record": order}
        result: Mapping[str, Any] = (await self.hub.call("map", payload, context())).answer["result"]
        return result

    async def erp_document(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        payload = {"mapping": "erp-sales-order", "record": await self.document(order)}
        result: Mapping[str, Any] = (await self.hub.call("map", payload, context())).answer["result"]
        return result

    async def saved(self, order: Mapping[str, Any]) -> str:
        payload = {"document": await self.erp_document(order), "source_no": order["order_no"]}
        outcome = await self.erp.call("sales_order.save", payload, context(f"save-{order['order_no']}"))
        assert outcome.number is not None
        return outcome.number


@asynccontextmanager
async def system(name: str, folder: Path, *options: str) -> AsyncIterator[dict[str, str]]:
    command = [sys.executable, "-m", "plantbox", name, "--port", "0", "--data", str(folder / name), *options]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(SOURCES)}
    )
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 30)
        yield json.loads(line)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), 30)


@asynccontextmanager
async def running_plant(folder: Path) -> AsyncIterator[Plant]:
    pack = read_pack(pack_files())
    async with AsyncExitStack() as stack:
        ready = {
            "crm": await stack.enter_async_context(system("crm", folder)),
            "erp": await stack.enter_async_context(
                system("erp", folder, "--delivery", "instant", "--first-shipment", "0.6")
            ),
        }
        made: dict[str, HttpConnector] = {}
        for file in (each for each in pack.of("systems") if each.name in ready):
            settings = {"base_url": ready[file.name]["url"]}
            connection = Connection(file.name, settings, SECRETS.__getitem__, FixedClock())
            made[file.name] = HTTP.read(file.content, file.path).connect(connection)
            await made[file.name].open()
            stack.push_async_callback(made[file.name].close)
        known: dict[Reference, str] = {}

        async def look(references: Sequence[Reference]) -> Mapping[Reference, str]:
            return {reference: known[reference] for reference in references if reference in known}

        async def ask(name: str, operation: str, payload: Mapping[str, Any], key: str) -> Mapping[str, Any]:
            return (await made[name].call(operation, payload, context())).answer

        async def remember(found: Mapping[Reference, str]) -> None:
            known.update(found)

        mappings = {file.name: read_mapping(file.content, file.path) for file in pack.of("mappings")}
        hub = HubConnector(mappings, ReferenceDesk(pack.references, look, ask, remember))
        admin = {name: told["admin_url"] for name, told in ready.items()}
        yield Plant(
            pack, made["crm"], made["erp"], hub, ready["crm"]["url"], ready["erp"]["url"], admin, known
        )


async def everything(connector: HttpConnector, resource: str, cursor: bytes | None = None) -> list[Change]:
    found: list[Change] = []
    while True:
        page = await connector.changes(resource, cursor)
        found += page.changes
        cursor = page.cursor
        if not page.more:
            return found
