"""Recorded histories of processes: how one is written down and how it is gone through again.

A history is JSON: the process file, the commands with their times, and what they led to. Run this module to
record new ones (``python -m replay.bpmn_histories FIRST_SEED COUNT`` from ``tests``); recorded files are kept
for ever: a later version must reach the same end from the same commands.
"""

from __future__ import annotations

import json
import sys
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from lineshaft import bpmn
from lineshaft.bpmn.kernel import InstanceState, commands, step
from lineshaft.bpmn.kernel.events import ElementCompleted, FlowTaken
from unit.bpmn.models import xml
from unit.bpmn.random_models import ROOTS, Asked, Model

FOLDER = Path(__file__).parent / "bpmn"
START = datetime(2026, 1, 1, tzinfo=UTC)


def written(command: commands.Command) -> dict[str, Any]:
    """A command as JSON."""
    return {"command": type(command).__name__} | {f.name: getattr(command, f.name) for f in fields(command)}


def read(entry: dict[str, Any]) -> commands.Command:
    """A command from JSON."""
    values = {key: value for key, value in entry.items() if key not in ("command", "at")}
    if "catches" in values:
        values["catches"] = tuple(values["catches"])
    made: commands.Command = getattr(commands, entry["command"])(**values)
    return made


def outcome(state: InstanceState, events: list[Any]) -> dict[str, Any]:
    """What a history led to, in words that outlive the stored form."""
    return {
        "status": state.status,
        "completed": [event.element for event in events if isinstance(event, ElementCompleted)],
        "taken": [event.flow for event in events if isinstance(event, FlowTaken)],
        "waiting": sorted(
            token.element for scope in state.scopes.values() for token in scope.tokens.values()
        ),
        "incidents": sorted(incident.code for incident in state.incidents.values()),
        "variables": {name: str(value) for name, value in sorted(state.variables.get(1, {}).items())},
    }


def replay(history: dict[str, Any]) -> dict[str, Any]:
    """Go through a history's commands again and say what they led to."""
    program = bpmn.loads(history["process"])["p"]
    state = InstanceState.empty(instance_id="i")
    events: list[Any] = []
    for entry in history["commands"]:
        result = step(program, state, read(entry), datetime.fromisoformat(entry["at"]))
        state.apply(result.delta)
        events += result.events
    return outcome(state, events)


def record(seed: int) -> dict[str, Any]:
    """Make a history from a seed."""
    chance = Random(seed)
    process = xml(Model(chance, chance.randint(4, 12)).build(), ROOTS)
    program = bpmn.loads(process)["p"]
    state, asked, now = InstanceState.empty(instance_id="i"), Asked(), START
    variables = {"n": chance.randint(0, 5), "items": [1, 2, 3], "key": "k"}
    command: commands.Command | None = commands.StartInstance(variables)
    taken: list[dict[str, Any]] = []
    for _ in range(chance.randint(10, 60)):
        if command is None:
            break
        result = step(program, state, command, now)
        state.apply(result.delta)
        asked.take(result)
        taken.append({"at": now.isoformat(), **written(command)})
        now += timedelta(minutes=chance.randint(0, 90))
        command = asked.next_command(chance)
    history = {"process": process, "commands": taken}
    return {**history, "outcome": replay(history)}


def main() -> None:
    """Record histories for some seeds."""
    first, count = int(sys.argv[1]), int(sys.argv[2])
    for seed in range(first, first + count):
        path = FOLDER / f"format-1-seed-{seed}.json"
        path.write_text(json.dumps(record(seed), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
