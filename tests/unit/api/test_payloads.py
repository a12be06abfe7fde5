"""A corrected payload is compared with what its operation declares."""

from __future__ import annotations

from decimal import Decimal

from lineshaft.api.payloads import lacking
from lineshaft.sdk import FieldSpec

FIELDS = (
    FieldSpec("document", "context", required=True),
    FieldSpec("price", "number"),
    FieldSpec("due", "date"),
    FieldSpec("codes", "list"),
)


def test_what_fits_lacks_nothing_and_unknown_fields_are_let_be() -> None:
    payload = {"document": {}, "price": Decimal("1.10"), "due": "2026-01-01", "codes": [], "own": 1}
    assert lacking(FIELDS, payload) == []


def test_missing_and_wrong_fields_are_named_in_both_languages() -> None:
    found = lacking(FIELDS, {"price": True, "codes": {}})
    assert [each.path for each in found] == ["document", "price", "codes"]
    assert found[0].message.to_dict() == {
        "en": "Expected the field `document`, but it is missing.",
        "zh": "缺少必填字段 `document`。",
    }
    assert "数字" in found[1].message.in_language("zh")
