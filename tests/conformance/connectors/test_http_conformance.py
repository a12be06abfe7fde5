"""The manifest engine passes the connector suite with every kind of authentication."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from conformance.connectors.stub_target import SECRETS, StubTarget
from lineshaft.base.clock import FixedClock
from lineshaft.connectors.http import HTTP
from lineshaft.sdk.connector import Connector
from lineshaft.sdk.keeping import Remembered
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import Behaviour, Bench, ConnectorSuite

SIGNED = 'method + "\\n" + path + "\\n" + timestamp + "\\n" + body'
AUTHS = {
    "bearer": ("auth: {kind: bearer, token: secret:token}", "PUT"),
    "basic": ("auth: {kind: basic, user: secret:user, password: secret:password}", "POST"),
    "api_key": (
        "auth: {kind: api_key, header: Authorization, prefix: 'Bearer ', value: secret:token}",
        "POST",
    ),
    "hmac": (
        f"auth: {{kind: hmac, key: secret:signing, header: X-Signature, message: '{SIGNED}',"
        " headers: {X-Time: timestamp}}",
        "POST",
    ),
    "session": (
        "auth: {kind: session, login: {path: /login, body: {user: secret:user, password: secret:password}},"
        " success: answer.ok, token: answer.data.session, expires_in_s: answer.data.lasts,"
        " header: X-Session, expired: status = 401}",
        "POST",
    ),
    "oauth2": (
        "auth: {kind: oauth2, grant: refresh_token, token_url: /token, client_auth: none,"
        " client_id: secret:user, refresh_token: secret:refresh}",
        "POST",
    ),
}


def manifest(auth: str) -> bytes:
    declared, method = AUTHS[auth]
    written = (Path(__file__).parent / "stub_manifest.yaml").read_text("utf-8")
    return written.replace("AUTH\n", declared + "\n").replace("METHOD", method).encode()


class HttpBench:
    """The stub target and HTTP connectors to it."""

    operation = "order.save"
    reading = "order.status"
    resource = "order"
    file_operation = "file.send"
    file_resource = "file"
    secret_values: Sequence[str] = tuple(SECRETS.values())

    def __init__(self, auth: str, target: StubTarget, caplog: pytest.LogCaptureFixture) -> None:
        self.auth = auth
        self.target = target
        self._caplog = caplog
        self._open: list[Connector] = []
        self._keep = Remembered()

    async def connect(self, *, wrong_secret: bool = False, unreachable: bool = False) -> Connector:
        secrets = (
            {name: "wr0ng" + value[::-1] for name, value in SECRETS.items()} if wrong_secret else SECRETS
        )
        url = free_address() if unreachable else self.target.url
        # The stub does not check the age of a signature, so the clock may stand still.
        connection = Connection("stub", {"base_url": url}, secrets.__getitem__, FixedClock(), keep=self._keep)
        connector = HTTP.read(manifest(self.auth), "stub.yaml").connect(connection)
        await connector.open()
        self._open.append(connector)
        return connector

    def behave(self, *behaviours: Behaviour) -> None:
        self.target.plans.extend(behaviours)

    def expire_session(self) -> None:
        self.target.sessions.clear()

    async def upgrade(self) -> str:
        self.target.renamed["quantity"] = "amount"
        return "quantity"

    @property
    def done(self) -> Sequence[Mapping[str, Any]]:
        return self.target.done

    @property
    def arrived(self) -> int:
        return self.target.arrived

    @property
    def logged(self) -> str:
        return self._caplog.text

    async def close(self) -> None:
        for connector in self._open:
            await connector.close()


def free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


class TestHttpConnector(ConnectorSuite):
    @pytest_asyncio.fixture(params=sorted(AUTHS))
    async def bench(
        self, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
    ) -> AsyncIterator[HttpBench]:
        target = StubTarget()
        await target.start()
        caplog.set_level("DEBUG")
        caplog.clear()
        bench = HttpBench(request.param, target, caplog)
        yield bench
        await bench.close()
        await target.stop()

    @pytest.mark.parametrize("bench", ["bearer"], indirect=True)
    async def test_fifty_megabytes_pass_in_pieces_with_flat_memory(self, bench: Bench) -> None:
        # Credentials make no difference to a stream, and a signature over the body rules one out.
        await super().test_fifty_megabytes_pass_in_pieces_with_flat_memory(bench)
