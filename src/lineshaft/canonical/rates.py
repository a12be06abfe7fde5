"""Currencies (ISO 4217) and exchange rates that hold from a date on. Pure.

A rate is never guessed: without one for the day, in the table's own or the opposite direction or over one
currency between, there is an error that names what is missing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final, Protocol

from lineshaft.base.errors import InputError
from lineshaft.base.text import text
from lineshaft.canonical.money import half_up

# code, digits after the point
_DIGITS: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY "
    "COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR "
    "ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK "
    "MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP "
    "SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR "
    "ZMW",
    3: "BHD IQD JOD KWD LYD OMR TND",
}
CURRENCIES: Final[Mapping[str, int]] = {
    code: digits for digits, codes in _DIGITS.items() for code in codes.split()
}
"""Digits after the point of each currency in circulation."""
CURRENCY_WORDS: Final[Mapping[str, str]] = {
    "人民币": "CNY", "元": "CNY", "RMB": "CNY", "CNH": "CNY", "¥": "CNY", "￥": "CNY",
    "美元": "USD", "美金": "USD",
    "US$": "USD", "欧元": "EUR", "€": "EUR", "英镑": "GBP", "£": "GBP",
    "日元": "JPY", "日圆": "JPY", "港币": "HKD",
    "港元": "HKD", "HK$": "HKD", "台币": "TWD", "新台币": "TWD", "韩元": "KRW",
    "韩币": "KRW", "新加坡元": "SGD",
    "澳元": "AUD", "加元": "CAD", "瑞士法郎": "CHF", "卢布": "RUB",
    "泰铢": "THB", "越南盾": "VND", "卢比": "INR",
}  # fmt: skip
"""What systems of Chinese firms write instead of the code."""
_CONTEXT: Final = Context(prec=34, rounding=ROUND_HALF_EVEN)
_ONE: Final = Decimal(1)
_BRIDGES: Final = ("CNY", "USD", "EUR")


def currency_of(written: str) -> str:
    """Return the ISO 4217 code that is meant.

    Raises:
        InputError: It is not known.
    """
    plain = written.strip()
    code = CURRENCY_WORDS.get(plain, CURRENCY_WORDS.get(plain.upper(), plain.upper()))
    if code not in CURRENCIES:
        raise InputError(
            text(
                "Expected a currency, but {written} is not known", "应为币种,{written} 未知", written=written
            ),
            code="currency_unknown",
            hint=text("use the code of ISO 4217, such as CNY", "请用 ISO 4217 代码,例如 CNY"),
        )
    return code


@dataclass(frozen=True, slots=True)
class Rate:
    """From ``valid_from`` on, ``per`` units of ``source`` are ``value`` of ``target``."""

    source: str
    target: str
    valid_from: date
    value: Decimal
    per: Decimal = _ONE
    kind: str = "mid"
    """Which rate: ``mid`` 中间价, ``buy``, ``sell``, or the firm's own ``budget`` …"""
    valid_until: date | None = None
    """The last day on which it holds; ``None``: until the next one."""


class Rates(Protocol):
    """Answers what one unit of a currency is worth in another on a day."""

    def rate(self, source: str, target: str, on: date, kind: str = "mid") -> Decimal | None:
        """Return ``target`` per unit of ``source``, or ``None`` where the day has no rate."""
        ...


class RateTable:
    """Rates from a table; the newest at or before a day counts."""

    def __init__(self, rates: Iterable[Rate]) -> None:
        self._rates: dict[tuple[str, str, str], list[Rate]] = {}
        for rate in rates:
            self._rates.setdefault((rate.source, rate.target, rate.kind), []).append(rate)
        for listed in self._rates.values():
            listed.sort(key=lambda each: each.valid_from)

    def rate(self, source: str, target: str, on: date, kind: str = "mid") -> Decimal | None:
        """Return ``target`` per unit of ``source`` on a day: direct, opposite, or over CNY, USD or EUR."""
        if source == target:
            return _ONE
        direct = self._pair(source, target, on, kind)
        if direct is not None:
            return direct
        for bridge in _BRIDGES:
            first, second = self._pair(source, bridge, on, kind), self._pair(bridge, target, on, kind)
            if first is not None and second is not None:
                return _CONTEXT.multiply(first, second)
        return None

    def _pair(self, source: str, target: str, on: date, kind: str) -> Decimal | None:
        found = self._listed(source, target, on, kind)
        if found is not None:
            return _CONTEXT.divide(found.value, found.per)
        found = self._listed(target, source, on, kind)
        return _CONTEXT.divide(found.per, found.value) if found is not None and found.value else None

    def _listed(self, source: str, target: str, on: date, kind: str) -> Rate | None:
        listed = self._rates.get((source, target, kind), [])
        at = bisect_right(listed, on, key=lambda each: each.valid_from)
        if not at:
            return None
        found = listed[at - 1]
        return found if found.valid_until is None or on <= found.valid_until else None


def convert_currency(
    amount: Decimal, source: str, target: str, on: date, *, rates: Rates, kind: str = "mid",
    places: int | None = None,
) -> Decimal:  # fmt: skip
    """Return an amount in another currency by the rate of a day, rounded half up to its own digits.

    Args:
        amount: In ``source``.
        source: ISO 4217 code or a word for it.
        target: The same.
        on: The day whose rate counts (of the document, not of today).
        rates: The rates.
        kind: Which rate.
        places: Digits after the point; the currency's own where not given.

    Raises:
        InputError: A currency is not known, or there is no rate for the day.
    """
    here, there = currency_of(source), currency_of(target)
    value = rates.rate(here, there, on, kind)
    if value is None:
        raise InputError(
            text(
                "Expected a rate from {here} to {there} on {on} ({kind}), but there is none",
                "缺少 {on} 的汇率:{here} 兑 {there}({kind})",
                here=here, there=there, on=on.isoformat(), kind=kind,
            ),
            code="rate_missing",
            hint=text("add it to the rate table", "请补充汇率表"),
        )  # fmt: skip
    return half_up(_CONTEXT.multiply(amount, value), CURRENCIES[there] if places is None else places)
