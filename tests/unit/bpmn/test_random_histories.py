"""Random processes and random histories: every step survives being stored, and nothing is left hanging."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from lineshaft.bpmn.kernel import InstanceState, codec, commands, step
from unit.bpmn.models import definitions
from unit.bpmn.random_models import ROOTS, Asked, Model, apply_to_rows, program_of, restored, stored

START = datetime(2026, 1, 1, tzinfo=UTC)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**9))
def test_every_step_goes_on_the_same_after_being_stored_and_read_again(seed: int) -> None:
    note(f"seed {seed}")
    chance = Random(seed)
    program = program_of(definitions(Model(chance, chance.randint(1, 12)).build(), ROOTS))
    state = InstanceState.empty(instance_id="i")
    form = stored(state)
    asked = Asked()
    command: commands.Command | None = commands.StartInstance(
        {"n": chance.randint(0, 5), "items": [1, 2, 3], "key": "k"}
    )
    now = START
    history: list[tuple[commands.Command, datetime, bytes]] = []
    for _ in range(120):
        if command is None or state.status in ("completed", "terminated"):
            command = None
            break
        before = stored(state)
        result = step(program, state, command, now)
        assert stored(state) == before, f"seed {seed}: the step changed its state"
        again = step(program, restored(form), command, now)
        assert codec.encode_events(again.events) == codec.encode_events(result.events), f"seed {seed}"
        assert again.effects == result.effects, f"seed {seed}"
        state.apply(result.delta)
        form = apply_to_rows(form, result, state)
        assert form == stored(state), f"seed {seed}: delta and state disagree"
        fresh = restored(form)
        assert (fresh.owners, fresh.incidents, fresh.children) == (
            state.owners,
            state.incidents,
            state.children,
        )
        history.append((command, now, codec.encode_events(result.events)))
        asked.take(result)
        now += timedelta(minutes=chance.randint(0, 90))
        if chance.random() < 0.02 and state.status in ("active", "suspended"):
            command = commands.Suspend() if state.status == "active" else commands.Resume()
            continue
        command = asked.next_command(chance)
        if command is None and state.status == "suspended":
            command = commands.Resume()
        elif command is None and state.status == "active":
            # What waits now waits for a condition or an ad-hoc sub-process's end: give it the variable.
            command = commands.SetVariables({"n": chance.randint(0, 9)})
    if command is None:
        assert state.status in ("completed", "terminated"), f"seed {seed}: {state.status} waits for nothing"
        assert not state.scopes, f"seed {seed}: rows are left"
        assert set(state.variables) <= {1}, f"seed {seed}: variables are left {state.variables}"
        assert not asked.open
    replayed = InstanceState.empty(instance_id="i")
    for command, moment, events in history:
        result = step(program, replayed, command, moment)
        assert codec.encode_events(result.events) == events, f"seed {seed}: the replay differs"
        replayed.apply(result.delta)
    assert stored(replayed) == stored(state)
