"""An expression without the interpreter gives what FEEL gives, or stands aside."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from lineshaft import feel
from lineshaft.connectors.http.shortcuts import ASIDE, shortcut

VALUES: dict[str, Any] = {
    "item": {
        "code": "T-1",
        "n": 7,
        "at": "2026-05-04",
        "price": Decimal("1.10"),
        "none": None,
        "deep": {"x": ["a"]},
    },
    "digest": "d1",
}  # fmt: skip
EXPRESSIONS = [
    "",
    "item.code",
    "item.n",
    "item.none",
    "item.deep",
    "item.deep.x",
    "digest",
    "item",
    "item.price",
    '"fixed"',
    '"a" + "b"',
    'item.code + "/" + item.at',
    'string(item.n) + "/" + digest',
    "item.missing",
    "item.code.more",
    "item.n + item.n",
    '"+" + item.code',
    "string(item.code)",
    "true",
    "null",
    "item.deep.x[1]",
    "upper case(item.code)",
    'item.code = "T-1"',
    "",
][1:-1]


@pytest.mark.parametrize("source", EXPRESSIONS)
def test_a_shortcut_gives_what_feel_gives_or_stands_aside(source: str) -> None:
    quick = shortcut(source)
    found = ASIDE if quick is None else quick(VALUES)
    if found is not ASIDE:
        assert found == feel.evaluate(source, VALUES, strict=True)
        assert type(found) is type(feel.evaluate(source, VALUES, strict=True))


def test_the_common_ones_are_short() -> None:
    common = ("item.code", 'item.code + "/" + item.at', '"fixed"', 'string(item.n) + "/" + digest', "item")
    for source in common:
        quick = shortcut(source)
        assert quick is not None
        assert quick(VALUES) is not ASIDE
