"""The pack on the kernel's bench: its own routes and mappings, and systems that answer as a test says.

Events come in as the systems would tell them; every call that goes out is kept. No system runs here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from lxml import etree

from lineshaft import bpmn, dmn
from lineshaft.app.packs import files_in, folder_of
from lineshaft.bpmn import BusinessError
from lineshaft.bpmn.program import Definitions
from lineshaft.bpmn.testing import Bench, BenchInstance, Job
from lineshaft.engine.routes import Route, read_routes
from lineshaft.mapping import CompiledMapping, read_mapping

Answer = Mapping[str, Any] | Callable[[dict[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Parts:
    """What the pack says, read once for all tests."""

    models: list[Definitions]
    routes: list[Route]
    mappings: dict[str, CompiledMapping]
    job_types: set[str]
    decisions: dict[str, Callable[[dict[str, Any]], Any]]


@cache
def _parts(pack: str) -> Parts:
    files = files_in(folder_of(pack))
    models = {name: content for name, content in files.items() if name.endswith(".bpmn")}
    mappings = [read_mapping(content, name) for name, content in files.items() if "mappings/" in name]
    tables = [dmn.loads(each, file=n, strict=True) for n, each in files.items() if n.endswith(".dmn")]
    kind = "{http://camunda.org/schema/zeebe/1.0}taskDefinition"
    return Parts(
        [bpmn.loads(content, name) for name, content in models.items()],
        read_routes("routes.yaml", files["flows/routes.yaml"]),
        {mapping.name: mapping for mapping in mappings},
        {str(task.get("type")) for each in models.values() for task in etree.fromstring(each).iter(kind)},
        {name: partial(_decide, model, name) for model in tables for name in model.decision_ids},
    )


def _decide(model: dmn.Model, name: str, inputs: dict[str, Any]) -> Any:
    result = model.evaluate(name, inputs)
    assert not result.errors, result.errors
    return result.value


class PackHub:
    """Routes events, carries out calls."""

    def __init__(self, answers: Mapping[str, Answer] | None = None, pack: str = "order-to-delivery") -> None:
        parts = _parts(pack)
        self.routes, self.mappings = parts.routes, parts.mappings
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, Answer] = dict(answers or {})
        self.refusals: dict[str, str] = {}
        """Operation → the reason with which it says no."""
        self.codes_of_refusals: dict[str, str] = {}
        self.codes: dict[str, str] = {"KH-1": "C-1", "A": "M-A", "B": "M-B"}
        self.bench = Bench(
            parts.models, dict.fromkeys(parts.job_types, self._carry_out), decisions=parts.decisions
        )
        self._handlers = dict(self.bench.handlers)
        self.number = 0

    def hold(self, *operations: str) -> None:
        """Let these calls wait, as behind a system that is down."""
        for operation in operations:
            self.bench.handlers.pop(operation, None)

    def let_go(self) -> None:
        """All systems answer again."""
        self.bench.handlers.update(self._handlers)
        for job in self.bench.jobs():
            try:
                answer = self._carry_out(job)
            except BusinessError as error:
                self.bench.throw_error(job, error.code, error.text, error.variables)
            else:
                self.bench.complete_job(job, answer)

    def event(self, kind: str, data: Mapping[str, Any]) -> None:
        """Take an event in and route it, by the pack's own rules."""
        self.number += 1
        facts = {"type": kind, "source": kind.partition(".")[0], "subject": "s", "id": str(self.number)}
        names: dict[str, Any] = {**facts, "key": "s", "time": None, "data": dict(data)}
        names["event"] = dict(names)
        for route in self.routes:
            if route.matches(names):
                assert route.key is not None
                assert route.message is not None
                key = route.key.evaluate(names, strict=True)
                self.bench.publish(route.message, str(key), route.variables_of(names), route.ttl_s)

    def _carry_out(self, job: Job) -> Mapping[str, Any]:
        payload = dict(job.variables)
        if job.type in ("hub.map", "hub.lookup_codes"):
            return self._map(job.type, payload)
        if job.type == "hub.tracking_link":
            return {"url": f"https://hub.example/track/{payload['document']}", "ends_at": None}
        self.calls.append((job.type, payload))
        reason = self.refusals.get(job.type)
        if reason is not None:
            code = self.codes_of_refusals.get(job.type, "x")
            raise BusinessError("refused", reason, {"refusal": {"reason": reason, "code": code}})
        answer = self.answers.get(job.type, {})
        return answer(payload) if callable(answer) else answer

    def _map(self, operation: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        mapping = self.mappings[payload["mapping"]]
        wanted = mapping.lookups(payload["record"], {})
        found = {each: self.codes[each.id] for each in wanted if each.id in self.codes}
        mapped = mapping.apply(payload["record"], found, {})
        missing = [{"kind": each.kind, "id": each.id} for each in wanted if each not in found]
        if operation == "hub.lookup_codes":
            return {"ready": not missing, "missing": missing, "problems": []}
        if mapped.problems:
            reason = "; ".join(str(each.message) for each in mapped.problems)
            raise BusinessError("refused", reason, {"refusal": {"reason": reason}})
        return {"result": mapped.record}

    # -- what a test looks at --------------------------------------------------------------------------------

    def of(self, operation: str) -> list[dict[str, Any]]:
        """Return what an operation was called with, in order."""
        return [payload for name, payload in self.calls if name == operation]

    def runs(self, process_id: str) -> list[BenchInstance]:
        """Return the runs of one process."""
        return [each for each in self.bench.instances if each.process_id == process_id]

    def run(self, process_id: str) -> BenchInstance:
        """Return the only run of one process."""
        (instance,) = self.runs(process_id)
        return instance

    @property
    def feedback(self) -> list[dict[str, Any]]:
        """What was written back into the CRM, in order."""
        return [payload["feedback"] for payload in self.of("crm.sales_order.feedback")]

    @property
    def troubles(self) -> list[str]:
        """Every open incident."""
        return [
            f"{instance.process_id} {incident.element}: {incident.message}"
            for instance in self.bench.instances
            for incident in instance.incidents
        ]
