"""A hub behind real HTTP, in a thread of its own: with a small process and somebody for every role."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Coroutine, Generator, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import pytest
import uvicorn

from lineshaft.app.config import read_config
from lineshaft.app.hub import Hub, build
from lineshaft.base.scope import Scope
from lineshaft.security.people import ROLES, Caller
from support.waiting import until_true

T = TypeVar("T")

PROCESS = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t"
  xmlns:zeebe="http://camunda.org/schema/zeebe/1.0">
<process id="weigh" isExecutable="true">
<startEvent id="start"/><sequenceFlow id="f1" sourceRef="start" targetRef="weighing"/>
<serviceTask id="weighing" name="Weigh the truck"><extensionElements>
<zeebe:taskDefinition type="weigh-truck" retries="3"/>
<zeebe:taskHeaders><zeebe:header key="scale" value="north"/></zeebe:taskHeaders>
</extensionElements></serviceTask>
<boundaryEvent id="broken" attachedToRef="weighing"><errorEventDefinition errorRef="e1"/></boundaryEvent>
<sequenceFlow id="f2" sourceRef="weighing" targetRef="end"/><endEvent id="end"/>
<sequenceFlow id="f3" sourceRef="broken" targetRef="failed"/><endEvent id="failed"/>
</process><error id="e1" name="Scale is broken" errorCode="SCALE_BROKEN"/></definitions>
"""
LED = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t"
  xmlns:zeebe="http://camunda.org/schema/zeebe/1.0">
<process id="inspect" isExecutable="true">
<startEvent id="start"/><sequenceFlow id="f1" sourceRef="start" targetRef="checks"/>
<adHocSubProcess id="checks"><extensionElements>
<zeebe:taskDefinition type="plan-checks"/>
<zeebe:adHoc outputCollection="found" outputElement="=scale"/></extensionElements>
<serviceTask id="weighing"><extensionElements><zeebe:taskDefinition type="weigh-truck"/></extensionElements>
</serviceTask>
<userTask id="customs"/></adHocSubProcess>
<sequenceFlow id="f2" sourceRef="checks" targetRef="end"/><endEvent id="end"/>
</process></definitions>
"""
PACK = {
    "pack.yaml": "format: 1\nname: weighing\nversion: 1.0.0\ntitle: {en: Weighing, zh: 过磅}\n",
    "processes/weigh.bpmn": PROCESS,
    "processes/inspect.bpmn": LED,
}


class RoleTokens:
    """A token for every role: the role's name and ``-token``; ``role.more-token`` is somebody else of it."""

    async def caller(self, token: str, now: datetime, address: str = "") -> Caller | None:
        name, _, rest = token.rpartition("-")
        role = name.split(".")[0]
        if rest != "token" or role not in ROLES:
            return None
        roles = frozenset({role})
        return Caller(name, Scope("default", roles=roles), roles)


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)


@dataclass
class Served:
    """A running hub and its address."""

    hub: Hub
    url: str
    loop: asyncio.AbstractEventLoop
    seen: list[str] = field(default_factory=list)

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = "admin-token",
        headers: dict[str, str] | None = None,
        timeout_s: float = 30,
    ) -> Answer:
        """Send a request over the network."""
        sent = {"content-type": "application/json", **(headers or {})}
        if token is not None:
            sent.setdefault("authorization", f"Bearer {token}")
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, content, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=timeout_s) as answer:
                return Answer(answer.status, _lower(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, _lower(error.headers), error.read())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in the hub's own loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def serve(options: dict[str, Any], *, works: bool = True) -> Generator[Served]:
    """Run a hub until the generator is closed."""
    ready: list[Served] = []
    started = threading.Event()
    failures: list[BaseException] = []

    async def main() -> None:
        hub = build(read_config(options=options), {}, tokens=RoleTokens())
        await (hub.start() if works else hub.open())
        server = uvicorn.Server(
            uvicorn.Config(hub.application, port=0, log_config=None, access_log=False, lifespan="off")
        )
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        serving = asyncio.create_task(server.serve())
        await until_true(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        ready.append(Served(hub, f"http://127.0.0.1:{port}", asyncio.get_running_loop()))
        started.set()
        await stopping.wait()
        hub.live.close()
        server.should_exit = True
        await serving
        await hub.stop()

    stopping = asyncio.Event()

    def work() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:  # noqa: BLE001 - the test that waits is told
            failures.append(error)
            started.set()

    thread = threading.Thread(target=work)
    thread.start()
    started.wait(60)
    try:
        if failures:
            raise failures[0]
        yield ready[0]
    finally:
        if ready:
            ready[0].loop.call_soon_threadsafe(stopping.set)
        thread.join(60)


def deploy(served: Served, files: dict[str, str] = PACK) -> None:
    """Publish a pack."""
    upload = {"files": [{"path": path, "text": content} for path, content in files.items()]}
    answer = served.ask("POST", "/api/v1/releases", upload)
    assert answer.status == 201, answer.content


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A hub over a memory store that works, with the pack deployed."""
    folder = tmp_path_factory.mktemp("hub")
    running = serve({"store.url": "memory:", "data_dir": folder, "subscriptions.hosts": ["127.0.0.1"]})
    served = next(running)
    deploy(served)
    yield served
    running.close()
