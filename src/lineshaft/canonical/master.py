"""Master records: customers, suppliers, contacts, products. Pure values (UBL Party, Item; GS1)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from lineshaft.canonical.extended import Extended, Sourced


@dataclass(frozen=True, slots=True)
class Address(Extended):
    """A postal address (UBL ``Address``)."""

    country: str = "CN"
    """ISO 3166-1, two letters."""
    region: str = ""
    """省/州."""
    city: str = ""
    street: str = ""
    postal_code: str = ""


@dataclass(frozen=True, slots=True)
class Contact(Sourced):
    """A person at a customer or supplier 联系人 (UBL ``Contact``)."""

    name: str
    party_code: str = ""
    title: str = ""
    phone: str = ""
    mobile: str = ""
    email: str = ""
    is_primary: bool = False


@dataclass(frozen=True, slots=True)
class Customer(Sourced):
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
    annual_purchase_amount: Decimal | None = None
    """年采购额, in ``currency``."""
    sales_person: str | None = None
    """Who owns the account."""
    department: str | None = None
    payment_terms_days: int | None = None
    addresses: tuple[Address, ...] = ()
    contacts: tuple[Contact, ...] = ()
    blocked: bool = False


ProductKind = Literal["raw", "semi_finished", "finished", "spare_part", "packaging", "service"]


@dataclass(frozen=True, slots=True)
class UnitFactor:
    """One ``unit`` of the item is ``quantity`` ``of``: one sheet is 12.5 KGM."""

    unit: str
    quantity: Decimal
    of: str


@dataclass(frozen=True, slots=True)
class Product(Sourced):
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
    kind: ProductKind = "finished"
    lot_controlled: bool = False
    serial_controlled: bool = False
    unit_factors: tuple[UnitFactor, ...] = ()
    """The item's own conversions between units."""
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class Supplier(Sourced):
    """A party that sells to the firm 供应商 (UBL ``SellerSupplierParty``)."""

    code: str
    name: str
    short_name: str = ""
    phone: str = ""
    tax_number: str = ""
    level: str = ""
    currency: str = "CNY"
    payment_terms_days: int | None = None
    addresses: tuple[Address, ...] = ()
    contacts: tuple[Contact, ...] = ()
    blocked: bool = False
