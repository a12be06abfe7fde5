"""Master records: customers and products. Pure values, in the words of UBL (Party, Item) and GS1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Customer:
    """A party that buys (UBL ``CustomerParty``)."""

    code: str
    name: str
    short_name: str = ""
    phone: str = ""
    tax_number: str = ""
    """统一社会信用代码 or VAT number."""
    level: str = ""
    credit_limit: Decimal | None = None
    """``None``: not controlled."""
    currency: str = "CNY"
    sales_person: str | None = None
    department: str | None = None
    blocked: bool = False
    source_version: int = 0
    custom_1: str | None = None
    custom_2: str | None = None
    custom_3: str | None = None
    custom_4: str | None = None
    custom_5: str | None = None
    extensions: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Product:
    """What is made, bought or sold (UBL ``Item``, ISA-95 material definition)."""

    code: str
    name: str
    unit: str
    model: str = ""
    specification: str = ""
    gtin: str = ""
    """GS1 trade item number."""
    tax_rate: Decimal | None = None
    list_price: Decimal | None = None
    lot_controlled: bool = False
    blocked: bool = False
    source_version: int = 0
    custom_1: str | None = None
    custom_2: str | None = None
    custom_3: str | None = None
    custom_4: str | None = None
    custom_5: str | None = None
    extensions: Mapping[str, Any] = field(default_factory=dict)
