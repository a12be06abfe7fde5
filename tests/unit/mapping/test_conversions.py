"""Each conversion with what comes, and what must come out of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from lineshaft.canonical.rates import Rate, RateTable
from lineshaft.mapping import CrossReference, Mapped, read_mapping
from lineshaft.mapping.plain import to_plain

RATES = RateTable(
    [
        Rate("USD", "CNY", date(2026, 1, 1), Decimal("7.00")),
        Rate("USD", "CNY", date(2026, 2, 1), Decimal("7.20")),
        Rate("JPY", "CNY", date(2026, 1, 1), Decimal("4.80"), Decimal(100)),
        Rate("USD", "CNY", date(2026, 1, 1), Decimal("6.50"), kind="budget"),
        Rate("EUR", "CNY", date(2026, 1, 1), Decimal("8"), valid_until=date(2026, 1, 31)),
    ]
)


def mapped(value: Any, convert: str, **others: Any) -> Mapped:
    source = (
        "format: 1\nname: one\nfrom: a\nto: b\nfields:\n"
        f"  Field: {{value: record.value, convert: {convert}}}\n"
    )
    mapping = read_mapping(source.encode(), "one.yaml")
    return mapping({"value": value, **others}, CrossReference(()), RATES)


@pytest.mark.parametrize(
    ("value", "convert", "expected"),
    [
        ("  A-1 \t", "trim", "A-1"),
        ("ab-1", "upper", "AB-1"),
        ("ＡＢ－１２３　ｘ", "half_width", "AB-123 x"),
        ("０２１－５５５５", "digits", "0215555"),
        ("华东 机电", '{replace: {old: " ", new: ""}}', "华东机电"),
        ("ABCDEF", "{length: {most: 4, longer: cut}}", "ABCD"),
        (42, "{pad: 6}", "000042"),
        ("000042", "unpad", "42"),
        ("0000", "unpad", "0"),
        (1001, "{prefix: CRM}", "CRM1001"),
        ("CRM1001", "{without_prefix: CRM}", "1001"),
        ("+86-021-5555", '{part: {by: "-", number: 2, of: 3}}', "021"),
        ("1,234.50", "number", Decimal("1234.50")),
        ("1.234,50", '{number: {decimal: ",", thousands: "."}}', Decimal("1234.50")),
        ("１，２３４．５０", "number", Decimal("1234.50")),
        ("￥ 12,345,678.90元", "number", Decimal("12345678.90")),
        ("(500.00)", "number", Decimal("-500.00")),
        ("1234.50-", "number", Decimal("-1234.50")),
        ("12.5%", "number", Decimal("0.125")),
        ("3.5万", "number", Decimal(35000)),
        ("1.2亿", "number", Decimal(120000000)),
        (Decimal("2.345"), "{round: 2}", Decimal("2.35")),
        (Decimal("2.345"), "{round: {places: 2, mode: half_even}}", Decimal("2.34")),
        (Decimal("-2.345"), "{round: 2}", Decimal("-2.35")),
        (Decimal("1234567.5"), '{number_text: {places: 2, thousands: ","}}', "1,234,567.50"),
        (Decimal("1234.5"), '{number_text: {places: 2, decimal: ",", thousands: "."}}', "1.234,50"),
        ("2026年1月5日", "{date: yyyy年M月d日}", "2026-01-05"),
        ("20260105", "{date: [yyyy-MM-dd, yyyyMMdd]}", "2026-01-05"),
        ("05.01.2026", "{date: dd.MM.yyyy}", "2026-01-05"),
        ("05-Jan-26", "{date: dd-MMM-yy}", "2026-01-05"),
        (46027, "{date: excel}", "2026-01-05"),
        ("2025-09-11T08:00:00+08:00", "{time: {to: UTC}}", "2025-09-11T00:00:00+00:00"),
        ("2025-09-11 08:00:00", "{time: {from: Asia/Shanghai, to: UTC}}", "2025-09-11T00:00:00+00:00"),
        ("2026-03-08 12:00", '{time: {format: "yyyy-MM-dd HH:mm", from: America/New_York, to: UTC}}',
         "2026-03-08T16:00:00+00:00"),
        ("2026-03-07 12:00", '{time: {format: "yyyy-MM-dd HH:mm", from: America/New_York, to: UTC}}',
         "2026-03-07T17:00:00+00:00"),
        (1757548800000, "{time: epoch_ms}", "2025-09-11T00:00:00+00:00"),
        ("2025-09-11T00:00:00Z", "[{time: iso}, {moment_text: epoch_s}]", Decimal(1757548800)),
        ("2025-09-10T20:00:00Z", "{date: {zone: Asia/Shanghai}}", "2025-09-11"),
        ("2026-01-05", "[date, {moment_text: dd/MM/yyyy}]", "05/01/2026"),
        ("2025-09-10T20:00:00Z", "{moment_text: {format: 'yyyyMMddHHmmss', zone: Asia/Shanghai}}",
         "20250911040000"),
        ("是", "boolean", True),
        ("N", "boolean", False),
        ("已审", "{boolean: {true: 已审, false: [未审, 草稿]}}", True),
        (False, "{boolean_text: {true: X, false: ''}}", ""),
        (Decimal(1500), "{unit: {from: kg, to: TNE}}", Decimal("1.5")),
        (Decimal(10), "{unit: {from: 英寸, to: mm}}", Decimal(254)),
        (Decimal(100), "{unit: {from: °C, to: FAH}}", Decimal(212)),
        (Decimal(3), "{unit: {from: 打, to: 件}}", Decimal(36)),
        (Decimal(500), "{unit: {from: 片, to: kg, factor: 12.5}}", Decimal(6250)),
        (Decimal("100.10"), "{currency: {from: USD, to: CNY, on: 2026-01-15}}", Decimal("700.70")),
        (Decimal(100), "{currency: {from: 美元, to: 人民币, on: 2026-02-15}}", Decimal(720)),
        (Decimal(100), "{currency: {from: USD, to: CNY, on: 2026-02-15, rate: budget}}", Decimal(650)),
        (Decimal(700), "{currency: {from: CNY, to: USD, on: 2026-01-15}}", Decimal(100)),
        (Decimal(1000), "{currency: {from: JPY, to: USD, on: 2026-01-15}}", Decimal("6.86")),
        (Decimal(10), "{currency: {from: USD, to: JPY, on: 2026-01-15}}", Decimal(1458)),
        ("德国", "{code: country}", "DE"),
        ("USA", "{code: {list: country, to: numeric}}", "840"),
        ("cn", "{code: {list: country, to: zh}}", "中国"),
        ("RMB", "{code: currency}", "CNY"),
        ("公斤", "{code: unit}", "KGM"),
        ("KGM", "{code: {list: unit, to: zh}}", "千克"),
        (" ＫＨ－１ ", "[trim, half_width, {without_prefix: KH-}, {pad: 4}]", "0001"),
    ],
)  # fmt: skip
def test_a_value_is_converted_as_its_conversion_says(value: Any, convert: str, expected: Any) -> None:
    result = mapped(value, convert)
    assert result.problems == ()
    assert result.record is not None
    came = to_plain(result.record["Field"])
    assert (came, type(came)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("value", "convert", "code"),
    [
        ("1,23,4.5", "number", "number_unreadable"),
        ("1.234,50", "number", "number_unreadable"),
        ("zwölf", "number", "number_unreadable"),
        ("31.02.2026", "{date: dd.MM.yyyy}", "date_unreadable"),
        ("2026-01-05", "{date: [dd.MM.yyyy, yyyyMMdd]}", "date_unreadable"),
        ("2026-01-05T08:00:00", "{time: {to: UTC}}", "zone_missing"),
        ("2026-01-05T08:00:00", "{time: {from: Asia/Peking2}}", "zone_unknown"),
        ("vielleicht", "boolean", "boolean_unreadable"),
        (Decimal(1), "{unit: {from: kg, to: m}}", "units_differ"),
        (Decimal(1), "{unit: {from: kgg, to: kg}}", "unit_unknown"),
        ("12", "{unit: {from: kg, to: t}}", "not_a_number"),
        (Decimal(1), "{currency: {from: USD, to: CNY, on: 2025-12-31}}", "rate_missing"),
        (Decimal(1), "{currency: {from: EUR, to: CNY, on: 2026-02-01}}", "rate_missing"),
        (Decimal(1), "{currency: {from: XXX, to: CNY, on: 2026-02-01}}", "currency_unknown"),
        ("Atlantis", "{code: country}", "country_unknown"),
        ("1001", "{without_prefix: CRM}", "prefix_missing"),
        ("CRM", "{without_prefix: CRM}", "prefix_missing"),
        ("021-5555", '{part: {by: "-", number: 1, of: 3}}', "parts_differ"),
        ("ABCDEF", "{length: 4}", "too_long"),
        ("1234567", "{pad: 6}", "too_long"),
    ],
)
def test_a_value_that_does_not_fit_is_a_problem_and_never_something_near(
    value: Any, convert: str, code: str
) -> None:
    result = mapped(value, convert)
    assert result.record is None
    (problem,) = result.problems
    assert problem.code == code
    assert (problem.place.file, problem.place.line, problem.place.element) == ("one.yaml", 6, "Field")
    assert problem.message.in_language("zh") != problem.message.in_language("en")


def test_a_setting_may_be_an_expression_of_the_record() -> None:
    result = mapped(Decimal(2), "{unit: {from: =record.unit, to: kg}}", unit="吨")
    assert result.record == {"Field": Decimal(2000)}
    empty = mapped(Decimal(2), "{unit: {from: =record.unit, to: kg}}", unit=None)
    assert [each.code for each in empty.problems] == ["setting_empty"]


def test_a_unit_goes_there_and_back_without_loss() -> None:
    for there, back in (("mi", "MTR"), ("lb", "KGM"), ("ft²", "MTK"), ("gal", "LTR")):
        out = mapped(
            Decimal("12.5"),
            f"[{{unit: {{from: {there}, to: {back}}}}}, {{unit: {{from: {back}, to: {there}}}}}]",
        )
        assert out.record == {"Field": Decimal("12.5")}


def test_a_currency_rate_is_the_one_of_the_day_not_of_now() -> None:
    assert RATES.rate("USD", "CNY", date(2026, 1, 31)) == Decimal(7)
    assert RATES.rate("USD", "CNY", date(2026, 2, 1)) == Decimal("7.2")
    assert RATES.rate("USD", "CNY", date(2025, 12, 31)) is None


def test_now_is_what_the_caller_says() -> None:
    source = b"format: 1\nname: one\nfrom: a\nto: b\nfields: {Day: 'string(today())'}\n"
    mapping = read_mapping(source, "one.yaml")
    moment = datetime(2026, 5, 4, 8, tzinfo=UTC)
    assert mapping({}, CrossReference(()), now=moment).record == {"Day": "2026-05-04"}
    assert [each.place.element for each in mapping({}, CrossReference(())).problems] == ["Day"]
