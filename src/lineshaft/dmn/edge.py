"""For the edges (command line, API): a model checked as a whole, evaluated on JSON, its result as JSON.

JSON has no dates, times, durations: a string is read as one where the model declares that type. Numbers
should come as ``int`` or ``Decimal`` (read JSON with ``parse_float=Decimal``).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from lineshaft import feel
from lineshaft.base.errors import Problem
from lineshaft.dmn.coverage import analyse
from lineshaft.dmn.document import InputData, Knowledge, Service
from lineshaft.dmn.evaluation import Result
from lineshaft.dmn.item_types import ANYTHING, ItemType
from lineshaft.dmn.model import ClockOrTime, Model
from lineshaft.feel.types import (
    DATE,
    DATE_TIME,
    DAYS_TIME_DURATION,
    TIME,
    YEARS_MONTHS_DURATION,
)

_READERS: Final = {
    DATE: "date(x)",
    TIME: "time(x)",
    DATE_TIME: "date and time(x)",
    DAYS_TIME_DURATION: "duration(x)",
    YEARS_MONTHS_DURATION: "duration(x)",
}


def check(model: Model) -> list[Problem]:
    """Return everything that speaks against publishing a model, errors first.

    Expressions and types that cannot be read, then gaps, overlaps and rules that never answer.
    """
    found = [*model.problems, *analyse(model)]
    return sorted(found, key=lambda problem: problem.severity != "error")


def evaluate_json(
    model: Model, name: str, inputs: Mapping[str, Any], *, clock: ClockOrTime | None = None
) -> Result:
    """Evaluate a decision, or call a service or knowledge model, on values from JSON.

    Raises:
        NotFound: There is nothing of that name.
    """
    invoked = model.net.find(name, Service, Knowledge)
    if invoked is not None and name not in model.decisions:
        types = {item.name: item.node.type for item in invoked.parameters}
        if isinstance(invoked.element, Knowledge) and invoked.element.logic is not None:
            types = {
                parameter.name: invoked.types.find(parameter.type_ref) or ANYTHING
                for parameter in invoked.element.logic.parameters
            }
        return model.invoke(name, _typed(inputs, types), clock=clock)
    types = {node.name: node.type for node in model.net.named(InputData)}
    return model.evaluate(name, _typed(inputs, types), clock=clock)


def _typed(inputs: Mapping[str, Any], types: Mapping[str, ItemType]) -> dict[str, Any]:
    return {name: _from_json(value, types.get(name, ANYTHING)) for name, value in inputs.items()}


def _from_json(value: Any, wanted: ItemType) -> Any:
    if isinstance(value, str) and wanted.feel in _READERS:
        found = feel.evaluate(_READERS[wanted.feel], {"x": value})
        return value if found is None else found
    if isinstance(value, list):
        return [_from_json(item, wanted.item or wanted) for item in value]
    if isinstance(value, Mapping):
        known = dict(wanted.components)
        return {name: _from_json(item, known.get(name, ANYTHING)) for name, item in value.items()}
    return value


def to_json(value: Any) -> Any:
    """Return a FEEL value as JSON has it: whole numbers ``int``, others ``Decimal``, all else text."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < 10**15 else value
    if isinstance(value, list):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {name: to_json(item) for name, item in value.items()}
    return feel.evaluate("string(x)", {"x": value}) or feel.to_text(value)
