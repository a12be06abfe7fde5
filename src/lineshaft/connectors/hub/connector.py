"""The operations of the hub: ``map``, ``lookup_codes``, ``bind``, ``state`` and ``tracking_link``.

``map``: payload ``mapping`` (its name), ``record``, and optionally ``parameters``; the answer is
``{"result": …}``. A reference without a code raises ``MissingReference``: the engine parks the job and asks
again when it appears. A record that does not fit raises ``Refused``: it goes back to its source.

``lookup_codes``: the same payload; the answer is ``{"missing": […], "problems": […], "ready": …}`` and
never an error, so that a process can tell the source what it waits for before it waits.

``bind``: payload ``type``, ``system``, ``id``, and optionally ``ids`` (its id in other systems), ``object``
and ``label``; writes the cross-reference, and what waited for it goes on. What contradicts what stands is
refused.

``state``: payload ``document`` (its kind), ``system``, ``state``, and optionally ``target`` (a system); the
answer is ``{"state": …, "target_state": …, "mapped": …, "raw": …}``. A state in no map is answered with
``mapped: false`` and stays in ``raw``: the process decides, and nothing is made up.

``tracking_link``: payload ``document`` (``system/kind/number`` of an order), and optionally ``days``; the
answer is ``{"url": …, "ends_at": …}``. Where the hub has no key to sign with, both are null: a notice to a
customer goes out all the same, without a link.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from lineshaft.base.errors import (
    ConfigError,
    Conflict,
    ConnectorError,
    Invalid,
    MissingReference,
    Problem,
    Refused,
)
from lineshaft.base.text import Text, text
from lineshaft.connectors.hub.references import ReferenceDesk
from lineshaft.mapping import CompiledMapping, Mapped, Reference
from lineshaft.sdk.connector import CallContext
from lineshaft.sdk.outcomes import ChangePage, CheckStep, ItemOutcome, Outcome
from lineshaft.sdk.spec import ConnectorSpec, FieldSpec, OperationSpec, ResourceSpec
from lineshaft.sdk.states import StateMap

_INPUT: Final = (
    FieldSpec("mapping", "string", Text("Mapping", "映射"), required=True),
    FieldSpec("record", "context", Text("Record", "记录"), required=True),
    FieldSpec("parameters", "context", Text("Parameters", "参数")),
)


_BIND: Final = OperationSpec(
    "bind",
    Text("Bind codes", "建立编码对照"),
    safety="natural_key",
    input=(
        FieldSpec("type", "string", Text("Object", "对象"), required=True),
        FieldSpec("system", "string", Text("System", "系统"), required=True),
        FieldSpec("id", "string", Text("Id", "编码"), required=True),
        FieldSpec("ids", "context", Text("Ids elsewhere", "其他系统编码")),
        FieldSpec("object", "string"),
        FieldSpec("label", "string", Text("Name", "名称")),
    ),
    output=(FieldSpec("bound", "boolean", required=True),),
)
_STATE: Final = OperationSpec(
    "state",
    Text("Translate a state", "转换状态"),
    reads_only=True,
    input=(
        FieldSpec("document", "string", Text("Document", "单据"), required=True),
        FieldSpec("system", "string", Text("System", "系统"), required=True),
        FieldSpec("state", "string", Text("State", "状态"), required=True),
        FieldSpec("target", "string", Text("Target system", "目标系统")),
    ),
    output=(
        FieldSpec("state", "string"),
        FieldSpec("target_state", "string"),
        FieldSpec("mapped", "boolean", required=True),
        FieldSpec("raw", "string", required=True),
    ),
)


def hub_spec() -> ConnectorSpec:
    """Return the declaration of the system ``hub``."""
    return ConnectorSpec(
        "hub",
        Text("The hub itself", "本系统"),
        operations=(
            OperationSpec(
                "map",
                Text("Map a record", "转换记录"),
                reads_only=True,
                input=_INPUT,
                output=(FieldSpec("result", "context", required=True),),
            ),
            OperationSpec(
                "lookup_codes",
                Text("Look codes up", "查找编码"),
                reads_only=True,
                input=_INPUT,
                output=(
                    FieldSpec("missing", "list", required=True),
                    FieldSpec("problems", "list", required=True),
                    FieldSpec("ready", "boolean", required=True),
                ),
            ),
            _BIND,
            _STATE,
            OperationSpec(
                "tracking_link",
                Text("Make an order-tracking link", "生成订单跟踪链接"),
                reads_only=True,
                input=(
                    FieldSpec("document", "string", Text("Order", "订单"), required=True),
                    FieldSpec("days", "number", Text("Good for days", "有效天数")),
                ),
                output=(FieldSpec("url", "string"), FieldSpec("ends_at", "date-time")),
            ),
        ),
        concurrency_max=64,
    )


Bind = Callable[[Mapping[str, Any], str], Awaitable[None]]
"""Writes a cross-reference (payload, by whom); ``Conflict``: it contradicts what stands."""
Link = Callable[[str, int | None], tuple[str, datetime]]
"""Makes a link for the customer of a document, good for so many days; ``ConfigError``: there is no key."""


class HubConnector:
    """The system ``hub`` of one release."""

    def __init__(
        self,
        mappings: Mapping[str, CompiledMapping],
        desk: ReferenceDesk,
        link: Link | None = None,
        *,
        bind: Bind | None = None,
        states: StateMap | None = None,
    ) -> None:
        self._bind = bind
        self._states = states or StateMap()
        self._link = link
        self._mappings = mappings
        self._desk = desk
        self._spec = hub_spec()

    @property
    def spec(self) -> ConnectorSpec:
        """The declaration."""
        return self._spec

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def check(self) -> list[CheckStep]:
        """Always well: there is nothing to reach."""
        return [CheckStep(Text("Reach", "连通"), True, Text("ok", "正常"))]

    async def describe(self) -> list[ResourceSpec]:
        """It has no resources."""
        return []

    async def read(self, resource: str, record_id: str) -> Mapping[str, Any] | None:
        """It has no resources.

        Raises:
            Invalid: Always.
        """
        raise _unknown(resource)

    async def changes(self, resource: str, cursor: bytes | None) -> ChangePage:
        """It has no resources.

        Raises:
            Invalid: Always.
        """
        raise _unknown(resource)

    async def call(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        """Carry out an operation; nothing is sent by them."""
        if operation == "tracking_link":
            return self._tracking_link(payload)
        if operation == "bind":
            return await self._bound(payload, context)
        if operation == "state":
            return self._state(payload)
        if operation not in ("map", "lookup_codes"):
            raise _unknown(operation)
        mapping = self._mapping(payload)
        record, parameters = payload.get("record"), payload.get("parameters") or {}
        if not isinstance(record, Mapping) or not isinstance(parameters, Mapping):
            raise Invalid(
                text(
                    "Expected a record to map, but it is {value}",
                    "应有要转换的记录,实际为 {value}",
                    value=record,
                ),
                code="record_missing",
            )
        found = await self._desk.resolve(mapping.lookups(record, parameters), context.key)
        mapped = mapping.apply(record, found, parameters)
        return _report(mapped) if operation == "lookup_codes" else _result(mapping, mapped)

    async def _bound(self, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        _texts(payload, ("type", "system", "id"))
        if self._bind is None:
            raise _unknown("bind")
        try:
            await self._bind(payload, "hub")
        except Conflict as error:
            raise Refused(
                error.message, code=error.code, vendor_text=error.message.in_language("zh")
            ) from error
        return Outcome({"bound": True})

    def _state(self, payload: Mapping[str, Any]) -> Outcome:
        document, system, state = _texts(payload, ("document", "system", "state"))
        target = payload.get("target")
        own = self._states.read(document, system, state)
        there = self._states.write(document, own, str(target)) if own is not None and target else None
        mapped = own is not None and (not target or there is not None)
        return Outcome({"state": own, "target_state": there, "mapped": mapped, "raw": state})

    def _tracking_link(self, payload: Mapping[str, Any]) -> Outcome:
        document, days = payload.get("document"), payload.get("days")
        if not isinstance(document, str) or document.count("/") < 2:
            raise Invalid(
                text(
                    "Expected a document as system/kind/number, but it is {value}",
                    "单据应写成 系统/类型/单号,实际为 {value}",
                    value=document,
                ),
                code="document_missing",
            )
        try:
            url, ends_at = self._link(document, int(days) if days else None) if self._link else (None, None)
        except ConfigError:
            url, ends_at = None, None
        return Outcome({"url": url, "ends_at": ends_at})

    async def probe(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome | None:
        """Its operations read, or bind what is bound already: there is nothing to probe."""
        return None

    async def write(
        self, operation: str, items: Sequence[Mapping[str, Any]], context: CallContext
    ) -> list[ItemOutcome]:
        """Carry out an operation for each item."""
        results = []
        for item in items:
            try:
                results.append(ItemOutcome(outcome=await self.call(operation, item, context)))
            except ConnectorError as error:
                results.append(ItemOutcome(error=error))
        return results

    def _mapping(self, payload: Mapping[str, Any]) -> CompiledMapping:
        name = payload.get("mapping")
        mapping = self._mappings.get(name) if isinstance(name, str) else None
        if mapping is None:
            raise Invalid(
                text(
                    "Expected a mapping among {known}, but it is {name}",
                    "映射应为 {known} 之一,实际为 {name}",
                    known=", ".join(sorted(self._mappings)) or "-",
                    name=name,
                ),
                code="mapping_unknown",
            )
        return mapping


def _result(mapping: CompiledMapping, mapped: Mapped) -> Outcome:
    if mapped.is_complete:
        return Outcome({"result": mapped.record if mapped.parts is None else list(mapped.records)})
    if mapped.problems:
        words = Text(
            "; ".join(_short(problem, "en") for problem in mapped.problems),
            ";".join(_short(problem, "zh") for problem in mapped.problems),
        )
        raise Refused(words, code="record_unfit", vendor_code=mapped.problems[0].code, vendor_text=words.zh)
    first = mapped.missing[0]
    raise MissingReference(
        text(
            "{en} waits for {missing}",
            "{zh} 等待编码对照:{missing}",
            en=mapping.label.in_language("en"),
            zh=mapping.label.in_language("zh"),
            missing=", ".join(map(str, mapped.missing)),
        ),
        reference=str(first),
        context={"missing": [str(reference) for reference in mapped.missing]},
    )


def _report(mapped: Mapped) -> Outcome:
    return Outcome(
        {
            "ready": mapped.is_complete,
            "missing": [_described(reference) for reference in mapped.missing],
            "problems": [
                {"field": problem.place.path or "", "zh": _short(problem, "zh"), "en": _short(problem, "en")}
                for problem in mapped.problems
            ],
        }
    )


def _described(reference: Reference) -> dict[str, str]:
    return {
        "kind": reference.kind,
        "system": reference.source,
        "id": reference.id,
        "target": reference.target,
        "reference": str(reference),
    }


def _texts(payload: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    found = [payload.get(name) for name in names]
    for name, value in zip(names, found, strict=True):
        if not isinstance(value, str) or not value:
            raise Invalid(
                text(
                    "Expected {name}, but it is {value}", "应有 {name},实际为 {value}", name=name, value=value
                ),
                code="value_missing",
            )
    return [str(value) for value in found]


def _short(problem: Problem, language: str) -> str:
    message = problem.message.in_language("zh" if language == "zh" else "en")
    field = (problem.place.path or "").removeprefix("fields.").replace(".fields", "")
    return f"{field}: {message}" if field else message


def _unknown(name: str) -> Invalid:
    return Invalid(text("The hub has no {name}", "本系统没有 {name}", name=name), code="operation_unknown")
