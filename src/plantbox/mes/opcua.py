"""The MES's OPC UA server: machine nodes with state, counter and current order, on loopback.

It mirrors the database twice a second of real time; nothing can be written to it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from asyncua import ua
from asyncua.server.server import Server

from plantbox.station import Station

NAMESPACE = "urn:plantbox:mes"
STATES = {"idle": 0, "running": 1, "fault": 2}
PAUSE_SECONDS = 0.1
Write = Callable[[str, Any], Any]


class MachineServer:
    """The server; it is closed while the MES refuses connections."""

    def __init__(self, station: Station, port: int, ready: dict[str, Any]) -> None:
        self._station = station
        self._port = port
        self._ready = ready
        self._server: Server | None = None
        self._nodes: dict[tuple[str, str], Any] = {}
        self._shown: dict[tuple[str, str], Any] = {}
        for name in ("asyncua", "asyncua.server", "asyncua.server.address_space"):
            logging.getLogger(name).setLevel(logging.CRITICAL)

    async def open(self) -> None:
        """Start listening and say where."""
        server = Server()
        await server.init()
        server.set_server_name("plantbox MES")
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        server.set_endpoint(f"opc.tcp://127.0.0.1:{self._port}/plantbox/mes")
        index = ua.Int16(await server.register_namespace(NAMESPACE))

        def node_id(name: str) -> ua.NodeId:
            return ua.NodeId(ua.String(name), index)

        folder = await server.nodes.objects.add_folder(node_id("Machines"), "Machines")
        self._nodes.clear()
        self._shown.clear()
        for row in self._station.db.reader.execute("SELECT * FROM machine ORDER BY code").fetchall():
            code = row["code"]
            machine = await folder.add_object(node_id(code), code)
            for name, (kind, value) in _values(row).items():
                node = await machine.add_variable(node_id(f"{code}.{name}"), name, value, kind)
                self._nodes[code, name] = node
                self._shown[code, name] = value
        await server.start()
        sockets: Any = getattr(getattr(server.bserver, "_server", None), "sockets", ())
        if self._port == 0 and sockets:
            self._port = sockets[0].getsockname()[1]
        self._server = server
        self._ready["opcua_url"] = f"opc.tcp://127.0.0.1:{self._port}/plantbox/mes"

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            server, self._server = self._server, None
            await server.stop()

    async def run(self) -> None:
        """Mirror machine states for ever; close with the MES's own port and open with it."""
        try:
            while True:
                await asyncio.sleep(PAUSE_SECONDS)
                refusing = self._station.faults.closing() is not None
                if refusing and self._server is not None:
                    await self.close()
                elif not refusing and self._server is None:
                    await self.open()
                if self._server is not None:
                    await self._mirror()
        finally:
            await self.close()

    async def _mirror(self) -> None:
        for row in self._station.db.reader.execute("SELECT * FROM machine").fetchall():
            for name, (kind, value) in _values(row).items():
                key = (row["code"], name)
                if self._shown[key] != value:
                    self._shown[key] = value
                    await self._nodes[key].write_value(value, kind)


def _values(row: Any) -> dict[str, tuple[ua.VariantType, Any]]:
    return {
        "State": (ua.VariantType.Int32, STATES[row["state"]]),
        "StateText": (ua.VariantType.String, row["state"]),
        "Counter": (ua.VariantType.UInt64, row["counter"]),
        "CurrentOrder": (ua.VariantType.String, row["work_order"] or ""),
        "StopCode": (ua.VariantType.String, row["stop_code"] or ""),
    }
