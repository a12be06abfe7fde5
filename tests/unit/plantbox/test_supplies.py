"""Suppliers fill up what is bought in, once a day, and only what has run low."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from plantbox.supplies import Mornings, deliveries

NOON = datetime.fromisoformat("2026-11-22T12:00:00+08:00")


def test_suppliers_come_once_each_morning_and_not_on_the_first_day() -> None:
    mornings = Mornings(NOON)
    hours = [hour for hour in range(60) if mornings.has_come(NOON + timedelta(hours=hour))]
    assert hours == [19, 43]


def test_only_material_that_has_run_low_is_delivered_up_to_its_level() -> None:
    left = {"M-20052": Decimal(100), "M-20020": Decimal(7_000)}
    found = dict(deliveries(lambda code: left.get(code, Decimal(10**6))))
    assert found == {"M-20052": Decimal(5_100)}
