"""A hub as a process: the API and the worker in one loop, ended by SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from typing import Any

import uvicorn

from lineshaft.app import logs
from lineshaft.app.config import HubConfig
from lineshaft.app.hub import build
from lineshaft.app.input_end import tell_at_end_of_input
from lineshaft.app.worker_metrics import OnlyMetrics
from lineshaft.base.errors import ConfigError
from lineshaft.base.text import text
from lineshaft.engine import collector


class _Server(uvicorn.Server):
    """The HTTP server, without signal handlers of its own: the process has its own order of stopping."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept, and say so."""
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process."""
        yield


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run the process's main work, on uvloop where it is installed."""
    factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    if sys.platform != "win32":
        with contextlib.suppress(ImportError):
            import uvloop

            factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main)


async def serve(
    config: HubConfig,
    *,
    environment: Mapping[str, str] | None = None,
    ready: Callable[[str], None] = lambda url: None,
    until_input_ends: bool = False,
    first_password: Callable[[str], None] = lambda password: None,
) -> None:
    """Serve the API and work, until the process is asked to stop.

    Args:
        config: The configuration.
        environment: Where secrets come from; the process's own by default.
        ready: Told the hub's address once it answers.
        until_input_ends: Stop, too, when standard input has come to its end.
        first_password: Told the password of the user ``admin`` where this start has made that user.

    Raises:
        Conflict: Another hub runs on the SQLite file.
        ConfigError: The port is taken.
    """
    logs.set_up(config.log.level)
    stopping = _stop_signal()
    if until_input_ends:
        tell_at_end_of_input(stopping)
    hub = build(config, environment)
    listener = _listen(config.server.host, config.server.port)
    url = f"http://{config.server.host}:{listener.getsockname()[1]}"
    hub.letters.console = hub.letters.console or url
    await hub.start()
    first = await hub.guards.ensure_administrator()
    if first is not None:
        first_password(first)
    collector.ease()
    try:
        if hub.lock is not None:
            hub.lock.note(url, hub.worker.name)
        settings = uvicorn.Config(
            hub.application,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_keep_alive=30,
            # For whom a proxy speaks is read in `api.access`, and only from those that are trusted.
            proxy_headers=False,
        )
        server = _Server(settings)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await asyncio.wait(
            {serving, asyncio.ensure_future(server.listening.wait())}, return_when=asyncio.FIRST_COMPLETED
        )
        ready(url)
        stopped = asyncio.create_task(stopping.wait())
        await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
        # The server waits for open answers to end, and streams end only when they are told to.
        hub.live.close()
        server.should_exit = True
        await serving
    finally:
        await hub.stop()


async def work(
    config: HubConfig,
    *,
    environment: Mapping[str, str] | None = None,
    ready: Callable[[str], None] = lambda name: None,
    metrics: tuple[str, int] | None = None,
    measured: Callable[[str], None] = lambda url: None,
) -> None:
    """Work without an API: one of several processes on a PostgreSQL.

    Args:
        config: The configuration.
        environment: Where secrets come from; the process's own by default.
        ready: Told the worker's name once it works.
        metrics: Host and port of its page of metrics; none by default.
        measured: Told the address of that page.

    Raises:
        ConfigError: The store is a file, or the port of the metrics is taken.
    """
    if config.sqlite_path is not None:
        raise ConfigError(
            text(
                "Expected a PostgreSQL to share, but the store is the SQLite file {path}.",
                "多进程需要 PostgreSQL,而当前存储是 SQLite 文件 {path}。",
                path=config.sqlite_path,
            ),
            code="worker_needs_postgresql",
            hint=text(
                "On SQLite `lineshaft serve` works by itself.", "使用 SQLite 时请直接运行 `lineshaft serve`。"
            ),
        )
    logs.set_up(config.log.level)
    stopping = _stop_signal()
    hub = build(config, environment)
    listener = _listen(*metrics) if metrics is not None else None
    await hub.start()
    collector.ease()
    try:
        async with contextlib.AsyncExitStack() as also:
            if listener is not None:
                await also.enter_async_context(_served(OnlyMetrics(hub.application), listener))
                host, port = listener.getsockname()[:2]
                measured(f"http://{f'[{host}]' if ':' in host else host}:{port}/metrics")
            ready(hub.worker.name)
            await stopping.wait()
    finally:
        await hub.stop()


@contextlib.asynccontextmanager
async def _served(application: Any, listener: socket.socket) -> AsyncIterator[None]:
    """Serve an application as long as the context lasts."""
    server = _Server(
        uvicorn.Config(application, log_config=None, access_log=False, lifespan="off", proxy_headers=False)
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


def _stop_signal() -> asyncio.Event:
    """Return an event that SIGTERM and Ctrl-C set; asked twice, the process ends at once."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if stopping.is_set():
            os._exit(130)
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:  # pragma: no cover - Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
    return stopping


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigError(
            text(
                "Expected to listen on {host}:{port}, but: {error}",
                "无法监听 {host}:{port}:{error}",
                host=host,
                port=port,
                error=error.strerror or error,
            ),
            code="port_taken",
            hint=text("Choose another with --port.", "请用 --port 换一个端口。"),
        ) from error
    return listener
