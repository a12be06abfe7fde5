"""The kernel: a ten-element order process beside SpiffWorkflow, wide parallel loops in memory and on SQLite.

Run: ``python -m bench.run kernel_bench``, or ``PYTHONPATH=src:. python -m bench.kernel_bench [seconds]``. One
thread. SpiffWorkflow runs the same model in the same run (``kernel_spiff``); loops on SQLite go through the
whole engine (``kernel_wide``).
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

from bench import kernel_wide
from lineshaft import bpmn
from lineshaft.bpmn.kernel import InstanceState, codec, commands, effects, step
from lineshaft.bpmn.program import Program
from lineshaft.bpmn.testing import Bench
from lineshaft.feel import codec as values

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="urn:bench">'
)


def service(name: str, inside: str = "") -> str:
    return (
        f'<serviceTask id="{name}"><extensionElements>'
        f'<zeebe:taskDefinition type="erp.{name}"/></extensionElements>'
        f"{inside}</serviceTask>"
    )


def flow(source: str, target: str, condition: str = "") -> str:
    inside = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
    ends = f'sourceRef="{source}" targetRef="{target}"'
    return f'<sequenceFlow id="{source}-{target}" {ends}>{inside}</sequenceFlow>'


def order_process() -> str:
    """Ten elements as in an order: check, choice, two systems at once, invoice."""
    return (
        HEAD
        + '<process id="order" isExecutable="true"><startEvent id="received"/>'
        + service("check")
        + '<exclusiveGateway id="enough" default="enough-refuse"/>'
        + '<parallelGateway id="fork"/>'
        + service("reserve")
        + service("produce")
        + '<parallelGateway id="join"/>'
        + service("ship")
        + service("refuse")
        + service("invoice")
        + '<endEvent id="done"/><endEvent id="refused"/>'
        + flow("received", "check")
        + flow("check", "enough")
        + flow("enough", "fork", "=amount &lt; 1000")
        + flow("enough", "refuse")
        + flow("refuse", "refused")
        + flow("fork", "reserve")
        + flow("fork", "produce")
        + flow("reserve", "join")
        + flow("produce", "join")
        + flow("join", "ship")
        + flow("ship", "invoice")
        + flow("invoice", "done")
        + "</process></definitions>"
    )


def multi_process() -> str:
    loop = (
        "<multiInstanceLoopCharacteristics><extensionElements>"
        '<zeebe:loopCharacteristics inputCollection="=items" inputElement="item" outputCollection="results" '
        'outputElement="=r"/></extensionElements></multiInstanceLoopCharacteristics>'
    )
    return (
        HEAD
        + '<process id="multi" isExecutable="true"><startEvent id="s"/>'
        + service("each", loop)
        + '<endEvent id="e"/>'
        + flow("s", "each")
        + flow("each", "e")
        + "</process></definitions>"
    )


def run_one(program: Program, save: bool) -> int:
    """Run one instance, answering every call at once; return how many steps it took."""
    state = InstanceState.empty(instance_id="i")
    result = step(program, state, commands.StartInstance({"amount": 5, "customer": "C-1"}), NOW)
    state.apply(result.delta)
    calls = [effect for effect in result.effects if type(effect) is effects.Call]
    steps = 1
    while calls:
        call = calls.pop()
        result = step(program, state, commands.CompleteJob(call.token, {}), NOW)
        state.apply(result.delta)
        if save:
            codec.encode_root(state)
            for scope in result.delta.scopes_changed.values():
                codec.encode_scope(scope)
            for value in result.delta.variables_set.values():
                values.encode(value)
            codec.encode_events(result.events)
        calls += [effect for effect in result.effects if type(effect) is effects.Call]
        steps += 1
    assert state.status == "completed"
    return steps


def rate(program: Program, seconds: float, save: bool) -> float:
    run_one(program, save)
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        for _ in range(100):
            run_one(program, save)
        count += 100
    return count / (time.perf_counter() - start)


def bench_rate(definitions: bpmn.Definitions, seconds: float) -> float:
    handlers = {
        f"erp.{name}": (lambda job: None) for name in ("check", "reserve", "produce", "ship", "invoice")
    }
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        bench = Bench(definitions, handlers=handlers)
        for _ in range(100):
            assert bench.start("order", {"amount": 5}).state == "completed"
        count += 100
    return count / (time.perf_counter() - start)


def multi(program: Program, width: int) -> float:
    """Return the cost of one round of a parallel loop, in microseconds."""
    state = InstanceState.empty(instance_id="i")
    start = time.perf_counter()
    result = step(program, state, commands.StartInstance({"items": list(range(width))}), NOW)
    state.apply(result.delta)
    for call in [effect for effect in result.effects if type(effect) is effects.Call]:
        result = step(program, state, commands.CompleteJob(call.token, {"r": call.token}), NOW)
        state.apply(result.delta)
        codec.encode_root(state)
        for scope in result.delta.scopes_changed.values():
            codec.encode_scope(scope)
        codec.encode_events(result.events)
    assert state.status == "completed"
    assert len(state.variables[1]["results"]) == width
    return (time.perf_counter() - start) / width * 1e6


def idle_bytes(program: Program) -> int:
    state = InstanceState.empty(instance_id="i")
    state.apply(step(program, state, commands.StartInstance({}), NOW).delta)
    return len(codec.encode_root(state)) + sum(
        len(codec.encode_scope(scope)) for scope in state.scopes.values()
    )


def spiff(seconds: float) -> tuple[float, float] | None:
    """Return SpiffWorkflow's instances a second, bare and saved; ``None`` where it is not there."""
    model = order_process().replace("serviceTask", "manualTask").replace("=amount", "amount")
    finished = subprocess.run(
        [sys.executable, "-m", "bench.kernel_spiff", str(seconds)],
        input=model, check=False, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    if finished.returncode:
        print(f"SpiffWorkflow: {finished.stderr.strip().splitlines()[-1] if finished.stderr else 'failed'}")
        return None
    bare, saved = map(float, finished.stdout.split())
    return bare, saved


def durable(width: int, rounds: int) -> float:
    """Return the cost of one round of a parallel loop on SQLite, in microseconds."""
    model = multi_process().replace("erp.each", "noop.t1").replace('=r"', '=a1"')
    return statistics.median(kernel_wide.on_sqlite(model, width) for _ in range(rounds))


def main(argv: list[str]) -> None:
    seconds = float(argv[0]) if argv else 2.0
    definitions = bpmn.loads(order_process())
    order, wide = definitions["order"], bpmn.loads(multi_process())["multi"]
    figures: dict[str, float] = {}

    def note(name: str, value: float, digits: int = 0) -> None:
        figures[name] = round(value, digits) if digits else round(value)
        print(f"{name:70} {figures[name]:>10,}", flush=True)

    bare, saved = rate(order, seconds, save=False), rate(order, seconds, save=True)
    note("order process, instances/s", bare)
    note("order process, each step's state encoded, instances/s", saved)
    note("order process on the test bench, instances/s", bench_rate(definitions, seconds))
    beside = spiff(seconds)
    if beside is not None:
        note("SpiffWorkflow, order process, instances/s", beside[0])
        note("SpiffWorkflow, saved after each task, instances/s", beside[1])
        note("order process: times SpiffWorkflow (must be >= 5)", bare / beside[0], 1)
        note("order process, saved: times SpiffWorkflow (must be >= 15)", saved / beside[1], 1)
    costs: dict[str, Callable[[int], float]] = {
        "in memory": lambda width: multi(wide, width),
        "on SQLite": lambda width: durable(width, 3 if width <= 1_000 else 1),
    }
    for where, cost in costs.items():
        # Taken in turns, so that what else the machine does falls on both.
        turns = [(cost(1_000), cost(10_000)) for _ in range(3)]
        small, large = (statistics.median(column) for column in zip(*turns, strict=True))
        note(f"parallel loop of 1,000 {where}, µs a round", small, 1)
        note(f"parallel loop of 10,000 {where}, µs a round", large, 1)
        note(f"parallel loop {where}: a round of 10,000 to one of 1,000 (flat: 1)", large / small, 2)
    note("idle instance of ten elements, bytes (must be < 1,024)", idle_bytes(order))
    print(json.dumps({"figures": figures}))


if __name__ == "__main__":
    main(sys.argv[1:])
