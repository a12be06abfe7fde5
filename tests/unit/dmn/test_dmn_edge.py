"""Decisions on JSON: dates are read where the model declares them, results are JSON again."""

from __future__ import annotations

from decimal import Decimal

from lineshaft import dmn
from unit.dmn.dmn_xml import component, decision, input_data, item, knowledge, literal, model

MODEL = dmn.loads(
    model(
        item("tOrder", None, component("due", "date"), component("lines", "tLine")),
        item("tLine", None, component("wait", "days and time duration"), collection=True),
        input_data("order", "tOrder"),
        decision("Late", literal('order.due + order.lines[1].wait + duration("P1D")'), inputs=["order"]),
        knowledge("Year", {"d": "date"}, literal("d.year / 2")),
    )
)


def test_declared_dates_are_read_from_text() -> None:
    result = dmn.evaluate_json(MODEL, "Late", {"order": {"due": "2026-01-05", "lines": [{"wait": "P2D"}]}})
    assert result.errors == []
    assert dmn.to_json(result.value) == "2026-01-08"
    assert dmn.to_json(dmn.evaluate_json(MODEL, "Year", {"d": "2025-01-05"}).value) == Decimal("1012.5")


def test_text_that_is_no_date_stays_text_and_is_refused_by_its_type() -> None:
    result = dmn.evaluate_json(MODEL, "Late", {"order": {"due": "soon", "lines": []}})
    assert result.value is None
    assert result.errors[0].place.element == "order"


def test_results_are_json() -> None:
    value = (
        dmn.loads(model(decision("D", literal('{a: [1, 2.5, null], b: @"P1Y", c: true}'))))
        .evaluate("D")
        .value
    )
    assert dmn.to_json(value) == {"a": [1, Decimal("2.5"), None], "b": "P1Y", "c": True}
