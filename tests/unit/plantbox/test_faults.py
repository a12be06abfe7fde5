"""When a fault strikes, and what it does to a JSON value."""

from __future__ import annotations

import pytest

from plantbox.faults import FaultBoard, parse_option, rewrite
from plantbox.fields import BadField


def test_a_fault_strikes_only_what_it_matches_and_only_so_often() -> None:
    board = FaultBoard(seed=1)
    board.add({"kind": "lost_reply", "match": "orders.*", "count": 2})
    struck = [
        board.pick(name, ("lost_reply",)) is not None for name in ("accounts.list", *["orders.get"] * 3)
    ]
    assert struck == [False, True, True, False]


def test_the_same_seed_strikes_the_same_calls() -> None:
    def run(seed: int) -> list[bool]:
        board = FaultBoard(seed)
        board.add({"kind": "down", "probability": 0.3})
        return [board.pick("x", ("down",)) is not None for _ in range(200)]

    assert run(7) == run(7)
    assert run(7) != run(8)
    assert 30 < sum(run(7)) < 90


def test_a_lifted_fault_strikes_no_more() -> None:
    board = FaultBoard(1)
    fault = board.add({"kind": "slow", "ms": 5})
    assert [lifted.id for lifted in board.lift(fault.id)] == [fault.id]
    assert board.pick("x", ("slow",)) is None
    assert board.lift(fault.id) == []


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"kind": "nonsense"},
        {"kind": "down", "probability": 2},
        {"kind": "down", "mode": "x"},
        {"kind": "slow", "ms": -1},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(spec: dict[str, object]) -> None:
    with pytest.raises(BadField):
        FaultBoard(1).add(spec)


def test_a_fault_can_be_given_on_the_command_line() -> None:
    spec = parse_option("ok_with_error:match=SalesOrder.Save,probability=0.5,count=3,done=true")
    fault = FaultBoard(1).add(spec)
    assert (fault.kind, fault.match, fault.probability, fault.count, fault.done) == (
        "ok_with_error",
        "SalesOrder.Save",
        0.5,
        3,
        True,
    )


def test_a_wrong_code_is_put_wherever_the_field_stands() -> None:
    fault = FaultBoard(1).add({"kind": "wrong_code"})
    value = rewrite({"lines": [{"model": "A", "n": 1}], "model": None}, fault, "model")
    assert value == {"lines": [{"model": "A-UNKNOWN", "n": 1}], "model": None}


def test_a_changed_schema_renames_the_field() -> None:
    fault = FaultBoard(1).add({"kind": "changed_schema", "field": "quantity", "to": "qty"})
    assert rewrite([{"quantity": "5", "x": {"quantity": "6"}}], fault, "") == [
        {"qty": "5", "x": {"qty": "6"}}
    ]
