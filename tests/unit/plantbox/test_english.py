"""English pages of the simulated systems show what the systems tell each other in English too."""

from __future__ import annotations

import pytest

from plantbox.english import in_language


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("ERP 驳回:超信用额度 ¥10,000.00", "Rejected by the ERP: over the credit limit by ¥10,000.00"),
        ("已发货,预计 1 天到达", "Shipped, expected in 1 day"),
        ("已发货,预计 2 天到达", "Shipped, expected in 2 days"),
        ("生产中 62.5%:组装 480/500", "In production, 62.5 %: Assembly 480/500"),
        ("请周五前送到后门", "请周五前送到后门"),
    ],
)
def test_words_of_the_systems_are_english_on_an_english_page(told: str, shown: str) -> None:
    assert in_language(f"<td>{told}</td>", "en") == f"<td>{shown}</td>"
    assert in_language(f"<td>{told}</td>", "zh") == f"<td>{told}</td>"
