"""An instance that a person holds, or that a bug has frozen: what comes meanwhile waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from lineshaft.base.clock import FixedClock
from lineshaft.base.ids import CountingIds
from lineshaft.base.limits import DEFAULT_LIMITS
from lineshaft.base.scope import Scope
from lineshaft.bpmn import kernel
from lineshaft.bpmn.kernel import commands
from lineshaft.engine.config import EngineConfig
from lineshaft.engine.intake import Intake
from lineshaft.engine.operations import Operations
from lineshaft.engine.releases import File
from lineshaft.engine.worker import Worker
from lineshaft.store.memory import MemoryDatabase, MemoryStore
from lineshaft.store.rows import Instance

SCOPE = Scope.of_engine()


def process(*more: str) -> bytes:
    """Two tasks of a person, one after the other, and what is given after them."""
    names = ["s", "one", "two", *more, "e"]
    flows = "".join(
        f'<sequenceFlow id="f{n}" sourceRef="{a}" targetRef="{b}"/>'
        for n, (a, b) in enumerate(pairwise(names))
    )
    tasks = "".join(f'<userTask id="{name}"/>' for name in names[1:-1])
    return (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:test">'
        f'<process id="p" isExecutable="true"><startEvent id="s"/>{tasks}<endEvent id="e"/>{flows}</process>'
        "</definitions>"
    ).encode()


class Listening:
    """An observer that keeps what it is told."""

    def __init__(self) -> None:
        self.bugs: list[str] = []

    def bug(self, where: str, error: BaseException) -> None:
        self.bugs.append(f"{where}: {error}")

    def trouble(self, where: str, error: BaseException) -> None:
        raise AssertionError(where) from error


class House:
    """A worker on a memory store, with one instance of the process."""

    def __init__(self) -> None:
        clock = FixedClock(datetime(2026, 1, 5, tzinfo=UTC))
        self.observer = Listening()
        self.store = MemoryStore(MemoryDatabase(), clock)
        ids = CountingIds()
        config = EngineConfig(poll_s=0.01)
        self.worker = Worker(
            self.store, {}, clock=clock, ids=ids, name="w", config=config, observer=self.observer
        )
        self.clock = clock
        self.desk = Operations(self.store, clock, ids)
        committer = self.worker.runtime.committer(None)
        self.intake = Intake(committer, clock, "default", DEFAULT_LIMITS, self.worker.offer_event)

    async def deploy(self, content: bytes) -> None:
        files = [File("processes", "p.bpmn", content)]
        await self.worker.runtime.releases.deploy(files, by="test", now=self.clock.now())

    async def row(self) -> Instance | None:
        stored = (await self.store.load_instances(SCOPE, ["a"])).get("a")
        return stored.instance if stored is not None else None

    async def until(self, met: Callable[[Instance], bool]) -> Instance:
        async with asyncio.timeout(20):
            while True:
                row = await self.row()
                if row is not None and met(row):
                    return row
                await asyncio.sleep(0)

    async def task(self, element: str) -> int:
        """Return the token of the open task at an element."""
        async with asyncio.timeout(20):
            while True:
                for task in (await self.store.tasks(SCOPE, instance_id="a")).items:
                    if task.element == element:
                        return task.token
                await asyncio.sleep(0)

    async def complete(self, element: str) -> None:
        await self.desk.complete_task(SCOPE, "a", await self.task(element), {}, by="buyer")

    async def do(self, command: kernel.Command) -> None:
        before = await self.row()
        assert before is not None
        await self.desk.command(SCOPE, "a", command)
        await self.until(lambda row: row.version > before.version)


@asynccontextmanager
async def house(content: bytes | None = None) -> AsyncIterator[House]:
    made = House()
    await made.store.open()
    await made.worker.start()
    try:
        await made.deploy(content or process())
        await made.intake.start("p", {}, instance_id="a")
        yield made
    finally:
        await made.worker.stop()


async def test_answer_to_a_suspended_instance_waits_and_is_taken_at_resume() -> None:
    async with house() as hub:
        await hub.task("one")
        await hub.do(commands.Suspend("stocktaking"))
        await hub.complete("one")
        row = await hub.until(lambda row: row.version >= 3)
        assert row.status == "suspended"
        await hub.do(commands.Resume())
        await hub.complete("two")
        await hub.until(lambda row: row.status == "completed")


async def test_suspended_instance_moves_to_the_new_version_before_it_goes_on() -> None:
    async with house() as hub:
        await hub.task("one")
        await hub.do(commands.Suspend())
        await hub.complete("one")
        await hub.until(lambda row: row.version >= 3)
        await hub.deploy(process("three"))
        await hub.do(commands.Migrate({}))
        await hub.do(commands.Resume())
        await hub.complete("two")
        await hub.complete("three")
        await hub.until(lambda row: row.status == "completed")


async def test_frozen_instance_takes_what_came_meanwhile_when_it_is_resumed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with house() as hub:
        await hub.task("one")
        real = kernel.step

        def broken(program: Any, state: Any, command: Any, now: Any) -> Any:
            if isinstance(command, (commands.CompleteTask, commands.Resume)):
                raise RuntimeError("a bug")
            return real(program, state, command, now)

        monkeypatch.setattr(kernel, "step", broken)
        await hub.complete("one")
        await hub.until(lambda row: row.status == "frozen")
        await hub.do(commands.SetVariables({"late": 1}))
        await hub.do(commands.Resume())
        assert (await hub.until(lambda row: True)).status == "frozen", "the bug is still there"
        monkeypatch.setattr(kernel, "step", real)
        await hub.do(commands.Resume())
        await hub.complete("two")
        row = await hub.until(lambda row: row.status == "completed")
        assert row.incidents == 0
        assert not (await hub.store.incidents(SCOPE)).items
        assert len(hub.observer.bugs) == 2


async def test_instance_stops_and_says_so_when_what_a_step_makes_cannot_be_stored() -> None:
    # No database keeps the character 0 in a text, and the key of a subscription is one.
    message = (
        '<message id="m" name="M"><extensionElements><z:subscription '
        'xmlns:z="http://camunda.org/schema/zeebe/1.0" correlationKey="=&quot;a\\u0000b&quot;"/>'
        "</extensionElements></message>"
    )
    catch = (
        '<intermediateCatchEvent id="two"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>'
    )
    content = (
        process().decode().replace('<userTask id="two"/>', catch).replace("<process ", f"{message}<process ")
    )
    async with house(content.encode()) as hub:
        await hub.complete("one")
        await hub.until(lambda row: row.status == "frozen")
        (incident,) = (await hub.store.incidents(SCOPE)).items
        assert (incident.code, incident.instance_id) == ("frozen", "a")
        due = await hub.store.due_jobs(SCOPE, range(256), hub.clock.now(), 10)
        assert not due, "nothing turns in a circle for it"
