"""What a release holds reaches the processes: decisions, and what a child tells its caller."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import DefinitionError
from lineshaft.base.ids import CountingIds
from lineshaft.base.limits import DEFAULT_LIMITS
from lineshaft.base.scope import Scope
from lineshaft.engine.config import EngineConfig
from lineshaft.engine.intake import Intake
from lineshaft.engine.releases import File, compile_release
from lineshaft.engine.worker import Worker
from lineshaft.feel import codec
from lineshaft.store.memory import MemoryDatabase, MemoryStore

SCOPE = Scope.of_engine()

HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="urn:test">'
)

CREDIT = (
    HEAD
    + """
  <bpmn:process id="credit" isExecutable="true">
    <bpmn:startEvent id="s"/>
    <bpmn:businessRuleTask id="ask"><bpmn:extensionElements>
      <zeebe:calledDecision decisionId="limit" resultVariable="verdict"/>
    </bpmn:extensionElements></bpmn:businessRuleTask>
    <bpmn:endEvent id="e"/>
    <bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="ask"/>
    <bpmn:sequenceFlow id="f2" sourceRef="ask" targetRef="e"/>
  </bpmn:process>
</bpmn:definitions>"""
)


def table(limit: int) -> bytes:
    return f"""<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="m" name="credit"
      namespace="urn:credit">
      <inputData id="i" name="amount"><variable name="amount" typeRef="number"/></inputData>
      <decision id="limit" name="Limit"><variable name="Limit" typeRef="string"/>
        <informationRequirement><requiredInput href="#i"/></informationRequirement>
        <decisionTable hitPolicy="U">
          <input><inputExpression typeRef="number"><text>amount</text></inputExpression></input>
          <output typeRef="string"/>
          <rule><inputEntry><text>&lt;= {limit}</text></inputEntry>
            <outputEntry><text>"pass"</text></outputEntry></rule>
          <rule><inputEntry><text>&gt; {limit}</text></inputEntry>
            <outputEntry><text>"ask"</text></outputEntry></rule>
        </decisionTable>
      </decision>
    </definitions>""".encode()


class Nobody:
    """An observer that lets no bug pass."""

    def bug(self, where: str, error: BaseException) -> None:
        raise AssertionError(where) from error

    def trouble(self, where: str, error: BaseException) -> None:
        raise AssertionError(where) from error


class House:
    """A worker on a memory store."""

    def __init__(self) -> None:
        self.clock = FixedClock(datetime(2026, 1, 5, tzinfo=UTC))
        self.store = MemoryStore(MemoryDatabase(), self.clock)
        config = EngineConfig(poll_s=0.01)
        self.worker = Worker(
            self.store, {}, clock=self.clock, ids=CountingIds(), name="w", config=config, observer=Nobody()
        )
        committer = self.worker.runtime.committer(None)
        self.intake = Intake(committer, self.clock, "default", DEFAULT_LIMITS, self.worker.offer_event)

    async def deploy(self, *files: File) -> None:
        await self.worker.runtime.releases.deploy(files, by="test", now=self.clock.now())

    async def run(self, process: str, instance_id: str, **variables: Any) -> dict[str, Any]:
        """Start a process and return its variables when it has ended."""
        await self.intake.start(process, variables, instance_id=instance_id)
        async with asyncio.timeout(20):
            while True:
                stored = (await self.store.load_instances(SCOPE, [instance_id])).get(instance_id)
                if stored is not None and stored.instance.status == "completed":
                    return {name: codec.decode(value) for (_, name), value in stored.variables.items()}
                await asyncio.sleep(0)


@asynccontextmanager
async def house() -> AsyncIterator[House]:
    made = House()
    await made.store.open()
    await made.worker.start()
    try:
        yield made
    finally:
        await made.worker.stop()


async def test_business_rule_uses_the_changed_table_when_the_next_run_starts() -> None:
    async with house() as hub:
        process = File("processes", "credit.bpmn", CREDIT.encode())
        await hub.deploy(process, File("decisions", "credit.dmn", table(50_000)))
        assert (await hub.run("credit", "a", amount=60_000))["verdict"] == "ask"
        await hub.deploy(process, File("decisions", "credit.dmn", table(80_000)))
        assert (await hub.run("credit", "b", amount=60_000))["verdict"] == "pass"


async def test_missing_decision_is_an_incident_when_a_process_asks_for_it() -> None:
    async with house() as hub:
        await hub.deploy(File("processes", "credit.bpmn", CREDIT.encode()))
        await hub.intake.start("credit", {"amount": 1}, instance_id="a")
        async with asyncio.timeout(20):
            while not (page := await hub.store.incidents(SCOPE)).items:
                await asyncio.sleep(0)
        assert "limit" in page.items[0].message
        assert page.items[0].element == "ask"


def test_release_refuses_a_decision_model_that_cannot_be_read() -> None:
    broken = table(1).replace(b"&lt;= 1", b"&lt;= (")
    with pytest.raises(DefinitionError) as refused:
        compile_release([File("decisions", "credit.dmn", broken)])
    assert refused.value.problems[0].place.file == "credit.dmn"


ESCALATION = (
    HEAD
    + """
  <bpmn:escalation id="late" name="late" escalationCode="late"/>
  <bpmn:process id="caller" isExecutable="true">
    <bpmn:startEvent id="s"/>
    <bpmn:callActivity id="call"><bpmn:extensionElements>
      <zeebe:calledElement processId="child"/></bpmn:extensionElements></bpmn:callActivity>
    <bpmn:boundaryEvent id="told" attachedToRef="call" cancelActivity="false">
      <bpmn:escalationEventDefinition escalationRef="late"/></bpmn:boundaryEvent>
    <bpmn:scriptTask id="note"><bpmn:extensionElements>
      <zeebe:script expression="=&quot;late&quot;" resultVariable="noted"/>
    </bpmn:extensionElements></bpmn:scriptTask>
    <bpmn:endEvent id="e1"/><bpmn:endEvent id="e2"/>
    <bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="call"/>
    <bpmn:sequenceFlow id="f2" sourceRef="call" targetRef="e1"/>
    <bpmn:sequenceFlow id="f3" sourceRef="told" targetRef="note"/>
    <bpmn:sequenceFlow id="f4" sourceRef="note" targetRef="e2"/>
  </bpmn:process>
  <bpmn:process id="child" isExecutable="true">
    <bpmn:startEvent id="cs"/>
    <bpmn:intermediateThrowEvent id="throw">
      <bpmn:escalationEventDefinition escalationRef="late"/></bpmn:intermediateThrowEvent>
    <bpmn:endEvent id="ce"/>
    <bpmn:sequenceFlow id="c1" sourceRef="cs" targetRef="throw"/>
    <bpmn:sequenceFlow id="c2" sourceRef="throw" targetRef="ce"/>
  </bpmn:process>
</bpmn:definitions>"""
)


async def test_escalation_of_a_child_reaches_its_caller_when_the_caller_catches_it() -> None:
    async with house() as hub:
        await hub.deploy(File("processes", "calls.bpmn", ESCALATION.encode()))
        assert (await hub.run("caller", "a"))["noted"] == "late"
