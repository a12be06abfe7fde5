"""JSON-RPC 2.0 as a kind of manifest: methods and parameters instead of paths and bodies. Pure.

Every call is a POST to one path with an ``id``; an answer carries ``result`` or ``error``, whatever
the status. A batch is a list of calls whose answers come in any order, each with its call's id. Source: the
JSON-RPC 2.0 specification.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lineshaft.base.text import text
from lineshaft.connectors.http.lowering import USED, at, context_of, feel_of, quoted, read_lowered, taken
from lineshaft.connectors.http.model import Manifest
from lineshaft.sdk.drift import names_in
from lineshaft.sdk.schema import Node, Problems, Table

_OPERATION: Final = (
    "label", "timeout_s", "reads_only", "safety", "answer", "number", "repeated", "effective", "documents",
    "input", "output", "resource",
)  # fmt: skip
_CHANGES: Final = (
    "records", "cursor", "paging", "event_types", "interval_s", "each", "when", "id", "type", "subject",
    "data", "occurred_at", "documents",
)  # fmt: skip
_OWN_CODES: Final[Mapping[str, str]] = {
    "-32700": "invalid", "-32600": "invalid", "-32601": "invalid", "-32602": "invalid", "-32603": "unknown",
    "no_result": "unknown",
}  # fmt: skip
"""What the specification's own codes mean; an internal error says nothing of what was done."""


def read_manifest(content: bytes, file: str) -> Manifest:
    """Read a manifest of kind ``jsonrpc``.

    Raises:
        DefinitionError: It cannot be used; lists all problems.
    """
    return read_lowered(content, file, _lower)


def _lower(root: Table, problems: Problems) -> dict[str, Any]:
    root.choice("connector", ("jsonrpc",))
    lowering = _Lowering(problems, root.text("path") or "/")
    found: dict[str, Any] = {"answers": lowering.answers(root)}
    found["operations"] = {name: lowering.operation(table) for name, table in root.tables("operations")}
    operations = root.entries["operations"].value if "operations" in root.entries else {}
    found[USED] = {
        name: names_in(Table(node, problems).entries["params"].plain(), keys=True)
        for name, node in (operations.items() if isinstance(operations, Mapping) else ())
        if isinstance(node.value, Mapping) and "params" in node.value
    }
    found["resources"] = {name: lowering.resource(table) for name, table in root.tables("resources")}
    if "check" in root.entries and isinstance(root.entries["check"].value, Mapping):
        check = Table(root.entries["check"], problems)
        if "method" in check.entries and "path" not in check.entries:
            found["check"] = at(lowering.request(check), check.place)
            check.done()
    return found


class _Lowering:
    def __init__(self, problems: Problems, path: str) -> None:
        self.problems = problems
        self.path = path

    def answers(self, root: Table) -> Node:
        """Return what every answer means: the error's code decides, not the status."""
        table = root.table("errors")
        codes: dict[str, Any] = dict(_OWN_CODES)
        for code, node in table.entries.items() if table is not None else ():
            assert table is not None
            table.asked.append(code)
            codes[code] = node
        listed = ", ".join(code for code in codes if code.lstrip("-").isdigit())
        server = f"answer.error.code >= -32099 and answer.error.code <= -32000 and not(list contains([{listed}], answer.error.code))"  # noqa: E501
        return at(
            {
                # A batch is answered by a list: each of its items is judged by itself.
                "success": "status >= 200 and status < 300 and (answer instance of list<Any> or "
                '(get value(answer, "error") = null and answer.id = 1))',
                "code": "string(answer.error.code)",
                "text": "answer.error.message",
                "rules": [{"when": server, "means": "unknown"}],
                "codes": codes,
                "other": root.take("other_errors") or "refused",
            },
            root.place,
        )

    def request(self, table: Table) -> dict[str, Any]:
        """Return the request of one call."""
        method, params = self.called(table)
        return {"method": "POST", "path": self.path, "body": _call("1", method, params)}

    def called(self, table: Table) -> tuple[str, str]:
        method = table.text("method", required=True) or "-"
        params = table.take("params")
        if params is not None and not isinstance(params.value, Mapping | list | str):
            self.problems.add(
                "wrong_type",
                text("Expected parameters by name or by place", "params 应为键值表或列表"),
                params.place,
            )
        return quoted(method), feel_of(params) if params is not None else "{}"

    def operation(self, table: Table) -> Node:
        found: dict[str, Any] = {**taken(table, *_OPERATION)}
        method, params = self.called(table)
        found |= {"method": "POST", "path": self.path, "body": _call("1", method, params)}
        found.setdefault(
            "answer", "if answer.result instance of context then answer.result else {result: answer.result}"
        )
        probe = self._probe(found.get("safety"))
        if probe is not None:
            found["safety"] = probe
        size = table.integer("batch", 0)
        if size:
            found["batch"] = self._batch(size, method, params)
        table.done()
        return at(found, table.place)

    def _probe(self, safety: Node | None) -> Node | None:
        """Let a probe name a method as an operation does."""
        if safety is None or not isinstance(safety.value, Mapping) or "probe" not in safety.value:
            return None
        below = Table(safety.value["probe"], self.problems)
        probe: dict[str, Any] = {**taken(below, "found", "answer", "number", "documents")}
        probe |= self.request(below)
        below.done()
        return at({**safety.value, "probe": at(probe, below.place)}, safety.place)

    def _batch(self, size: int, method: str, params: str) -> dict[str, Any]:
        call = _call("i", method, params)
        # Every item is ``payload`` to its own parameters, with a key of its own.
        body = (
            "for i in 1..count(items) return (for payload in [items[i]] return (for key in "
            f'[key + "/" + string(i - 1)] return {call})[1])[1]'
        )
        return {
            "size": size,
            "method": "POST",
            "path": self.path,
            "body": body,
            "results": "for i in 1..count(items) return answer[id = i][1]",
            "ok": 'item != null and get value(item, "error") = null',
            "code": 'if item = null then "no_result" else string(item.error.code)',
            "text": "item.error.message",
            "answer": {"result": "item.result"},
        }

    def resource(self, table: Table) -> Node:
        found: dict[str, Any] = {**taken(table, "label", "fields", "strict")}
        for key, names in (
            ("read", ("record", "missing")),
            ("sample", ("records", "fields")),
            ("changes", _CHANGES),
        ):
            below = table.table(key)
            if below is None:
                continue
            part: dict[str, Any] = {**taken(below, *names), **self.request(below)}
            if key == "read":
                part.setdefault("record", "answer.result")
                part.setdefault("missing", "answer.result = null and answer.id = 1")
            found[key] = at(part, below.place)
            below.done()
        table.done()
        return at(found, table.place)


def _call(identity: str, method: str, params: str) -> str:
    return context_of({"jsonrpc": '"2.0"', "id": identity, "method": method, "params": params})
