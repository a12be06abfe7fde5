"""Damaged files: reading never fails, and what is taken in spite of the damage runs without a bug."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from lxml import etree

from lineshaft import bpmn
from lineshaft.bpmn.examples import EXAMPLES
from lineshaft.bpmn.kernel import InstanceState, commands, step
from unit.bpmn.models import xml
from unit.bpmn.random_models import ROOTS, Asked, Model

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = [
    "task",
    "startEvent",
    "endEvent",
    "boundaryEvent",
    "subProcess",
    "exclusiveGateway",
    "intermediateCatchEvent",
]


def damaged(chance: Random) -> bytes:
    """A model with a few attributes and elements lost, exchanged, doubled or moved."""
    if chance.random() < 0.5:
        source = chance.choice(EXAMPLES).xml
    else:
        source = xml(Model(chance, 6).build(), ROOTS)
    root = etree.fromstring(source)
    ids = [node.get("id") for node in root.iter("*") if node.get("id")]
    for _ in range(chance.randint(1, 4)):
        nodes = [node for node in root.iter("*") if node is not root]
        if not nodes:
            break
        node = chance.choice(nodes)
        kind = chance.randint(0, 6)
        if kind == 0 and node.attrib:
            del node.attrib[chance.choice(sorted(node.attrib))]
        elif kind == 1 and node.attrib:
            node.attrib[chance.choice(sorted(node.attrib))] = chance.choice(
                [*ids, "", "true", "=", "=1 +", "R/x", "0"]
            )
        elif kind == 2 and node.getparent() is not None:
            node.getparent().remove(node)
        elif kind == 3:
            node.tag = f"{{http://www.omg.org/spec/BPMN/20100524/MODEL}}{chance.choice(NAMES)}"
        elif kind == 4:
            other = chance.choice(nodes)
            if other is not node and node not in other.iterancestors():
                other.append(node)
        elif kind == 5:
            node.text = chance.choice(["", "x", "=", "=x.y[", "${"])
        else:
            node.set(
                chance.choice(["isInterrupting", "default", "startQuantity", "messageRef", "isSequential"]),
                "7",
            )
    return etree.tostring(root)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**9))
def test_damaged_file_is_refused_with_places_or_runs_without_a_bug(seed: int) -> None:
    note(f"seed {seed}")
    chance = Random(seed)
    data = damaged(chance)
    document = bpmn.read(data)
    assert all(problem.message.in_language("zh") for problem in document.problems)
    try:
        definitions = bpmn.loads(data)
    except bpmn.InvalidModel as error:
        assert error.problems
        return
    for program in definitions.programs.values():
        state, asked = InstanceState.empty(instance_id="i"), Asked()
        start = next((point.element or None for point in program.starts), None)
        command: commands.Command | None = commands.StartInstance({"n": 1, "items": [1], "key": "k"}, start)
        for _ in range(15):
            if command is None or state.status in ("completed", "terminated"):
                break
            result = step(program, state, command, NOW)
            state.apply(result.delta)
            asked.take(result)
            command = asked.next_command(chance)
