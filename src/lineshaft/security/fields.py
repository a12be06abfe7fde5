"""Field masking: sensitive values are taken out of what somebody reads, and put back into what they send.

Pure.

A masked value is ``{"$masked": "cost"}``: it is seen that something is there, and of what class. A text
that holds such values (XML, a form, a remark) is ``{"$masked": "cost", "$text": "<price>***</price>"}``: the
rest of it can be read. Texts that quote such a value (an error's wording) have ``***`` in its place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from lineshaft.base.errors import InputError
from lineshaft.base.text import text
from lineshaft.sdk.sensitive import SensitiveSpec
from lineshaft.security.masked_texts import STARS, TextMasking

MARK: Final = "$masked"
TEXT: Final = "$text"
_DIGITS_MAX: Final = 60
_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})

REVEALED: ContextVar[set[str] | None] = ContextVar("lineshaft_revealed", default=None)
"""Gathers the classes whose values somebody was shown while a request is answered; ``None``: nobody asks."""


@dataclass(slots=True)
class Masking:
    """One pass over the values of a row."""

    spec: SensitiveSpec
    hidden: frozenset[str]
    system: str = ""
    kind: str = ""
    """Of the document whose own fields these are."""
    quoted: set[str] = field(default_factory=set)
    """The values that were taken out, as texts may quote them."""
    shown: set[str] = field(default_factory=set)
    """Classes of which values were let through."""
    taken: set[str] = field(default_factory=set)
    """Classes of which values were taken out."""

    def value(self, found: Any) -> Any:
        """Return a value with everything sensitive masked; the same object where nothing is."""
        if isinstance(found, Mapping):
            return self._mapping(found)
        if isinstance(found, list | tuple):
            items = [self.value(item) for item in found]
            return found if all(a is b for a, b in zip(items, found, strict=True)) else items
        return self._text(found) if isinstance(found, str) else found

    def _text(self, found: str) -> Any:
        """Return a text in which sensitive names stand with their values as a mask that shows the rest."""
        if not any(mark in found for mark in "<=:\n::="):
            return found
        texts = self._texts()
        before = frozenset(self.taken)
        made = texts.text(found, self.value)
        self._take(texts)
        if made == found:
            return found
        found_here = texts.found or self.taken - before or self.hidden
        return {MARK: min(found_here), TEXT: made}

    def _texts(self) -> TextMasking:
        return TextMasking(self.spec, self.hidden, self.system)

    def _take(self, texts: TextMasking) -> None:
        self.taken |= texts.found
        self.shown |= texts.shown
        self.quoted |= texts.quoted

    def _mapping(self, found: Mapping[Any, Any]) -> Mapping[Any, Any]:
        out: dict[Any, Any] | None = None
        for name, inner in found.items():
            made = self.named(str(name), inner)
            if made is not inner:
                out = dict(found) if out is None else out
                out[name] = made
        return found if out is None else out

    def named(self, name: str, inner: Any) -> Any:
        """Return the value of a field."""
        class_name = self.spec.class_of(name, self.system, self.kind)
        if class_name is None or inner in _EMPTY:
            return self.value(inner)
        if class_name in self.hidden:
            self._quote(inner)
            self.taken.add(class_name)
            return {MARK: class_name}
        self.shown.add(class_name)
        return self.value(inner)

    def _quote(self, inner: Any) -> None:
        if isinstance(inner, Mapping):
            for each in inner.values():
                self._quote(each)
        elif isinstance(inner, list | tuple):
            for each in inner:
                self._quote(each)
        elif not isinstance(inner, bool) and inner is not None:
            words = str(inner)
            self.quoted.add(words)
            if isinstance(inner, int | float | Decimal) and _can_be_written(number := Decimal(words)):
                self.quoted |= {f"{number:,}", str(number.normalize()), f"{number:.2f}", f"{number:,.2f}"}

    def words(self, said: str | None) -> str | None:
        """Return a text with the values that were taken out replaced."""
        if not said:
            return said
        for quoted in sorted(self.quoted, key=len, reverse=True):
            if quoted and quoted in said:
                said = re.sub(rf"(?<![\w.]){re.escape(quoted)}(?!\w)", STARS, said)
        texts = self._texts()
        said = texts.words(said)
        self._take(texts)
        return said


def _can_be_written(number: Decimal) -> bool:
    """Tell whether a number has few enough digits that somebody could quote it in another form."""
    return number.is_finite() and abs(number.adjusted()) < _DIGITS_MAX


def without_numbers(said: str | None) -> str | None:
    """Return a text without its figures: for texts that stand for many rows, whose values nobody knows."""
    return re.sub(r"\d+(?:[.,]\d+)*", STARS, said) if said else said


def is_mask(value: object) -> bool:
    """Tell whether a value is a mask."""
    return isinstance(value, Mapping) and MARK in value and set(value) <= {MARK, TEXT}


def restored(edited: Any, original: Any) -> Any:
    """Return what somebody sends with the masks they were shown replaced by what stands there.

    Raises:
        InputError: A mask stands where there was no value: it was moved, or made up.
    """
    if is_mask(edited):
        if original is None or is_mask(original):
            raise InputError(
                text(
                    "A masked value can stay where it is or be replaced, but not be moved.",
                    "已隐藏的值可保留或改写,不能移动到其他位置。",
                ),
                code="mask_moved",
            )
        if TEXT in edited and not _is_as_shown(edited[TEXT], original):
            raise InputError(
                text(
                    "A text with masked values can stay as it is or be replaced whole, but not be edited.",
                    "含隐藏值的文本可保留原样或整体替换,不能局部修改。",
                ),
                code="mask_edited",
            )
        return original
    if isinstance(edited, Mapping):
        former = original if isinstance(original, Mapping) else {}
        return {name: restored(inner, former.get(name)) for name, inner in edited.items()}
    if isinstance(edited, list):
        before = original if isinstance(original, list | tuple) else []
        return [
            restored(inner, before[place] if place < len(before) else None)
            for place, inner in enumerate(edited)
        ]
    return edited


def _is_as_shown(shown: object, original: object) -> bool:
    """Tell whether a masked text is still the one that was made of ``original``; blanks and quotes apart."""
    try:
        before = json.loads(str(original), parse_float=str, parse_int=str)
        after: Any = json.loads(str(shown), parse_float=str, parse_int=str)
        return bool(restored(after, before) == before)
    except (ValueError, InputError):
        pass
    parts = [re.sub(r"[\s\"]", "", each) for each in str(shown).split(STARS)]
    whole = re.sub(r"[\s\"]", "", str(original))
    if not whole.startswith(parts[0]) or not whole.endswith(parts[-1]):
        return False
    place = 0
    for each in parts:
        found = whole.find(each, place)
        if found < 0:
            return False
        place = found + len(each)
    return len(parts) > 1 or whole == parts[0]


def reveal(classes: Collection[str]) -> None:
    """Note that somebody was shown values of these classes."""
    gathered = REVEALED.get()
    if gathered is not None:
        gathered.update(classes)
