"""Operator moves at random: whatever a person does, no step fails and every step survives being stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from lineshaft.bpmn.kernel import InstanceState, codec, commands, step
from lineshaft.bpmn.program import Program
from unit.bpmn.models import definitions
from unit.bpmn.random_models import ROOTS, Asked, Model, apply_to_rows, program_of, restored, stored

START = datetime(2026, 1, 1, tzinfo=UTC)


def move(chance: Random, state: InstanceState, program: Program) -> commands.Command:
    """Choose a move of an operator, fitting or not."""
    numbers = sorted(state.owners) or [1]
    number = chance.choice(numbers)
    elements = sorted(program.nodes)
    return chance.choice(
        [
            commands.CancelElement(number),
            commands.CompleteElement(number, {"n": 1}),
            commands.ActivateElement(chance.choice(elements), None, {"n": 2}),
            commands.SetVariables({"n": 3}, chance.choice([None, number, *sorted(state.scopes)])),
            commands.SetVariables({"m": 3}, number, local=True),
            commands.Suspend(),
            commands.Resume(),
            commands.Migrate({}),
            commands.ThrowError(number, "BAD"),
            commands.FailJob(number, "no"),
            commands.CompleteChild(number),
            commands.CompleteDecision(number, 1),
            commands.CompleteTask(number),
            commands.FireTimer(number),
            commands.Correlate(number),
            commands.ResolveIncident(chance.choice(sorted(state.incidents) or [1])),
        ]
    )


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**9))
def test_no_move_of_an_operator_breaks_an_instance(seed: int) -> None:
    note(f"seed {seed}")
    chance = Random(seed)
    program = program_of(definitions(Model(chance, chance.randint(1, 12)).build(), ROOTS))
    state = InstanceState.empty(instance_id="i")
    form = stored(state)
    asked = Asked()
    command: commands.Command | None = commands.StartInstance({"n": 1, "items": [1, 2, 3], "key": "k"})
    now = START
    for _ in range(60):
        if command is None or state.status in ("completed", "terminated"):
            break
        before = stored(state)
        result = step(program, state, command, now)
        assert stored(state) == before, f"seed {seed}: the step changed its state"
        again = step(program, restored(form), command, now)
        assert codec.encode_events(again.events) == codec.encode_events(result.events), f"seed {seed}"
        state.apply(result.delta)
        form = apply_to_rows(form, result, state)
        assert form == stored(state), f"seed {seed}: delta and state disagree"
        asked.take(result)
        now += timedelta(minutes=chance.randint(0, 90))
        command = move(chance, state, program) if chance.random() < 0.4 else asked.next_command(chance)
        command = command or commands.Cancel("enough")
    if state.status in ("completed", "terminated"):
        assert not state.scopes
        assert set(state.variables) <= {1}, f"seed {seed}: variables are left {state.variables}"
