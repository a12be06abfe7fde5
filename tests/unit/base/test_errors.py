"""The error tree: who must act, and how errors speak."""

from __future__ import annotations

import inspect

import pytest

from lineshaft.base import errors
from lineshaft.base.errors import (
    ConnectorError,
    DefinitionError,
    HubError,
    LeaseLost,
    MissingReference,
    NotFound,
    OperationalError,
    Place,
    Problem,
    RateLimited,
    Refused,
    StoreError,
    UnexpectedError,
    UserError,
)
from lineshaft.base.text import text

EVERY_ERROR = [
    found for found in vars(errors).values() if inspect.isclass(found) and issubclass(found, HubError)
]


@pytest.mark.parametrize("error", EVERY_ERROR, ids=lambda error: error.__name__)
def test_error_stands_in_the_tree_that_the_module_draws(error: type[HubError]) -> None:
    assert error.__name__ in (errors.__doc__ or "") or error is HubError


@pytest.mark.parametrize(
    "error", [e for e in EVERY_ERROR if e is not HubError], ids=lambda error: error.__name__
)
def test_error_belongs_to_exactly_one_who_must_act(error: type[HubError]) -> None:
    branches = [
        branch for branch in (UserError, OperationalError, UnexpectedError) if issubclass(error, branch)
    ]
    assert len(branches) == 1


def test_codes_are_different() -> None:
    codes = [error.default_code for error in EVERY_ERROR]
    assert sorted(codes) == sorted(set(codes))


def test_connector_errors_are_exactly_the_six_classes() -> None:
    names = {error.__name__ for error in EVERY_ERROR if ConnectorError in error.__bases__}
    assert names == {"Refused", "Invalid", "Unavailable", "RateLimited", "OutcomeUnknown", "MissingReference"}


def test_error_speaks_both_languages_when_given_a_bilingual_text() -> None:
    error = NotFound(text("No order {number}.", "没有订单 {number}。", number="SO-7"))
    assert str(error) == "No order SO-7."
    assert error.message.in_language("zh") == "没有订单 SO-7。"


def test_error_keeps_a_plain_message_as_it_is_even_with_braces() -> None:
    assert str(UserError("expected {amount}")) == "expected {amount}"


def test_error_has_its_class_code_unless_another_is_given() -> None:
    assert NotFound("x").code == "not_found"
    assert NotFound("x", code="order_unknown").code == "order_unknown"


def test_error_contexts_are_not_shared() -> None:
    first, second = UserError("a"), UserError("b")
    first.context["order"] = 1
    assert second.context == {}


def test_definition_error_says_every_problem_with_its_place_and_remedy() -> None:
    problems = [
        Problem(
            "a", text("Expected a start event.", "缺少开始事件。"), Place("order.bpmn", 12, 5, "Process_1")
        ),
        Problem(
            "b", text("Unknown task type.", "未知任务类型。"), hint=text("Deploy the system.", "先部署系统。")
        ),
    ]
    error = DefinitionError(problems)
    assert str(error) == (
        "order.bpmn:12:5 Process_1: Expected a start event.\nUnknown task type. (Deploy the system.)"
    )
    assert error.problems == problems
    assert "缺少开始事件。" in error.message.in_language("zh")


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        (Place(), ""),
        (Place(file="a.yaml"), "a.yaml"),
        (Place(file="a.yaml", line=3), "a.yaml:3"),
        (Place(element="Task_1", path="items[2].price"), "Task_1 items[2].price"),
    ],
)
def test_place_shows_what_is_known(place: Place, shown: str) -> None:
    assert str(place) == shown


def test_connector_error_keeps_the_words_of_the_target() -> None:
    error = Refused("No credit.", vendor_code="E-17", vendor_text="信用额度不足")
    assert (error.vendor_code, error.vendor_text) == ("E-17", "信用额度不足")


def test_rate_limited_says_how_long_to_wait() -> None:
    assert RateLimited("slow down", wait_s=2.5).wait_s == 2.5


def test_missing_reference_names_what_is_missing() -> None:
    assert MissingReference("unknown material", reference="product:crm:M-77").reference == "product:crm:M-77"


def test_lease_lost_names_the_lanes_as_a_fixed_value() -> None:
    error = LeaseLost("gone", lanes=[3, 4])
    assert error.lanes == (3, 4)
    assert isinstance(error, StoreError)
