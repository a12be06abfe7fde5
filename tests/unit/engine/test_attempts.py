"""A token that asks anew: which of its calls an effect is, and which answer still counts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lineshaft.bpmn.kernel import commands
from lineshaft.engine.steps import attempt_of, decode_command, encode_command
from lineshaft.store.rows import Effect


def effect(identifier: str, token: int | None) -> Effect:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Effect(
        tenant="default",
        id=identifier,
        lane=0,
        system="erp",
        operation="order.create",
        safety="none",
        idempotency_key=identifier,
        status="intended",
        created_at=now,
        due_at=now,
        token=token,
    )


@pytest.mark.parametrize(
    ("identifier", "token", "attempt"),
    [("i-1/7/3", 7, 3), ("flow/SO-1/12", None, None), ("i-1/7/again", 7, None)],
)
def test_attempt_stands_in_the_id_of_what_a_token_asked_for(
    identifier: str, token: int | None, attempt: int | None
) -> None:
    assert attempt_of(effect(identifier, token)) == attempt


def test_answer_keeps_its_attempt_when_it_is_stored() -> None:
    command = commands.CompleteJob(7, {"number": "SO-1"}, 3)
    read = decode_command(encode_command(command))
    assert read == command
    assert isinstance(read, commands.CompleteJob)
    assert type(read.attempt) is int
