"""Units of measure: codes of UN/ECE Recommendations 20 and 21, their names, and exact conversion. Pure.

Factors are fractions of whole numbers, so that a conversion there and back gives the same quantity. What one
item's unit is worth in another kind (a sheet weighs 12.5 kg) is the item's own: ``ItemFactor``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import cache
from typing import Final
from unicodedata import normalize

from lineshaft.base.errors import InputError
from lineshaft.base.text import Text, text


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: ``factor`` × the base unit of its ``dimension`` + ``offset``."""

    code: str
    """UN/ECE Recommendation 20."""
    symbol: str
    label: Text
    dimension: str
    factor: Fraction
    offset: Fraction = Fraction(0)
    words: tuple[str, ...] = ()
    """Other spellings that systems use."""


@dataclass(frozen=True, slots=True)
class ItemFactor:
    """For one item: one ``unit`` is ``quantity`` ``of`` (1 sheet = 12.5 kg)."""

    unit: str
    quantity: Decimal
    of: str


# code | symbol | English | Chinese | factor to the first of its kind | other spellings
_TABLE: Final = """
mass
KGM|kg|kilogram|千克|1|公斤,kgs,kilo
GRM|g|gram|克|1/1000|gram,gr
MGM|mg|milligram|毫克|1/1000000|
TNE|t|tonne|吨|1000|ton,mt,公吨
LBR|lb|pound|磅|45359237/100000000|lbs
ONZ|oz|ounce|盎司|45359237/1600000000|
length
MTR|m|metre|米|1|meter,公尺
KMT|km|kilometre|千米|1000|公里
DMT|dm|decimetre|分米|1/10|
CMT|cm|centimetre|厘米|1/100|公分
MMT|mm|millimetre|毫米|1/1000|
4H|µm|micrometre|微米|1/1000000|um
INH|in|inch|英寸|254/10000|inches,吋
FOT|ft|foot|英尺|3048/10000|feet
YRD|yd|yard|码|9144/10000|
SMI|mi|mile|英里|1609344/1000|
area
MTK|m²|square metre|平方米|1|m2,sqm,平米
CMK|cm²|square centimetre|平方厘米|1/10000|cm2
MMK|mm²|square millimetre|平方毫米|1/1000000|mm2
KMK|km²|square kilometre|平方千米|1000000|km2
HAR|ha|hectare|公顷|10000|
FTK|ft²|square foot|平方英尺|9290304/100000000|ft2,sqft
volume
MTQ|m³|cubic metre|立方米|1|m3,cbm,方
DMQ|dm³|cubic decimetre|立方分米|1/1000|dm3
CMQ|cm³|cubic centimetre|立方厘米|1/1000000|cm3,cc
MMQ|mm³|cubic millimetre|立方毫米|1/1000000000|mm3
LTR|l|litre|升|1/1000|liter,公升
MLT|ml|millilitre|毫升|1/1000000|
HLT|hl|hectolitre|百升|1/10|
GLL|gal|gallon (US)|美制加仑|3785411784/1000000000000|gallon
time
SEC|s|second|秒|1|sec
MIN|min|minute|分钟|60|分,minutes
HUR|h|hour|小时|3600|hr,hrs,hours,时
DAY|d|day|天|86400|日,days
WEE|wk|week|周|604800|星期
months
MON|mo|month|月|1|个月
ANN|a|year|年|12|
count
C62|1|one|一|1|unit,units
H87|pcs|piece|件|1|pc,piece,pieces,个,只,片,块,根,支,台,套件,PCE
EA|ea|each|每个|1|
PR|pr|pair|双|2|对,pairs
DZN|doz|dozen|打|12|dz
GRO|gr.|gross|罗|144|
CEN|100|hundred|百|100|
MIL|1000|thousand|千|1000|千个,kpcs
sets
SET|set|set|套|1|副,组,sets
boxes
XBX|box|box|盒|1|boxes
cartons
XCT|ctn|carton|箱|1|cartons
pallets
XPX|plt|pallet|托盘|1|托,pallets
rolls
XRO|roll|roll|卷|1|rolls
bags
XBG|bag|bag|袋|1|包,bags
barrels
XBA|bbl|barrel|桶|1|barrels
energy
JOU|J|joule|焦耳|1|
KJO|kJ|kilojoule|千焦|1000|
WHR|Wh|watt hour|瓦时|3600|
KWH|kWh|kilowatt hour|千瓦时|3600000|度
MWH|MWh|megawatt hour|兆瓦时|3600000000|
power
WTT|W|watt|瓦|1|
KWT|kW|kilowatt|千瓦|1000|
MAW|MW|megawatt|兆瓦|1000000|
pressure
PAL|Pa|pascal|帕|1|
KPA|kPa|kilopascal|千帕|1000|
MPA|MPa|megapascal|兆帕|1000000|
BAR|bar|bar|巴|100000|
temperature
KEL|K|kelvin|开尔文|1|
CEL|°C|degree Celsius|摄氏度|1+273.15|℃
FAH|°F|degree Fahrenheit|华氏度|5/9+45967/180|℉
frequency
HTZ|Hz|hertz|赫兹|1|
speed
MTS|m/s|metre per second|米每秒|1|
KMH|km/h|kilometre per hour|千米每小时|10/36|
electric current
AMP|A|ampere|安|1|安培
voltage
VLT|V|volt|伏|1|伏特
share
P1|%|per cent|百分比|1|percent
"""
_DIGITS: Final = Context(prec=34, rounding=ROUND_HALF_EVEN)


def _read(table: str) -> Mapping[str, Unit]:
    found: dict[str, Unit] = {}
    dimension = ""
    for line in table.strip().splitlines():
        if "|" not in line:
            dimension = line
            continue
        code, symbol, english, chinese, size, others = line.split("|")
        factor, _, offset = size.partition("+")
        found[code] = Unit(
            code,
            symbol,
            Text(english, chinese),
            dimension,
            _fraction(factor),
            _fraction(offset) if offset else Fraction(0),
            tuple(others.split(",")) if others else (),
        )
    return found


def _fraction(written: str) -> Fraction:
    above, _, below = written.partition("/")
    return Fraction(above) / Fraction(below) if below else Fraction(above)


UNITS: Final[Mapping[str, Unit]] = _read(_TABLE)
"""The known units by their code."""


def _plain(word: str) -> str:
    return normalize("NFKC", word).strip().casefold()


@cache
def _spellings() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for unit in UNITS.values():
        names = (unit.code, unit.label.en, unit.label.zh, *unit.words, unit.symbol)
        for word in names:
            found.setdefault(_plain(word), unit.code)
    return found


def unit_of(written: str) -> Unit:
    """Return the unit that a system means by a code, a symbol or a name in Chinese or English.

    Case counts where it tells apart what is not the same (``MW`` and ``mW``): an exact code or symbol first.

    Raises:
        InputError: It is not known; names the nearest.
    """
    exact = UNITS.get(written) or next((unit for unit in UNITS.values() if unit.symbol == written), None)
    if exact is not None:
        return exact
    code = _spellings().get(_plain(written))
    if code is not None:
        return UNITS[code]
    near = difflib.get_close_matches(_plain(written), _spellings(), 3)
    raise InputError(
        text("Expected a unit, but {written} is not known", "应为计量单位,{written} 未知", written=written),
        code="unit_unknown",
        hint=text(
            "did you mean {near}?", "是否为 {near}?", near=", ".join(_spellings()[each] for each in near)
        )
        if near
        else text("use a code of UN/ECE Recommendation 20", "请用 UN/ECE 第 20 号建议书的代码"),
    )


def convert_unit(quantity: Decimal, source: str, target: str, factors: Iterable[ItemFactor] = ()) -> Decimal:
    """Return a quantity in another unit, exact to 34 digits.

    Args:
        quantity: In ``source``.
        source: Code, symbol or name.
        target: Code, symbol or name.
        factors: The item's own, for units of different kinds; each is used both ways.

    Raises:
        InputError: A unit is not known, or nothing leads from one kind to the other.
    """
    here, there = unit_of(source), unit_of(target)
    number = Fraction(quantity)
    if here.dimension != there.dimension:
        crossing = _crossing(here, there, factors)
        if crossing is None:
            raise InputError(
                text(
                    "Expected units of one kind, but {source} is {one} and {target} is {other}",
                    "单位类别应一致,{source} 属 {one},{target} 属 {other}",
                    source=here.code, one=here.dimension, target=there.code, other=there.dimension,
                ),
                code="units_differ",
                hint=text("give the item's own factor", "请给出该物料的换算率"),
            )  # fmt: skip
        result = number * here.factor * crossing / there.factor
    else:
        result = (number * here.factor + here.offset - there.offset) / there.factor
    return _DIGITS.divide(Decimal(result.numerator), Decimal(result.denominator))


def _crossing(here: Unit, there: Unit, factors: Iterable[ItemFactor]) -> Fraction | None:
    """Base units of ``there`` for one base unit of ``here``."""
    for factor in factors:
        one, other = unit_of(factor.unit), unit_of(factor.of)
        ratio = Fraction(factor.quantity) * other.factor / one.factor
        if (one.dimension, other.dimension) == (here.dimension, there.dimension):
            return ratio
        if (other.dimension, one.dimension) == (here.dimension, there.dimension):
            return 1 / ratio
    return None
