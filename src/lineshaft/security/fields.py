"""Field masking: sensitive values are taken out of what somebody reads, and put back into what they send.

Pure.

A masked value is ``{"$masked": "cost"}``: it is seen that something is there, and of what class. Texts that
quote such a value (an error's wording) have ``***`` in its place.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from lineshaft.base.errors import InputError
from lineshaft.base.text import text
from lineshaft.sdk.sensitive import SensitiveSpec

MARK: Final = "$masked"
STARS: Final = "***"
_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})

REVEALED: ContextVar[set[str] | None] = ContextVar("lineshaft_revealed", default=None)
"""Gathers the classes whose values somebody was shown while a request is answered; ``None``: nobody asks."""


@dataclass(slots=True)
class Masking:
    """One pass over the values of a row."""

    spec: SensitiveSpec
    hidden: frozenset[str]
    system: str = ""
    quoted: set[str] = field(default_factory=set)
    """The values that were taken out, as texts may quote them."""
    shown: set[str] = field(default_factory=set)
    """Classes of which values were let through."""

    def value(self, found: Any) -> Any:
        """Return a value with everything sensitive masked; the same object where nothing is."""
        if isinstance(found, Mapping):
            return self._mapping(found)
        if isinstance(found, list | tuple):
            items = [self.value(item) for item in found]
            return found if all(a is b for a, b in zip(items, found, strict=True)) else items
        return found

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
        class_name = self.spec.class_of(name, self.system)
        if class_name is None or inner in _EMPTY:
            return self.value(inner)
        if class_name in self.hidden:
            self._quote(inner)
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
            if isinstance(inner, int | float | Decimal):
                number = Decimal(words)
                self.quoted |= {f"{number:,}", str(number.normalize()), f"{number:.2f}", f"{number:,.2f}"}

    def words(self, said: str | None) -> str | None:
        """Return a text with the values that were taken out replaced."""
        if not said:
            return said
        for quoted in sorted(self.quoted, key=len, reverse=True):
            if quoted and quoted in said:
                said = re.sub(rf"(?<![\w.]){re.escape(quoted)}(?!\w)", STARS, said)
        return said


def without_numbers(said: str | None) -> str | None:
    """Return a text without its figures: for texts that stand for many rows, whose values nobody knows."""
    return re.sub(r"\d+(?:[.,]\d+)*", STARS, said) if said else said


def is_mask(value: object) -> bool:
    """Tell whether a value is a mask."""
    return isinstance(value, Mapping) and set(value) == {MARK}


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


def reveal(classes: Collection[str]) -> None:
    """Note that somebody was shown values of these classes."""
    gathered = REVEALED.get()
    if gathered is not None:
        gathered.update(classes)
