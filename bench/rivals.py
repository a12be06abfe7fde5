"""Node-RED and n8n for comparison with ``order_bench``: a webhook, five HTTP requests, an answer.

Node-RED 4.1.15 (Apache-2.0) is installed from npm into ``.cache/bench`` on first use. n8n 2.8.4 (Sustainable
Use License, never a part of this product) only where ``LINESHAFT_BENCH_N8N=1`` asks for it: it brings 1.7 GB.
Both run as processes of their own with the settings they come with, and are driven over HTTP with
``AT_ONCE`` requests at a time. Node-RED keeps nothing of an execution; n8n writes one row at its end.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp

from bench.engine_ground import run
from tools.console import ROOT, find_npm

AT_ONCE = 32
CALLS = 5
_READY_S = 90.0


@dataclass(frozen=True, slots=True)
class Rival:
    """One other engine."""

    name: str
    package: Mapping[str, Any]
    """What npm installs."""
    wanted: Callable[[], bool]
    prepare: Callable[[Path, str, int, Mapping[str, str], Path], list[str]]
    """Writes its files into a folder; returns how to start it."""


def rate(rival: Rival, stub_url: str, order: Mapping[str, Any], requests: int) -> float | None:
    """Return requests a second, or ``None`` (and say why) where the rival is not to be had."""
    if not rival.wanted():
        print(f"{rival.name}: not asked for; see bench/rivals.py")
        return None
    home = _install(rival)
    if home is None:
        return None
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lineshaft-bench-")))
        port = _free_port()
        environment = _environment()
        command = rival.prepare(folder, stub_url, port, environment, home)
        log = stack.enter_context((folder / "log").open("wb"))
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            found: float | None = run(_drive(port, order, requests))
        finally:
            process.terminate()
            process.wait()
        if found is None:
            print(f"{rival.name}: no answer: {(folder / 'log').read_text(errors='replace')[-300:]}")
        return found


async def _drive(port: int, order: Mapping[str, Any], requests: int) -> float | None:
    url = f"http://127.0.0.1:{port}/webhook/order"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:

        async def post() -> bool:
            try:
                async with session.post(url, json=order) as answer:
                    return answer.status == 200 and bool(await answer.read())
            except aiohttp.ClientError:
                return False

        until = time.monotonic() + _READY_S
        while not await post():
            if time.monotonic() > until:
                return None
            await asyncio.sleep(0.5)
        left = iter(range(requests))
        failed = 0

        async def drive() -> None:
            nonlocal failed
            for _ in left:
                failed += not await post()

        await asyncio.gather(*(post() for _ in range(100)))
        started = time.perf_counter()
        await asyncio.gather(*(drive() for _ in range(AT_ONCE)))
        seconds = time.perf_counter() - started
        if failed:
            print(f"{failed} of {requests} requests failed")
            return None
        return requests / seconds


def _install(rival: Rival) -> Path | None:
    home = ROOT / ".cache" / "bench" / rival.name.lower()
    mark = home / ".installed"
    if mark.exists():
        return home
    home.mkdir(parents=True, exist_ok=True)
    (home / "package.json").write_text(json.dumps(rival.package))
    print(f"{rival.name}: installing …", flush=True)
    npm, _ = find_npm()
    finished = subprocess.run(
        [*npm, "install", "--no-audit", "--no-fund", "--loglevel=error"],
        check=False, cwd=home, env=_environment(), capture_output=True, text=True,
    )  # fmt: skip
    if finished.returncode:
        print(f"{rival.name}: it does not install here: {finished.stderr.strip()[-300:]}")
        return None
    mark.touch()
    return home


def _environment() -> dict[str, str]:
    _, folder = find_npm()
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _prepare_node_red(
    folder: Path, stub_url: str, port: int, environment: Mapping[str, str], home: Path
) -> list[str]:
    del environment
    calls = [
        {
            "id": f"t{number}", "type": "http request", "z": "flow", "method": "POST", "ret": "obj",
            "url": f"{stub_url}/call{number}", "persist": True, "wires": [[f"back{number}"]],
        }
        for number in range(1, CALLS + 1)
    ]  # fmt: skip
    # An answer replaces the payload; the order is put back for the next request.
    back = [
        {
            "id": f"back{number}", "type": "change", "z": "flow",
            "rules": [{"t": "set", "p": "payload", "pt": "msg", "to": "order", "tot": "msg"}],
            "wires": [[f"t{number + 1}" if number < CALLS else "out"]],
        }
        for number in range(1, CALLS + 1)
    ]  # fmt: skip
    keep = {
        "id": "keep", "type": "change", "z": "flow", "wires": [["t1"]],
        "rules": [{"t": "set", "p": "order", "pt": "msg", "to": "payload", "tot": "msg"}],
    }  # fmt: skip
    flow = [
        {"id": "flow", "type": "tab", "label": "order"},
        {"id": "in", "type": "http in", "z": "flow", "url": "/webhook/order", "method": "post",
         "wires": [["keep"]]},
        keep, *calls, *back,
        {"id": "out", "type": "http response", "z": "flow", "wires": []},
    ]  # fmt: skip
    (folder / "flows.json").write_text(json.dumps(flow))
    (folder / "settings.js").write_text(
        f'module.exports = {{flowFile: "flows.json", uiPort: {port}, uiHost: "127.0.0.1", '
        "httpAdminRoot: false, telemetry: {enabled: false}, logging: {console: {level: 'warn'}}};\n"
    )
    script = home / "node_modules" / "node-red" / "red.js"
    return ["node", str(script), "--userDir", str(folder), "--settings", str(folder / "settings.js")]


def _prepare_n8n(
    folder: Path, stub_url: str, port: int, environment: Mapping[str, str], home: Path
) -> list[str]:
    names = ["Webhook", *(f"Call {number}" for number in range(1, CALLS + 1)), "Answer"]
    nodes: list[dict[str, Any]] = [
        {
            "type": "n8n-nodes-base.webhook", "typeVersion": 2, "webhookId": "order",
            "parameters": {"httpMethod": "POST", "path": "order", "responseMode": "responseNode"},
        },
        *(
            {
                "type": "n8n-nodes-base.httpRequest", "typeVersion": 4.2,
                "parameters": {
                    "method": "POST", "url": f"{stub_url}/call{number}", "sendBody": True,
                    "specifyBody": "json",
                    "jsonBody": '={{ JSON.stringify($("Webhook").item.json.body) }}', "options": {},
                },
            }
            for number in range(1, CALLS + 1)
        ),
        {
            "type": "n8n-nodes-base.respondToWebhook", "typeVersion": 1.1,
            "parameters": {"respondWith": "json", "responseBody": '={{ JSON.stringify($json) }}'},
        },
    ]  # fmt: skip
    placed = [
        {**node, "id": f"n{place}", "name": name, "position": [place * 200, 0]}
        for place, (name, node) in enumerate(zip(names, nodes, strict=True))
    ]
    wires = {
        source: {"main": [[{"node": target, "type": "main", "index": 0}]]}
        for source, target in pairwise(names)
    }
    workflow = {
        "id": "order", "name": "order", "active": True, "nodes": placed, "connections": wires,
        "settings": {"executionOrder": "v1"},
    }  # fmt: skip
    (folder / "order.json").write_text(json.dumps([workflow]))
    assert isinstance(environment, dict)
    environment |= {
        "N8N_USER_FOLDER": str(folder), "N8N_PORT": str(port), "N8N_LISTEN_ADDRESS": "127.0.0.1",
        "N8N_DIAGNOSTICS_ENABLED": "false", "N8N_VERSION_NOTIFICATIONS_ENABLED": "false",
        "N8N_TEMPLATES_ENABLED": "false", "N8N_PERSONALIZATION_ENABLED": "false",
    }  # fmt: skip
    command = ["node", str(home / "node_modules" / "n8n" / "bin" / "n8n")]
    for step in (["import:workflow", f"--input={folder / 'order.json'}"], ["publish:workflow", "--id=order"]):
        subprocess.run([*command, *step], check=False, env=environment, capture_output=True)
    return [*command, "start"]


ALL = (
    Rival(
        "Node-RED", {"private": True, "dependencies": {"node-red": "4.1.15"}}, lambda: True, _prepare_node_red
    ),
    Rival(
        "n8n",
        {"private": True, "dependencies": {"n8n": "2.8.4"}, "overrides": {"xlsx": "0.18.5"}},
        lambda: os.environ.get("LINESHAFT_BENCH_N8N") == "1",
        _prepare_n8n,
    ),
)
