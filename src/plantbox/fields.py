"""Reads typed fields out of a JSON body, and says which field is wrong.

Shared by the simulated systems, each of which puts the complaint into its own error shape. Not a schema
language.
"""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

MAX_TEXT = 2000
MAX_DIGITS = 24


class BadField(Exception):
    """The caller sent something unusable; ``field`` is its path in the body."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


def _refuse_float(text: str) -> Any:
    raise BadField("", f"Expected numbers with decimals as text, but found the JSON number {text}.")


def parse_object(raw: bytes, *, floats: bool = False) -> dict[str, Any]:
    """Return the JSON object in ``raw``; an empty body is an empty object; floats are refused by default."""
    if not raw.strip():
        return {}
    try:
        value = json.loads(raw, parse_float=float if floats else _refuse_float, parse_constant=_refuse_float)
    except (ValueError, RecursionError) as error:
        raise BadField("", f"Expected a JSON object, but: {error}.") from None
    if not isinstance(value, dict):
        raise BadField("", "Expected a JSON object.")
    if b"\\u" in raw:
        # Half a surrogate pair is legal JSON, but no text that could be stored or sent on.
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise BadField("", "Expected whole characters, but found half a surrogate pair.") from None
    return value


class Fields:
    """One JSON object with a path, read field by field."""

    def __init__(self, values: Any, path: str = "") -> None:
        if not isinstance(values, dict):
            raise BadField(path, f"Expected an object, but found {type(values).__name__}.")
        self.values: dict[str, Any] = values
        self.path = path

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def at(self, name: str) -> str:
        """Return the path of ``name`` from the body's root."""
        return f"{self.path}.{name}" if self.path else name

    def optional(self, name: str, *, most: int = MAX_TEXT) -> str | None:
        """Return text, or None where it is missing, null or empty; whole numbers are taken as text."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if not isinstance(value, str):
            raise BadField(self.at(name), f"Expected text, but found {type(value).__name__}.")
        if len(value) > most:
            raise BadField(self.at(name), f"Expected at most {most} characters.")
        return value

    def text(self, name: str) -> str:
        """Return text that must be there."""
        value = self.optional(name)
        if value is None:
            raise BadField(self.at(name), "Expected a value, but it is missing or empty.")
        return value

    def number(self, name: str, default: str | None = None, *, low: str | None = None) -> Decimal:
        """Return an exact decimal given as text or a whole number, at least ``low``."""
        value = self.values.get(name)
        if value is None or value == "":
            if default is None:
                raise BadField(self.at(name), "Expected a number, but it is missing or empty.")
            value = default
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise BadField(self.at(name), f"Expected a number as text, but found {type(value).__name__}.")
        try:
            number = Decimal(value)
        except InvalidOperation:
            raise BadField(self.at(name), f"Expected a number, but found {value!r}.") from None
        if (
            not number.is_finite()
            or len(number.as_tuple().digits) > MAX_DIGITS
            or abs(number.adjusted()) > MAX_DIGITS
        ):
            raise BadField(self.at(name), f"Expected a number of at most {MAX_DIGITS} digits.")
        if low is not None and number < Decimal(low):
            raise BadField(self.at(name), f"Expected at least {low}, but found {value}.")
        return number

    def whole(self, name: str, default: int, *, low: int = 0, high: int = 10**9) -> int:
        """Return a whole number between ``low`` and ``high``."""
        number = self.number(name, str(default))
        if number != number.to_integral_value() or not low <= number <= high:
            raise BadField(self.at(name), f"Expected a whole number from {low} to {high}.")
        return int(number)

    def day(self, name: str, default: str | None = None) -> str | None:
        """Return an ISO date (a time after it is cut off), or ``default``."""
        value = self.optional(name)
        if value is None:
            return default
        try:
            return date.fromisoformat(value[:10]).isoformat()
        except ValueError:
            raise BadField(
                self.at(name), f"Expected a date such as 2026-01-20, but found {value!r}."
            ) from None

    def flag(self, name: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self.values.get(name, default)
        if not isinstance(value, bool):
            raise BadField(self.at(name), "Expected true or false.")
        return value

    def rows(self, name: str, *, most: int, least: int = 1) -> list[Fields]:
        """Return the objects of a list."""
        value = self.values.get(name)
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise BadField(self.at(name), f"Expected a list of {least} to {most} objects.")
        return [Fields(item, f"{self.at(name)}[{index}]") for index, item in enumerate(value)]

    def texts(self, name: str, *, most: int) -> list[str] | None:
        """Return a list of texts, or None where it is missing."""
        value = self.values.get(name)
        if value is None:
            return None
        if (
            not isinstance(value, list)
            or len(value) > most
            or not all(isinstance(item, str) for item in value)
        ):
            raise BadField(self.at(name), f"Expected a list of at most {most} texts.")
        return value
