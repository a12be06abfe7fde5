"""Plain records into business objects and back. Pure.

Decimals and dates stay what they are; a float is refused, because it is not the number that was meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final, TypeVar, get_args, get_type_hints

import msgspec

from lineshaft.base.errors import InputError
from lineshaft.base.text import text
from lineshaft.canonical import (
    delivery,
    equipment,
    finance,
    market,
    master,
    people,
    production,
    purchasing,
    sales,
    service,
    stock,
)
from lineshaft.canonical.extended import Extended
from lineshaft.canonical.trade import SalesOrder, with_amounts

T = TypeVar("T", bound=Extended)

TYPES: Final[Mapping[str, type[Extended]]] = {
    "account": people.Account,
    "capacity": equipment.Capacity,
    "contact": master.Contact,
    "contract": sales.Contract,
    "customer": master.Customer,
    "customer_behaviour": market.CustomerBehaviour,
    "customer_profile": market.CustomerProfile,
    "delivery_order": delivery.DeliveryOrder,
    "department": people.Department,
    "downtime": equipment.Downtime,
    "employee": people.Employee,
    "equipment": equipment.Equipment,
    "equipment_state": equipment.EquipmentState,
    "fault_type": equipment.FaultType,
    "finished_goods_receipt": delivery.FinishedGoodsReceipt,
    "goods_receipt": purchasing.GoodsReceipt,
    "job_order": production.JobOrder,
    "job_response": production.JobResponse,
    "knowledge_article": service.KnowledgeArticle,
    "lead": sales.Lead,
    "loss_rate": finance.LossRate,
    "low_stock_warning": stock.LowStockWarning,
    "material_actual": production.MaterialActual,
    "onboarding_task": people.OnboardingTask,
    "opportunity": sales.Opportunity,
    "payment_application": purchasing.PaymentApplication,
    "plant_location": equipment.PlantLocation,
    "position": people.Position,
    "product": master.Product,
    "product_cost": finance.ProductCost,
    "production_plan": production.ProductionPlan,
    "profit": finance.Profit,
    "purchase_invoice": purchasing.PurchaseInvoice,
    "purchase_order": purchasing.PurchaseOrder,
    "purchase_request": purchasing.PurchaseRequest,
    "quality_result": production.QualityResult,
    "quote": sales.Quote,
    "receipt": finance.Receipt,
    "receivable": finance.Receivable,
    "repair_ticket": service.RepairTicket,
    "reservation": stock.Reservation,
    "rework_order": production.ReworkOrder,
    "sales_forecast": market.SalesForecast,
    "sales_invoice": finance.SalesInvoice,
    "sales_order": SalesOrder,
    "scrap_report": production.ScrapReport,
    "service_request": service.ServiceRequest,
    "shipment": delivery.Shipment,
    "stock_balance": stock.StockBalance,
    "stock_move": stock.StockMove,
    "supplier": master.Supplier,
}
"""The business objects by the name that mappings use."""


def read_object(kind: type[T], record: Mapping[str, Any]) -> T:
    """Return the business object that a record describes.

    Raises:
        InputError: A field is missing, unknown or of the wrong type; the message names it.
    """
    _refuse_floats(record, "")
    for path, owner, name in _unknown(kind, record, ""):
        raise InputError(
            text(
                "Expected only fields of {kind}, but {names} is not one",
                "{kind} 没有字段 {names}",
                kind=owner.__name__,
                names=f"{path}{name}",
            ),
            code="field_unknown",
            hint=text("put it under extensions", "请放入 extensions"),
        )
    try:
        return msgspec.convert(_fitted(kind, _without_nulls(record)), kind)
    except msgspec.ValidationError as error:
        raise InputError(
            text(
                "Expected a {kind}, but {error}", "应为 {kind}:{error}", kind=kind.__name__, error=str(error)
            ),
            code="object_invalid",
        ) from error


def completed(kind: type[Extended], record: Mapping[str, Any]) -> Extended:
    """Return the business object of a record, with the amounts that it does not carry computed.

    Raises:
        InputError: See ``read_object``.
    """
    value = read_object(kind, record)
    return with_amounts(value) if isinstance(value, SalesOrder) else value


def write_object(value: Extended) -> dict[str, Any]:
    """Return a business object as a plain record; lists for tuples, decimals and dates kept."""
    record = msgspec.to_builtins(value, builtin_types=(Decimal, date, datetime))
    assert isinstance(record, dict), "a dataclass is written as a dict"
    return {name: _listed(each) for name, each in record.items()}


def _listed(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_listed(each) for each in value]
    return {name: _listed(each) for name, each in value.items()} if isinstance(value, dict) else value


@cache
def _shape(kind: Any) -> tuple[frozenset[str], Mapping[str, type[Any]]]:
    """Return the names of the fields that are whole numbers, and the classes of those that are objects."""
    whole: list[str] = []
    below: dict[str, type[Any]] = {}
    for name, hint in get_type_hints(kind).items():
        parts = [hint, *get_args(hint)]
        if int in parts:
            whole.append(name)
        for part in parts:
            if isinstance(part, type) and is_dataclass(part):
                below[name] = part
    return frozenset(whole), below


def _fitted(kind: Any, record: Any) -> Any:
    """A whole number may come as a decimal without a fraction: expressions know only one kind of number."""
    if not isinstance(record, dict):
        return record
    whole, below = _shape(kind)
    for name, value in record.items():
        if name in whole and isinstance(value, Decimal) and value == value.to_integral_value():
            record[name] = int(value)
        elif name in below:
            record[name] = (
                [_fitted(below[name], each) for each in value]
                if isinstance(value, list)
                else _fitted(below[name], value)
            )
    return record


def _unknown(kind: Any, record: Any, path: str) -> Iterator[tuple[str, type[Any], str]]:
    """Yield the fields that a class does not have, with where they stand."""
    if not isinstance(record, Mapping):
        return
    known = kind.__dataclass_fields__
    below = _shape(kind)[1]
    for name, value in record.items():
        if name not in known:
            yield path, kind, str(name)
        elif name in below:
            listed = value if isinstance(value, list | tuple) else [value]
            for index, each in enumerate(listed):
                at = f"{path}{name}[{index}]." if listed is value else f"{path}{name}."
                yield from _unknown(below[name], each, at)


def _refuse_floats(value: Any, path: str) -> None:
    if isinstance(value, float):
        raise InputError(
            text(
                "Expected an exact number in {path}, but it is the float {value}",
                "{path} 应为精确数字,实际为浮点数 {value}",
                path=path,
                value=value,
            ),
            code="number_not_exact",
        )
    if isinstance(value, Mapping):
        for key, entry in value.items():
            _refuse_floats(entry, f"{path}.{key}" if path else str(key))
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for index, entry in enumerate(value):
            _refuse_floats(entry, f"{path}[{index}]")


def _without_nulls(value: Any) -> Any:
    """A null means that the field is not given: its default counts."""
    if isinstance(value, Mapping):
        return {key: _without_nulls(entry) for key, entry in value.items() if entry is not None}
    if isinstance(value, list | tuple):
        return [_without_nulls(entry) for entry in value]
    return value
