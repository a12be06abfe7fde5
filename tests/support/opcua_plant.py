"""A real OPC UA server (asyncua) on loopback: a press with its state, a counter, a target and a method."""

from __future__ import annotations

import asyncio
import socket
from datetime import datetime
from typing import Any

from asyncua import Server, ua, uamethod
from asyncua.server.user_managers import User, UserRole


class Door:
    """Lets one user in, by password."""

    def __init__(self, password: str) -> None:
        self._password = password

    def get_user(
        self, iserver: Any, username: str | None = None, password: str | None = None, certificate: Any = None
    ) -> User | None:
        """Return the user, or ``None``; the server's library calls it so."""
        return User(UserRole.Admin, username) if password == self._password else None


class Plant:
    """A press with its own address space."""

    def __init__(self, password: str = "") -> None:
        # With a password nobody else is let in.
        self.server = Server(user_manager=Door(password) if password else None)
        self.started: list[str] = []
        self.hang = asyncio.Event()
        self.hang.set()

    async def start(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.url = f"opc.tcp://127.0.0.1:{probe.getsockname()[1]}/plant"
        await self.server.init()
        self.server.set_endpoint(self.url)
        self.server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        await self.server.register_namespace("urn:plant:other")
        index = await self.server.register_namespace("urn:plant:machines")
        press = await self.server.nodes.objects.add_object(ua.NodeId("Press", index), "Press")
        self.state = await press.add_variable(ua.NodeId("Press.State", index), "State", "idle")
        self.count = await press.add_variable(
            ua.NodeId("Press.Count", index), "Count", 0, ua.VariantType.Int32
        )
        self.target = await press.add_variable(
            ua.NodeId("Press.Target", index), "Target", 0, ua.VariantType.Int16
        )
        await self.target.set_writable()

        @uamethod
        async def begin(parent: Any, order: str) -> Any:
            if order == "blocked":
                return ua.StatusCode(ua.StatusCodes.BadInvalidState)
            await self.hang.wait()
            self.started.append(order)
            return f"started {order}"

        await press.add_method(
            ua.NodeId("Press.Start", index), "Start", begin, [ua.VariantType.String], [ua.VariantType.String]
        )
        await self.server.start()

    async def reset(self) -> None:
        """Be as after the start."""
        self.started.clear()
        self.hang.set()
        await self.state.write_value("idle")
        await self.set_count(0)
        await self.server.write_attribute_value(
            self.target.nodeid, ua.DataValue(ua.Variant(0, ua.VariantType.Int16))
        )

    async def set_count(self, value: int, at: datetime | None = None) -> None:
        data = ua.DataValue(ua.Variant(value, ua.VariantType.Int32), SourceTimestamp=at)
        await self.server.write_attribute_value(self.count.nodeid, data)
