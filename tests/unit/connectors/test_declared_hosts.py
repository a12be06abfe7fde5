"""A system is called at the host of its settings and nowhere else."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from lineshaft.base.errors import Invalid
from lineshaft.connectors.http.transport import Prepared, Transport


def transport(base_url: str) -> Transport:
    return Transport("erp", base_url, concurrency_max=2, connect_timeout_s=2, keep_alive_s=1)


def request(path: str) -> Prepared:
    return Prepared("GET", path, "", {}, b"")


@pytest.mark.parametrize(
    "path",
    ["@elsewhere.example/x", ".elsewhere.example/x", ":99/x", "@[::1]/x", ".evil.example@other/x"],
)
def test_path_cannot_lead_to_another_host(path: str) -> None:
    with pytest.raises(Invalid, match="another host"):
        transport("http://erp.example").url(request(path))


@pytest.mark.parametrize("path", ["/a", "/a@b", "//elsewhere.example/x", "/http://elsewhere.example"])
def test_odd_paths_stay_on_the_host(path: str) -> None:
    assert transport("http://erp.example:8080").url(request(path)).host == "erp.example"


@pytest.fixture
async def servers() -> AsyncIterator[tuple[str, list[str]]]:
    """One server that sends callers on to another, which notes who comes."""
    seen: list[str] = []

    async def note(call: web.Request) -> web.Response:
        seen.append(call.path)
        return web.json_response({"stolen": True})

    ports = []
    runners = []
    for handler in (note, None):
        app = web.Application()
        if handler is None:
            target = f"http://127.0.0.1:{ports[0]}/taken"

            async def send_on(_: web.Request, target: str = target) -> web.Response:
                return web.Response(status=302, headers={"Location": target})

            app.router.add_route("*", "/{tail:.*}", send_on)
        else:
            app.router.add_route("*", "/{tail:.*}", handler)
        runner = web.AppRunner(app)
        await runner.setup()
        listener = socket.create_server(("127.0.0.1", 0))
        await web.SockSite(runner, listener).start()
        ports.append(listener.getsockname()[1])
        runners.append(runner)
    yield f"http://127.0.0.1:{ports[1]}", seen
    for runner in runners:
        await runner.cleanup()


async def test_redirect_to_another_host_is_not_followed(servers: tuple[str, list[str]]) -> None:
    base_url, seen = servers
    line = transport(base_url)
    line.open()
    reply = await line.exchange(request("/orders"), timeout_s=5, reads_only=True)
    await line.close()
    assert reply.status == 302
    assert seen == []
