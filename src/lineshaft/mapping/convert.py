"""The conversions of mappings: what a field's ``convert`` may name. Pure; each is a function and settings.

A value that cannot be converted is never replaced by something near: it is an ``Unconvertible`` that says
what was expected and what came.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Context, Decimal
from typing import Any, Final
from unicodedata import normalize

from lineshaft.base.errors import InputError
from lineshaft.base.text import Text, text
from lineshaft.canonical.code_lists import CODE_LISTS, code_in
from lineshaft.canonical.rates import Rates, RateTable, convert_currency
from lineshaft.canonical.units import ItemFactor, convert_unit
from lineshaft.feel.temporal import DateTime, date_time_from_python
from lineshaft.mapping.errors import Unconvertible
from lineshaft.mapping.patterns import read_moment, write_moment, zone_of

Settings = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Around:
    """What a conversion may ask besides its value."""

    rates: Rates = field(default_factory=lambda: RateTable(()))


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of a conversion: its form, and its default (``...``: it must be given)."""

    kind: str
    """``text``, ``integer``, ``number``, ``choice``; ``texts`` and ``pattern``: one or a list."""
    default: Any = ...
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conversion:
    """A conversion: its settings (the first may stand alone) and what it does."""

    name: str
    label: Text
    run: Callable[[Any, Settings, Around], Any]
    settings: Mapping[str, Setting]


_MODES: Final = {
    "half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "up": ROUND_UP, "down": ROUND_DOWN,
}  # fmt: skip
_EXACT: Final = Context(prec=60)
_MARKS: Final = re.compile(r"^(?:US\$|HK\$|RMB|CNY|USD|EUR|[¥￥$€£])|(?:元|CNY|RMB|USD|EUR|[€])$")
_MYRIADS: Final = {"万": 4, "亿": 8}
_PLAIN_POINT: Final = re.compile(r"\d{1,14}(?:\.\d{1,12})?", re.ASCII)
_PLAIN_WHOLE: Final = re.compile(r"\d{1,14}", re.ASCII)


def as_text(value: Any) -> str:
    """Return a value as the text that other systems write: numbers plain, dates as ISO 8601."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime.date):
        return value.isoformat()
    return str(value)


def _number(value: Any, what: Text | None = None) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    raise Unconvertible(
        "not_a_number",
        what or text("Expected a number, but it is {value}", "应为数字,实际为 {value}", value=_shown(value)),
        text("convert it by `number` first", "请先用 number 转换"),
    )


def _shown(value: Any) -> str:
    shown = as_text(value)
    return f'"{shown[:60]}"' if isinstance(value, str) else shown[:60]


def half_width(written: str) -> str:
    """Return a text with full-width letters, digits and signs (ＡＢＣ１２３) as ordinary ones."""
    if written.isascii():
        return written
    return "".join(
        normalize("NFKC", each) if "\uff01" <= each <= "\uff5e" or each == "\u3000" else each
        for each in written
    )


def _read_number(value: Any, settings: Settings, around: Around) -> Decimal:
    if not isinstance(value, str):
        return _number(value)
    plain = _PLAIN_POINT if settings["decimal"] == "." else _PLAIN_WHOLE
    if plain.fullmatch(value):
        # As nearly all of them are: nothing to take off, and few enough digits for every context.
        return Decimal(value)
    written = half_width(value).replace("\u00a0", " ").strip()
    negative = False
    if written.startswith("(") and written.endswith(")"):
        negative, written = True, written[1:-1].strip()
    written = _MARKS.sub("", _MARKS.sub("", written).strip()).strip()
    if written.endswith("-"):
        negative, written = True, written[:-1]
    if written.startswith(("-", "+", "−")):
        negative, written = negative != (written[0] != "+"), written[1:].strip()
        written = _MARKS.sub("", written).strip()
    power = -2 if written.endswith("%") else _MYRIADS.get(written[-1:], 0)
    if power:
        written = written[:-1].strip()
    whole, point, rest = written.partition(settings["decimal"])
    thousands = settings["thousands"]
    if thousands and thousands in whole:
        first, *groups = whole.split(thousands)
        if not 1 <= len(first) <= 3 or any(len(group) != 3 for group in groups):
            raise _unreadable(value, settings)
        whole = first + "".join(groups)
    digits = f"{whole}.{rest}" if point else whole
    if not re.fullmatch(r"\d+(\.\d*)?|\.\d+", digits, re.ASCII):
        raise _unreadable(value, settings)
    number = _EXACT.scaleb(Decimal(digits), power)
    return -number if negative else number


def _unreadable(value: str, settings: Settings) -> Unconvertible:
    return Unconvertible(
        "number_unreadable",
        text(
            "Expected a number such as 1{thousands}234{point}50, but it is {value}",
            "应为 1{thousands}234{point}50 形式的数字,实际为 {value}",
            thousands=settings["thousands"],
            point=settings["decimal"],
            value=_shown(value),
        ),
    )


def _round(value: Any, settings: Settings, around: Around) -> Decimal:
    step = Decimal(1).scaleb(-settings["places"])
    return _number(value).quantize(step, rounding=_MODES[settings["mode"]], context=_EXACT)


def _number_text(value: Any, settings: Settings, around: Around) -> str:
    number = _number(value)
    if settings["places"] is not None:
        number = number.quantize(
            Decimal(1).scaleb(-settings["places"]), rounding=ROUND_HALF_UP, context=_EXACT
        )
    written = format(number, ",f" if settings["thousands"] else "f")
    exchange = {",": settings["thousands"], ".": settings["decimal"]}
    return "".join(exchange.get(each, each) for each in written)


def _moment(value: Any, settings: Settings) -> datetime.datetime | datetime.date:
    return read_moment(value, settings["format"])


def _date(value: Any, settings: Settings, around: Around) -> datetime.date:
    found = _moment(value, settings)
    if isinstance(found, datetime.datetime):
        if settings["zone"]:
            found = _in_zone(found, None).astimezone(zone_of(settings["zone"]))
        return found.date()
    return found


def _in_zone(found: datetime.datetime | datetime.date, zone: str | None) -> datetime.datetime:
    if not isinstance(found, datetime.datetime):
        found = datetime.datetime.combine(found, datetime.time())
    if found.tzinfo is not None:
        return found
    if not zone:
        raise Unconvertible(
            "zone_missing",
            text("Expected a time with a zone, but {value} has none", "时间 {value} 缺少时区", value=found),
            text(
                "say in which zone it is: `from`, such as Asia/Shanghai",
                "请用 from 写明时区,例如 Asia/Shanghai",
            ),
        )
    return found.replace(tzinfo=zone_of(zone))


def _time(value: Any, settings: Settings, around: Around) -> DateTime:
    found = _in_zone(_moment(value, settings), settings["from"])
    if settings["to"]:
        found = found.astimezone(zone_of(settings["to"]))
    return date_time_from_python(found)


def _moment_text(value: Any, settings: Settings, around: Around) -> Any:
    found = read_moment(value, ("iso",))
    if settings["zone"] and isinstance(found, datetime.datetime):
        found = _in_zone(found, None).astimezone(zone_of(settings["zone"]))
    return write_moment(found, settings["format"][0])


def _boolean(value: Any, settings: Settings, around: Around) -> bool:
    if isinstance(value, bool):
        return value
    word = half_width(as_text(value)).strip().casefold()
    for truth, key in ((True, "true"), (False, "false")):
        if word in (each.casefold() for each in settings[key]):
            return truth
    raise Unconvertible(
        "boolean_unreadable",
        text(
            "Expected one of {true} or {false}, but it is {value}",
            "应为 {true} 或 {false} 之一,实际为 {value}",
            true=", ".join(settings["true"]),
            false=", ".join(settings["false"]),
            value=_shown(value),
        ),
    )


def _boolean_text(value: Any, settings: Settings, around: Around) -> str:
    if not isinstance(value, bool):
        raise Unconvertible(
            "not_a_boolean",
            text(
                "Expected true or false, but it is {value}",
                "应为 true 或 false,实际为 {value}",
                value=_shown(value),
            ),
        )
    return str(settings["true" if value else "false"])


def _unit(value: Any, settings: Settings, around: Around) -> Decimal:
    factors = []
    if settings["factor"] is not None:
        factors.append(ItemFactor(settings["from"], _number(settings["factor"]), settings["to"]))
    return convert_unit(_number(value), settings["from"], settings["to"], factors)


def _currency(value: Any, settings: Settings, around: Around) -> Decimal:
    on = read_moment(settings["on"], ("iso",))
    return convert_currency(
        _number(value),
        settings["from"],
        settings["to"],
        on.date() if isinstance(on, datetime.datetime) else on,
        rates=around.rates,
        kind=settings["rate"],
        places=settings["places"],
    )


def _code(value: Any, settings: Settings, around: Around) -> str:
    form = settings["to"]
    forms = CODE_LISTS[settings["list"]][1]
    if form and form not in forms:
        raise Unconvertible(
            "form_unknown",
            text(
                "Expected one of {forms}, but it is {form}",
                "应为 {forms} 之一,实际为 {form}",
                forms=", ".join(forms),
                form=form,
            ),
        )
    return code_in(settings["list"], as_text(value), form or None)


def _prefix(value: Any, settings: Settings, around: Around) -> str:
    return f"{settings['add']}{as_text(value)}"


def _without_prefix(value: Any, settings: Settings, around: Around) -> str:
    written = as_text(value)
    if not written.startswith(settings["expect"]) or written == settings["expect"]:
        raise Unconvertible(
            "prefix_missing",
            text(
                "Expected {prefix} and an id, but it is {value}",
                "应为 {prefix} 加编号,实际为 {value}",
                prefix=settings["expect"],
                value=_shown(value),
            ),
        )
    return written.removeprefix(settings["expect"])


def _pad(value: Any, settings: Settings, around: Around) -> str:
    written, width = as_text(value), settings["width"]
    if len(written) > width:
        raise _too_long(written, width)
    missing: str = str(settings["with"] or " ")[0] * (width - len(written))
    return missing + written if settings["side"] == "left" else written + missing


def _unpad(value: Any, settings: Settings, around: Around) -> str:
    written = as_text(value)
    return written.lstrip(settings["with"]) or written[-1:]


def _length(value: Any, settings: Settings, around: Around) -> str:
    written, most = as_text(value), settings["most"]
    if len(written) > most:
        if settings["longer"] == "error":
            raise _too_long(written, most)
        return written[:most]
    return written


def _too_long(written: str, most: int) -> Unconvertible:
    return Unconvertible(
        "too_long",
        text(
            "Expected at most {most} characters, but {value} has {count}",
            "最多 {most} 个字符,{value} 有 {count} 个",
            most=most,
            value=_shown(written),
            count=len(written),
        ),
    )


def _part(value: Any, settings: Settings, around: Around) -> str:
    parts = as_text(value).split(settings["by"])
    if settings["of"] is not None and parts[0] == "" and len(parts) == settings["of"] + 1:
        parts = parts[1:]
    number, of = settings["number"], settings["of"]
    if (of is not None and len(parts) != of) or not 1 <= number <= len(parts):
        raise Unconvertible(
            "parts_differ",
            text(
                "Expected {of} parts between “{by}”, but {value} has {count}",
                "应以“{by}”分为 {of} 段,{value} 有 {count} 段",
                of=of or f"≥ {number}",
                by=settings["by"],
                value=_shown(value),
                count=len(parts),
            ),
        )
    return str(parts[number - 1])


def _on_text(change: Callable[[str], str]) -> Callable[[Any, Settings, Around], Any]:
    return lambda value, settings, around: change(as_text(value))


def _replace(value: Any, settings: Settings, around: Around) -> str:
    return as_text(value).replace(settings["old"], settings["new"])


_YES: Final = ("true", "yes", "y", "1", "on", "是", "有", "真", "x", "✓", "√")
_NO: Final = ("false", "no", "n", "0", "off", "否", "无", "假", "")
_ISO: Final = Setting("pattern", ("iso",))
_ZONE: Final = Setting("text", "")


def _all() -> dict[str, Conversion]:
    text_ = Setting("text")
    listed: tuple[tuple[str, str, str, Any, Mapping[str, Setting]], ...] = (
        ("trim", "blanks at both ends away", "去首尾空格", _on_text(lambda each: each.strip()), {}),
        ("upper", "capital letters", "转大写", _on_text(str.upper), {}),
        ("lower", "small letters", "转小写", _on_text(str.lower), {}),
        ("half_width", "full-width signs (１２) as ordinary ones", "全角转半角", _on_text(half_width), {}),
        ("digits", "digits alone", "只留数字",
         _on_text(lambda each: re.sub(r"[^0-9]", "", half_width(each))), {}),
        ("text", "as text", "转文本", _on_text(str), {}),
        ("replace", "one text for another", "替换文本", _replace, {"old": text_, "new": Setting("text", "")}),
        ("length", "at most so many characters", "限制长度", _length,
         {"most": Setting("integer"), "longer": Setting("choice", "error", ("error", "cut"))}),
        ("pad", "filled up to a width", "补位", _pad,
         {"width": Setting("integer"), "with": Setting("text", "0"),
          "side": Setting("choice", "left", ("left", "right"))}),
        ("unpad", "leading fill away", "去前导补位", _unpad, {"with": Setting("text", "0")}),
        ("prefix", "a prefix before it", "加前缀", _prefix, {"add": text_}),
        ("without_prefix", "its prefix away; one without it is a problem", "去前缀", _without_prefix,
         {"expect": text_}),
        ("part", "one of the parts between a separator", "拆分取段", _part,
         {"by": text_, "number": Setting("integer"), "of": Setting("integer", None)}),
        ("number", "a number as people write it: 1,234.50, ￥12, (5.00), 12.5%, 3万", "文本转数字",
         _read_number,
         {"decimal": Setting("text", "."), "thousands": Setting("text", ",")}),
        ("round", "rounded", "取整", _round,
         {"places": Setting("integer"), "mode": Setting("choice", "half_up", tuple(_MODES))}),
        ("number_text", "a number as text", "数字转文本", _number_text,
         {"places": Setting("integer", None), "decimal": Setting("text", "."),
          "thousands": Setting("text", "")}),
        ("date", "a date", "转日期", _date, {"format": _ISO, "zone": _ZONE}),
        ("time", "a time with its zone, in another zone where `to` says one", "转时间(时区)", _time,
         {"format": _ISO, "from": _ZONE, "to": _ZONE}),
        ("moment_text", "a date or time written by a pattern", "日期时间转文本", _moment_text,
         {"format": Setting("pattern"), "zone": _ZONE}),
        ("boolean", "true or false", "转是否", _boolean,
         {"true": Setting("texts", _YES), "false": Setting("texts", _NO)}),
        ("boolean_text", "the target's words for true and false", "是否转文本", _boolean_text,
         {"true": text_, "false": text_}),
        ("unit", "a quantity in another unit (UN/ECE Rec. 20, symbols, names)", "单位换算", _unit,
         {"from": text_, "to": text_, "factor": Setting("number", None)}),
        ("currency", "an amount in another currency by the rate of a day", "币种换算", _currency,
         {"from": text_, "to": text_, "on": text_, "rate": Setting("text", "mid"),
          "places": Setting("integer", None)}),
        ("code", "a code of a list in another form", "代码表转换", _code,
         {"list": Setting("choice", choices=tuple(CODE_LISTS)), "to": Setting("text", "")}),
    )  # fmt: skip
    return {name: Conversion(name, Text(en, zh), run, settings) for name, en, zh, run, settings in listed}


CONVERSIONS: Final[Mapping[str, Conversion]] = _all()
"""The conversions by name."""


def convert(conversion: Conversion, value: Any, settings: Settings, around: Around) -> Any:
    """Convert one value.

    Raises:
        Unconvertible: It cannot be.
    """
    try:
        return conversion.run(value, settings, around)
    except InputError as error:
        raise Unconvertible(error.code, error.message, error.hint) from error
    except (ArithmeticError, OverflowError) as error:
        raise Unconvertible(
            "not_a_number",
            text(
                "Expected a number that can be converted, but it is {value}",
                "数字 {value} 无法转换",
                value=_shown(value),
            ),
        ) from error
