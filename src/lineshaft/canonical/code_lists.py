"""Code lists by name, each in several forms: countries, currencies, units. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from lineshaft.base.errors import InputError
from lineshaft.base.text import text
from lineshaft.canonical.countries import COUNTRIES, COUNTRY_WORDS
from lineshaft.canonical.rates import currency_of
from lineshaft.canonical.units import unit_of

_COUNTRY_FORMS: Final = ("alpha2", "alpha3", "numeric", "en", "zh")


@cache
def _countries() -> Mapping[str, Mapping[str, str]]:
    found: dict[str, Mapping[str, str]] = {}
    for country in COUNTRIES:
        forms = {form: getattr(country, form) for form in _COUNTRY_FORMS}
        for form in _COUNTRY_FORMS:
            found[forms[form].casefold()] = forms
    for word, code in COUNTRY_WORDS.items():
        found[word.casefold()] = found[code.casefold()]
    return found


def _country(written: str) -> Mapping[str, str]:
    forms = _countries().get(written.strip().casefold())
    if forms is None:
        raise InputError(
            text(
                "Expected a country, but {written} is not known", "应为国家,{written} 未知", written=written
            ),
            code="country_unknown",
            hint=text("use a code of ISO 3166-1, or a value map", "请用 ISO 3166-1 代码,或使用值映射"),
        )
    return forms


def _currency(written: str) -> Mapping[str, str]:
    return {"alpha3": currency_of(written)}


def _unit(written: str) -> Mapping[str, str]:
    unit = unit_of(written)
    return {"code": unit.code, "symbol": unit.symbol, "en": unit.label.en, "zh": unit.label.zh}


CODE_LISTS: Final[Mapping[str, tuple[Callable[[str], Mapping[str, str]], tuple[str, ...]]]] = {
    "country": (_country, _COUNTRY_FORMS),
    "currency": (_currency, ("alpha3",)),
    "unit": (_unit, ("code", "symbol", "en", "zh")),
}
"""Each list: how a value of it is read in any form, and the forms it is written in (the first by default)."""


def code_in(list_name: str, written: str, form: str | None = None) -> str:
    """Return a value of a code list in one of its forms, whatever form it comes in.

    Raises:
        InputError: The value is not in the list.
    """
    read, forms = CODE_LISTS[list_name]
    return read(written)[form or forms[0]]
