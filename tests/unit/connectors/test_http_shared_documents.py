"""Document rules that a manifest writes once, and waits that belong to one code."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from lineshaft.base.errors import DefinitionError, RateLimited
from lineshaft.connectors.http import read_manifest
from lineshaft.connectors.http.facts import documents_of
from lineshaft.connectors.http.judging import Case, judge
from lineshaft.connectors.http.transport import Reply
from lineshaft.sdk.outcomes import DocumentFact

MANIFEST = """\
format: 1
name: shop
answers:
  code: answer.code
  codes:
    COUNTING: {class: rate_limited, wait_s: 5, waits: call}
    BUSY: rate_limited
documents:
  work_order:
    each: source.links
    kind: work_order
    number: source.no
    local_id: source.no
    status: source.state
    follows: '"shop/order/" + document.order'
    lines: {each: '[document]', line: item.order, item: '"M-1"', quantity: item.quantity, unit: '"pcs"'}
operations:
  work.view:
    path: /work
    documents:
      - {use: work_order, from: answer.work, when: answer.kind = "work", version: answer.seq}
      - {use: work_order, from: answer.other, status: '"other"'}
"""
WORK = {
    "no": "W-1",
    "state": "open",
    "links": [{"order": "A", "quantity": "3"}, {"order": "B", "quantity": "2"}],
}


def facts(answer: dict[str, Any]) -> tuple[DocumentFact, ...]:
    manifest = read_manifest(MANIFEST.encode(), "shop.yaml")
    return documents_of(manifest.operations["work.view"].documents, {"answer": answer})


def test_a_shared_rule_tells_a_document_once_for_each_that_it_follows() -> None:
    found = facts({"kind": "work", "seq": 7, "work": WORK, "other": None})
    assert [(one.number, one.follows, one.status, one.source_version) for one in found] == [
        ("W-1", "shop/order/A", "open", 7),
        ("W-1", "shop/order/B", "open", 7),
    ]
    assert [line.quantity for one in found for line in one.lines] == [Decimal(3), Decimal(2)]


def test_when_is_asked_before_the_rule_looks_at_anything() -> None:
    assert facts({"kind": "order", "seq": 7, "work": {}, "other": None}) == ()


def test_the_place_of_use_may_say_another_status() -> None:
    assert {one.status for one in facts({"kind": "", "seq": 1, "work": None, "other": WORK})} == {"other"}


def test_a_rule_that_is_not_there_is_named_with_its_place() -> None:
    wrong = MANIFEST.replace("use: work_order, from: answer.other", "use: work_ordr, from: answer.other")
    with pytest.raises(DefinitionError) as caught:
        read_manifest(wrong.encode(), "shop.yaml")
    (problem,) = caught.value.problems
    assert "shop.yaml:22" in str(problem.place)
    assert "work_order" in str(problem.hint)


@pytest.mark.parametrize(("code", "wait_s", "alone"), [("COUNTING", 5, True), ("BUSY", 2, False)])
def test_a_code_may_have_a_wait_of_its_own(code: str, wait_s: float, alone: bool) -> None:
    rule = read_manifest(MANIFEST.encode(), "shop.yaml").operations["work.view"].answers
    case = Case("shop", "work", reads_only=False, now=datetime(2026, 1, 1, tzinfo=UTC), redact=str)
    reply = Reply(400, {"retry-after": "2"}, b"", {})
    with pytest.raises(RateLimited) as caught:
        judge(rule, reply, {"answer": {"code": code}, "status": 400}, case)
    assert (caught.value.wait_s, caught.value.this_call_only) == (wait_s, alone)
