"""Rehearsals 试运行 with what the hub itself would answer: mappings, state maps and codes count as they will.

Systems, people and messages are answered by whoever tries out, or the run stands there. A code that the
cross-reference does not know is shown by name, ``<customer KH-0001>``: nobody is asked for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from lineshaft.base.clock import Clock
from lineshaft.base.errors import ConnectorError, Refused
from lineshaft.connectors.hub import HubConnector, ReferenceDesk
from lineshaft.connectors.hub.references import Known
from lineshaft.engine.rehearsal import Awaited, Given, Rehearsal, rehearse
from lineshaft.engine.releases import LoadedRelease, compile_release, files_of
from lineshaft.mapping import CompiledMapping, Reference, read_mapping
from lineshaft.sdk.connector import CallContext
from lineshaft.sdk.states import read_states

READS: Final = frozenset({"hub.map", "hub.lookup_codes", "hub.state"})
"""The hub's own operations that change nothing."""
OWN_MAX: Final = 200
"""So many of them are answered in one rehearsal."""


class Rehearsing:
    """Runs drawn processes in memory."""

    def __init__(self, known: Known, clock: Clock) -> None:
        self._known = known
        self._clock = clock

    async def run(
        self,
        folder: Mapping[str, bytes],
        process_id: str,
        variables: Mapping[str, Any],
        given: Sequence[Given],
        start: str | None = None,
    ) -> Rehearsal:
        """Run a process of the files in ``folder`` on given values and answers.

        Raises:
            DefinitionError: The files cannot be used together.
            NotFound: There is no such process.
            Conflict: It cannot be started like that.
        """
        release, hub = await asyncio.to_thread(self._read, folder)
        now = self._clock.now()
        answers = list(given)
        while True:
            run = await asyncio.to_thread(
                rehearse, release, process_id, variables, answers, now=now, start=start
            )
            own = next((each for each in run.waiting if each.kind == "call" and each.name in READS), None)
            if own is None or run.unused or len(answers) - len(given) >= OWN_MAX:
                return run
            try:
                answers.append(await _answer(hub, own))
            except ConnectorError as error:
                message = f"{error.message.in_language('zh')} {error.message.in_language('en')}"
                return replace(run, troubles=[*run.troubles, (own.element, message)])

    def _read(self, folder: Mapping[str, bytes]) -> tuple[LoadedRelease, HubConnector]:
        mappings: dict[str, CompiledMapping] = {}
        states = []
        for path, content in sorted(folder.items()):
            if path.startswith("mappings/") and not path.endswith(".tests.yaml"):
                mapping = read_mapping(content, path)
                mappings[mapping.name] = mapping
            elif path.startswith("states/"):
                states.append((path, content))
        desk = ReferenceDesk((), self._named, _nobody)
        return compile_release(files_of(folder)), HubConnector(mappings, desk, states=read_states(states))

    async def _named(self, references: Sequence[Reference]) -> Mapping[Reference, str]:
        found = await self._known(references)
        return {each: found.get(each, f"<{each.kind} {each.id}>") for each in references}


async def _answer(hub: HubConnector, own: Awaited) -> Given:
    """Return what the hub would answer; raises ``ConnectorError`` where it cannot."""
    context = CallContext("rehearsal", 1, 30.0, lambda: None)
    try:
        outcome = await hub.call(own.name.removeprefix("hub."), own.payload, context)
    except Refused as error:
        reason = error.vendor_text or error.message.in_language("zh")
        told = {"code": error.vendor_code or error.code, "reason": reason, "system": "hub"}
        return Given(own.element, {"refusal": told}, "refused")
    return Given(own.element, dict(outcome.answer))


async def _nobody(system: str, operation: str, payload: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """No system is asked in a rehearsal; there is no source that would lead here."""
    raise AssertionError(f"{system}.{operation} asked in a rehearsal")
