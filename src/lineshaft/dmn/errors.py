"""What is wrong with a DMN file, and how problems are told.

Not for what goes wrong while a decision is evaluated: that is null and an entry of ``Result.errors``.
"""

from __future__ import annotations

from lineshaft.base.errors import DefinitionError, Place, Problem
from lineshaft.base.text import Text, text


class InvalidModel(DefinitionError):
    """A DMN file cannot be used; ``problems`` lists everything that is wrong, each with its place."""

    default_code = "dmn_invalid"


def problem(
    code: str, en: str, zh: str, place: Place, *, hint: Text | None = None, **values: object
) -> Problem:
    """Make a problem that refuses the model."""
    return Problem(f"dmn_{code}", text(en, zh, **values), place, "error", hint)


def doubt(
    code: str, en: str, zh: str, place: Place, *, hint: Text | None = None, **values: object
) -> Problem:
    """Make a problem that does not refuse the model."""
    return Problem(f"dmn_{code}", text(en, zh, **values), place, "warning", hint)
