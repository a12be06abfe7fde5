"""The page of metrics of a process that only works: ``GET /metrics`` of the API, and nothing else of it.

The page is the API's own, behind the API's own door: whoever reads it needs a token that may see systems.
"""

from __future__ import annotations

from typing import Final

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from lineshaft.base.errors import ConfigError
from lineshaft.base.text import text

LOOPBACK: Final = "127.0.0.1"


class OnlyMetrics:
    """Lets one page of an application through."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http" and scope["path"] == "/metrics":
            await self._application(scope, receive, send)
        elif scope["type"] == "http":
            await PlainTextResponse("Here is /metrics only.\n", 404)(scope, receive, send)


def address_of(given: str) -> tuple[str, int]:
    """Return host and port of ``HOST:PORT`` or ``PORT``; the host is this machine alone where none is named.

    Raises:
        ConfigError: It is neither.
    """
    host, _, port = given.rpartition(":")
    if not port.isdigit() or int(port) > 65_535:
        raise ConfigError(
            text(
                "Expected HOST:PORT or PORT for the metrics, but got {given}",
                "指标地址应为 主机:端口 或 端口,实际为 {given}",
                given=given,
            )
        )
    return host.removeprefix("[").removesuffix("]") or LOOPBACK, int(port)
