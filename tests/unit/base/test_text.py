"""Text in two languages, chosen at the edge."""

from __future__ import annotations

import pytest

from lineshaft.base.text import Text, language_of, text


def test_text_fills_both_languages_with_the_same_values() -> None:
    message = text("{count} orders held", "已暂停 {count} 张订单", count=41)
    assert message.in_language("en") == "41 orders held"
    assert message.in_language("zh") == "已暂停 41 张订单"
    assert message.to_dict() == {"zh": "已暂停 41 张订单", "en": "41 orders held"}


def test_text_without_values_keeps_braces() -> None:
    assert str(Text("a {b}", "甲 {乙}")) == "a {b}"


def test_text_does_not_read_templates_in_values() -> None:
    assert str(text("name: {name}", "名称：{name}", name="{count}")) == "name: {count}"


def test_text_is_english_when_nobody_chose() -> None:
    assert str(text("yes", "是")) == "yes"


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("zh_CN.UTF-8", "zh"),
        ("zh-Hans-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB", "en"),
        ("de-DE, zh;q=0.5", "zh"),
        ("fr", "en"),
        ("C.UTF-8", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_language_is_the_first_one_known_of_a_tag(tag: str | None, language: str) -> None:
    assert language_of(tag) == language


def test_language_falls_back_to_the_given_default() -> None:
    assert language_of("fr", default="zh") == "zh"
