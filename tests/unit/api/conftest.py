"""An API over a memory store, spoken to in this process."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from lineshaft.app.config import read_config
from lineshaft.app.hub import Hub, build
from lineshaft.app.inprocess import call_asgi
from lineshaft.base.scope import Scope
from lineshaft.security.people import Caller

ROLE_OF = {"admin-token": "admin", "viewer-token": "viewer", "machine-token": "machine"}


class FixedTokens:
    """Tokens by a table."""

    async def caller(self, token: str, now: datetime, address: str = "") -> Caller | None:
        role = ROLE_OF.get(token)
        roles = frozenset({role} if role else ())
        return Caller(role, Scope("default", roles=roles), roles) if role else None


@dataclass
class Answer:
    """What the API answered."""

    status: int
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)


@dataclass
class Client:
    """Speaks to the API."""

    hub: Hub

    async def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = "admin-token",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        sent = {"content-type": "application/json", **(headers or {})}
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return Answer(*await call_asgi(self.hub.application, method, path, sent, content))


@pytest.fixture
async def api() -> AsyncIterator[Client]:
    config = read_config(options={"store.url": "memory:"})
    hub = build(config, {"LINESHAFT_SECRET_TRACKING_KEY": "a key of enough characters"}, tokens=FixedTokens())
    await hub.open()
    yield Client(hub)
    await hub.stop()
