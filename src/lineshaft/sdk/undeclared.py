"""What every connector says when it is asked for something that its manifest does not declare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from lineshaft.base.errors import Invalid
from lineshaft.base.text import Text, text

R = TypeVar("R")

_NAMES_SHOWN: Final = 12


def declared(rules: Mapping[str, R], system: str, kind: str, name: str) -> R:
    """Return what a manifest declares under a name.

    Args:
        rules: What it declares of this kind.
        system: For the error's words.
        kind: ``operation``, ``resource`` …
        name: As it was asked for.

    Raises:
        Invalid: It declares no such thing; the hint names what it does.
    """
    rule = rules.get(name)
    if rule is None:
        names = ", ".join(sorted(rules)[:_NAMES_SHOWN]) + (", …" if len(rules) > _NAMES_SHOWN else "")
        hint = text("its manifest declares: {names}", "其清单声明了:{names}", names=names or "-")
        raise undeclared(system, kind, name, hint)
    return rule


def undeclared(system: str, kind: str, name: str, hint: Text | None = None) -> Invalid:
    """Return the error: ``system`` has no ``kind`` (``operation``, ``resource``, …) of that name."""
    return Invalid(
        text(
            "{system} has no {kind} {name}",
            "{system} 没有 {kind} {name}",
            system=system,
            kind=kind,
            name=name,
        ),
        code=f"{kind}_unknown",
        hint=hint,
    )
