"""What the simulated systems' pages have in common."""

from __future__ import annotations

from decimal import Decimal

from plantbox.leaf import Look

LOOK = Look("x", {"no": ("单号", "No."), "qty": ("数量", "Quantity")}, "", ())


def test_number_and_the_head_of_its_column_stand_right() -> None:
    table = LOOK.table("en", ("no", "qty"), iter([("A-1", Decimal(1500))]))
    assert "<tr><th>No.</th><th class=n>Quantity</th></tr>" in table
    assert "<tr><td>A-1</td><td class=n>1,500</td></tr>" in table
