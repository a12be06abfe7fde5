"""Scenarios of the demo: each file here plays one, and holds it in ``SCENARIO``.

A further scenario is one further file; ``lineshaft demo --scenario NAME`` finds it, and so does ``all``.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from lineshaft.app.demo.stage import Scenario
from lineshaft.base.errors import NotFound
from lineshaft.base.text import text

ALL = "all"


def scenarios() -> dict[str, Scenario]:
    """Return every scenario there is, by its name."""
    files = sorted(each.name for each in pkgutil.iter_modules(__path__))
    found = [import_module(f"{__name__}.{name}").SCENARIO for name in files]
    return {each.name: each for each in found}


def wanted(name: str) -> list[Scenario]:
    """Return the scenario of that name, or all of them.

    Raises:
        NotFound: There is none; says which there are.
    """
    known = scenarios()
    if name == ALL:
        return list(known.values())
    if name not in known:
        raise NotFound(
            text(
                "Expected one of {names}, but there is no scenario {name}.",
                "没有场景 {name};可选:{names}。",
                name=name,
                names=", ".join([*known, ALL]),
            ),
            code="scenario_missing",
        )
    return [known[name]]
