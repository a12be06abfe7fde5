"""A server with given routes, and connectors of manifests to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from lineshaft.app.system_clock import SystemClock
from lineshaft.connectors.http import HTTP, HttpConnector
from lineshaft.sdk.registry import Connection

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
SECRETS = {
    "api_key": "key-4711",
    "api_secret": "sec-4712",
    "user": "hub",
    "password": "pw-4713",
    "client_id": "cli-4714",
    "client_secret": "cls-4715",
    "token": "tok-4716",
}


CLIENT = "client_id: secret:client_id, client_secret: secret:client_secret"


class Bench:
    """A server with the given routes, and connectors to it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self._opened: list[HttpConnector] = []
        self._runners: list[web.AppRunner] = []

    async def serve(self, routes: Mapping[str, Handler]) -> str:
        app = web.Application()

        def noted(handler: Handler) -> Handler:
            async def handle(request: web.Request) -> web.StreamResponse:
                self.asked.append((request.method, request.path_qs, dict(request.headers)))
                return await handler(request)

            return handle

        for name, handler in routes.items():
            method, path = name.split(" ", 1)
            app.router.add_route(method, path, noted(handler))
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self._runners.append(runner)
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    async def connect(self, manifest: str, url: str, **settings: Any) -> HttpConnector:
        text = manifest if manifest.startswith("format:") else f"format: 1\nname: app\n{manifest}"
        connection = Connection("app", {"base_url": url, **settings}, SECRETS.__getitem__, SystemClock())
        connector = HTTP.read(text.encode(), "app.yaml").connect(connection)
        await connector.open()
        self._opened.append(connector)
        return connector

    async def close(self) -> None:
        for connector in self._opened:
            await connector.close()
        for runner in self._runners:
            await runner.cleanup()


def say(body: Any, status: int = 200, **headers: str) -> web.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.json_response(body, status=status, headers=named)


async def all_of(
    connector: HttpConnector, resource: str, cursor: bytes | None = None
) -> tuple[list[str], bytes]:
    subjects: list[str] = []
    for _ in range(100):
        page = await connector.changes(resource, cursor)
        subjects += [change.subject for change in page.changes]
        cursor = page.cursor
        if not page.more:
            return subjects, cursor
    raise AssertionError("the pages did not end")
