"""What a Tryton is to the hub: its operations, resources and states. One declaration, no behaviour.

From it come the spec, the reference page and what the tests hold the connector to. Every operation was seen
to work on a real Tryton 8.0 server (``tests/integration/connectors/test_tryton.py``); nothing here is taken
from a page alone.
"""

from __future__ import annotations

from typing import Final

from lineshaft.base.text import Text
from lineshaft.sdk.spec import ConnectorSpec, FieldSpec, OperationSpec, ResourceSpec, TriggerSpec

SERIES: Final = "8.0"
"""The Tryton series that was seen; others are unverified."""

SALE_STATES: Final = ("draft", "quotation", "confirmed", "processing", "done", "cancelled")
PRODUCTION_STATES: Final = (
    "request", "draft", "waiting", "assigned", "running", "done", "cancelled",
)  # fmt: skip
SHIPMENT_STATES: Final = (
    "draft", "waiting", "assigned", "picked", "packed", "shipped", "done", "cancelled",
)  # fmt: skip

_SALE: Final = (FieldSpec("sale_id", "string", Text("Sale", "销售订单"), required=True),)
_PRODUCTION: Final = (FieldSpec("production_id", "string", Text("Production", "生产订单"), required=True),)
_SHIPMENT: Final = (FieldSpec("shipment_id", "string", Text("Shipment", "发货单"), required=True),)
_DOCUMENT: Final = FieldSpec("document", "context", Text("Document", "单据"), required=True)
_STATE: Final = FieldSpec("state", "string", Text("State", "状态"), required=True)
_NUMBER: Final = FieldSpec("number", "string", Text("Number", "单号"), required=True)
_LINES: Final = FieldSpec("lines", "list", Text("Lines", "明细行"), required=True)
_ROWS: Final = (FieldSpec("rows", "list", required=True),)


def _step(name: str, english: str, chinese: str, subject: tuple[FieldSpec, ...]) -> OperationSpec:
    """A step from state to state: what stands behind it already is left alone, so it may be repeated."""
    return OperationSpec(
        name, Text(english, chinese), "natural_key", timeout_s=60.0, input=subject,
        output=(*subject, _NUMBER, _STATE),
    )  # fmt: skip


def _query(
    name: str,
    english: str,
    chinese: str,
    subject: tuple[FieldSpec, ...],
    output: tuple[FieldSpec, ...] = _ROWS,
) -> OperationSpec:
    return OperationSpec(name, Text(english, chinese), reads_only=True, input=subject, output=output)


OPERATIONS: Final = (
    OperationSpec(
        "sale.save", Text("Save a sale", "保存销售订单"), "probe", settles_within_s=10.0, timeout_s=60.0,
        input=(_DOCUMENT, FieldSpec("follows", "string", Text("Follows from", "来源单据"))),
        output=(*_SALE, _NUMBER, _STATE),
    ),
    _step("sale.quote", "Quote a sale", "销售订单报价", _SALE),
    _step("sale.confirm", "Confirm a sale", "确认销售订单", _SALE),
    _step("sale.process", "Process a sale", "处理销售订单", _SALE),
    _step("sale.cancel", "Cancel a sale", "取消销售订单", _SALE),
    _query("sale.view", "View a sale", "查看销售订单", _SALE, (FieldSpec("sale", "context", required=True),)),
    _query(
        "sale.find", "Find a sale by our number", "按我方单号查找销售订单",
        (FieldSpec("reference", "string", Text("Our number", "我方单号"), required=True),),
        (FieldSpec("found", "boolean", required=True), FieldSpec("sale", "context")),
    ),
    _query(
        "code_map.find", "Find own codes of outer codes", "查询编码对照",
        (FieldSpec("kind", "string", required=True), FieldSpec("codes", "list", required=True)),
    ),
    OperationSpec(
        "party.save", Text("Save a party", "保存往来单位"), "natural_key", input=(_DOCUMENT,),
        output=(FieldSpec("code", "string", required=True),),
    ),
    OperationSpec(
        "product.save", Text("Save a product", "保存产品"), "natural_key", input=(_DOCUMENT,),
        output=(FieldSpec("code", "string", required=True),),
    ),
    _query("production.query", "Find productions of a sale", "查询订单的生产订单", _SALE),
    _step("production.run", "Start a production", "生产开工", _PRODUCTION),
    _step("production.do", "Finish a production", "生产完工", _PRODUCTION),
    _query("shipment.query", "Find shipments of a sale", "查询订单的发货单", _SALE),
    _step("shipment.assign", "Reserve a shipment's goods", "发货单分配库存", _SHIPMENT),
    OperationSpec(
        "shipment.assign_part", Text("Reserve what is there of a shipment", "发货单分配现有库存"),
        "natural_key", timeout_s=60.0, input=_SHIPMENT, output=(*_SHIPMENT, _NUMBER, _STATE, _LINES),
    ),
    _step("shipment.pick", "Pick a shipment", "发货单拣货", _SHIPMENT),
    _step("shipment.pack", "Pack a shipment", "发货单装箱", _SHIPMENT),
    _step("shipment.do", "Deliver a shipment", "发货单完成", _SHIPMENT),
)  # fmt: skip

_COMMON: Final = (
    _NUMBER,
    _STATE,
    FieldSpec("reference", "string", Text("Our number", "我方单号")),
    _LINES,
)
RESOURCES: Final = (
    ResourceSpec("sale", Text("Sale", "销售订单"), (*_SALE, *_COMMON)),
    ResourceSpec("production", Text("Production", "生产订单"), (*_PRODUCTION, *_COMMON)),
    ResourceSpec("shipment", Text("Customer shipment", "发货单"), (*_SHIPMENT, *_COMMON)),
)
_STATES: Final = {"sale": SALE_STATES, "production": PRODUCTION_STATES, "shipment": SHIPMENT_STATES}


def make_spec(name: str, label: Text, version: str, concurrency_max: int, interval_s: float) -> ConnectorSpec:
    """Return the declaration of one Tryton under the name that the hub knows it by."""
    triggers = tuple(
        TriggerSpec(
            each.name, "poll", tuple(f"{name}.{each.name}.{state}" for state in _STATES[each.name]),
            each.name, interval_s,
        )
        for each in RESOURCES
    )  # fmt: skip
    return ConnectorSpec(name, label, version, RESOURCES, OPERATIONS, triggers, concurrency_max)
